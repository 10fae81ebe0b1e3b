"""Tests for the status: read together, cached for some seconds, with missing numbers named."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pytest
from botocore.exceptions import ClientError

from admin_api.monitoring.alarms import Alarm, AlarmState
from admin_api.monitoring.status import FRESH_S, StatusReader
from processor.domain.file_states import MOVING, FileState
from processor.ledger.counters import Counts

if TYPE_CHECKING:
    from collections.abc import Callable

COUNTS = Counts({FileState.FAILED: 2, FileState.DEAD_LETTERED: 1, FileState.PARTIAL: 3, FileState.PROCESSED: 99}, 41)
RED = Alarm("dead-letters", AlarmState.ALARM, "", None, "", "", "", "")
GREEN = Alarm("failed-files", AlarmState.OK, "", None, "", "", "", "")


class Source:
    """A double of one of the three services, which counts its calls."""

    def __init__(self, answer: Any) -> None:
        self.answer, self.asked = answer, 0
        self.on_read: Callable[[], object] = lambda: None

    def read_counts(self) -> Any:
        """Return the answer, or fail."""
        self.asked += 1
        self.on_read()
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    count_letters = read_alarms = read_counts

    def count_moving(self, state: FileState) -> Any:
        """Return one state's count, or fail."""
        self.asked += 1
        if state is FileState.QUEUED and isinstance(self.answer, Exception):
            raise self.answer
        return len(state)


class Time:
    """A clock that moves only when told."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def read(self) -> float:
        """Return the time."""
        return self.now


def reader(counts: Any = COUNTS, depth: Any = 3, alarms: Any = (RED, GREEN), time: Time | None = None) -> StatusReader:
    """Make a reader of three services."""
    counters, letters, alarm_reader = (cast("Any", Source(answer)) for answer in (counts, depth, alarms))
    return StatusReader(counters, letters, alarm_reader, now=(time or Time()).read)


def test_numbers_that_need_attention_are_added_up() -> None:
    """Failed and dead-lettered files, those with rejected rows, and firing alarms."""
    status = reader().read_status()

    assert status.waiting_files == 6
    assert (status.rejected_rows, status.dead_letters) == (41, 3)
    assert status.alarming == (RED,)
    assert status.missing == ()


def test_processed_files_need_nobody() -> None:
    """No number calls for a person if every file is processed and every alarm is green."""
    status = reader(Counts({FileState.PROCESSED: 99}, 0), 0, (GREEN,)).read_status()

    assert (status.waiting_files, status.rejected_rows, status.dead_letters, status.alarming) == (0, 0, 0, ())


def test_status_is_cached_for_some_seconds() -> None:
    """Many readers cause one request."""
    time = Time()
    source = reader(time=time)

    source.read_status()
    time.now += FRESH_S
    source.read_status()

    assert cast("Any", source._counters).asked == 1


def test_old_status_is_read_anew() -> None:
    """No number is older than some seconds."""
    time = Time()
    source = reader(time=time)

    source.read_status()
    time.now += FRESH_S + 0.1
    source.read_status()

    assert cast("Any", source._counters).asked == 2


def test_slow_answer_is_cached_from_its_arrival() -> None:
    """Otherwise every waiting reader would ask a slow service anew."""
    time = Time()
    source = reader(time=time)
    counters = cast("Any", source._counters)
    counters.on_read = lambda: setattr(time, "now", time.now + 2 * FRESH_S)

    source.read_status()
    source.read_status()

    assert counters.asked == 1


def test_action_drops_the_cached_status() -> None:
    """After a reprocess the badge is right at once."""
    source = reader()

    source.read_status()
    source.forget()
    source.read_status()

    assert cast("Any", source._counters).asked == 2


@pytest.mark.parametrize(
    ("broken", "named"),
    [("counts", "the counts of files"), ("depth", "the dead letters"), ("alarms", "the alarms")],
)
def test_failing_service_leaves_the_other_numbers(broken: str, named: str) -> None:
    """The missing number is named."""
    away = ClientError({"Error": {"Code": "ServiceUnavailable"}}, "Query")
    answers: dict[str, Any] = {"counts": Counts({}, 0), "depth": 0, "alarms": ()}

    status = reader(**answers | {broken: away}).read_status()

    assert status.missing == (named,)
    assert status.waiting_files == 0


def test_counts_of_moving_files_are_cached() -> None:
    """Many readers cause one count; an action causes a new one."""
    source = reader()

    assert source.count_moving_files() == {state: len(state) for state in MOVING}
    source.count_moving_files()
    assert cast("Any", source._counters).asked == len(MOVING)
    source.forget()
    source.count_moving_files()
    assert cast("Any", source._counters).asked == 2 * len(MOVING)


def test_state_that_cannot_be_counted_leaves_the_others() -> None:
    """Its count is unknown, not zero."""
    away = ClientError({"Error": {"Code": "ServiceUnavailable"}}, "Query")

    moving = reader(counts=away).count_moving_files()

    assert moving[FileState.QUEUED] is None
    assert moving[FileState.PROCESSING] == len(FileState.PROCESSING)
