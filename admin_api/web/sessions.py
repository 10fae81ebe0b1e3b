"""Browsers' sessions: signed in a cookie, and ended on the server by signing out.

The cookie holds a random id and what Cognito said of the user. Signing out writes the id down until the session would
have ended anyway; a request with a session reads that item as last written, so a copy of the cookie is refused at once.
"""

from __future__ import annotations

import base64
import json
import secrets
import time
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

from starlette.middleware.sessions import SessionMiddleware
from starlette.requests import HTTPConnection

from admin_api.web.security import STATIC
from admin_api.web.users import OPERATORS, VIEWERS, User

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp, Receive, Scope, Send

SESSION_COOKIE = "__Host-waybill"  # The prefix makes browsers insist on Secure, Path=/ and no Domain (RFC 6265bis).
IDLE_S = 3600
"""An idle session ends after this time."""
LONGEST_S = 8 * 3600
"""Any session ends after this time."""
_TOUCH_EVERY_S = 300
SIGN_IN = "/auth/"
_OPEN_PATHS = frozenset({"/healthz", "/favicon.ico", "/robots.txt"})
_OURS = ("id", "user", "until", "touched")
_PREFIX, _ENDED, _EXPIRES = "session#", "ended", "expires_at"


class ItemTable(Protocol):
    """The items of a table with the keys of the files table."""

    def get_item(self, file_id: str, entry: str) -> dict[str, Any]:
        """Read one item as last written; {} if there is none."""

    def put_item(self, item: dict[str, Any]) -> None:
        """Write one item."""


class EndedSessions:
    """The sessions that people have ended, in the files table; DynamoDB deletes each item after a while."""

    def __init__(self, table: ItemTable) -> None:
        self._table = table

    def add(self, values: dict[str, Any]) -> None:
        """Note that the session in these values has ended, if there is one."""
        session = _StoredSession.read(values)
        if session:
            self._table.put_item({"file_id": _PREFIX + session.id, "entry": _ENDED, _EXPIRES: session.until})

    def contains(self, session_id: str) -> bool:
        """Tell whether the session has ended."""
        return bool(self._table.get_item(_PREFIX + session_id, _ENDED))


@dataclass(frozen=True, slots=True)
class _StoredSession:
    """A session as its cookie holds it."""

    id: str
    user: User
    until: int
    touched: int

    @classmethod
    def read(cls, values: dict[str, Any]) -> _StoredSession | None:
        """Read a cookie's values; None if they are not those of a session, or of another version of this program."""
        try:
            user = dict(values["user"])
            groups, texts = user.pop("groups"), (user["subject"], user["email"], user["username"])
            numbers = (values["until"], values["touched"], user["known_at"])
            whole = all(isinstance(each, str) for each in (values["id"], *texts, *groups))
            if not whole or not values["id"] or not all(type(each) is int for each in numbers):
                return None
            return cls(values["id"], User(groups=tuple(groups), **user), values["until"], values["touched"])
        except (KeyError, TypeError, ValueError):
            return None


def open_session(values: dict[str, Any], user: User) -> None:
    """Open a session for a user whom Cognito has just named."""
    now = int(time.time())
    values.clear()
    values["id"] = secrets.token_urlsafe(16)
    _keep_user(values, replace(user, known_at=now))
    values["until"] = now + LONGEST_S
    values["touched"] = now


def keep_session_only(values: dict[str, Any]) -> None:
    """Drop whatever else the cookie holds, as browsers limit its size."""
    for name in [name for name in values if name not in _OURS]:
        del values[name]


def read_session(
    values: dict[str, Any],
    *,
    has_ended: Callable[[str], bool],
    renew: Callable[[User], User | None],
    prolong: bool = True,
    now: Callable[[], float] = time.time,
) -> User | None:
    """Return the session's user, None once it has ended.

    ``has_ended`` looks for its id among the sessions ended by signing out. ``renew`` asks Cognito about the account,
    once what the session knows is too old. ``prolong`` writes the cookie again every few minutes, so that only an idle
    session ends.
    """
    session, at = _StoredSession.read(values), int(now())
    if session is None or session.until < at or session.touched + IDLE_S < at or has_ended(session.id):
        return None
    user = session.user if session.user.is_known_at(at) else renew(session.user)
    if user and prolong and session.touched < at - _TOUCH_EVERY_S:
        values["touched"] = at
        _keep_user(values, user)
    return user


def _keep_user(values: dict[str, Any], user: User) -> None:
    """Write the user into the session, with no groups but ours: an account may be in a hundred."""
    groups = [group for group in user.groups if group in {OPERATORS, VIEWERS}]
    values["user"] = asdict(user) | {"groups": groups}


class LazySessions:
    """Starlette's sessions, in a signed cookie; the key is fetched for the first request that has a session.

    Static files have none: after an idle time, each one that a page asks for cold-starts a function of its own. Nor has
    anybody without a cookie, until they sign in.
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
        if scope["type"] != "http" or has_no_session(scope["path"]):
            await self._app(scope, receive, send)
            return
        cookie = HTTPConnection(scope).cookies.get(SESSION_COOKIE)
        if cookie is not None and not _holds_values(cookie):
            scope["headers"] = [(name, value) for name, value in scope["headers"] if name != b"cookie"]
            cookie = None
        if cookie is not None or scope["path"].startswith(SIGN_IN):
            await self._with_session(scope, receive, send)
        else:
            scope["session"] = {}
            await self._app(scope, receive, send)


def has_no_session(path: str) -> bool:
    """Tell whether a path is served to everybody alike."""
    return path in _OPEN_PATHS or path.startswith(STATIC)


def _holds_values(cookie: str) -> bool:
    """Tell whether a cookie has the form of a session's, signed or not; Starlette fails on another."""
    try:
        return isinstance(json.loads(base64.b64decode(cookie.partition(".")[0])), dict)
    except (ValueError, RecursionError):
        return False
