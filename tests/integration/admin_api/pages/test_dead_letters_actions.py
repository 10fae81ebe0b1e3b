"""Actions on dead letters from their page, on moto: redriving and deleting, once each, and stopping."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from admin_api.actions import bulk_dead_letters
from processor.domain.actions import ActionKind, ActionState
from processor.messaging.move_tasks import MoveTask
from tests.integration.admin_api.console import words
from tests.integration.admin_api.dead_letters import (
    bury_file,
    post_form,
    read_form,
    run_worker,
    send_letter,
    skip_waits,
    take_bodies,
)

if TYPE_CHECKING:
    from processor.domain.actions import ActionEntry
    from tests.integration.admin_api.console import ConsoleStage


@pytest.fixture(autouse=True)
def _no_waits(console: ConsoleStage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Receive without waiting, and without AWS's own move tasks."""
    skip_waits(console, monkeypatch)


def test_a_group_is_redriven_and_noted_in_each_files_story(console: ConsoleStage) -> None:
    """All letters of the cause go back, the others stay, and each file's story tells who did it."""
    _, first_id = bury_file(console, "a.csv")
    bury_file(console, "b.csv")
    bury_file(console, "c.csv", ("AccessDenied", "no"))
    browser = console.browser()
    form = read_form(browser.get("/dead-letters"), "Redrive 2 letters")

    response = post_form(browser, {**form, "rate": "20"})
    progress = browser.get(response.headers["location"])
    action = run_worker(console)

    assert response.headers["location"] == f"/dead-letters?action={form['action_id']}"
    assert "0 of 2" in words(progress)
    assert "not listed while some of them are being moved" in words(progress)
    assert (action.done, action.skipped, action.failed, action.rate_per_s) == (2, 0, 0, 20)
    assert action.subject == "2 dead letters: ThrottledError"
    assert len(take_bodies(console)) == 2
    assert len(take_bodies(console, console.stage.dead_letter_url)) == 1
    story = console.console.files.read_story(first_id)
    assert story is not None
    assert [(each.kind, each.who) for each in story.actions] == [(ActionKind.REDRIVE, "operator@example.com")]


def test_chosen_letters_are_redriven_one_by_one(console: ConsoleStage) -> None:
    """Ticked letters go, others do not; the button beside one letter means that one alone."""
    ids = [bury_file(console, f"{name}.csv")[0] for name in "abcd"]
    browser = console.browser()

    post_form(browser, {"action_id": console.action_id(), "scope": "selected", "do": "redrive", "ids": ids[:2]})
    ticked = run_worker(console)
    post_form(browser, {"action_id": console.action_id(), "scope": "selected", "ids": ids[2:], "only": ids[3]})
    one = run_worker(console)

    assert (ticked.done, one.done) == (2, 1)
    assert one.subject == "1 dead letter"
    assert one.selection == {"message_ids": [ids[3]]}
    assert len(take_bodies(console)) == 3


def test_a_double_click_is_one_action(console: ConsoleStage) -> None:
    """The same form sent twice calls one worker, and both answers lead to it."""
    bury_file(console, "a.csv")
    browser = console.browser()
    form = read_form(browser.get("/dead-letters"), "Redrive 1 letter")

    first, second = post_form(browser, form), post_form(browser, form)

    assert first.headers["location"] == second.headers["location"]
    assert len(console.worker.calls) == 1


def test_what_somebody_else_has_moved_meanwhile_is_passed_over(console: ConsoleStage) -> None:
    """Two operators redrive the same group: one moves the letters, the other's action ends with none of them."""
    for name in "abc":
        bury_file(console, f"{name}.csv")
    ada, grace = console.browser(), console.browser()
    forms = [read_form(each.get("/dead-letters"), "Redrive 3 letters") for each in (ada, grace)]
    for browser, form in zip((ada, grace), forms, strict=True):
        post_form(browser, form)

    first, second = run_worker(console), run_worker(console)

    assert (first.done, first.skipped) == (3, 0)
    assert (second.done, second.skipped, second.state) == (0, 3, ActionState.DONE)
    assert len(take_bodies(console)) == 3
    assert "3 already gone: somebody else was faster" in words(ada.get(f"/dead-letters?action={second.action_id}"))


def test_a_redrive_can_be_stopped(console: ConsoleStage) -> None:
    """Stopped after four of ten, it has moved few, and the rest can be received at once."""
    for number in range(10):
        bury_file(console, f"{number}.csv")
    browser = console.browser()
    post_form(browser, read_form(browser.get("/dead-letters"), "Redrive 10 letters"))

    action = run_worker(console, stop_after=4)

    assert action.state is ActionState.STOPPED
    assert 4 <= action.done < 10
    assert len(take_bodies(console)) == action.done
    assert len(take_bodies(console, console.stage.dead_letter_url)) == 10 - action.done


def test_everything_is_deleted_only_after_a_second_button(console: ConsoleStage) -> None:
    """Deleting stands behind a confirmation that says what is lost, and then takes all that were there."""
    bury_file(console, "a.csv")
    send_letter(console, "nonsense")
    browser = console.browser()
    page = browser.get("/dead-letters")

    post_form(browser, read_form(page, "Delete 2"))
    send_letter(console, "came later")
    action = run_worker(console)

    assert "The messages are deleted for good." in words(page)
    assert (action.subject, action.done) == ("all dead letters", 2)
    assert take_bodies(console, console.stage.dead_letter_url) == ["came later"]


def test_letters_that_are_gone_before_the_button_is_pressed_are_said_to_be(console: ConsoleStage) -> None:
    """A page that was left open begins nothing on an empty queue."""
    bury_file(console, "a.csv")
    browser = console.browser()
    page = browser.get("/dead-letters")
    take_bodies(console, console.stage.dead_letter_url)
    console.stage.clients.sqs.purge_queue(QueueUrl=console.stage.dead_letter_url)

    for button in ("Redrive 1 letter", "Delete 1"):
        response = post_form(browser, read_form(page, button))
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
    """A form that the page never sends begins nothing."""
    response = post_form(console.browser(), {"action_id": console.action_id(), **fields})

    assert response.status_code == status
    assert console.worker.calls == []


def test_progress_is_asked_for_alone_until_it_is_over(console: ConsoleStage) -> None:
    """While letters move, the part that polls tells how far it is and looks at none; then it lists what is left."""
    bury_file(console, "a.csv")
    bury_file(console, "b.csv", ("AccessDenied", "no"))
    browser = console.browser()
    form = read_form(browser.get("/dead-letters"), "Redrive 1 letter")
    post_form(browser, form)
    path = f"/dead-letters?action={form['action_id']}"

    before = console.part(browser, path)
    run_worker(console)
    after = console.part(browser, path)

    assert f'hx-get="{path}"' in before.text
    assert "<html" not in before.text
    assert "Stop" in words(before)
    assert ".csv" not in words(before)
    assert "hx-get" not in after.text
    assert "1 sent back" in words(after)
    assert ".csv" in words(after)


# AWS's own move task


def test_all_letters_are_redriven_one_by_one_where_aws_has_no_task(console: ConsoleStage) -> None:
    """The worker moves every letter that was there, and none that came later."""
    bury_file(console, "a.csv")
    bury_file(console, "b.csv")
    browser = console.browser()
    post_form(browser, {**read_form(browser.get("/dead-letters"), "Redrive 2"), "rate": "50"})
    send_letter(console, "came later")

    action = run_worker(console)

    assert (action.done, action.failed, action.state) == (2, 0, ActionState.DONE)
    assert len(take_bodies(console)) == 2
    assert take_bodies(console, console.stage.dead_letter_url) == ["came later"]


@dataclass
class Tasks:
    """An SQS that moves messages by itself: each look finds it further."""

    states: list[MoveTask | None]
    started: list[int] = field(default_factory=list)
    cancelled: list[str] = field(default_factory=list)

    def start_task(self, rate_per_s: int) -> None:
        """Begin."""
        self.started.append(rate_per_s)

    def read_newest(self) -> MoveTask | None:
        """Tell how far it is."""
        return self.states.pop(0) if len(self.states) > 1 else self.states[0]

    def cancel(self, task: MoveTask) -> None:
        """Stop."""
        self.cancelled.append(task.handle)


def redrive_all(console: ConsoleStage, tasks: Tasks, monkeypatch: pytest.MonkeyPatch, **options: int) -> ActionEntry:
    """Redrive everything where SQS has such tasks."""
    monkeypatch.setattr(bulk_dead_letters, "MoveTasks", lambda *_: tasks)
    monkeypatch.setattr("admin_api.actions.bulk_dead_letters.time.sleep", lambda _: None)
    send_letter(console, "{}")
    browser = console.browser()
    post_form(browser, {**read_form(browser.get("/dead-letters"), "Redrive 1"), "rate": "50"})
    return run_worker(console, **options)


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
    assert take_bodies(console) == []


def test_stopping_cancels_the_task_of_aws(console: ConsoleStage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stopping the action cancels the move task of SQS."""
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
