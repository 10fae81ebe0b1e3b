"""Files whose message is gone, on moto: they are told of, and can be reprocessed from page and API."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from processor.domain.entries import to_iso
from processor.domain.errors import MessageFailedError
from processor.domain.file_states import FileState
from processor.messaging.messages import reprocess_body
from tests.integration.admin_api.console import words
from tests.integration.admin_api.file_actions import hidden_fields, messages, work
from tests.integration.file_items import put_file
from tests.integration.stage import GOOD_ROWS, csv_file, s3_event

if TYPE_CHECKING:
    from processor.domain.entries import FileEntry
    from tests.integration.admin_api.console import ConsoleStage


def queued_file(console: ConsoleStage, name: str = "orders.csv") -> FileEntry:
    """Let a file's first run fail, so that the file waits for its message."""
    stage = console.stage
    version = stage.upload(name, csv_file(f"{name},Ada Lovelace,Difference Engine,1,1999.99"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stage.clients.s3, "copy_object", None)
        with pytest.raises(MessageFailedError):
            stage.handle(stage.message(s3_event(version)))
    return stage.entry(version)


def reprocessing_file(console: ConsoleStage) -> FileEntry:
    """Ask for a new run of a file."""
    entry = console.stage.process("orders.csv", csv_file(*GOOD_ROWS))
    path = f"/api/files/{entry.file_id}/actions"
    console.browser().post(path, json={"kind": "reprocess"}).raise_for_status()
    return entry


def lose_messages(console: ConsoleStage) -> None:
    """Empty the queue."""
    console.stage.clients.sqs.purge_queue(QueueUrl=console.config.queue_url)


def advance(console: ConsoleStage, **time: float) -> None:
    """Move the console's clock on."""
    now = console.console.now
    console.console.__dict__["now"] = lambda: now() + timedelta(**time)


@pytest.mark.parametrize("make", [queued_file, reprocessing_file])
def test_a_file_whose_message_is_gone_is_told_of_and_runs_again(console: ConsoleStage, make: object) -> None:
    """Page and list call it stuck and offer a reprocess, and the new message brings it to its end."""
    entry = make(console)  # type: ignore[operator]
    lose_messages(console)
    advance(console, minutes=3)
    browser = console.browser()

    page, listed = browser.get(f"/files/{entry.file_id}"), browser.get("/files")
    answer = browser.post(f"/api/files/{entry.file_id}/actions", json={"kind": "reprocess"})

    assert "the message that it waits for is gone" in words(page)
    assert "Reprocess this file" in words(page)
    assert "stuck" in words(listed)
    assert (answer.status_code, answer.json()["state"], answer.json()["done"]) == (200, "done", 1)
    [message] = console.stage.clients.sqs.receive_message(QueueUrl=console.config.queue_url)["Messages"]
    console.stage.handle(console.stage.message(message["Body"]))
    ended = console.console.ledger.read_file(entry.file_id)
    assert ended is not None
    assert ended.state is FileState.PROCESSED


@pytest.mark.parametrize("chosen", ["each", "all"])
def test_all_files_whose_messages_are_gone_run_again_by_one_action(console: ConsoleStage, chosen: str) -> None:
    """The message of the first file, which the action sends, is not taken for that of the next ones."""
    ids = [queued_file(console, f"{name}.csv").file_id for name in "abc"]
    lose_messages(console)
    advance(console, minutes=3)
    browser = console.browser()
    which = {"all": "1", "state": "queued"} if chosen == "all" else {"file_id": ids}
    form = hidden_fields(browser.get("/files/actions", params={"kind": "reprocess", **which}))

    browser.post("/files/actions", data={**form, "rate": "0"})
    done = work(console)

    assert (done.done, done.skipped, done.failed) == (3, 0, 0)
    assert sorted(messages(console.stage)) == sorted(map(reprocess_body, ids))


def test_a_file_that_was_just_asked_for_again_is_not_called_stuck(
    console: ConsoleStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQS counts the new message late: until then the page waits for it, and offers nothing a second time."""
    entry = queued_file(console)
    lose_messages(console)
    advance(console, minutes=3)
    browser = console.browser()
    browser.post(f"/api/files/{entry.file_id}/actions", json={"kind": "reprocess"}).raise_for_status()
    monkeypatch.setattr(type(console.console.queue), "count_messages", lambda _: 0)

    page = browser.get(f"/files/{entry.file_id}")

    assert "Reprocess this file" not in words(page)
    assert "hx-get" in page.text
    advance(console, minutes=3)
    assert "Reprocess this file" in words(browser.get(f"/files/{entry.file_id}"))


@pytest.mark.parametrize("minutes", [1, 30])
def test_a_file_that_waits_for_a_message_is_left_to_it(console: ConsoleStage, minutes: int) -> None:
    """While the queue holds any message, hidden or not, it may be this file's; and SQS counts a minute late."""
    entry = queued_file(console)
    if minutes == 1:
        lose_messages(console)
    advance(console, minutes=minutes)
    browser = console.browser()

    page = browser.get(f"/files/{entry.file_id}")
    answer = browser.post(f"/api/files/{entry.file_id}/actions", json={"kind": "reprocess"})

    assert "Reprocess this file" not in words(page)
    assert answer.status_code == 409
    assert "lost" in answer.json()["detail"]


def test_on_a_busy_queue_the_longest_hiding_decides(console: ConsoleStage) -> None:
    """After twelve hours SQS can hide no message any more."""
    entry = queued_file(console)
    advance(console, hours=12, minutes=1)

    answer = console.browser().post(f"/api/files/{entry.file_id}/actions", json={"kind": "reprocess"})

    assert (answer.status_code, answer.json()["done"]) == (200, 1)


def test_a_list_does_without_the_queue(console: ConsoleStage, monkeypatch: pytest.MonkeyPatch) -> None:
    """The files are shown when SQS does not answer."""
    queued_file(console)
    advance(console, minutes=3)

    def refuse(**_: object) -> None:
        raise console.console.sqs.exceptions.OverLimit({"Error": {"Code": "OverLimit"}}, "GetQueueAttributes")

    monkeypatch.setattr(console.console.sqs, "get_queue_attributes", refuse)

    page = console.browser().get("/files")

    assert page.status_code == 200
    assert "orders.csv" in words(page)


@pytest.mark.parametrize(
    ("other", "is_lost"),
    [
        ({"state": FileState.PROCESSING}, False),
        ({"state": FileState.PROCESSED, "settled_at": "2026-11-22T10:00:00.000000Z"}, True),
    ],
)
def test_a_file_that_waits_for_another_is_not_lost_while_that_one_is_under_way(
    console: ConsoleStage, other: dict[str, str], is_lost: bool
) -> None:
    """No message is due before: it is sent when the other file is settled."""
    first = put_file(console.stage, 1, **other)
    second = put_file(console.stage, 2, state=FileState.QUEUED, waits_for=first)

    listed = words(console.browser().get("/files?state=queued"))
    page = words(console.browser().get(f"/files/{second}"))

    assert ("stuck" in listed, "stuck" in page) == (is_lost, is_lost)
    assert ("It waits for Orders-1.csv, which is being processed." in page) is not is_lost


def test_a_file_that_was_just_woken_is_not_lost(console: ConsoleStage) -> None:
    """SQS counts the message that wakes it about a minute later."""
    first = put_file(console.stage, 1, settled_at=to_iso(console.console.now()))
    second = put_file(console.stage, 2, state=FileState.QUEUED, waits_for=first)

    page = words(console.browser().get(f"/files/{second}"))

    assert "stuck" not in page
    assert "It waited for Orders-1.csv; its own run begins in a moment." in page
