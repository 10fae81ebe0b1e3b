"""Charts as SVG, drawn on the server: lines, stacked areas and bars over time, each with a table of its values. Pure.

A drawing carries classes and no styles (admin_api/static/css/charts.css has those), a title and a description for
whoever does not see it, and the values of every moment on hover. Zero is in sight; a gap in the data is a gap.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from markupsafe import Markup

from admin_api.axes import stretches
from admin_api.plot import Chart, Limit, Line, Mark, Room, figure, last_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

__all__ = ["Chart", "Limit", "Line", "Mark", "bar_chart", "line_chart", "stacked_chart"]

Values = list[float | None]


def line_chart(chart: Chart) -> Markup:
    """Draw each series as a line of its own."""
    room = Room.of(chart, _greatest(line.values for line in chart.lines))
    drawn = [edge for line in chart.lines for edge in _edges(room, line, line.values)]
    return figure(chart, room, drawn, [last_of(line.values) for line in chart.lines])


def stacked_chart(chart: Chart) -> Markup:
    """Draw the series on top of each other, the first at the bottom; what one lacks beside others counts as nothing."""
    floors, tops = _piles([line.values for line in chart.lines])
    room = Room.of(chart, _greatest(tops))
    drawn = [
        Markup('<path class="band {}" d="{}"/>').format(line.tone, _band(room, floor, top))
        for line, floor, top in zip(chart.lines, floors, tops, strict=True)
    ]
    # An edge on top of each, so that a thin layer is seen; the lowest last, as it is the largest.
    drawn += [
        edge for line, top in reversed([*zip(chart.lines, tops, strict=True)]) for edge in _edges(room, line, top)
    ]
    ends = [_middle(floor, top) for floor, top in zip(floors, tops, strict=True)]
    return figure(chart, room, drawn, ends)


def bar_chart(chart: Chart) -> Markup:
    """Draw the series as bars on top of each other, for few periods or for counts that come one by one."""
    floors, tops = _piles([line.values for line in chart.lines])
    room = Room.of(chart, _greatest(tops))
    drawn = [
        Markup('<path class="bar {}" d="{}"/>').format(line.tone, _bars(room, floor, top))
        for line, floor, top in zip(chart.lines, floors, tops, strict=True)
    ]
    return figure(chart, room, drawn, [_middle(floor, top) for floor, top in zip(floors, tops, strict=True)])


def _edges(room: Room, line: Line, values: Sequence[float | None]) -> Iterator[Markup]:
    for stretch in stretches(values):
        points = [(room.x(index), room.y.at(values[index] or 0)) for index in stretch]
        if len(points) == 1:
            yield Markup('<circle class="dot {}" cx="{:g}" cy="{:g}" r="1.5"/>').format(line.tone, *points[0])
            continue
        path = "M" + "L".join(f"{x:g} {y:g}" for x, y in points)
        if line.area:
            ground = f"{path}V{room.y.start:g}H{points[0][0]:g}z"
            yield Markup('<path class="area {}" d="{}"/>').format(line.tone, ground)
        yield Markup('<path class="line {}" d="{}"/>').format(line.tone, path)


def _piles(rows: Sequence[Sequence[float | None]]) -> tuple[list[Values], list[Values]]:
    """Return for each series where it begins and ends in the pile of each moment."""
    floors: list[Values] = []
    tops: list[Values] = []
    known = [any(value is not None for value in moment) for moment in zip(*rows, strict=True)]
    floor: Values = [0.0 if each else None for each in known]
    for row in rows:
        top: Values = [None if low is None else low + (value or 0) for low, value in zip(floor, row, strict=True)]
        floors.append(floor)
        tops.append(top)
        floor = top
    return floors, tops


def _band(room: Room, floor: Values, top: Values) -> str:
    paths = []
    for stretch in stretches(top):
        half = room.step / 2 if len(stretch) == 1 else 0  # A single moment has no width of its own.
        places = [(room.x(index), room.y.at(top[index] or 0), room.y.at(floor[index] or 0)) for index in stretch]
        ways = [(places[0][0] - half, *places[0][1:]), (places[0][0] + half, *places[0][1:])] if half else places
        there = "L".join(f"{x:g} {high:g}" for x, high, _ in ways)
        back = "L".join(f"{x:g} {low:g}" for x, _, low in reversed(ways))
        paths.append(f"M{there}L{back}z")
    return "".join(paths)


def _bars(room: Room, floor: Values, top: Values) -> str:
    wide = max(round(room.step - 1.5, 1), 1)
    paths = []
    for stretch in stretches(top):
        for index in stretch:
            low, high = room.y.at(floor[index] or 0), room.y.at(top[index] or 0)
            if low > high:
                paths.append(f"M{room.x(index) - wide / 2:g} {low:g}V{high:g}h{wide:g}V{low:g}z")
    return "".join(paths)


def _middle(floor: Values, top: Values) -> float | None:
    low, high = last_of(floor), last_of(top)
    return None if low is None or high is None else (low + high) / 2


def _greatest(rows: Iterable[Sequence[float | None]]) -> float:
    return max((value for row in rows for value in row if value is not None), default=0)
