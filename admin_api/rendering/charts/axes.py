"""Positions on a chart: scales, round values for grid lines, round times in the reader's zone. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_DAY = timedelta(days=1)
_MINUTE_MS = 60_000.0
_DAY_MS = 24 * 60 * _MINUTE_MS
_SPANS_MS = tuple(
    minutes * _MINUTE_MS for minutes in (0.5, 1, 2, 5, 10, 15, 30, 60, 120, 240, 360, 720, 1440, 2880, 10080)
)
_STEPS = (
    *(timedelta(minutes=minutes) for minutes in (1, 2, 5, 10, 15, 30)),
    *(timedelta(hours=hours) for hours in (1, 2, 3, 4, 6, 12)),
    *(timedelta(days=days) for days in (1, 2, 7, 14, 28)),
)


@dataclass(frozen=True, slots=True)
class Scale:
    """A linear scale from values to positions."""

    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        """Return the position of a value, rounded to a tenth to keep the SVG short."""
        if self.high == self.low:
            return round(self.start, 1)
        share = (value - self.low) / (self.high - self.low)
        return round(self.start + share * (self.end - self.start), 1)


def value_ticks(greatest: float, wanted: int = 3) -> tuple[float, ...]:
    """Choose round values from zero to at least ``greatest``: steps of 1, 2, 2.5 or 5 times a power of ten."""
    if greatest <= 0 or not math.isfinite(greatest):
        return (0.0, 1.0)
    rough = greatest / wanted
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= rough * (1 - 1e-9))
    return tuple(step * number for number in range(math.ceil(greatest / step - 1e-9) + 1))


def span_ticks(greatest: float) -> tuple[float, ...]:
    """Choose round time spans from zero to at least ``greatest`` milliseconds, in steps of minutes, hours or days."""
    if greatest <= _MINUTE_MS:
        return value_ticks(greatest)
    step = next((each for each in _SPANS_MS if greatest / each <= 3), _SPANS_MS[-1])
    return tuple(step * number for number in range(math.ceil(greatest / step - 1e-9) + 1))


def format_span(milliseconds: float) -> str:
    """Write a time span for an axis: 0, 250 ms, 2.5 s, 15 min, 6 h, 2 d."""
    if not milliseconds:
        return "0"
    units = ((_DAY_MS, "d"), (60 * _MINUTE_MS, "h"), (_MINUTE_MS, "min"), (1000.0, "s"))
    size, unit = next(((size, unit) for size, unit in units if milliseconds >= size), (1.0, "ms"))
    return f"{milliseconds / size:.3g} {unit}"


def time_ticks(first: datetime, last: datetime, zone: tzinfo, wanted: int = 6) -> list[tuple[datetime, str]]:
    """Choose at most ``wanted`` times between two moments that are round in the reader's zone, with their labels."""
    step = next((each for each in _STEPS if (last - first) / each <= wanted), _STEPS[-1])
    wall = first.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    ticks: dict[datetime, str] = {}
    while (moment := wall.replace(tzinfo=zone).astimezone(UTC)) <= last:
        if moment >= first:
            ticks[moment] = _time_label(wall, step)
        wall += step
    return list(ticks.items())


def _time_label(wall: datetime, step: timedelta) -> str:
    midnight = not (wall.hour or wall.minute)
    return f"{wall.day} {wall:%b}" if midnight or step >= _DAY else f"{wall:%H:%M}"


def spread_labels(places: Sequence[float], gap: float, top: float, bottom: float) -> list[float]:
    """Move labels up and down, as little as needed, until they are ``gap`` apart, in their order."""
    order = sorted(range(len(places)), key=lambda number: places[number])
    moved = list(places)
    lowest = top
    for number in order:
        moved[number] = max(moved[number], lowest)
        lowest = moved[number] + gap
    highest = bottom
    for number in reversed(order):
        moved[number] = min(moved[number], highest)
        highest = moved[number] - gap
    return [round(place, 1) for place in moved]


def contiguous_indexes(values: Sequence[float | None]) -> list[list[int]]:
    """Group the indexes of known values that are neighbours; between two groups is a gap."""
    groups: list[list[int]] = []
    for index, value in enumerate(values):
        if value is None:
            continue
        if groups and groups[-1][-1] == index - 1:
            groups[-1].append(index)
        else:
            groups.append([index])
    return groups


def short_number(value: float) -> str:
    """Write a number for an axis: 950, 1.2k, 3M."""
    for limit, sign in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= limit:
            return f"{value / limit:.3g}{sign}"
    return f"{value:.3g}"
