"""Charts as SVG, drawn on the server: lines and bars over time, each with a table of its values. Pure.

A drawing has classes and no styles (admin_api/static/css/components/charts.css has those), and a title and a
description for screen readers. The axis begins at zero; a gap in the data stays a gap.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from markupsafe import Markup

from admin_api.rendering.charts.axes import contiguous_indexes
from admin_api.rendering.charts.frame import Chart, Line, Mark, PlotArea, chart_figure, last_value

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

__all__ = ["Chart", "Line", "Mark", "bar_chart", "line_chart"]

Values = list[float | None]


def line_chart(chart: Chart) -> Markup:
    """Draw each series as a line."""
    area = PlotArea.of(chart, _greatest(line.values for line in chart.lines))
    shapes = [edge for line in chart.lines for edge in _line_shapes(area, line, line.values)]
    return chart_figure(chart, area, shapes, [last_value(line.values) for line in chart.lines])


def bar_chart(chart: Chart) -> Markup:
    """Draw the series as stacked bars, for few periods or for counts."""
    floors, tops = _stack_series([line.values for line in chart.lines])
    area = PlotArea.of(chart, _greatest(tops))
    bar_width = max(round(area.step - 1.5, 1), 1)
    bar = Markup('<path class="bar {}" stroke-width="{:g}" d="{}"/>')
    shapes = [
        bar.format(line.tone, bar_width, _bar_path(area, floor, top))
        for line, floor, top in zip(chart.lines, floors, tops, strict=True)
    ]
    ends = [_middle_of_last(floor, top) for floor, top in zip(floors, tops, strict=True)]
    return chart_figure(chart, area, shapes, ends)


def _line_shapes(area: PlotArea, line: Line, values: Sequence[float | None]) -> Iterator[Markup]:
    for indexes in contiguous_indexes(values):
        points = [(area.x(index), area.y.at(values[index] or 0)) for index in indexes]
        if len(points) == 1:
            yield Markup('<circle class="dot {}" cx="{:g}" cy="{:g}" r="2.5"/>').format(line.tone, *points[0])
            continue
        path = _relative_path(points)
        if line.area:
            outline = f"{path}V{area.y.start:g}H{points[0][0]:g}z"
            yield Markup('<path class="area {}" d="{}"/>').format(line.tone, outline)
        yield Markup('<path class="line {}" d="{}"/>').format(line.tone, path)


def _relative_path(points: Sequence[tuple[float, float]]) -> str:
    """Write a line in relative steps, which repeat more than positions do, so that a page of charts compresses well."""
    steps = [(after[0] - before[0], after[1] - before[1]) for before, after in pairwise(points)]
    return f"M{points[0][0]:g} {points[0][1]:g}l" + " ".join(f"{_format_step(x)} {_format_step(y)}" for x, y in steps)


def _format_step(step: float) -> str:
    """Write a step between two positions; both are tenths, so rounding loses nothing."""
    return f"{round(step, 1):g}"


def _stack_series(rows: Sequence[Sequence[float | None]]) -> tuple[list[Values], list[Values]]:
    """Return the lower and the upper edges of each series in the stack of each moment."""
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


def _bar_path(area: PlotArea, floor: Values, top: Values) -> str:
    """Write bars as upward strokes, each relative to the end of the one before."""
    path, end = "", (0.0, 0.0)
    for index in (index for indexes in contiguous_indexes(top) for index in indexes):
        x, low, high = area.x(index), area.y.at(floor[index] or 0), area.y.at(top[index] or 0)
        if low > high:
            path += f"m{_format_step(x - end[0])} {_format_step(low - end[1])}v{_format_step(high - low)}"
            end = (x, high)
    return path


def _middle_of_last(floor: Values, top: Values) -> float | None:
    low, high = last_value(floor), last_value(top)
    return None if low is None or high is None else (low + high) / 2


def _greatest(rows: Iterable[Sequence[float | None]]) -> float:
    return max((value for row in rows for value in row if value is not None), default=0)
