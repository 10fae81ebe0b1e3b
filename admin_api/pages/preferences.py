"""A reader's preferences: theme and clock, kept in the browser's cookies for a year."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Form, Request, Response

from admin_api.rendering.formats import CLOCK_COOKIE
from admin_api.rendering.views import THEME_COOKIE, redirect
from admin_api.web.auth import Viewer, safe_path

router = APIRouter(include_in_schema=False)

_YEAR_S = 365 * 24 * 3600


@router.post("/preferences")
def set_preferences(
    request: Request,
    _: Viewer,
    theme: Annotated[Literal["auto", "light", "dark"] | None, Form()] = None,
    clock: Annotated[Literal["local", "utc"] | None, Form()] = None,
    next: Annotated[str, Form(max_length=2_000)] = "/",  # noqa: A002
) -> Response:
    """Keep the choice, and return to the page on which it was made."""
    answer = redirect(request, safe_path(next))
    for name, value in ((THEME_COOKIE, theme), (CLOCK_COOKIE, clock)):
        if value:
            # Not HttpOnly: the page's script changes the theme without asking us.
            answer.set_cookie(name, value, max_age=_YEAR_S, secure=True, samesite="lax")
    return answer
