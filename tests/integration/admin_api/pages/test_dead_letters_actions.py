"""Actions on dead letters from their page, on moto: redriving and deleting, once each, and stopping."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from processor.domain.actions import ActionKind, ActionState
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
from tests.integration.kill import Kill

if TYPE_CHECKING:
    from tests.integration.admin_api.console import ConsoleStage


@pytest.fixture(autouse=True)
def _no_waits(console: ConsoleStage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Receive without waiting."""
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
    assert (action.subject, action.done) == ("all 2 dead letters", 2)
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


def test_all_letters_are_redriven(console: ConsoleStage) -> None:
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


def test_redriving_all_leaves_a_note_on_each_file(console: ConsoleStage) -> None:
    """As redriving one does: who, when and which letter, in the story of every file."""
    file_ids = [bury_file(console, f"{name}.csv")[1] for name in "abc"]
    browser = console.browser()
    post_form(browser, read_form(browser.get("/dead-letters"), "Redrive 3"))

    action = run_worker(console)

    stories = [console.console.files.read_story(file_id) for file_id in file_ids]
    notes = [[(each.kind, each.action_id, each.who) for each in story.actions] for story in stories if story]
    assert notes == [[(ActionKind.REDRIVE, action.action_id, "operator@example.com")]] * 3


def test_a_letter_is_noted_before_it_is_moved(console: ConsoleStage) -> None:
    """A worker that dies in the middle leaves no letter redriven that nobody is named for."""
    _, file_id = bury_file(console, "a.csv")
    browser = console.browser()
    post_form(browser, read_form(browser.get("/dead-letters"), "Redrive 1"))
    sqs = console.console.dead_letters._client

    def die(**_: object) -> None:
        raise Kill

    sqs.meta.events.register("after-call.sqs.SendMessage", die)
    try:
        with pytest.raises(Kill):
            run_worker(console)
    finally:
        sqs.meta.events.unregister("after-call.sqs.SendMessage", die)

    story = console.console.files.read_story(file_id)
    assert len(take_bodies(console)) == 1
    assert story is not None
    assert [each.kind for each in story.actions] == [ActionKind.REDRIVE]


@pytest.mark.parametrize("button", ["Redrive 1", "Delete 1", "Redrive 1 letter", "Delete 1 letter"])
def test_letters_that_nobody_was_shown_are_left_alone(console: ConsoleStage, button: str) -> None:
    """One that came after the page was loaded stays, of all as of a group, though its message was sent before."""
    shown, _ = bury_file(console, "a.csv")
    browser = console.browser()
    form = read_form(browser.get("/dead-letters"), button)
    bury_file(console, "b.csv")
    if "before" in form:
        form["before"] = console.console.now().isoformat()

    post_form(browser, form)
    action = run_worker(console)

    assert (action.done, action.selection) == (1, {"message_ids": [shown]})
    assert len(take_bodies(console, console.stage.dead_letter_url)) == 1


@pytest.mark.parametrize("button", ["Redrive 1", "Delete 1", "Redrive 1 letter", "Delete 1 letter"])
def test_a_double_click_leads_to_the_action_though_its_letters_are_gone(console: ConsoleStage, button: str) -> None:
    """The second click does not find the letters that the first one has moved."""
    bury_file(console, "a.csv")
    browser = console.browser()
    form = read_form(browser.get("/dead-letters"), button)
    post_form(browser, form)
    run_worker(console)

    second = post_form(browser, form)

    assert second.headers["location"] == f"/dead-letters?action={form['action_id']}"


def test_more_letters_than_a_snapshot_holds_are_redriven_and_noted_too(
    console: ConsoleStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those that come in meanwhile are left out by their time."""
    monkeypatch.setattr("admin_api.actions.dead_letters.MOST_LETTERS", 2)
    file_ids = [bury_file(console, f"{name}.csv")[1] for name in "abcd"]
    browser = console.browser()
    post_form(browser, read_form(browser.get("/dead-letters"), "Redrive about 4"))
    send_letter(console, "came later")

    action = run_worker(console)

    stories = [console.console.files.read_story(file_id) for file_id in file_ids]
    assert (action.subject, action.done, action.state) == ("all dead letters", 4, ActionState.DONE)
    assert [len(story.actions) for story in stories if story] == [1, 1, 1, 1]
    assert take_bodies(console, console.stage.dead_letter_url) == ["came later"]
