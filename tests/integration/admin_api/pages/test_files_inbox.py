"""The inbox on moto: objects that no run has begun with are listed, and processed at a press."""

from __future__ import annotations

import html
import re
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from admin_api.actions import inbox
from admin_api.actions.bulk import BulkWork
from processor.domain.actions import ActionEntry, ActionKind, ActionState
from processor.domain.file_states import FileState
from processor.domain.object_keys import file_id
from tests.integration.admin_api.console import VIEWER, words
from tests.integration.stage import BAD_ROW, GOOD_ROWS, csv_file

if TYPE_CHECKING:
    from tests.integration.admin_api.console import ConsoleStage


@pytest.fixture(autouse=True)
def _later(console: ConsoleStage) -> None:
    """Look three minutes later, when SQS has counted every message."""
    now = console.console.now
    console.console.__dict__["now"] = lambda: now() + timedelta(minutes=3)


def work(console: ConsoleStage) -> ActionEntry:
    """Let the worker carry out what it was called for."""
    action = console.console.actions.read_action(console.worker.calls.pop()["action_id"])
    assert action is not None
    return BulkWork(console.console, inbox.process_objects, lambda: 900.0, sleep=lambda _: None).carry_out(action)


def test_an_object_whose_event_is_lost_is_listed_and_processed(console: ConsoleStage) -> None:
    """By its form; the worker's message brings it to its end, and its story says who did it."""
    version = console.stage.upload("what happened, to\n+my file.csv", csv_file(*GOOD_ROWS))
    console.stage.process("another-sender/known.csv", csv_file(*GOOD_ROWS, BAD_ROW))
    browser = console.browser()
    page = browser.get("/files/inbox")
    choices = [html.unescape(value) for value in re.findall(r'name="object" value="([^"]*)"', page.text)]
    form_id = re.findall(r'name="action_id" value="([^"]*)"', page.text)[0]

    browser.post("/files/inbox", data={"action_id": form_id, "object": choices})
    done = work(console)

    assert len(choices) == 1
    assert (done.kind, done.state, done.done) == (ActionKind.PROCESS, ActionState.DONE, 1)
    [message] = [body for body in _bodies(console) if "command" in body]
    console.stage.handle(console.stage.message(message))
    assert console.stage.entry(version).state is FileState.PROCESSED
    story = browser.get(f"/api/files/{file_id(version)}").json()
    assert [(each["kind"], each["who"]) for each in story["actions"]] == [("process", "operator@example.com")]
    assert "Nothing is left behind" in words(browser.get("/files/inbox"))


def _bodies(console: ConsoleStage) -> list[str]:
    sqs, url, bodies = console.stage.clients.sqs, console.config.queue_url, []
    while received := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        bodies += [message["Body"] for message in received]
    return bodies


def test_what_has_just_arrived_is_not_called_left_behind(
    console: ConsoleStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its event may be on the way; a folder's marker is no file at all."""
    monkeypatch.setattr("admin_api.actions.inbox.COUNTED_AFTER", timedelta(hours=1))
    console.stage.upload("new.csv", csv_file(*GOOD_ROWS))
    console.stage.upload("folder/", b"")

    assert console.browser().get("/api/inbox").json()["objects"] == []


def test_the_inbox_is_looked_through_in_stretches(console: ConsoleStage, monkeypatch: pytest.MonkeyPatch) -> None:
    """However much lies there, a page takes one call to S3, and each object is in one stretch."""
    monkeypatch.setattr("admin_api.actions.inbox.MOST_LOOKED_THROUGH", 3)
    for number in range(7):
        console.stage.upload(f"{number}.csv", csv_file(*GOOD_ROWS))
    browser, after, keys = console.browser(), "", []

    while True:
        answer = browser.get("/api/inbox", params={"after": after}).json()
        keys += [each["object_key"] for each in answer["objects"]]
        after = answer["following"]
        if not after:
            break

    assert keys == [f"raw-data/{number}.csv" for number in range(7)]
    assert browser.get("/files/inbox", params={"after": " raw-data/3.csv"}).status_code == 200


def test_all_objects_that_a_page_lists_can_be_processed_at_once(console: ConsoleStage) -> None:
    """A stretch may hold more than one action takes: the page ends before, and the next one begins there."""
    for number in range(103):
        console.stage.upload(f"{number:03}.csv", b"")
    browser = console.browser()
    page = browser.get("/files/inbox")
    choices = re.findall(r'name="object" value="([^"]*)"', page.text)
    following = html.unescape(re.findall(r'href="(/files/inbox\?after=[^"]*)"', page.text)[0])

    answer = browser.post("/files/inbox", data={"action_id": console.action_id(), "object": choices})
    rest = re.findall(r'name="object" value="([^"]*)"', browser.get(following).text)

    assert (len(choices), answer.status_code) == (100, 303)
    assert [choice.partition(" ")[2] for choice in rest] == [f"raw-data/{number}.csv" for number in (100, 101, 102)]


def test_a_second_request_processes_nothing_twice(console: ConsoleStage) -> None:
    """An object that a run has taken up meanwhile, or that is gone, is skipped."""
    version = console.stage.upload("a.csv", csv_file(*GOOD_ROWS))
    objects = [
        {"object_key": version.key, "version_id": version.version_id},
        {"object_key": "raw-data/gone.csv", "version_id": version.version_id},
    ]
    console.browser().post("/api/inbox/actions", json={"objects": objects}).raise_for_status()
    console.stage.deliver(version)

    done = work(console)

    assert (done.done, done.skipped, done.failed) == (0, 2, 0)


@pytest.mark.parametrize(
    "objects",
    [[], [{"object_key": "archive/a.csv", "version_id": "v"}], [{"object_key": "raw-data/a.csv", "version_id": "v w"}]],
)
def test_only_objects_of_the_inbox_can_be_meant(console: ConsoleStage, objects: list[dict[str, str]]) -> None:
    """None, or one elsewhere, is refused at the door."""
    browser = console.browser()
    chosen = [f"{each['version_id']} {each['object_key']}" for each in objects]

    by_api = browser.post("/api/inbox/actions", json={"objects": objects})
    by_form = browser.post("/files/inbox", data={"action_id": console.action_id(), "object": chosen})

    assert (by_api.status_code, by_form.status_code) == (422, 422)
    assert console.worker.calls == []


def test_a_viewer_looks_and_processes_nothing(console: ConsoleStage) -> None:
    """The list has no boxes for them, and a forced post is refused."""
    version = console.stage.upload("a.csv", csv_file(*GOOD_ROWS))
    browser = console.browser(VIEWER)

    page = browser.get("/files/inbox")
    form = {"action_id": console.action_id(), "object": f"{version.version_id} {version.key}"}

    assert "a.csv" in words(page)
    assert 'name="object"' not in page.text
    assert browser.post("/files/inbox", data=form).status_code == 403
