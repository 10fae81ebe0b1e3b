"""Tests for the arithmetic on series with gaps."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from admin_api.monitoring.measures import add_series, merge_periods, quotient, ratio, total

ROWS = st.lists(st.none() | st.integers(0, 10**6).map(float), min_size=1, max_size=200).map(tuple)


def test_nothing_known_is_no_zero() -> None:
    """A sum of nothing but gaps is unknown."""
    assert total((None, None)) is None


def test_gaps_are_left_out_of_what_is_known() -> None:
    """What is known counts."""
    assert total((1.0, None, 3.0, None)) == 4.0


def test_a_ratio_of_nothing_is_a_gap_and_never_an_error() -> None:
    """Where nothing came there is no success rate, and where nothing succeeded it is zero."""
    assert ratio((1.0, None, None, 0.0), (4.0, 5.0, None, 0.0), times=100) == (25.0, 0.0, None, None)
    assert quotient(None, 5.0) == 0.0
    assert quotient(5.0, None) is None


def test_series_add_up_period_by_period() -> None:
    """Only where none has a value is the sum a gap."""
    assert add_series((1.0, None, None), (2.0, 2.0, None)) == (3.0, 2.0, None)


@given(ROWS, st.integers(1, 60))
def test_binning_keeps_the_sum_and_stays_within_the_bins(values: tuple[float | None, ...], bins: int) -> None:
    """A small drawing shows the same total as the large one."""
    binned = merge_periods(values, bins)

    assert len(binned) <= bins
    assert total(binned) == total(values)
