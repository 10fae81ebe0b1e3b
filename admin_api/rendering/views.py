"""Renders pages: the templates, the frame around every page, and redirects with a message.

A page is a template and one dataclass, which the template knows as ``page``. An htmx request that replaces a part of a
page gets that part alone.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse, RedirectResponse

from admin_api.rendering.formats import FILTERS, ReaderClock
from admin_api.rendering.invisible import exact, show_invisible
from admin_api.rendering.urls import order_href, order_mark
from admin_api.web.assets import asset
from admin_api.web.security import address_of, request_id

if TYPE_CHECKING:
    from fastapi import Request

    from admin_api.monitoring.status import Status
    from admin_api.web.users import User
    from admin_api.wiring.services import Console

TEMPLATES = Path(__file__).resolve().parents[2] / "templates"
THEME_COOKIE = "waybill_theme"
THEMES = ("auto", "light", "dark")
_MESSAGE = "say"
_LONGEST_MESSAGE = 1_500

templates = Environment(
    loader=FileSystemLoader(TEMPLATES),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    auto_reload=False,
    finalize=show_invisible,
)
templates.filters.update(FILTERS)
templates.filters["order_href"] = order_href
templates.filters["order_mark"] = order_mark
templates.filters["exact"] = exact
templates.globals["asset"] = asset


@dataclass(frozen=True, slots=True)
class Frame:
    """The frame around a page: the reader's place, the pipeline's status, the reader's preferences."""

    section: str
    """The page's entry in the navigation."""
    environment: str
    region: str
    is_production: bool
    user: User | None
    status: Status | None
    """None if nobody is signed in, and for a part of a page, which shows no navigation."""
    clock: ReaderClock
    theme: str
    address: str
    """Path and query of this page."""
    request_id: str
    message: str = ""
    """The result of the previous request, such as an action."""


def frame_of(request: Request, *, section: str = "") -> Frame:
    """Build the frame for a request."""
    console: Console = request.app.state.console
    user: User | None = getattr(request.state, "user", None)
    theme = request.cookies.get(THEME_COOKIE, "")
    return Frame(
        section=section or request.scope["path"].split("/")[1],
        environment=console.config.environment,
        region=console.region,
        is_production=console.config.is_production,
        user=user,
        status=console.status.read_status() if user and not wants_partial(request) else None,
        clock=ReaderClock.from_cookies(request.cookies, console.now()),
        theme=theme if theme in THEMES else "auto",
        address=address_of(request.scope),
        request_id=request_id(request.scope),
        message=_take_message(request),
    )


def wants_partial(request: Request) -> bool:
    """Tell whether htmx asks for a part of the page alone."""
    return request.headers.get("hx-request-type") == "partial"


def _take_message(request: Request) -> str:
    """Take the previous request's message; a part of a page leaves it to the next full page."""
    return "" if "session" not in request.scope or wants_partial(request) else str(request.session.pop(_MESSAGE, ""))


def page(
    request: Request, template: str, context: object, *, partial: str = "", section: str = "", status: int = 200
) -> HTMLResponse:
    """Respond with a page, or with its ``partial`` if htmx asks for that."""
    name = partial if partial and wants_partial(request) else template
    frame = frame_of(request, section=section)
    body = templates.get_template(name).render(page=context, frame=frame, user=frame.user)
    return HTMLResponse(body, status, {"Vary": "HX-Request-Type, Cookie"})


def part(template: str, context: object) -> HTMLResponse:
    """Respond with a part that needs nothing of the frame."""
    return HTMLResponse(templates.get_template(template).render(page=context))


def bare_page(request: Request, template: str, values: dict[str, Any], *, status: int = 200) -> HTMLResponse:
    """Respond with a page that needs no sign-in."""
    body = templates.get_template(template).render(frame=frame_of(request), user=None, **values)
    return HTMLResponse(body, status)


def redirect(request: Request, path: str, *, say: str = "") -> RedirectResponse:
    """Redirect after an action, with a message about its result; 303, so that a reload repeats nothing."""
    if say:
        # The cookie holds it, and browsers drop one of 4,096 bytes; a file's name may be long, and longer as JSON.
        fits = len(json.dumps(say)) <= _LONGEST_MESSAGE
        request.session[_MESSAGE] = say if fits else f"{say[: _LONGEST_MESSAGE // 12]}…"
    return RedirectResponse(path, 303)
