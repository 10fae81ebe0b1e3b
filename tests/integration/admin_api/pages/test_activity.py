"""The activity and the page of one action on many things, on moto: progress, Stop, and an action without its worker."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from processor.domain.actions import ActionEntry, ActionKind, ActionState
from processor.domain.entries import to_iso
from tests.integration.admin_api.console import VIEWER, words

if TYPE_CHECKING:
    from tests.integration.admin_api.console import ConsoleStage


def begun(console: ConsoleStage, seconds_ago: float = 10, **changes: Any) -> ActionEntry:
    """Write down an action on ten things that was asked for some seconds ago."""
    at = console.console.now() - timedelta(seconds=seconds_ago)
    action = ActionEntry(
        action_id=console.action_id(),
        kind=ActionKind.REPROCESS,
        at=to_iso(at),
        who="ada@example.com",
        state=ActionState.RUNNING,
        subject="Files failed",
        selection={"state": "failed"},
        expected=10,
    )
    action = replace(action, **changes)
    assert console.console.actions.begin_action(action)
    return action


def test_running_action_shows_how_far_it_is(console: ConsoleStage) -> None:
    """Numbers, the time that is left, who asked; and the page asks again by itself."""
    action = begun(console)
    console.console.actions.record_progress(action, done=4, skipped=1, resume="x")

    page = console.browser().get(f"/activity/{action.action_id}")

    text = words(page)
    assert "5 of 10" in text
    assert re.search(r"about 1\d\.\d s left", text)
    assert "Requested by ada@example.com" in text
    assert "Stop" in text
    assert f'hx-get="/activity/{action.action_id}"' in page.text
    assert 'value="5" max="10"' in page.text


def test_finished_action_shows_its_end_and_asks_no_more(console: ConsoleStage) -> None:
    """Also after a reload; there is nothing left to stop."""
    action = begun(console)
    console.console.actions.finish_action(
        action, ActionState.DONE, done=9, failed=1, error="c.csv: SendMessage failed."
    )

    page = console.part(console.browser(), f"/activity/{action.action_id}")

    assert "10 of 10" in words(page)
    assert "1 failed. Last error: c.csv: SendMessage failed." in words(page)
    assert "hx-get" not in page.text
    assert "Stop" not in words(page)


def test_operator_stops_an_action(console: ConsoleStage) -> None:
    """The wish to stop is stored, the page says so, and a second click changes nothing."""
    action = begun(console)
    browser = console.browser()

    first = browser.post(f"/activity/{action.action_id}/stop")
    second = browser.post(f"/activity/{action.action_id}/stop")

    assert (first.status_code, second.status_code) == (303, 303)
    stored = console.console.actions.read_action(action.action_id)
    assert stored is not None
    assert (stored.stop_asked, stored.stop_asked_by) == (True, "operator@example.com")
    assert "Stopping…" in words(browser.get(f"/activity/{action.action_id}"))


def test_action_that_is_over_cannot_be_stopped(console: ConsoleStage) -> None:
    """It says so, and its end stays as it was."""
    action = begun(console)
    ended = console.console.actions.finish_action(action, ActionState.DONE, done=10)
    browser = console.browser()

    browser.post(f"/activity/{action.action_id}/stop")

    assert "It had ended already." in words(browser.get(f"/activity/{action.action_id}"))
    assert console.console.actions.read_action(action.action_id) == ended


def test_viewer_may_look_and_not_stop(console: ConsoleStage) -> None:
    """No button, and a forced post is refused."""
    action = begun(console)
    browser = console.browser(VIEWER)

    assert "Stop" not in words(browser.get(f"/activity/{action.action_id}"))
    assert browser.post(f"/activity/{action.action_id}/stop").status_code == 403
    assert browser.post(f"/activity/{action.action_id}/carry-on").status_code == 403


def test_action_without_a_worker_is_carried_on_by_hand(console: ConsoleStage) -> None:
    """One that has not moved for a minute says so, and a worker can be called again."""
    action = begun(console, seconds_ago=120)
    browser = console.browser()

    page = browser.get(f"/activity/{action.action_id}")
    answer = browser.post(f"/activity/{action.action_id}/carry-on")

    assert "No progress since" in words(page)
    assert answer.status_code == 303
    assert console.worker.calls == [{"action_id": action.action_id}]


def test_action_without_a_worker_is_stopped_at_once(console: ConsoleStage) -> None:
    """Nobody is left who could notice the wish to stop."""
    action = begun(console, seconds_ago=120)

    console.browser().post(f"/activity/{action.action_id}/stop")

    stopped = console.console.actions.read_action(action.action_id)
    assert stopped is not None
    assert (stopped.state, stopped.stop_asked_by) == (ActionState.STOPPED, "operator@example.com")


def test_action_whose_worker_is_gone_is_called_stalled(console: ConsoleStage) -> None:
    """In the list, on its page and by the API, with a way to carry on, rather than running for ever."""
    action = begun(console, seconds_ago=120)
    browser = console.browser()

    listed, page = browser.get("/activity"), browser.get(f"/activity/{action.action_id}")
    told = browser.get(f"/api/actions/{action.action_id}").json()
    resumed = browser.post(f"/api/actions/{action.action_id}/carry-on")

    assert "Stalled" in words(listed)
    assert "Resume" in words(page)
    assert (told["state"], told["stalled"], resumed.status_code) == ("running", True, 202)
    assert console.worker.calls == [{"action_id": action.action_id}]


def test_action_whose_worker_failed_says_why_and_counts_no_failure(console: ConsoleStage) -> None:
    """The worker's own error is none of the things that the action is about."""
    action = begun(console)
    console.console.actions.note_interruption(action.action_id, "Its worker failed: MemoryError: ")

    text = words(console.browser().get(f"/activity/{action.action_id}"))

    assert "Last error: Its worker failed: MemoryError" in text
    assert "0 failed" not in text


def test_action_that_moves_is_left_to_its_worker(console: ConsoleStage) -> None:
    """A second one would only get in its way."""
    action = begun(console, seconds_ago=120)
    console.console.actions.record_progress(action, done=1, resume="x")
    browser = console.browser()

    assert "Resume" not in words(browser.get(f"/activity/{action.action_id}"))
    assert browser.post(f"/activity/{action.action_id}/carry-on").status_code == 409
    assert console.worker.calls == []


@pytest.mark.parametrize("action_id", ["nothing", "20261122T102030Z-00000000", "action#x", "x" * 70])
def test_unknown_action_is_a_helpful_page(console: ConsoleStage, action_id: str) -> None:
    """An action on one file is found on that file's page."""
    page = console.browser().get(f"/activity/{action_id.replace('#', '%23')}")

    assert page.status_code in {404, 422}
    assert "Traceback" not in page.text


def test_activity_lists_who_did_what(console: ConsoleStage) -> None:
    """The newest first, in words; an action on one file leads to that file."""
    begun(console, 30, file_id="f1", subject="orders.csv", kind=ActionKind.DISMISS, reason="Sent twice.")
    running = begun(console, 20)
    console.console.actions.record_progress(running, done=4, resume="x")

    page = console.browser(VIEWER).get("/activity")

    text = words(page)
    assert text.index("Reprocess · Files failed") < text.index("Dismiss · orders.csv “Sent twice.”")
    assert "4 of 10" in text
    assert 'href="/files/f1?tab=activity"' in page.text
    assert f'href="/activity/{running.action_id}"' in page.text
    assert 'hx-get="/activity"' in page.text


def test_empty_activity_says_what_will_stand_there(console: ConsoleStage) -> None:
    """Before anybody has done anything."""
    assert "No activity yet" in words(console.browser().get("/activity"))


def test_activity_is_paged(console: ConsoleStage) -> None:
    """From page to page by its links, and back; an unknown place is refused."""
    for number in range(120):
        begun(console, 1_000 - number, action_id=f"20261122T102030Z-{number:08x}")
    browser, address = console.browser(), "/activity"
    pages: list[list[str]] = []

    while address:
        page = browser.get(address)
        pages.append(re.findall(r'id="action-[^"]*-([0-9a-f]{8})"', page.text))
        older = re.search(r'rel="next" href="([^"]+)"', page.text)
        address = older.group(1) if older else ""

    assert [len(each) for each in pages] == [50, 50, 20]
    assert sum(pages, []) == [f"{number:08x}" for number in reversed(range(120))]  # noqa: RUF017
    assert browser.get("/activity?cursor=nonsense").status_code == 422


def test_activity_that_cannot_be_had_says_so(console: ConsoleStage, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page says which call failed, and how to try again."""

    def fail(*_: Any, **__: Any) -> None:
        raise console.console.dynamodb.exceptions.InternalServerError(
            {"Error": {"Code": "InternalServerError"}}, "Query"
        )

    monkeypatch.setattr("processor.ledger.action_log.read_index_page", fail)

    page = console.browser().get("/activity")

    assert page.status_code == 200
    assert "The activity could not be loaded" in words(page)
