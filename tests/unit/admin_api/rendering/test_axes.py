"""Tests for scales, ticks and labels."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from admin_api.rendering.charts.axes import (
    Scale,
    contiguous_indexes,
    format_span,
    short_number,
    span_ticks,
    spread_labels,
    time_ticks,
    value_ticks,
)

BERLIN = ZoneInfo("Europe/Berlin")
DAY = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


@given(st.floats(min_value=1e-6, max_value=1e12))
def test_value_ticks_begin_at_zero_reach_the_greatest_value_and_are_few(greatest: float) -> None:
    """The line stays within the plot, with few grid lines."""
    ticks = value_ticks(greatest)

    assert ticks[0] == 0
    assert ticks[-1] >= greatest * (1 - 1e-6)
    assert 2 <= len(ticks) <= 5
    assert ticks[-2] < greatest


@pytest.mark.parametrize(
    ("greatest", "expected"), [(0, (0, 1)), (-3, (0, 1)), (7, (0, 2.5, 5, 7.5)), (9_000, (0, 5_000, 10_000))]
)
def test_value_ticks_are_round(greatest: float, expected: tuple[float, ...]) -> None:
    """Steps are 1, 2, 2.5 or 5; values of zero still have an axis."""
    assert value_ticks(greatest) == expected


@pytest.mark.parametrize(
    ("greatest_ms", "words"),
    [
        (0, ["0", "1 ms"]),
        (740, ["0", "250 ms", "500 ms", "750 ms"]),
        (2_900, ["0", "1 s", "2 s", "3 s"]),
        (100_000, ["0", "1 min", "2 min"]),
        (1_500_000, ["0", "10 min", "20 min", "30 min"]),
        (9 * 3_600_000, ["0", "4 h", "8 h", "12 h"]),
        (6 * 86_400_000, ["0", "2 d", "4 d", "6 d"]),
    ],
)
def test_ticks_of_time_spans_are_round_on_a_clock(greatest_ms: float, words: list[str]) -> None:
    """Half an hour has ticks every ten minutes."""
    assert [format_span(tick) for tick in span_ticks(greatest_ms)] == words


def test_time_ticks_are_round_in_the_readers_zone() -> None:
    """A day has a tick every four hours of the reader's zone, and midnight is labelled with the date."""
    words = [text for _, text in time_ticks(DAY, DAY + timedelta(hours=24), BERLIN)]

    assert words == ["12:00", "16:00", "20:00", "25 Nov", "04:00", "08:00"]


@pytest.mark.parametrize("hours", [1, 24, 168, 720])
@pytest.mark.parametrize("zone", [UTC, BERLIN, ZoneInfo("Asia/Kolkata"), ZoneInfo("America/St_Johns")])
def test_time_ticks_are_few_and_in_order_within_the_window(hours: int, zone: ZoneInfo) -> None:
    """Also in zones that are half an hour off."""
    last = DAY + timedelta(hours=hours)

    moments = [moment for moment, _ in time_ticks(DAY, last, zone)]

    assert moments == sorted(moments)
    assert 3 <= len(moments) <= 7
    assert all(DAY <= moment <= last for moment in moments)


def test_time_ticks_hold_when_the_clocks_change() -> None:
    """In the night of 25 October 2026 Berlin repeats an hour; no tick comes twice, and noon is noon on both sides."""
    start = datetime(2026, 10, 24, 0, 0, tzinfo=UTC)

    ticks = time_ticks(start, start + timedelta(days=2), BERLIN)

    assert len({moment for moment, _ in ticks}) == len(ticks)
    assert {moment.astimezone(BERLIN).hour for moment, text in ticks if text == "12:00"} == {12}


@given(st.lists(st.floats(min_value=10, max_value=140), min_size=1, max_size=8))
def test_labels_are_spread_in_order_within_their_room(places: list[float]) -> None:
    """Eight names of fourteen units fit into 130 units only if each moves as little as it must."""
    moved = spread_labels(places, 14, 10, 140)

    ordered = sorted(zip(places, moved, strict=True))
    assert all(later - earlier >= 13.9 for earlier, later in pairwise(sorted(moved)))
    assert max(moved) <= 140
    assert [place for _, place in ordered] == sorted(moved)


def test_gap_ends_a_group_of_indexes() -> None:
    """Values on both sides of a gap are never joined."""
    assert contiguous_indexes([1, 2, None, None, 0, None, 5]) == [[0, 1], [4], [6]]


def test_scale_without_extent_has_one_position() -> None:
    """A single moment does not divide by zero."""
    assert Scale(5, 5, 10, 90).at(5) == 10


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0"), (950, "950"), (1_200, "1.2k"), (2_500_000, "2.5M"), (4e9, "4G"), (0.5, "0.5")]
)
def test_axis_numbers_are_short(value: float, text: str) -> None:
    """Thousands are abbreviated."""
    assert short_number(value) == text
