"""The page of dead letters on moto: what it shows, what it offers to whom, and what its actions do, once."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from admin_api.actions import bulk_dead_letters
from admin_api.actions.bulk import BulkWork
from processor.domain.actions import ActionKind, ActionState
from processor.domain.entries import to_iso
from processor.domain.file_states import FileState
from processor.domain.object_keys import ObjectVersion, file_id
from processor.ledger.ledger import RunStart
from processor.messaging.dead_letter_queue import DeadLetterQueue
from processor.messaging.move_tasks import MoveTask, MoveUnsupportedError
from tests.integration.admin_api.console import VIEWER, words
from tests.integration.stage import BUCKET, csv_file, s3_event

if TYPE_CHECKING:
    from httpx2 import Response
    from starlette.testclient import TestClient

    from processor.domain.actions import ActionEntry
    from tests.integration.admin_api.console import ConsoleStage

THROTTLED = ("ThrottledError", "DynamoDB left 3 orders unprocessed after 12 attempts.")


@pytest.fixture(autouse=True)
def impatient(console: ConsoleStage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nobody wait for letters that are not there, and let AWS have no tasks of its own, as moto has none."""
    config = console.config
    queue = DeadLetterQueue(console.stage.clients.sqs, config.dead_letter_queue_url, config.queue_url, BUCKET, wait_s=0)
    console.console.__dict__["dead_letters"] = queue
    monkeypatch.setattr(bulk_dead_letters, "MoveTasks", lambda *_: NoTasks())
    monkeypatch.setattr("moto.sqs.models.Queue.pending_message_groups", frozenset())


class NoTasks:
    """An SQS without tasks that move messages."""

    def newest(self) -> None:
        """Refuse."""
        raise MoveUnsupportedError


def bury(console: ConsoleStage, name: str, failure: tuple[str, str] = THROTTLED) -> tuple[str, str]:
    """Let a file's run fail at its last receive; returns the ids of the message and of the file."""
    stage = console.stage
    version = stage.upload(name, csv_file("A-1,Ada,Widget,1,1.00"))
    message_id = send(console, s3_event(version))
    now = datetime.now(UTC)
    start = RunStart("run-3", to_iso(now), message_id, 3, int(now.timestamp()), int(now.timestamp()) + 300)
    begun = stage.services.ledger.begin(file_id(version), version, start)
    stage.services.ledger.fail_run(begun.entry, FileState.DEAD_LETTERED, cause=failure[0], error=failure[1])
    return message_id, begun.entry.file_id


def send(console: ConsoleStage, body: str) -> str:
    """Put a message into the dead-letter queue."""
    return console.stage.clients.sqs.send_message(QueueUrl=console.stage.dead_letter_url, MessageBody=body)["MessageId"]


def bodies(console: ConsoleStage, url: str = "") -> list[str]:
    """Take everything that can be received from the ingest queue, or from another one."""
    taken: list[str] = []
    sqs = console.stage.clients.sqs
    url = url or console.config.queue_url
    while batch := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        taken += [message["Body"] for message in batch]
    return taken


def form_of(page: Response, button: str) -> dict[str, str]:
    """Read what the form of a button sends, by the button's words."""
    for form in re.findall(r"<form [^>]*method=\"post\".*?</form>", page.text, re.DOTALL):
        if re.search(rf"<button[^>]*>(?:<svg[^>]*><use[^>]*></svg>)?{re.escape(button)}</button>", form):
            fields = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', form)
            return {name: html.unescape(value) for name, value in fields}
    raise AssertionError(f"no form with the button {button!r}")


def press(browser: TestClient, fields: dict[str, Any]) -> Response:
    """Send a form."""
    return browser.post("/dead-letters/actions", data=fields)


def work(console: ConsoleStage, *, stop_after: int = 0) -> ActionEntry:
    """Let the worker carry out what it was called for."""
    log = console.console.actions
    action = log.read(console.worker.calls.pop(0)["action_id"])
    assert action is not None
    executor = {ActionKind.REDRIVE: bulk_dead_letters.redrive, ActionKind.DELETE: bulk_dead_letters.delete}[action.kind]
    seconds = iter(range(100_000))
    handled = 0

    def sleep(_: float) -> None:
        nonlocal handled
        handled += 1
        if handled == stop_after:
            log.ask_stop(action.action_id, "ada")

    return BulkWork(console.console, executor, lambda: 900.0, sleep, clock=lambda: float(next(seconds))).carry_out(
        action
    )


# What is shown


def test_an_empty_queue_says_what_would_come_here(console: ConsoleStage) -> None:
    """Nothing is there, and that is a page of its own."""
    page = words(console.browser().get("/dead-letters"))

    assert "No dead letters" in page
    assert "until somebody redrives or deletes it" in page


def test_letters_stand_by_cause_with_their_files_runs_and_bodies(console: ConsoleStage) -> None:
    """The largest group is first; each letter has its file, state, run, receive count and body."""
    message_id, failed_id = bury(console, "a.csv")
    bury(console, "b.csv")
    bury(console, "c.csv", ("AccessDenied", "PutObject failed: not allowed"))

    page = console.browser().get("/dead-letters")

    text = words(page)
    assert text.index(THROTTLED[1]) < text.index("PutObject failed: not allowed")
    assert "2 letters · 2 files" in text
    assert f'href="/files/{failed_id}"' in page.text
    assert f'href="/files/{failed_id}/runs/run-3"' in page.text
    assert message_id in page.text
    assert html.escape('"eventName": "ObjectCreated:Put"').replace("&quot;", "&#34;") in page.text
    assert "Redrive all" in text


def test_looking_leaves_every_letter_for_the_next_person(console: ConsoleStage) -> None:
    """After the page was shown, all letters can be received by anybody at once."""
    for name in "abc":
        bury(console, f"{name}.csv")

    console.browser().get("/dead-letters")

    assert len(bodies(console, console.stage.dead_letter_url)) == 3


def test_a_message_that_names_no_file_can_be_read_and_deleted_but_not_redriven(console: ConsoleStage) -> None:
    """Redriving it would only fail again, so that is not offered."""
    send(console, "<b>nonsense</b>")

    page = console.browser().get("/dead-letters")

    assert "The message names no file" in words(page)
    assert "<b>nonsense</b>" not in page.text
    assert "Redrive 1 letter" not in words(page)
    assert form_of(page, "Delete 1 letter")["cause"] == "no_file"


def test_letters_of_settled_files_are_marked_and_cleared_in_one_go(console: ConsoleStage) -> None:
    """A second message about a processed file only needs clearing; that leaves the others alone."""
    entry = console.stage.process("done.csv", csv_file("B-1,Ada,Widget,1,1"))
    for _ in range(3):
        send(console, s3_event(ObjectVersion(BUCKET, entry.object_key, entry.version_id)))
    bury(console, "a.csv")
    browser = console.browser()
    page = browser.get("/dead-letters")

    response = press(browser, form_of(page, "Clear 3 letters"))
    action = work(console)

    assert "3 of them are settled since" in words(page)
    assert response.status_code == 303
    assert (action.kind, action.done, action.state) == (ActionKind.DELETE, 3, ActionState.DONE)
    assert action.subject == "3 dead letters of files that were settled since"
    assert len(bodies(console, console.stage.dead_letter_url)) == 1
    assert bodies(console) == []


def test_a_large_group_shows_ten_and_has_pages_of_its_own(console: ConsoleStage) -> None:
    """The first page names the number and leads to all of them, fifty at a time."""
    for number in range(52):
        send(console, f"nonsense {number}")
    browser = console.browser()

    page = browser.get("/dead-letters")
    group = browser.get("/dead-letters?cause=no_file")
    second = browser.get("/dead-letters?cause=no_file&first=50")

    assert page.text.count("<summary") - page.text.count("data-panel") == 10
    assert "Show all 52 letters" in words(page)
    assert "1\u201350 of 52" in words(group)
    assert "51\u201352 of 52" in words(second)
    assert "No letter of this cause is left" in words(browser.get("/dead-letters?cause=other"))


def test_more_letters_than_one_look_sees_are_told_honestly(
    console: ConsoleStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page says how many it has seen of about how many, and what its buttons mean then."""
    monkeypatch.setattr("admin_api.actions.dead_letters.MOST_LETTERS", 20)
    for number in range(45):
        send(console, f"nonsense {number}")

    page = console.browser().get("/dead-letters")

    assert "20 of about 45 letters were seen." in words(page)
    assert "Redrive about 45" in words(page)


def test_letters_in_somebody_elses_hands_are_not_denied(console: ConsoleStage, monkeypatch: pytest.MonkeyPatch) -> None:
    """A queue whose letters are all held is not called empty."""
    monkeypatch.setattr("processor.messaging.dead_letter_queue._PATIENCE_S", 0.0)
    send(console, "{}")
    console.stage.clients.sqs.receive_message(QueueUrl=console.stage.dead_letter_url, VisibilityTimeout=60)

    assert "1 letter is in somebody else&#39;s hands" in words(console.browser().get("/dead-letters"))


def test_a_queue_that_is_away_takes_only_the_list_with_it(
    console: ConsoleStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page says what failed and offers to try again."""

    def refuse(*_: Any) -> None:
        raise ClientError({"Error": {"Code": "ServiceUnavailable"}}, "ReceiveMessage")

    monkeypatch.setattr(DeadLetterQueue, "look", refuse)

    page = words(console.browser().get("/dead-letters"))

    assert "The dead-letter queue could not be looked at" in page
    assert "ReceiveMessage failed: ServiceUnavailable." in page


def test_a_viewer_sees_letters_and_no_buttons(console: ConsoleStage) -> None:
    """Who may only look is offered nothing, and refused if it is forced."""
    bury(console, "a.csv")
    browser = console.browser(VIEWER)
    page = browser.get("/dead-letters")
    forced = {"action_id": console.action_id(), "do": "delete", "scope": "all"}

    response = press(browser, forced)

    assert "a.csv" in words(page)
    assert "/dead-letters/actions" not in re.sub(r'<form method="post" action="/dead-letters/actions">', "", page.text)
    assert "Redrive" not in words(page)
    assert response.status_code == 403
    assert console.worker.calls == []


# What is done


def test_a_group_is_redriven_and_noted_in_each_files_story(console: ConsoleStage) -> None:
    """All letters of the cause go back, the others stay, and each file's story tells who did it."""
    _, first_id = bury(console, "a.csv")
    bury(console, "b.csv")
    bury(console, "c.csv", ("AccessDenied", "no"))
    browser = console.browser()
    form = form_of(browser.get("/dead-letters"), "Redrive 2 letters")

    response = press(browser, {**form, "rate": "20"})
    progress = browser.get(response.headers["location"])
    action = work(console)

    assert response.headers["location"] == f"/dead-letters?action={form['action_id']}"
    assert "0 of 2" in words(progress)
    assert "not looked at while some of them are being moved" in words(progress)
    assert (action.done, action.skipped, action.failed, action.rate_per_s) == (2, 0, 0, 20)
    assert action.subject == "2 dead letters: ThrottledError"
    assert len(bodies(console)) == 2
    assert len(bodies(console, console.stage.dead_letter_url)) == 1
    story = console.console.files.story(first_id)
    assert story is not None
    assert [(each.kind, each.who) for each in story.actions] == [(ActionKind.REDRIVE, "operator@example.com")]


def test_chosen_letters_are_redriven_one_by_one(console: ConsoleStage) -> None:
    """Ticked letters go, others do not; the button beside one letter means that one alone."""
    ids = [bury(console, f"{name}.csv")[0] for name in "abcd"]
    browser = console.browser()

    press(browser, {"action_id": console.action_id(), "scope": "selected", "do": "redrive", "ids": ids[:2]})
    ticked = work(console)
    press(browser, {"action_id": console.action_id(), "scope": "selected", "ids": ids[2:], "only": ids[3]})
    one = work(console)

    assert (ticked.done, one.done) == (2, 1)
    assert one.subject == "1 dead letter"
    assert one.selection == {"message_ids": [ids[3]]}
    assert len(bodies(console)) == 3


def test_a_double_click_is_one_action(console: ConsoleStage) -> None:
    """The same form sent twice calls one worker, and both answers lead to it."""
    bury(console, "a.csv")
    browser = console.browser()
    form = form_of(browser.get("/dead-letters"), "Redrive 1 letter")

    first, second = press(browser, form), press(browser, form)

    assert first.headers["location"] == second.headers["location"]
    assert len(console.worker.calls) == 1


def test_what_somebody_else_has_moved_meanwhile_is_passed_over(console: ConsoleStage) -> None:
    """Two operators redrive the same group: one moves the letters, the other's action ends with none of them."""
    for name in "abc":
        bury(console, f"{name}.csv")
    ada, grace = console.browser(), console.browser()
    forms = [form_of(each.get("/dead-letters"), "Redrive 3 letters") for each in (ada, grace)]
    for browser, form in zip((ada, grace), forms, strict=True):
        press(browser, form)

    first, second = work(console), work(console)

    assert (first.done, first.skipped) == (3, 0)
    assert (second.done, second.skipped, second.state) == (0, 3, ActionState.DONE)
    assert len(bodies(console)) == 3
    assert "3 not there any more: somebody else was faster" in words(
        ada.get(f"/dead-letters?action={second.action_id}")
    )


def test_a_redrive_can_be_stopped(console: ConsoleStage) -> None:
    """Stopped after four of ten, it has moved few, and the rest can be received at once."""
    for number in range(10):
        bury(console, f"{number}.csv")
    browser = console.browser()
    press(browser, form_of(browser.get("/dead-letters"), "Redrive 10 letters"))

    action = work(console, stop_after=4)

    assert action.state is ActionState.STOPPED
    assert 4 <= action.done < 10
    assert len(bodies(console)) == action.done
    assert len(bodies(console, console.stage.dead_letter_url)) == 10 - action.done


def test_everything_is_deleted_only_after_a_second_button(console: ConsoleStage) -> None:
    """Deleting stands behind a confirmation that says what is lost, and then takes all that were there."""
    bury(console, "a.csv")
    send(console, "nonsense")
    browser = console.browser()
    page = browser.get("/dead-letters")

    press(browser, form_of(page, "Delete 2"))
    send(console, "came later")
    action = work(console)

    assert "The messages are gone for good." in words(page)
    assert (action.subject, action.done) == ("all dead letters", 2)
    assert bodies(console, console.stage.dead_letter_url) == ["came later"]


def test_letters_that_are_gone_before_the_button_is_pressed_are_said_to_be(console: ConsoleStage) -> None:
    """A page that was left open begins nothing on an empty queue."""
    bury(console, "a.csv")
    browser = console.browser()
    page = browser.get("/dead-letters")
    bodies(console, console.stage.dead_letter_url)
    console.stage.clients.sqs.purge_queue(QueueUrl=console.stage.dead_letter_url)

    for button in ("Redrive 1 letter", "Delete 1"):
        response = press(browser, form_of(page, button))
        assert response.headers["location"] == "/dead-letters"
    assert "None of these letters is in the queue any more." in words(browser.get("/dead-letters"))
    assert console.worker.calls == []


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"action_id": "x", "do": "redrive", "scope": "all"}, 422),
        ({"do": "redrive", "scope": "selected"}, 409),
        ({"do": "burn", "scope": "all"}, 422),
        ({"do": "redrive", "scope": "selected", "ids": "../x"}, 422),
        ({"do": "redrive", "scope": "all", "rate": "0"}, 422),
    ],
)
def test_forms_that_were_tampered_with_are_refused(console: ConsoleStage, fields: dict[str, str], status: int) -> None:
    """What the page never sends begins nothing."""
    response = press(console.browser(), {"action_id": console.action_id(), **fields})

    assert response.status_code == status
    assert console.worker.calls == []


def test_progress_is_asked_for_alone_until_it_is_over(console: ConsoleStage) -> None:
    """While letters move, the part that polls tells how far it is and looks at none; then it lists what is left."""
    bury(console, "a.csv")
    bury(console, "b.csv", ("AccessDenied", "no"))
    browser = console.browser()
    form = form_of(browser.get("/dead-letters"), "Redrive 1 letter")
    press(browser, form)
    path = f"/dead-letters?action={form['action_id']}"

    before = console.part(browser, path)
    work(console)
    after = console.part(browser, path)

    assert f'hx-get="{path}"' in before.text
    assert "<html" not in before.text
    assert "Stop" in words(before)
    assert ".csv" not in words(before)
    assert "hx-get" not in after.text
    assert "1 sent back" in words(after)
    assert ".csv" in words(after)


# AWS's own task


@dataclass
class Tasks:
    """An SQS that moves messages by itself: each look finds it further."""

    states: list[MoveTask | None]
    started: list[int] = field(default_factory=list)
    cancelled: list[str] = field(default_factory=list)

    def start(self, rate_per_s: int) -> None:
        """Begin."""
        self.started.append(rate_per_s)

    def newest(self) -> MoveTask | None:
        """Tell how far it is."""
        return self.states.pop(0) if len(self.states) > 1 else self.states[0]

    def cancel(self, task: MoveTask) -> None:
        """Stop."""
        self.cancelled.append(task.handle)


def redrive_all(console: ConsoleStage, tasks: Tasks, monkeypatch: pytest.MonkeyPatch, **options: int) -> ActionEntry:
    """Redrive everything where SQS has such tasks."""
    monkeypatch.setattr(bulk_dead_letters, "MoveTasks", lambda *_: tasks)
    monkeypatch.setattr("admin_api.actions.bulk_dead_letters.time.sleep", lambda _: None)
    send(console, "{}")
    browser = console.browser()
    press(browser, {**form_of(browser.get("/dead-letters"), "Redrive 1"), "rate": "50"})
    return work(console, **options)


def test_all_letters_are_left_to_aws_where_it_can(console: ConsoleStage, monkeypatch: pytest.MonkeyPatch) -> None:
    """The task is started at the pace that was asked for, and its numbers are the action's."""
    old = MoveTask("COMPLETED", moved=7, to_move=0, started_ms=1)
    tasks = Tasks(
        [
            old,
            old,
            MoveTask("RUNNING", moved=0, to_move=40, started_ms=2, handle="h"),
            MoveTask("RUNNING", moved=25, to_move=15, started_ms=2, handle="h"),
            MoveTask("COMPLETED", moved=40, to_move=0, started_ms=2),
        ]
    )

    action = redrive_all(console, tasks, monkeypatch)

    assert tasks.started == [50]
    assert (action.done, action.state) == (40, ActionState.DONE)
    assert tasks.cancelled == []
    assert bodies(console) == []


def test_stopping_cancels_the_task_of_aws(console: ConsoleStage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever presses Stop stops AWS, too."""
    running = [MoveTask("RUNNING", moved=n, to_move=100 - n, started_ms=2, handle="h") for n in range(1, 50)]
    tasks = Tasks([None, *running])

    action = redrive_all(console, tasks, monkeypatch, stop_after=3)

    assert action.state is ActionState.STOPPED
    assert tasks.cancelled == ["h"]


def test_a_task_that_a_dead_worker_began_is_adopted(console: ConsoleStage, monkeypatch: pytest.MonkeyPatch) -> None:
    """SQS runs one task at a time: the next worker watches it rather than to fail at a second one."""
    running = MoveTask("RUNNING", moved=5, to_move=5, started_ms=2, handle="h")
    tasks = Tasks([running, running, MoveTask("COMPLETED", moved=10, to_move=0, started_ms=2)])

    action = redrive_all(console, tasks, monkeypatch)

    assert tasks.started == []
    assert action.done == 10
