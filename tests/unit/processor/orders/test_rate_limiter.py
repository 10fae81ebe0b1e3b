"""Orders are written as fast as can be until some are refused, then as fast as the table takes them."""

from __future__ import annotations

from dataclasses import dataclass

from processor.orders.rate_limiter import RateLimiter


@dataclass
class Clock:
    """A clock that is set by hand."""

    now: float = 100.0

    def __call__(self) -> float:
        return self.now


def refused(clock: Clock, *, taken: int, after_s: float) -> RateLimiter:
    """Make a pace that was refused for the first time after it had taken so many items."""
    pace = RateLimiter(clock)
    pace.reserve_wait_s(taken)
    pace.record_stored(taken)
    clock.now += after_s
    pace.record_refusal()
    return pace


def test_nothing_waits_before_the_first_refusal() -> None:
    """However much is written."""
    pace = RateLimiter(Clock())

    waits = []
    for _ in range(1_000):
        waits.append(pace.reserve_wait_s(25))
        pace.record_stored(25)

    assert set(waits) == {0.0}


def test_first_refusal_sets_the_pace_below_what_was_reached() -> None:
    """8,000 items in 2 s were too many, so 2,800 a second are tried next."""
    clock = Clock()

    pace = refused(clock, taken=8_000, after_s=2)

    assert round(pace.rate) == 2_800
    assert [round(pace.reserve_wait_s(280), 3) for _ in range(4)] == [0.0, 0.1, 0.2, 0.3]


def test_time_before_the_first_batch_does_not_count() -> None:
    """The limiter of a run is made before the file is checked, which may take longer than the first refusal."""
    clock = Clock()
    pace = RateLimiter(clock)
    clock.now += 60
    pace.reserve_wait_s(8_000)
    pace.record_stored(8_000)
    clock.now += 2

    pace.record_refusal()

    assert round(pace.rate) == 2_800


def test_time_that_passes_is_not_waited_for() -> None:
    """A late batch is sent at once, and leaves no credit for a burst."""
    clock = Clock()
    pace = refused(clock, taken=8_000, after_s=2)
    pace.reserve_wait_s(280)

    clock.now += 60

    assert [round(pace.reserve_wait_s(280), 3) for _ in range(3)] == [0.0, 0.1, 0.2]


def test_refusals_together_count_once() -> None:
    """The batches under way are refused together, which is one sign and not sixteen."""
    clock = Clock()
    pace = refused(clock, taken=8_000, after_s=2)

    for _ in range(15):
        pace.record_refusal()

    assert round(pace.rate) == 2_800


def test_pace_falls_with_every_refusal_to_a_floor() -> None:
    """A table that takes next to nothing is still tried with a batch a second."""
    clock = Clock()
    pace = refused(clock, taken=8_000, after_s=2)

    rates = []
    for _ in range(40):
        clock.now += 1
        pace.record_refusal()
        rates.append(pace.rate)

    assert rates[0] < 2_000
    assert rates[-1] == 25.0


def test_pace_recovers_by_a_tenth_a_second() -> None:
    """Stored items raise the rate again, so that a table that has grown is used."""
    clock = Clock()
    pace = refused(clock, taken=8_000, after_s=2)
    before = pace.rate

    for _ in range(round(before / 25)):
        pace.record_stored(25)

    assert 1.09 < pace.rate / before < 1.11


def test_refusal_of_the_very_first_batch_is_no_division_by_zero() -> None:
    """Nothing was taken, so the floor is the pace."""
    pace = refused(Clock(), taken=0, after_s=0)

    assert pace.rate == 25.0
