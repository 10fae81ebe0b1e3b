"""The numbers beside the navigation: asked for together, kept for a moment, honest about what is missing."""

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
    """Stands in for one of the three services; counts how often it is asked."""

    def __init__(self, answer: Any) -> None:
        self.answer, self.asked = answer, 0
        self.on_read: Callable[[], object] = lambda: None

    def read_counts(self) -> Any:
        """Answer, or fail."""
        self.asked += 1
        self.on_read()
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    count_letters = read_alarms = read_counts

    def count_moving(self, state: FileState) -> Any:
        """Answer for one state, or fail for it."""
        self.asked += 1
        if state is FileState.QUEUED and isinstance(self.answer, Exception):
            raise self.answer
        return len(state)


class Time:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def read(self) -> float:
        """Read it."""
        return self.now


def reader(counts: Any = COUNTS, depth: Any = 3, alarms: Any = (RED, GREEN), time: Time | None = None) -> StatusReader:
    """Set a reader up in front of three services."""
    counters, letters, alarm_reader = (cast("Any", Source(answer)) for answer in (counts, depth, alarms))
    return StatusReader(counters, letters, alarm_reader, now=(time or Time()).read)


def test_what_needs_a_person_is_added_up() -> None:
    """Failed and given-up files, those with rejected rows, and alarms that are red."""
    status = reader().read_status()

    assert status.failed_files == 3
    assert status.waiting_files == 6
    assert (status.rejected_rows, status.dead_letters) == (41, 3)
    assert status.alarming == (RED,)
    assert status.missing == ()


def test_processed_files_need_nobody() -> None:
    """No number calls for a person if every file is processed and every alarm is green."""
    status = reader(Counts({FileState.PROCESSED: 99}, 0), 0, (GREEN,)).read_status()

    assert (status.waiting_files, status.rejected_rows, status.dead_letters, status.alarming) == (0, 0, 0, ())


def test_pages_in_quick_succession_ask_once() -> None:
    """A console that many people watch does not ask for each of them."""
    time = Time()
    source = reader(time=time)

    source.read_status()
    time.now += FRESH_S
    source.read_status()

    assert cast("Any", source._counters).asked == 1


def test_older_numbers_are_asked_for_anew() -> None:
    """Nothing is shown that is older than some seconds."""
    time = Time()
    source = reader(time=time)

    source.read_status()
    time.now += FRESH_S + 0.1
    source.read_status()

    assert cast("Any", source._counters).asked == 2


def test_numbers_that_took_long_to_get_serve_the_next_reader_too() -> None:
    """They are as old as their answer: else a slow service would be asked anew by everybody who waits for it."""
    time = Time()
    source = reader(time=time)
    counters = cast("Any", source._counters)
    counters.on_read = lambda: setattr(time, "now", time.now + 2 * FRESH_S)

    source.read_status()
    source.read_status()

    assert counters.asked == 1


def test_an_action_makes_the_numbers_stale() -> None:
    """Whoever reprocesses a file sees the badge go down at once."""
    source = reader()

    source.read_status()
    source.forget()
    source.read_status()

    assert cast("Any", source._counters).asked == 2


@pytest.mark.parametrize(
    ("broken", "named"),
    [("counts", "the counts of files"), ("depth", "the dead letters"), ("alarms", "the alarms")],
)
def test_a_service_that_fails_takes_no_page_down(broken: str, named: str) -> None:
    """The others are shown, the missing one is named, and nobody is told that all is well."""
    away = ClientError({"Error": {"Code": "ServiceUnavailable"}}, "Query")
    answers: dict[str, Any] = {"counts": Counts({}, 0), "depth": 0, "alarms": ()}

    status = reader(**answers | {broken: away}).read_status()

    assert status.missing == (named,)
    assert status.waiting_files == 0


def test_files_under_way_are_counted_together_and_kept_for_a_moment() -> None:
    """A list that many people refresh does not count for each of them; an action makes it count anew."""
    source = reader()

    assert source.count_moving_files() == {state: len(state) for state in MOVING}
    source.count_moving_files()
    assert cast("Any", source._counters).asked == len(MOVING)
    source.forget()
    source.count_moving_files()
    assert cast("Any", source._counters).asked == 2 * len(MOVING)


def test_a_state_that_cannot_be_counted_takes_the_others_not_with_it() -> None:
    """Its number is not known, and nobody is told that it is nought."""
    away = ClientError({"Error": {"Code": "ServiceUnavailable"}}, "Query")

    moving = reader(counts=away).count_moving_files()

    assert moving[FileState.QUEUED] is None
    assert moving[FileState.PROCESSING] == len(FileState.PROCESSING)
