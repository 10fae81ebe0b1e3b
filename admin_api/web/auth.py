"""Users and their permissions, from a browser's session or a script's token.

Identities are Cognito's. Members of the group ``operators`` may act, members of ``viewers`` may look, others may do
nothing. Signing in and out is in ``admin_api.pages.sign_in``.
"""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote, urlsplit

from fastapi import Depends, Request
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.sessions import SessionMiddleware
from starlette.responses import JSONResponse, RedirectResponse, Response

from admin_api.web.errors import ForbiddenError
from admin_api.web.security import SAFE_METHODS, STATIC

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp, Receive, Scope, Send

OPERATORS, VIEWERS = "operators", "viewers"
SESSION_COOKIE = "__Host-waybill"  # The prefix makes browsers insist on Secure, Path=/ and no Domain (RFC 6265bis).
IDLE_S = 3600
"""An idle session ends after this time."""
LONGEST_S = 8 * 3600
"""Any session ends after this time, so that leaving a group takes effect within a working day."""
_TOUCH_EVERY_S = 300

_SIGN_IN = "/auth/"
_OPEN_PATHS = frozenset({"/healthz", "/favicon.ico", "/robots.txt"})


@dataclass(frozen=True, slots=True)
class User:
    """A signed-in person or script."""

    subject: str
    email: str
    groups: tuple[str, ...]

    @property
    def name(self) -> str:
        """The name in the activity: the e-mail address, or the subject where there is none."""
        return self.email or self.subject

    @property
    def may_look(self) -> bool:
        """Whether they may see the console."""
        return bool({OPERATORS, VIEWERS} & set(self.groups))

    @property
    def may_act(self) -> bool:
        """Whether they may change anything."""
        return OPERATORS in self.groups

    @classmethod
    def from_claims(cls, claims: Any) -> User:
        """Read the claims of an ID token of the user pool; raises KeyError without a subject."""
        groups = claims.get("cognito:groups") or ()
        return cls(str(claims["sub"]), str(claims.get("email", "")), tuple(map(str, groups)))


def open_session(session: dict[str, Any], user: User) -> None:
    """Open a browser's session for a user."""
    now = int(time.time())
    session.clear()
    session["user"] = asdict(user)
    session["until"] = now + LONGEST_S
    session["touched"] = now


def user_of_session(session: dict[str, Any]) -> User | None:
    """Return the session's user, None once it has ended; using a session prolongs it."""
    now = int(time.time())
    if "user" not in session or session.get("until", 0) < now:
        return None
    if session.get("touched", 0) < now - _TOUCH_EVERY_S:
        session["touched"] = now  # Writes the cookie again, with a new time.
    stored = session["user"]
    return User(stored["subject"], stored["email"], tuple(stored["groups"]))


class LazySessions:
    """Starlette's sessions, in a signed cookie; the key is fetched for the first request that has a session.

    Static files have none: after an idle time, each one that a page asks for cold-starts a function of its own.
    """

    def __init__(self, app: ASGIApp, *, key: Callable[[], str]) -> None:
        self._app = app
        self._key = key

    @cached_property
    def _with_session(self) -> ASGIApp:
        return SessionMiddleware(
            self._app,
            secret_key=self._key(),
            session_cookie=SESSION_COOKIE,
            max_age=IDLE_S,
            same_site="lax",  # Strict would not come along on the way back from Cognito.
            https_only=True,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, with its session."""
        has_none = scope["type"] == "http" and _has_no_session(scope["path"])
        await (self._app if has_none else self._with_session)(scope, receive, send)


class AuthenticationMiddleware:
    """Requires a signed-in user, except for the sign-in itself, the health check and static files."""

    def __init__(self, app: ASGIApp, *, user_of_token: Callable[[str], User | None]) -> None:
        self._app = app
        self._user_of_token = user_of_token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer it."""
        if scope["type"] != "http" or _is_open(scope["path"]):
            await self._app(scope, receive, send)
            return
        token = Headers(scope=scope).get("authorization", "")
        if scope["path"].startswith("/api/") and token:
            # No fallback to the cookie when the token is invalid: the request was exempt from the forgery check.
            user = self._user_of_token(token.removeprefix("Bearer ")) if token.startswith("Bearer ") else None
        else:
            user = user_of_session(scope["session"])
        if user is None:
            await _answer_with_sign_in(scope)(scope, receive, send)
        elif not user.may_look:
            await _answer_without_group(user)(scope, receive, send)
        else:
            scope.setdefault("state", {})["user"] = user
            await self._app(scope, receive, send)


def _has_no_session(path: str) -> bool:
    return path in _OPEN_PATHS or path.startswith(STATIC)


def _is_open(path: str) -> bool:
    return _has_no_session(path) or path.startswith(_SIGN_IN)


def _answer_with_sign_in(scope: Scope) -> Response:
    headers = Headers(scope=scope)
    if scope["path"].startswith("/api/") and scope["path"] != "/api/docs":
        problem = {"title": "Sign in first", "detail": "Send an ID token: Authorization: Bearer …", "status": 401}
        return JSONResponse(problem, 401, {"WWW-Authenticate": "Bearer"}, media_type="application/problem+json")
    if "hx-request" in headers:
        # htmx leads the polling page to the sign-in, and back to where it was.
        back = urlsplit(headers.get("hx-current-url", ""))
        where = sign_in_path(back.path + (f"?{back.query}" if back.query else ""))
        return Response(status_code=401, headers={"HX-Redirect": where})
    query = scope["query_string"].decode("latin-1")
    asked = scope["path"] + (f"?{query}" if query else "")
    return RedirectResponse(sign_in_path(asked if scope["method"] in SAFE_METHODS else "/"), 303)


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
    """Return a path of our own unchanged; anything that could lead elsewhere becomes the front page."""
    ours = path.startswith("/") and not path.startswith(("//", "/\\", "/auth/")) and path.isprintable()
    return path if ours else "/"


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
