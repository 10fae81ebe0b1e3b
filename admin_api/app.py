"""Puts the console together: its pages, what surrounds every request, and what becomes of errors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import FastAPI
from starlette.middleware.gzip import GZipMiddleware

from admin_api.lazy_routes import LazyRoutes
from admin_api.rendering.error_pages import HANDLERS, ErrorBoundary
from admin_api.web.auth import AuthenticationMiddleware, LazySessions
from admin_api.web.security import RequestGuard

if TYPE_CHECKING:
    from admin_api.web.auth import User
    from admin_api.web.tokens import TokenChecker
    from admin_api.wiring.services import Console

_SMALLEST_COMPRESSED = 500
_DESCRIPTION = """
Everything that the console shows and does, for scripts. Sign in with the scripts client of the user pool and send the
ID token: `Authorization: Bearer …`. Members of `operators` may act, members of `viewers` may look.
"""


def create_app(console: Console) -> FastAPI:
    """Build the application around its collaborators."""
    app = FastAPI(
        title="Waybill", description=_DESCRIPTION, openapi_url="/api/openapi.json", docs_url=None, redoc_url=None
    )
    app.state.console = console
    app.state.loaded = set()
    for error, handler in HANDLERS.items():
        app.add_exception_handler(error, handler)
    # The last one added is the first that a request meets.
    app.add_middleware(LazyRoutes, application=app)
    app.add_middleware(AuthenticationMiddleware, user_of_token=_token_checker(console))
    app.add_middleware(LazySessions, key=lambda: console.session_key)
    app.add_middleware(ErrorBoundary)
    app.add_middleware(RequestGuard, console_url=console.config.console_url)
    app.add_middleware(GZipMiddleware, minimum_size=_SMALLEST_COMPRESSED, compresslevel=6)
    return app


def _token_checker(console: Console) -> Any:
    checker: TokenChecker | None = None

    def user_of(token: str) -> User | None:
        nonlocal checker
        if checker is None:
            from admin_api.web.tokens import TokenChecker  # noqa: PLC0415  Cryptography, for scripts only.

            checker = TokenChecker(console.discovery_url, console.config.scripts_client_id)
        return checker.user_of(token)

    return user_of
