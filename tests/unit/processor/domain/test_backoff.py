"""Backoff: how many waits there are, and how long each may last."""

from __future__ import annotations

from processor.domain.backoff import backoff, full_wait


def test_waits_double_up_to_the_longest() -> None:
    """Six attempts have five waits between them."""
    assert list(backoff(0.05, 6, longest_s=0.3, jitter=full_wait)) == [0.05, 0.1, 0.2, 0.3, 0.3]


def test_one_attempt_waits_for_nothing() -> None:
    """There is no wait before the first attempt, nor behind the last."""
    assert list(backoff(0.05, 1)) == []


def test_jitter_takes_its_part_of_each_wait() -> None:
    """Each wait is drawn anew, so that writers that were refused together do not come again together."""
    draws = iter([0.5, 0.25, 0.0])

    assert list(backoff(1.0, 4, jitter=lambda: next(draws))) == [0.5, 0.5, 0.0]


def test_no_wait_is_longer_than_it_may_be() -> None:
    """Left to itself the jitter stays between nothing and the whole wait."""
    for _ in range(100):
        waits = list(backoff(1.0, 4))

        assert all(0 <= wait_s <= longest_s for wait_s, longest_s in zip(waits, (1.0, 2.0, 4.0), strict=True))
