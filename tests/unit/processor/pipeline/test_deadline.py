"""A deadline stops a run in time to settle its file, and reports how far it is."""

from __future__ import annotations

import pytest

from processor.domain.errors import OutOfTimeError
from processor.pipeline.deadline import Deadline
from processor.wiring.invocation import Invocation


def invocation(elapsed_s: float, timeout_s: float = 300) -> Invocation:
    """Make an invocation that has run for so long."""
    return Invocation("r", "t", timeout_s=timeout_s, began=0.0, clock=lambda: elapsed_s)


@pytest.mark.parametrize(("timeout_s", "reserve_s"), [(300, 10.0), (50, 10.0), (10, 2.0)])
def test_reserve_is_ten_seconds_or_a_fifth_of_a_short_invocation(timeout_s: float, reserve_s: float) -> None:
    """With a little more time than the reserve the run goes on; with a little less it stops."""
    Deadline(invocation(timeout_s - reserve_s - 0.1, timeout_s)).check(7)

    with pytest.raises(OutOfTimeError):
        Deadline(invocation(timeout_s - reserve_s + 0.1, timeout_s)).check(7)


def test_error_says_how_far_the_run_came_and_what_would_help() -> None:
    """A range has another remedy than a whole file."""
    with pytest.raises(OutOfTimeError, match=r"after 1,234 rows\. Lower range_mb, then redrive"):
        Deadline(invocation(299), remedy="Lower range_mb").check(1_234)


@pytest.mark.parametrize(("seconds", "may_wait"), [(39.9, True), (40.1, False)])
def test_waiting_leaves_the_reserve(seconds: float, may_wait: bool) -> None:
    """Throttled writes wait only as long as the file can still be settled."""
    assert Deadline(invocation(250)).may_wait(seconds) is may_wait


def test_progress_is_reported_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not at each check, which comes every hundred rows, and never without a row."""
    now = [100.0]
    monkeypatch.setattr("processor.pipeline.deadline.time.monotonic", lambda: now[0])
    reports: list[int] = []
    deadline = Deadline(invocation(0), reports.append)

    for seconds, rows in ((4.9, 10), (5.1, 0), (5.1, 20), (9.9, 30), (10.2, 40)):
        now[0] = 100.0 + seconds
        deadline.check(rows)

    assert reports == [20, 40]
