"""Every route that changes something, or lets data out, leaves an entry with the person's name, on moto."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from admin_api.app import PAGES, load_pages
from processor.domain.actions import ACCESS_KIND, ACTION_KIND, ActionEntry, ActionKind, ActionState
from processor.domain.entries import to_iso
from tests.integration.admin_api.console import OPERATOR
from tests.integration.admin_api.dead_letters import bury_file, skip_waits
from tests.integration.stage import BAD_ROW, GOOD_ROWS, csv_file

if TYPE_CHECKING:
    from collections.abc import Callable

    from fastapi import FastAPI
    from httpx2 import Response
    from starlette.testclient import TestClient

    from tests.integration.admin_api.console import ConsoleStage

SAFE = {"GET", "HEAD"}
CHANGE_ONLY_THE_CALLERS_BROWSER = {"POST /preferences", "POST /auth/sign-out"}
"""Cookies, and the session that they name."""


def failed_file(console: ConsoleStage) -> str:
    """Fail a file; returns its id."""
    return console.stage.process("bad.csv", b"%PDF").file_id


def begun(console: ConsoleStage, seconds_ago: float) -> str:
    """Leave an action of somebody else under way; returns its id."""
    at = to_iso(console.console.now() - timedelta(seconds=seconds_ago))
    action_id = console.action_id()
    action = ActionEntry(action_id, ActionKind.REPROCESS, at, "ada@example.com", ActionState.RUNNING, expected=3)
    console.console.actions.begin_action(replace(action, selection={"file_ids": []}))
    return action_id


def act_by_form(console: ConsoleStage, browser: TestClient) -> Response:
    """Reprocess a file by its form."""
    form = {"kind": "reprocess", "file_id": failed_file(console), "action_id": console.action_id()}
    return browser.post("/files/actions", data=form)


def act_on_file(console: ConsoleStage, browser: TestClient) -> Response:
    """Reprocess a file."""
    return browser.post(f"/api/files/{failed_file(console)}/actions", json={"kind": "reprocess"})


def act_on_files(console: ConsoleStage, browser: TestClient) -> Response:
    """Reprocess several files."""
    return browser.post("/api/files/actions", json={"kind": "reprocess", "file_ids": [failed_file(console)]})


def act_on_letters_by_form(console: ConsoleStage, browser: TestClient) -> Response:
    """Redrive a letter by its form."""
    message_id, _ = bury_file(console, "a.csv")
    form = {"action_id": console.action_id(), "scope": "selected", "only": message_id}
    return browser.post("/dead-letters/actions", data=form)


def act_on_letters(console: ConsoleStage, browser: TestClient) -> Response:
    """Delete a letter."""
    message_id, _ = bury_file(console, "a.csv")
    return browser.post("/api/dead-letters/actions", json={"do": "delete", "message_ids": [message_id]})


def return_from_form(console: ConsoleStage, browser: TestClient) -> Response:
    """Come back from S3 after an upload by the plain form."""
    page = browser.get("/upload").text
    fields = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page))
    key = fields["key"].replace("${filename}", "orders.csv")
    console.stage.upload(key.removeprefix("raw-data/"), csv_file(*GOOD_ROWS))
    return browser.get(urlsplit(fields["success_action_redirect"]).path, params={"key": key})


def download(console: ConsoleStage, browser: TestClient) -> Response:
    """Download an original."""
    entry = console.stage.process("partial.csv", csv_file(*GOOD_ROWS, BAD_ROW))
    return browser.get(f"/files/{entry.file_id}/objects/original")


def put_unknown(console: ConsoleStage) -> str:
    """Put an object whose event is lost; returns its version."""
    return console.stage.upload("lost.csv", csv_file(*GOOD_ROWS)).version_id


def process_by_form(console: ConsoleStage, browser: TestClient) -> Response:
    """Process an object of the inbox by its form."""
    form = {"action_id": console.action_id(), "object": f"{put_unknown(console)} raw-data/lost.csv"}
    return browser.post("/files/inbox", data=form)


def process_objects(console: ConsoleStage, browser: TestClient) -> Response:
    """Process an object of the inbox."""
    found = {"object_key": "raw-data/lost.csv", "version_id": put_unknown(console)}
    return browser.post("/api/inbox/actions", json={"objects": [found]})


REQUESTS: dict[str, Callable[[ConsoleStage, TestClient], Response]] = {
    "POST /files/actions": act_by_form,
    "POST /api/files/{file_id}/actions": act_on_file,
    "POST /api/files/actions": act_on_files,
    "POST /dead-letters/actions": act_on_letters_by_form,
    "POST /api/dead-letters/actions": act_on_letters,
    "POST /files/inbox": process_by_form,
    "POST /api/inbox/actions": process_objects,
    "POST /api/uploads": lambda _, browser: browser.post("/api/uploads", json={"name": "orders.csv"}),
    "POST /activity/{action_id}/stop": lambda console, browser: browser.post(f"/activity/{begun(console, 1)}/stop"),
    "POST /activity/{action_id}/carry-on": lambda console, browser: browser.post(
        f"/activity/{begun(console, 300)}/carry-on"
    ),
    "POST /api/actions/{action_id}/stop": lambda console, browser: browser.post(
        f"/api/actions/{begun(console, 1)}/stop"
    ),
    "POST /api/actions/{action_id}/carry-on": lambda console, browser: browser.post(
        f"/api/actions/{begun(console, 300)}/carry-on"
    ),
    "GET /upload/received/{token}": return_from_form,
    "GET /files/{file_id}/objects/{kind}": download,
    "GET /files/export.csv": lambda _, browser: browser.get("/files/export.csv?state=failed"),
    "GET /orders/export.csv": lambda _, browser: browser.get("/orders/export.csv?order_id=A-1"),
}


def log(console: ConsoleStage) -> list[ActionEntry]:
    """List all entries."""
    return [
        entry
        for kind in (ACTION_KIND, ACCESS_KIND)
        for entry in console.console.actions.list_actions(limit=100, kind=kind).actions
    ]


def test_every_route_that_changes_something_is_tried(console: ConsoleStage) -> None:
    """A new route needs a request here, or stands among those that only change the caller's browser."""
    app: Any = console.browser().app
    load_pages(app, *PAGES)

    changing = {f"{method} {path}" for method, path in _routes(app) if method not in SAFE}

    assert changing - CHANGE_ONLY_THE_CALLERS_BROWSER == {name for name in REQUESTS if name[:3] != "GET"}


def test_every_route_that_lets_data_out_is_tried(console: ConsoleStage) -> None:
    """Those that answer with a file, or lead to one."""
    app: Any = console.browser().app
    load_pages(app, *PAGES)

    files = {f"GET {path}" for _, path in _routes(app) if path.endswith(".csv") or "/objects/" in path}

    assert len(files) >= 3
    assert files <= REQUESTS.keys()


def _routes(app: FastAPI) -> list[tuple[str, str]]:
    routes: list[Any] = [
        context
        for route in app.routes
        for context in (route.effective_route_contexts() if hasattr(route, "effective_route_contexts") else [route])
    ]
    return [(method, route.path) for route in routes for method in route.methods]


@pytest.mark.parametrize("name", REQUESTS)
def test_it_leaves_an_entry_with_the_persons_name(
    console: ConsoleStage, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Their address, and their id in the user pool, which outlasts it; or the name of who stopped another's action."""
    skip_waits(console, monkeypatch)

    response = REQUESTS[name](console, console.browser())

    entries = log(console)
    assert response.status_code < 400
    assert any((entry.who, entry.sub) == (OPERATOR.email, OPERATOR.subject) for entry in entries) or (
        [entry.stop_asked_by for entry in entries] == [OPERATOR.email]
    )
