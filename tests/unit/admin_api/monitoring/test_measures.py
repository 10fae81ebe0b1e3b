"""Tests for the arithmetic on series with gaps."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from admin_api.monitoring.measures import add_series, merge_periods, quotient, ratio, total

ROWS = st.lists(st.none() | st.integers(0, 10**6).map(float), min_size=1, max_size=200).map(tuple)


def test_sum_of_gaps_is_unknown() -> None:
    """It is not zero."""
    assert total((None, None)) is None


def test_gaps_are_left_out_of_a_sum() -> None:
    """Known values alone count."""
    assert total((1.0, None, 3.0, None)) == 4.0


def test_ratio_of_nothing_is_a_gap() -> None:
    """Without files there is no success rate; without successes it is zero."""
    assert ratio((1.0, None, None, 0.0), (4.0, 5.0, None, 0.0), times=100) == (25.0, 0.0, None, None)
    assert quotient(None, 5.0) == 0.0
    assert quotient(5.0, None) is None


def test_series_add_up_period_by_period() -> None:
    """The sum is a gap only where every series has one."""
    assert add_series((1.0, None, None), (2.0, 2.0, None)) == (3.0, 2.0, None)


@given(ROWS, st.integers(1, 60))
def test_merged_periods_keep_the_sum_and_are_at_most_the_bins(values: tuple[float | None, ...], bins: int) -> None:
    """A small drawing shows the same total as the large one."""
    binned = merge_periods(values, bins)

    assert len(binned) <= bins
    assert total(binned) == total(values)
