"""Who asks, from a browser's session or a script's token, and where those who may not are sent.

Identities are Cognito's. Members of the group ``operators`` may act, members of ``viewers`` may look, others may do
nothing. Signing in and out is in ``admin_api.pages.sign_in``.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any, Protocol
from urllib.parse import quote, urlsplit

from fastapi import Depends, Request
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse, RedirectResponse, Response

from admin_api.web.errors import ForbiddenError
from admin_api.web.security import API, SAFE_METHODS, address_of
from admin_api.web.sessions import SIGN_IN, has_no_session
from admin_api.web.users import OPERATORS, VIEWERS, User

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

LONGEST_PATH = 1_500
"""Characters as JSON: the session's cookie holds the path during a sign-in, and browsers drop one of 4,096 bytes."""

_SIGN_IN = "/auth/"
_OPEN_PATHS = frozenset({"/healthz", "/favicon.ico", "/robots.txt"})


class Authenticator(Protocol):
    """Finds out who asks."""

    def user_of_token(self, token: str) -> User | None:
        """Return the user of a script's token."""

    def user_of_session(self, values: dict[str, Any], *, prolong: bool) -> User | None:
        """Return the user of a browser's session."""


class AuthenticationMiddleware:
    """Requires a signed-in user, except for the sign-in itself, the health check and static files."""

    def __init__(self, app: ASGIApp, *, authenticator: Authenticator) -> None:
        self._app = app
        self._authenticator = authenticator

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer it."""
        if scope["type"] != "http" or _is_open(scope["path"]):
            await self._app(scope, receive, send)
            return
        user = self._user_of(scope)
        if user is None:
            await _answer_with_sign_in(scope)(scope, receive, send)
        elif not user.may_look:
            await _answer_without_group(user)(scope, receive, send)
        else:
            scope.setdefault("state", {})["user"] = user
            await self._app(scope, receive, send)

    def _user_of(self, scope: Scope) -> User | None:
        headers = Headers(scope=scope)
        token = headers.get("authorization", "")
        if scope["path"].startswith(API) and token:
            # No fallback to the cookie when the token is invalid: the request was exempt from the forgery check.
            kind, _, value = token.partition(" ")
            return self._authenticator.user_of_token(value) if kind == "Bearer" else None
        # A page that refreshes a part of itself is not used by anybody: an idle session ends all the same.
        prolong = headers.get("hx-request-type") != "partial"
        return self._authenticator.user_of_session(scope["session"], prolong=prolong)


def _is_open(path: str) -> bool:
    return has_no_session(path) or path.startswith(SIGN_IN)


def _answer_with_sign_in(scope: Scope) -> Response:
    headers = Headers(scope=scope)
    if scope["path"].startswith(API) and scope["path"] != "/api/docs":
        problem = {"title": "Sign in first", "detail": "Send an ID token: Authorization: Bearer …", "status": 401}
        return JSONResponse(problem, 401, {"WWW-Authenticate": "Bearer"}, media_type="application/problem+json")
    if "hx-request" in headers:
        # htmx leads the polling page to the sign-in, and back to where it was.
        return Response(status_code=401, headers={"HX-Redirect": sign_in_path(_path_of(headers.get("hx-current-url")))})
    asked = address_of(scope) if scope["method"] in SAFE_METHODS else "/"
    return RedirectResponse(sign_in_path(asked), 303)


def _path_of(url: str | None) -> str:
    """Return the path and query of a URL that a header gives; "/" if it is none."""
    try:
        parts = urlsplit(url or "")
    except ValueError:
        return "/"
    return parts.path + (f"?{parts.query}" if parts.query else "")


def _answer_without_group(user: User) -> Response:
    words = (
        f"{user.name} is signed in, but neither in the group {OPERATORS} nor in {VIEWERS}. "
        "Ask the administrator of Waybill to add you to one, then sign in again at /auth/sign-in."
    )
    response = Response(words, 403, media_type="text/plain")
    MutableHeaders(raw=response.raw_headers)["Cache-Control"] = "no-store"
    return response


def sign_in_path(back: str) -> str:
    """Return the sign-in's path, which leads back to ``back``."""
    return f"/auth/sign-in?next={quote(safe_path(back), safe='')}"


def safe_path(path: str) -> str:
    """Return a path of our own unchanged; what could lead elsewhere or is too long becomes the front page."""
    ours = path.startswith("/") and not path.startswith(("//", "/\\", "/auth/")) and path.isprintable()
    return path if ours and len(json.dumps(path)) <= LONGEST_PATH else "/"


def current_user(request: Request) -> User:
    """Return the request's user, whom the middleware has let in."""
    user: User = request.state.user
    return user


def require_operator(user: Annotated[User, Depends(current_user)]) -> User:
    """Return the request's user if they may act; raises :class:`ForbiddenError`."""
    if not user.may_act:
        raise ForbiddenError(
            "You are signed in as a viewer, who may look but not act.", f"Ask to be added to the group {OPERATORS}."
        )
    return user


Viewer = Annotated[User, Depends(current_user)]
Operator = Annotated[User, Depends(require_operator)]
