"""Tests for the items that need attention."""

from __future__ import annotations

from datetime import UTC, datetime

from admin_api.monitoring.alarms import Alarm, AlarmState
from admin_api.monitoring.status import Status
from admin_api.pages.overview.attention import attention_items
from processor.domain.file_states import FileState
from processor.ledger.counters import Counts


def alarm(state: AlarmState) -> Alarm:
    """Make an alarm."""
    return Alarm("dead-letters", state, "", datetime(2026, 11, 25, tzinfo=UTC), "", "", "", "")


def status(counts: dict[FileState, int], *, rows: int = 0, letters: int | None = 0, red: int = 0) -> Status:
    """Make the numbers of a moment."""
    alarms = (*(alarm(AlarmState.ALARM) for _ in range(red)), alarm(AlarmState.OK), alarm(AlarmState.NO_DATA))
    return Status(Counts(counts, rows), letters, alarms, read_at=0.0)


def test_items_have_a_count_a_noun_and_a_link() -> None:
    """Held files come first, then the gravest; nouns are singular or plural."""
    counts = {FileState.FAILED: 2, FileState.PARTIAL: 3, FileState.DUPLICATE: 1, FileState.HELD: 4, FileState.VOIDED: 5}

    needs = attention_items(status(counts, rows=1_041, letters=1, red=1))

    assert [(need.count, need.noun, need.href) for need in needs] == [
        (4, "held files", "/files?state=held"),
        (1, "alarm", "/metrics#alarms"),
        (1, "dead letter", "/dead-letters"),
        (2, "failed files", "/files?state=failed"),
        (1_041, "rejected rows", "/files?state=partial"),
        (1, "duplicate", "/files?state=duplicate"),
    ]


def test_zeros_make_no_items() -> None:
    """Quiet alarms, alarms without data and processed files need nobody."""
    assert attention_items(status({FileState.PROCESSED: 5})) == ()


def test_unknown_number_makes_no_item() -> None:
    """The page names a number that could not be loaded elsewhere."""
    assert attention_items(Status(None, None, None, 0.0, ("the alarms",))) == ()
