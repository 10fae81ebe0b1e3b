"""Charts as SVG, drawn on the server: lines and bars over time, each with a table of its values. Pure.

A drawing carries classes and no styles (admin_api/static/css/components/charts.css has those), a title and a
description for whoever does not see it, and the values of every moment on hover. Zero is in sight; a gap in the data is
a gap.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from markupsafe import Markup

from admin_api.rendering.charts.axes import stretches
from admin_api.rendering.charts.frame import Chart, Line, Mark, PlotArea, figure, last_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

__all__ = ["Chart", "Line", "Mark", "bar_chart", "line_chart"]

Values = list[float | None]


def line_chart(chart: Chart) -> Markup:
    """Draw each series as a line of its own."""
    room = PlotArea.of(chart, _greatest(line.values for line in chart.lines))
    drawn = [edge for line in chart.lines for edge in _edges(room, line, line.values)]
    return figure(chart, room, drawn, [last_of(line.values) for line in chart.lines])


def bar_chart(chart: Chart) -> Markup:
    """Draw the series as bars on top of each other, for few periods or for counts that come one by one."""
    floors, tops = _piles([line.values for line in chart.lines])
    room = PlotArea.of(chart, _greatest(tops))
    wide = max(round(room.step - 1.5, 1), 1)
    drawn = [
        Markup('<path class="bar {}" stroke-width="{:g}" d="{}"/>').format(line.tone, wide, _bars(room, floor, top))
        for line, floor, top in zip(chart.lines, floors, tops, strict=True)
    ]
    return figure(chart, room, drawn, [_middle(floor, top) for floor, top in zip(floors, tops, strict=True)])


def _edges(room: PlotArea, line: Line, values: Sequence[float | None]) -> Iterator[Markup]:
    for stretch in stretches(values):
        points = [(room.x(index), room.y.at(values[index] or 0)) for index in stretch]
        if len(points) == 1:
            yield Markup('<circle class="dot {}" cx="{:g}" cy="{:g}" r="2.5"/>').format(line.tone, *points[0])
            continue
        path = _way(points)
        if line.area:
            ground = f"{path}V{room.y.start:g}H{points[0][0]:g}z"
            yield Markup('<path class="area {}" d="{}"/>').format(line.tone, ground)
        yield Markup('<path class="line {}" d="{}"/>').format(line.tone, path)


def _way(points: Sequence[tuple[float, float]]) -> str:
    """Write a line by its steps: they repeat where places do not, so that a page of charts compresses well."""
    steps = [(after[0] - before[0], after[1] - before[1]) for before, after in pairwise(points)]
    return f"M{points[0][0]:g} {points[0][1]:g}l" + " ".join(f"{_short(x)} {_short(y)}" for x, y in steps)


def _short(step: float) -> str:
    """Write a step between two places, which are tenths, so nothing is lost by rounding."""
    return f"{round(step, 1):g}"


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


def _bars(room: PlotArea, floor: Values, top: Values) -> str:
    """Write bars as strokes upwards, each from the end of the one before it."""
    path, pen = "", (0.0, 0.0)
    for index in (index for stretch in stretches(top) for index in stretch):
        x, low, high = room.x(index), room.y.at(floor[index] or 0), room.y.at(top[index] or 0)
        if low > high:
            path += f"m{_short(x - pen[0])} {_short(low - pen[1])}v{_short(high - low)}"
            pen = (x, high)
    return path


def _middle(floor: Values, top: Values) -> float | None:
    low, high = last_of(floor), last_of(top)
    return None if low is None or high is None else (low + high) / 2


def _greatest(rows: Iterable[Sequence[float | None]]) -> float:
    return max((value for row in rows for value in row if value is not None), default=0)
