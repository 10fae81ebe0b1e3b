"""Which modules have the pages below which path. Each is loaded when somebody first asks for one of them.

Loading all of them takes longer than all the rest of a cold start, and nobody's first request needs more than one.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.types import ASGIApp, Receive, Scope, Send

PAGES = {
    "": ("pages.overview.index",),
    "static": ("web.assets",),
    "healthz": ("pages.health",),
    "robots.txt": ("pages.health",),
    "auth": ("pages.sign_in",),
    "preferences": ("pages.preferences",),
    "upload": ("pages.upload",),
    "metrics": ("pages.metrics.index",),
    "files": ("pages.runs.detail", "pages.files.index", "pages.files.confirm", "pages.files.detail"),
    "traces": ("pages.runs.detail",),
    "activity": ("pages.activity",),
    "orders": ("pages.orders.index",),
    "dead-letters": ("pages.dead_letters.index",),
    "search": ("pages.search.index",),
    "api": ("api.docs", "api.files", "api.orders", "api.dead_letters", "api.actions", "api.uploads"),
}
"""The modules with a ``router`` by the first part of their paths, in the order in which their routes are tried."""


def load_pages(app: FastAPI, *parts: str) -> None:
    """Load what is below these first parts of paths, and has not been loaded before."""
    loaded: set[str] = app.state.loaded
    for part in parts:
        for name in PAGES.get(part, ()):
            if name not in loaded:
                router = importlib.import_module(f"admin_api.{name}").router
                app.include_router(router, include_in_schema=name.startswith("api."))
                loaded.add(name)


class LazyRoutes:
    """Loads the pages of a request's path before the request goes on to find its route."""

    def __init__(self, app: ASGIApp, application: FastAPI) -> None:
        self._app = app
        self._application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on; of a path that nobody has, the application says so."""
        if scope["type"] == "http":
            load_pages(self._application, scope["path"].removeprefix("/").partition("/")[0])
        await self._app(scope, receive, send)
