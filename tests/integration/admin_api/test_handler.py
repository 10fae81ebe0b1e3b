"""The function's entry point: requests are recorded in the trace, those for static files are not."""

from __future__ import annotations

import asyncio
import importlib
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from admin_api.web.assets import asset
from processor.observability.telemetry import Span
from tests.integration.conftest import Context

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.integration.admin_api.console import ConsoleStage


@pytest.fixture
def handler(console: ConsoleStage, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Import the handler with the console's settings as its environment, and an event loop, as in Lambda."""
    config = console.config
    for name in config.__dataclass_fields__:
        value = getattr(config, name)
        monkeypatch.setenv(name.upper(), ",".join(value) if isinstance(value, tuple) else str(value))
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield importlib.import_module("admin_api.handler")
    asyncio.set_event_loop(None)
    loop.close()
    del sys.modules["admin_api.handler"]


def request(path: str) -> dict[str, Any]:
    """Build an HTTP API's event."""
    http = {"method": "GET", "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1"}
    return {
        "version": "2.0",
        "rawPath": path,
        "rawQueryString": "",
        "headers": {"host": "console.test"},
        "requestContext": {"http": http, "stage": "$default"},
        "isBase64Encoded": False,
    }


def test_static_files_leave_nothing_in_a_trace(handler: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page's own request is recorded; those for its styles and scripts would only be in the way."""
    recorded: list[str] = []

    @contextmanager
    def record(name: str) -> Iterator[Span]:
        recorded.append(name)
        yield Span(None)

    monkeypatch.setattr(handler, "span", record)

    static = handler.handle(request(asset("app.css")), Context())
    for_static = list(recorded)
    health = handler.handle(request("/healthz"), Context())

    assert (static["statusCode"], health["statusCode"]) == (200, 200)
    assert for_static == []
    assert recorded == ["request"]
