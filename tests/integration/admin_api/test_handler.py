"""The entry points of both functions: what is recorded in a trace, and what the schedule lets the worker do."""

from __future__ import annotations

import asyncio
import importlib
import sys
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from admin_api.web.assets import asset
from processor.domain.actions import ActionState
from processor.observability.telemetry import Span
from tests.integration.conftest import Context
from tests.runtime.recorded import recorded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.integration.admin_api.console import ConsoleStage


def set_environment(console: ConsoleStage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the console's settings the environment."""
    for name in console.config.__dataclass_fields__:
        value = getattr(console.config, name)
        monkeypatch.setenv(name.upper(), ",".join(value) if isinstance(value, tuple) else str(value))


@pytest.fixture
def worker(console: ConsoleStage, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Import the worker in the same way, and let it use the test's clients."""
    set_environment(console, monkeypatch)
    module = importlib.import_module("admin_api.worker")
    monkeypatch.setattr(module, "console", console.console)
    yield module
    del sys.modules["admin_api.worker"]


@pytest.fixture
def handler(console: ConsoleStage, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Import the handler with the console's settings as its environment, and an event loop, as in Lambda."""
    set_environment(console, monkeypatch)
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
    spans: list[str] = []

    @contextmanager
    def record(name: str) -> Iterator[Span]:
        spans.append(name)
        yield Span(None)

    monkeypatch.setattr(handler, "span", record)

    static = handler.handle(request(asset("app.css")), Context())
    for_static = list(spans)
    health = handler.handle(request("/healthz"), Context())

    assert (static["statusCode"], health["statusCode"]) == (200, 200)
    assert for_static == []
    assert spans == ["request"]


def test_schedule_tells_of_unfinished_uploads_and_audits(worker: Any, console: ConsoleStage) -> None:
    """The event of the rule lets the worker do both."""
    console.stage.upload("orders.csv.part", b"order_id")
    now = console.console.now
    console.console.__dict__["now"] = lambda: now() + timedelta(hours=25)

    worker.handle(recorded("scheduled"), Context())

    assert [mail["Subject"] for mail in console.stage.mails()] == ["[Waybill test] unfinished upload: orders.csv.part"]
    assert [action.state for action in console.console.actions.list_actions(limit=5).actions] == [ActionState.DONE]
