"""The frame of every chart over time: the plot's area, grid, times, names, description and table. Pure.

``admin_api.rendering.charts.series_charts`` draws the series themselves.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import TYPE_CHECKING

from markupsafe import Markup

from admin_api.rendering.charts.axes import Scale, short_number, spread_labels, time_ticks, value_ticks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

WIDTH, HEIGHT = 480, 170
_TOP, _BOTTOM = 10, 22
_CHARACTER = 6.2
"""The approximate width of a character."""
_NAME_GAP = 14
_NO_VALUE = "\u2013"


@dataclass(frozen=True, slots=True)
class Line:
    """One series: a value a moment, None for a gap. ``tone``: s1 to s4, or ok, warn, fail, info, idle."""

    name: str
    values: Sequence[float | None]
    tone: str = "s1"
    area: bool = False
    """Whether to fill the area under the line."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A moment to mark, such as when an alarm went off."""

    moment: datetime
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """The content of a chart over time. ``title`` is unique on a page."""

    title: str
    moments: Sequence[datetime]
    """The start of each value's period."""
    lines: Sequence[Line]
    zone: tzinfo = UTC
    write: Callable[[float], str] = short_number
    """Formats a value in full, for the description and the table."""
    write_tick: Callable[[float], str] = short_number
    """Formats a value on the axis."""
    choose_ticks: Callable[[float], tuple[float, ...]] = value_ticks
    """Chooses the values on the axis, up to at least the greatest."""
    description: str = ""
    """One sentence for screen readers."""
    marks: Sequence[Mark] = ()


@dataclass(frozen=True, slots=True)
class PlotArea:
    """The area of a chart's plot, and its ticks."""

    y: Scale
    ticks: tuple[float, ...]
    left: float
    right: float
    count: int

    @classmethod
    def of(cls, chart: Chart, greatest: float) -> PlotArea:
        """Leave room for the longest number at the left and the longest name at the right."""
        ticks = chart.choose_ticks(greatest)
        number = max(len(chart.write_tick(tick)) for tick in ticks)
        name = max((len(line.name) for line in chart.lines), default=0)
        y = Scale(0, ticks[-1], HEIGHT - _BOTTOM, _TOP)
        return cls(y, ticks, round(14 + _CHARACTER * number), round(WIDTH - 14 - _CHARACTER * name), len(chart.moments))

    @property
    def step(self) -> float:
        """The width of a period."""
        return (self.right - self.left) / max(self.count, 1)

    def x(self, index: float) -> float:
        """Return the position of a period's middle."""
        return round(self.left + (index + 0.5) * self.step, 1)


def chart_figure(chart: Chart, area: PlotArea, shapes: Sequence[Markup], ends: Sequence[float | None]) -> Markup:
    """Put a chart together; each series' name is placed at the height of its value in ``ends``."""
    slug = re.sub(r"[^a-z0-9]+", "-", chart.title.lower()).strip("-")
    parts = [*_grid(chart, area), *_times(chart, area), *shapes, *_marks(chart, area), *_names(chart, area, ends)]
    if all(end is None for end in ends):
        middle = Markup('<text class="nothing" x="{:g}" y="{:g}">No data in this time</text>')
        parts.append(middle.format((area.left + area.right) / 2, HEIGHT / 2))
    drawing = Markup(
        '<svg class="chart" viewBox="0 0 {w} {h}" data-plot="{left} {right} {top} {bottom}" role="img"'
        ' aria-labelledby="{id}-t {id}-d">'
        '<title id="{id}-t">{title}</title><desc id="{id}-d">{description}</desc>{parts}</svg>'
    ).format(
        w=WIDTH,
        h=HEIGHT,
        left=area.left,
        right=area.right,
        top=_TOP,
        bottom=HEIGHT - _BOTTOM,
        id=slug,
        title=chart.title,
        description=_describe(chart),
        parts=Markup("").join(parts),
    )
    return Markup('<figure class="figure">{}{}</figure>').format(drawing, _table(chart))


def last_value(values: Sequence[float | None]) -> float | None:
    """Return the last known value."""
    return next((value for value in reversed(values) if value is not None), None)


def _describe(chart: Chart) -> str:
    """Describe the chart: its own sentence, then each series' greatest and last value."""
    sentences = []
    for line in chart.lines:
        last = last_value(line.values)
        most = max((value for value in line.values if value is not None), default=None)
        if last is None or most is None:
            sentences.append(f"{line.name}: no data")
        else:
            sentences.append(f"{line.name}: at most {chart.write(most)}, at last {chart.write(last)}")
    return f"{chart.description} {'; '.join(sentences)}.".strip()


def _grid(chart: Chart, area: PlotArea) -> Iterator[Markup]:
    for tick in area.ticks:
        place = area.y.at(tick)
        zero = "" if tick else " zero"
        yield Markup('<path class="grid{}" d="M{} {:g}H{:g}"/>').format(zero, area.left, place, area.right)
        words = Markup('<text class="tick" x="{}" y="{:g}">{}</text>')
        yield words.format(area.left - 6, place + 3.5, chart.write_tick(tick))


def _times(chart: Chart, area: PlotArea) -> Iterator[Markup]:
    if not chart.moments:
        return
    for number, (moment, words) in enumerate(time_ticks(chart.moments[0], chart.moments[-1], chart.zone)):
        kind = "time less" if number % 2 else "time"
        text = Markup('<text class="{}" x="{:g}" y="{}">{}</text>')
        yield text.format(kind, _x(chart, area, moment), HEIGHT - 6, words)


def _marks(chart: Chart, area: PlotArea) -> Iterator[Markup]:
    for mark in chart.marks:
        if chart.moments and chart.moments[0] <= mark.moment:
            place = _x(chart, area, min(mark.moment, chart.moments[-1]))
            line = Markup('<path class="mark" d="M{:g} {}V{}"><title>{}</title></path>')
            yield line.format(place, _TOP, HEIGHT - _BOTTOM, mark.name)


def _x(chart: Chart, area: PlotArea, moment: datetime) -> float:
    first, last = chart.moments[0], chart.moments[-1]
    return area.x((moment - first) / (last - first) * (len(chart.moments) - 1) if last > first else 0)


def _names(chart: Chart, area: PlotArea, ends: Sequence[float | None]) -> Iterator[Markup]:
    known = [(line, end) for line, end in zip(chart.lines, ends, strict=True) if end is not None]
    places = spread_labels([area.y.at(end) for _, end in known], _NAME_GAP, _TOP, HEIGHT - _BOTTOM)
    for (line, _), place in zip(known, places, strict=True):
        name = Markup('<text class="name {}" x="{:g}" y="{:g}">{}</text>')
        yield name.format(line.tone, area.right + 6, place + 3.5, line.name)


def _rows(chart: Chart) -> Iterator[tuple[str, list[str]]]:
    for index, moment in enumerate(chart.moments):
        local = moment.astimezone(chart.zone)
        values = [line.values[index] for line in chart.lines]
        yield f"{local.day} {local:%b %H:%M}", [_NO_VALUE if value is None else chart.write(value) for value in values]


def _table(chart: Chart) -> Markup:
    """List the values; static/js/chart-values.js shows the row of the moment under the pointer."""
    heads = [
        Markup('<th class="num" scope="col" data-tone="{}">{}</th>').format(each.tone, each.name)
        for each in chart.lines
    ]
    rows = Markup("").join(
        Markup('<tr><th scope="row">{}</th>{}</tr>').format(
            moment, Markup("").join(Markup('<td class="num">{}</td>').format(value) for value in values)
        )
        for moment, values in _rows(chart)
    )
    return Markup(
        '<details class="chart-data"><summary>Values<span class="visually-hidden"> of {title}</span></summary>'
        '<div tabindex="0" role="region" aria-label="Values of {title}"><table class="table still">'
        '<thead><tr><th scope="col">Time</th>{head}</tr></thead><tbody>{rows}</tbody></table></div></details>'
    ).format(title=chart.title, head=Markup("").join(heads), rows=rows)
