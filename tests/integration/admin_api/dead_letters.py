"""Dead letters on moto: files whose last run failed, the page's forms, and the worker."""

from __future__ import annotations

import html
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from admin_api.actions import bulk_dead_letters
from admin_api.actions.bulk import BulkWork
from processor.domain.actions import ActionKind
from processor.domain.entries import to_iso
from processor.domain.file_states import FileState
from processor.domain.object_keys import file_id
from processor.ledger.run_begin import RunStart
from processor.messaging.dead_letter_queue import DeadLetterQueue
from tests.integration.stage import BUCKET, csv_file, s3_event

if TYPE_CHECKING:
    import pytest
    from httpx2 import Response
    from starlette.testclient import TestClient

    from processor.domain.actions import ActionEntry
    from tests.integration.admin_api.console import ConsoleStage


THROTTLED = ("ThrottledError", "DynamoDB left 3 orders unprocessed after 12 attempts.")


def skip_waits(console: ConsoleStage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Receive without waiting for further letters."""
    config = console.config
    queue = DeadLetterQueue(console.stage.clients.sqs, config.dead_letter_queue_url, config.queue_url, BUCKET, wait_s=0)
    console.console.__dict__["dead_letters"] = queue
    monkeypatch.setattr("moto.sqs.models.Queue.pending_message_groups", frozenset())


def bury_file(console: ConsoleStage, name: str, failure: tuple[str, str] = THROTTLED) -> tuple[str, str]:
    """Let a file's run fail at its last receive; returns the ids of the message and of the file."""
    stage = console.stage
    version = stage.upload(name, csv_file("A-1,Ada,Widget,1,1.00"))
    message_id = send_letter(console, s3_event(version))
    now = datetime.now(UTC)
    start = RunStart("run-3", to_iso(now), message_id, 3, int(now.timestamp()), int(now.timestamp()) + 300)
    begun = stage.services.ledger.begin_run(file_id(version), version, start)
    stage.services.ledger.fail_run(begun.entry, FileState.DEAD_LETTERED, cause=failure[0], error=failure[1])
    return message_id, begun.entry.file_id


def send_letter(console: ConsoleStage, body: str) -> str:
    """Put a message into the dead-letter queue."""
    return console.stage.clients.sqs.send_message(QueueUrl=console.stage.dead_letter_url, MessageBody=body)["MessageId"]


def take_bodies(console: ConsoleStage, url: str = "") -> list[str]:
    """Take everything that can be received from the ingest queue, or from another one."""
    taken: list[str] = []
    sqs = console.stage.clients.sqs
    url = url or console.config.queue_url
    while batch := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        taken += [message["Body"] for message in batch]
    return taken


def read_form(page: Response, button: str) -> dict[str, str]:
    """Read what the form of a button sends, by the button's words."""
    for form in re.findall(r"<form [^>]*method=\"post\".*?</form>", page.text, re.DOTALL):
        if re.search(rf"<button[^>]*>(?:<svg[^>]*><use[^>]*></svg>)?{re.escape(button)}</button>", form):
            fields = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', form)
            return {name: html.unescape(value) for name, value in fields}
    raise AssertionError(f"no form with the button {button!r}")


def post_form(browser: TestClient, fields: dict[str, Any]) -> Response:
    """Send a form."""
    return browser.post("/dead-letters/actions", data=fields)


def run_worker(console: ConsoleStage, *, stop_after: int = 0) -> ActionEntry:
    """Let the worker carry out what it was called for."""
    log = console.console.actions
    action = log.read_action(console.worker.calls.pop(0)["action_id"])
    assert action is not None
    executor = {
        ActionKind.REDRIVE: bulk_dead_letters.redrive_letters,
        ActionKind.DELETE: bulk_dead_letters.delete_letters,
    }[action.kind]
    seconds = iter(range(100_000))
    handled = 0

    def sleep(_: float) -> None:
        nonlocal handled
        handled += 1
        if handled == stop_after:
            log.request_stop(action.action_id, "ada")

    return BulkWork(console.console, executor, lambda: 900.0, sleep, clock=lambda: float(next(seconds))).carry_out(
        action
    )
