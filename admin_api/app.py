"""Builds the application: its middleware in order, and the modules of pages by path.

A page's module is loaded at the first request below its path: loading all of them takes longer than the rest of a cold
start, and a first request needs only one.
"""

from __future__ import annotations

import importlib
import time
from functools import cached_property
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI
from starlette.middleware.gzip import GZipMiddleware

from admin_api.rendering.error_pages import HANDLERS, ErrorBoundary
from admin_api.web.auth import AuthenticationMiddleware
from admin_api.web.security import RequestGuard
from admin_api.web.sessions import LazySessions, read_session

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from admin_api.web.tokens import TokenChecker
    from admin_api.web.users import User
    from admin_api.wiring.services import Console

_SMALLEST_COMPRESSED = 500
_DESCRIPTION = """
The console's data and actions, for scripts. Sign in with the user pool's client for scripts and send the ID token:
`Authorization: Bearer …`. Members of `operators` may act, members of `viewers` may look.
"""


PAGES = {
    "": ("pages.overview.index",),
    "static": ("web.assets",),
    "healthz": ("pages.health",),
    "robots.txt": ("pages.health",),
    "auth": ("pages.sign_in",),
    "preferences": ("pages.preferences",),
    "upload": ("pages.upload",),
    "metrics": ("pages.metrics.index",),
    "files": (
        "pages.runs.detail",
        "pages.files.index",
        "pages.files.confirm",
        "pages.files.inbox",
        "pages.files.detail",
    ),
    "traces": ("pages.runs.detail",),
    "activity": ("pages.activity",),
    "orders": ("pages.orders.index", "pages.orders.detail"),
    "orders-of-several-files": ("pages.orders.several_files",),
    "dead-letters": ("pages.dead_letters.index",),
    "search": ("pages.search.index",),
    "api": ("api.docs", "api.files", "api.orders", "api.dead_letters", "api.actions", "api.uploads", "api.inbox"),
}
"""The modules with a ``router`` by the first part of their paths, in the order in which their routes are tried."""


def load_pages(app: FastAPI, *parts: str) -> None:
    """Load the modules below these first parts of paths, each once."""
    loaded: set[str] = app.state.loaded
    for part in parts:
        for name in PAGES.get(part, ()):
            if name not in loaded:
                router = importlib.import_module(f"admin_api.{name}").router
                app.include_router(router, include_in_schema=name.startswith("api."))
                loaded.add(name)


class LazyRoutes:
    """Loads the pages below a request's path before its route is looked up."""

    def __init__(self, app: ASGIApp, application: FastAPI) -> None:
        self._app = app
        self._application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Load the pages of the request's path, and pass it on."""
        if scope["type"] == "http":
            load_pages(self._application, scope["path"].removeprefix("/").partition("/")[0])
        await self._app(scope, receive, send)


def create_app(console: Console) -> FastAPI:
    """Build the application around its collaborators."""
    app = FastAPI(
        title="Waybill",
        description=_DESCRIPTION,
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,  # Starlette builds the address from headers that a caller chooses.
    )
    app.state.console = console
    app.state.loaded = set()
    for error, handler in HANDLERS.items():
        app.add_exception_handler(error, handler)
    # The last one added is the outermost.
    app.add_middleware(LazyRoutes, application=app)
    app.add_middleware(AuthenticationMiddleware, authenticator=_Authenticator(console))
    app.add_middleware(LazySessions, key=lambda: console.session_key)
    app.add_middleware(ErrorBoundary)
    app.add_middleware(RequestGuard, console_url=console.config.console_url)
    app.add_middleware(GZipMiddleware, minimum_size=_SMALLEST_COMPRESSED, compresslevel=6)
    return app


class _Authenticator:
    """Finds out who asks, with the console's collaborators."""

    def __init__(self, console: Console) -> None:
        self._console = console

    @cached_property
    def _tokens(self) -> TokenChecker:
        from admin_api.web.tokens import TokenChecker  # noqa: PLC0415  Loads cryptography, for scripts only.

        return TokenChecker(self._console.discovery_url, self._console.config.scripts_client_id)

    def user_of_token(self, token: str) -> User | None:
        """Return the user of a script's token, unless the account is gone or disabled since it was issued."""
        user = self._tokens.user_of(token)
        return self._renew_if_old(user) if user else None

    def user_of_session(self, values: dict[str, Any], *, prolong: bool) -> User | None:
        """Return the user of a browser's session."""
        return read_session(values, has_ended=self._has_ended, renew=self._renew, prolong=prolong)

    def _has_ended(self, session_id: str) -> bool:
        return self._console.ended_sessions.contains(session_id)

    def _renew(self, user: User) -> User | None:
        return self._console.accounts.renew(user)

    def _renew_if_old(self, user: User) -> User | None:
        return user if user.is_known_at(time.time()) else self._renew(user)
