"""The audit log: one id is one action, what is finished stays as it is, and no number is counted twice."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from processor.domain.actions import ActionEntry, ActionKind, ActionState
from processor.domain.entries import to_iso
from processor.domain.file_states import FileState
from processor.ledger.action_log import ActionLog, ActionTakenOverError
from processor.ledger.file_list import FileFilter, FileList
from tests.integration.stage import csv_file

if TYPE_CHECKING:
    from tests.integration.stage import Stage

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)


def action(number: int = 0, **changes: Any) -> ActionEntry:
    """Build a bulk action that begins ``number`` seconds after ten."""
    at = NOW + timedelta(seconds=number)
    made = ActionEntry(
        action_id=f"{at:%Y%m%dT%H%M%SZ}-{number:08x}",
        kind=ActionKind.REPROCESS,
        at=to_iso(at),
        who="ada@example.com",
        state=ActionState.RUNNING,
        subject="3 files",
        selection={"file_ids": ["a", "b", "c"]},
        expected=3,
    )
    return replace(made, **changes)


@pytest.fixture
def log(stage: Stage) -> ActionLog:
    """Provide an empty log."""
    return ActionLog(stage.services.ledger._table, lambda: NOW)


def test_action_is_kept_as_it_was_asked_for(log: ActionLog) -> None:
    """Every field comes back, whether it is about one file or many."""
    bulk, single = action(), action(1, file_id="f1", reason="Sent twice.", kind=ActionKind.DISMISS, selection={})

    assert log.begin_action(bulk)
    assert log.begin_action(single)

    assert log.read_action(bulk.action_id) == bulk
    assert log.read_action(single.action_id) == single


def test_second_click_is_told_from_the_first(log: ActionLog) -> None:
    """The same id posted again, a moment later or by another person, begins nothing."""
    log.begin_action(action())

    assert not log.begin_action(action(at=to_iso(NOW + timedelta(seconds=2))))
    assert not log.begin_action(action(who="grace@example.com"))
    assert log.read_action(action().action_id) == action()


def test_lost_answer_of_a_beginning_is_no_second_click(log: ActionLog) -> None:
    """The SDK sends the very same entry again: this is still the first."""
    assert log.begin_action(action())
    assert log.begin_action(action())


def test_a_note_never_touches_an_action_or_an_earlier_note(log: ActionLog) -> None:
    """Whatever ids callers choose: an action on a file, and another's note on it, stand beside each other."""
    mine = action(file_id="f1", kind=ActionKind.DISMISS, reason="Mine.", selection={})
    log.begin_action(mine)
    log.note_on_file(mine, "f1", "orders.csv")
    stolen = replace(mine, who="mallory@example.com", kind=ActionKind.REPROCESS, reason="", file_id="")

    assert not log.begin_action(stolen)
    log.note_on_file(stolen, "f1", "orders.csv")

    assert log.read_action(mine.action_id) == mine
    assert log.list_actions().actions == (mine,)
    items = log._table.list_items("f1")
    assert [(item["who"], item["reason"]) for item in items] == [(mine.who, "Mine.")]


def test_progress_adds_up_and_brings_the_wish_to_stop(log: ActionLog) -> None:
    """Each step returns what others have written meanwhile."""
    log.begin_action(action())

    first = log.record_progress(action(), done=2, resume="b", error="b: gone")
    assert log.request_stop(action().action_id, "grace@example.com")
    second = log.record_progress(first, done=1, skipped=1, failed=1, resume="c")

    assert (first.done, first.stop_asked) == (2, False)
    assert (second.done, second.skipped, second.failed, second.handled) == (3, 1, 1, 5)
    assert (second.stop_asked, second.stop_asked_by) == (True, "grace@example.com")
    assert (second.resume, second.error) == ("c", "b: gone")
    assert second == log.read_action(second.action_id)


def test_repeated_progress_is_counted_once(log: ActionLog) -> None:
    """The SDK sends it again after a lost answer; the numbers stay true."""
    log.begin_action(action())
    log.record_progress(action(), done=2, resume="b")

    again = log.record_progress(action(), done=2, resume="b")

    assert again.done == 2


def test_an_interruption_says_why_and_is_no_progress(log: ActionLog) -> None:
    """The action stays as far as it was and can be carried on; one that is over keeps its end."""
    log.begin_action(action())
    before = log.record_progress(action(), done=1, resume="a")

    log.note_interruption(before.action_id, "Its worker failed: MemoryError.")

    interrupted = log.read_action(before.action_id)
    assert interrupted == replace(before, error="Its worker failed: MemoryError.")
    ended = log.finish_action(interrupted, ActionState.DONE)
    log.note_interruption(ended.action_id, "late")
    assert log.read_action(ended.action_id) == ended


def test_two_workers_do_not_count_over_each_other(log: ActionLog) -> None:
    """The one that has fallen behind is told so, instead of both going on."""
    log.begin_action(action())
    log.record_progress(action(), done=2, resume="b")

    with pytest.raises(ActionTakenOverError, match="Another worker"):
        log.record_progress(action(), done=1, resume="a")

    stored = log.read_action(action().action_id)
    assert stored is not None
    assert stored.done == 2


def test_finished_action_stays_as_it_is(log: ActionLog) -> None:
    """Finishing twice is finishing once; nobody stops, or carries on, what is over."""
    log.begin_action(action())

    done = log.finish_action(action(), ActionState.DONE, done=3)

    assert (done.state, done.done, done.finished_at) == (ActionState.DONE, 3, to_iso(NOW))
    assert done.is_finished
    assert log.finish_action(action(), ActionState.DONE, done=3) == done
    assert not log.request_stop(done.action_id, "grace@example.com")
    with pytest.raises(ActionTakenOverError):
        log.finish_action(action(), ActionState.FAILED, error="late")
    assert log.read_action(done.action_id) == done


def test_the_first_to_ask_for_a_stop_is_kept(log: ActionLog) -> None:
    """A second click on Stop, by whomever, changes nothing; an unknown action cannot be stopped."""
    log.begin_action(action())

    assert log.request_stop(action().action_id, "ada@example.com")
    assert log.request_stop(action().action_id, "grace@example.com")

    stored = log.read_action(action().action_id)
    assert stored is not None
    assert stored.stop_asked_by == "ada@example.com"
    assert not log.request_stop(action(9).action_id, "ada@example.com")


def test_actions_are_listed_newest_first_page_by_page(log: ActionLog) -> None:
    """Those on one file and those on many, in one list."""
    made = [action(number, file_id="f1" if number % 2 else "") for number in range(7)]
    for each in made:
        log.begin_action(each)

    first = log.list_actions(limit=3)
    second = log.list_actions(first.older, limit=3)
    last = log.list_actions(second.older, limit=3)

    assert [*first.actions, *second.actions, *last.actions] == made[::-1]
    assert (first.newer, last.older) == ("", "")
    assert log.list_actions(last.newer, limit=3).actions == second.actions


def test_actions_and_files_do_not_meet_in_a_list(stage: Stage, log: ActionLog) -> None:
    """A failed action is not a failed file, and a file's own story has both."""
    entry = stage.process("orders.csv", csv_file())
    assert entry.state is FileState.FAILED
    failed = action(file_id=entry.file_id)
    log.begin_action(failed)
    failed = log.finish_action(failed, ActionState.FAILED, error="It was not to be.")
    log.note_on_file(failed, entry.file_id, entry.name, ActionState.FAILED, failed.error)

    files = FileList(stage.clients.files, "files")
    story = FileList(stage.clients.files, "files").read_story(entry.file_id)

    assert [each.file_id for each in files.list_files(FileFilter()).files] == [entry.file_id]
    assert [each.file_id for each in files.list_files(FileFilter(state=FileState.FAILED)).files] == [entry.file_id]
    assert story is not None
    assert story.entry == entry
    [noted] = story.actions
    assert (noted.action_id, noted.state, noted.error) == (failed.action_id, failed.state, failed.error)
    assert [run.outcome for run in story.runs] == ["failed"]
    assert FileList(stage.clients.files, "files").read_story("nobody") is None


def test_action_on_many_is_noted_on_each_file(stage: Stage, log: ActionLog) -> None:
    """The file's story has it, the list of all actions has it once, and noting it again changes nothing."""
    entry = stage.process("orders.csv", csv_file())
    log.begin_action(action())

    for _ in range(2):
        log.note_on_file(action(resume="x", done=7), entry.file_id, entry.name)

    story = FileList(stage.clients.files, "files").read_story(entry.file_id)
    assert story is not None
    [noted] = story.actions
    assert (noted.action_id, noted.part_of_many, noted.subject) == (action().action_id, True, "orders.csv")
    assert (noted.state, noted.done, noted.finished_at) == (ActionState.DONE, 1, to_iso(NOW))
    assert log.list_actions().actions == (action(),)
