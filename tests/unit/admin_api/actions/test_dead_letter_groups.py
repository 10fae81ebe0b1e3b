"""Dead letters are grouped by why they failed, told from those that are settled since, the largest group first."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from admin_api.actions.dead_letter_groups import (
    NO_CAUSE,
    NO_FILE,
    RUN_DIED,
    SETTLED_SINCE,
    UNDER_WAY,
    UNKNOWN_FILE,
    LetterGroup,
    group_letters,
)
from processor.domain.entries import FileEntry, to_iso
from processor.domain.file_states import FileState
from processor.messaging.dead_letters import DeadLetter

SENT = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
RAN = SENT + timedelta(minutes=3)
NOW = RAN + timedelta(minutes=5)


def letter(message_id: str, *file_ids: str, minutes: int = 0, problem: str = "") -> DeadLetter:
    """Build a letter that was sent so many minutes after the first."""
    sent_at = SENT + timedelta(minutes=minutes)
    keys = tuple(f"raw-data/{each}.csv" for each in file_ids)
    return DeadLetter(message_id, "{}", sent_at, sent_at, 7, file_ids, keys, problem)


def entry(
    file_id: str, state: FileState = FileState.DEAD_LETTERED, cause: str = "", error: str = "", **more: Any
) -> FileEntry:
    """Build what the ledger knows of a file; a run that holds it has ten minutes left."""
    return FileEntry(
        file_id,
        state,
        "bucket",
        f"raw-data/{file_id}.csv",
        "v",
        to_iso(SENT),
        to_iso(SENT),
        run_id="run-3",
        run_started_at=to_iso(RAN),
        run_receive_count=3,
        cause=cause,
        error=error,
        **{"lease_until": int(NOW.timestamp()) + 600} | more,
    )


def grouped(letters: list[DeadLetter], *entries: FileEntry) -> dict[str, LetterGroup]:
    """Group letters, by cause."""
    return {group.cause: group for group in group_letters(letters, {each.file_id: each for each in entries}, NOW)}


def test_equal_causes_stand_together_the_largest_group_first() -> None:
    """Letters are grouped by the ledger's cause, under the newest one's error."""
    entries = [
        entry("a", cause="AccessDenied", error="PutObject failed"),
        entry("b", cause="ThrottledError", error="left 3 orders"),
        entry("c", cause="ThrottledError", error="left 9 orders"),
    ]
    letters = [letter("1", "a"), letter("2", "b", minutes=1), letter("3", "c", minutes=5)]

    groups = group_letters(letters, {each.file_id: each for each in entries}, NOW)

    assert [(group.cause, group.count, group.files) for group in groups] == [
        ("ThrottledError", 2, 2),
        ("AccessDenied", 1, 1),
    ]
    assert groups[0].title == "left 9 orders"
    assert groups[0].message_ids == ["2", "3"]
    assert groups[0].first_at == SENT + timedelta(minutes=1)


@pytest.mark.parametrize("state", [FileState.PROCESSED, FileState.PARTIAL, FileState.DISMISSED, FileState.REPAIRED])
def test_letters_of_settled_files_are_marked_and_come_last(state: FileState) -> None:
    """However many there are, they only need clearing."""
    letters = [letter("1", "a"), letter("2", "a"), letter("3", "b")]

    groups = group_letters(letters, {"a": entry("a", state), "b": entry("b", cause="X", error="Why")}, NOW)

    assert [group.cause for group in groups] == ["X", SETTLED_SINCE]
    assert groups[1].is_settled
    assert not groups[1].can_succeed


def test_a_letter_about_several_files_is_settled_only_when_all_are() -> None:
    """One open file keeps the letter among those that need somebody."""
    files = (entry("a", FileState.PROCESSED), entry("b", cause="X", error="Why"))

    assert list(grouped([letter("1", "a", "b")], *files)) == ["X"]
    assert list(grouped([letter("1", "a")], *files)) == [SETTLED_SINCE]


@pytest.mark.parametrize("state", [FileState.QUEUED, FileState.PROCESSING, FileState.REPROCESSING])
def test_a_file_that_is_being_worked_on_is_left_alone(state: FileState) -> None:
    """Somebody has asked for a run already: there is nothing to do but wait."""
    assert list(grouped([letter("1", "a")], entry("a", state, cause="X"))) == [UNDER_WAY]


def test_a_file_whose_lease_has_ended_is_not_called_under_way() -> None:
    """Its run is dead, and if the letter was its last delivery, only a redrive brings another."""
    dead = entry("a", FileState.PROCESSING, lease_until=int(NOW.timestamp()) - 1)

    (group,) = group_letters([letter("1", "a")], {"a": dead}, NOW)

    assert group.cause == RUN_DIED
    assert group.can_succeed
    assert "Redrive" in group.advice


def test_a_queued_file_whose_own_message_is_the_letter_waits_for_nothing() -> None:
    """Without that message no run is due; another message of the file would bring one."""
    queued = entry("a", FileState.QUEUED, cause="Throttled", error="Why", run_message_id="1")

    assert list(grouped([letter("1", "a")], queued)) == ["Throttled"]
    assert list(grouped([letter("2", "a")], queued)) == [UNDER_WAY]


def test_letters_without_a_file_or_without_a_ledger_entry_say_so() -> None:
    """A message that names nothing can only be read and deleted; one that no run could begin can be redriven."""
    groups = grouped([letter("1", problem="it is not JSON"), letter("2", "nobody"), letter("3", "a")], entry("a"))

    assert set(groups) == {NO_FILE, UNKNOWN_FILE, NO_CAUSE}
    assert not groups[NO_FILE].can_succeed
    assert groups[NO_FILE].letters[0].words == "it is not JSON"
    assert groups[UNKNOWN_FILE].can_succeed
    assert groups[UNKNOWN_FILE].letters[0].name == "nobody.csv"
    assert all(group.title and group.advice for group in groups.values())


def test_receives_and_last_run_are_the_ledgers_where_it_gave_the_file_up() -> None:
    """SQS's own count has every look in it; the run knows at which receive it failed."""
    (failed,) = group_letters([letter("1", "a")], {"a": entry("a", cause="X", error="Why")}, NOW)
    (settled,) = group_letters([letter("2", "b", minutes=1)], {"b": entry("b", FileState.PROCESSED)}, NOW)
    own, other = failed.letters[0], settled.letters[0]

    assert (own.receive_count, own.last_at, own.run_href) == (3, RAN, "/files/a/runs/run-3")
    assert (other.receive_count, other.run_href) == (None, "")
    assert other.last_at == SENT + timedelta(minutes=1)
    assert failed.last_at == RAN
