"""Chart specifications: curves with their series, units and number formats; and the overview's two charts. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from admin_api.monitoring.measures import ACCEPTED, REJECTED, SETTLED_P50, SETTLED_P95, Measure
from admin_api.rendering.charts.axes import format_span, short_number, span_ticks, value_ticks
from admin_api.rendering.charts.series_charts import Chart, Line, Mark, bar_chart, line_chart
from admin_api.rendering.formats import duration

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import tzinfo

    from markupsafe import Markup

    from admin_api.monitoring.cloudwatch import Readings, Values
    from admin_api.monitoring.series import Series


def per_cent(value: float) -> str:
    """Write a percentage; 100 % only if it is all."""
    return f"{value:.0f} %" if value == int(value) else f"{min(value, 99.9) if value < 100 else value:.1f} %"


def whole(value: float) -> str:
    """Write a count."""
    return f"{value:,.0f}" if value == int(value) else f"{value:,.1f}"


def seconds(value: float) -> str:
    """Write seconds as a duration."""
    return duration(value * 1000)


def megabytes(value: float) -> str:
    """Write a number of megabytes."""
    return f"{value:,.0f} MB"


@dataclass(frozen=True, slots=True)
class Curve:
    """One line of a chart: its name, its tone, the series it is computed from, and how."""

    name: str
    tone: str
    series: tuple[Series, ...]
    compute: Callable[[Readings], Values]
    area: bool = False


def curve(name: str, tone: str, source: Series | Measure, *, area: bool = False) -> Curve:
    """Draw a series as it is, or a measure."""
    if isinstance(source, Measure):
        return Curve(name, tone, source.series, source.compute, area)
    return Curve(name, tone, (source,), lambda readings: readings.of(source), area)


@dataclass(frozen=True, slots=True)
class ChartSpec:
    """One chart: its title, its unit, a sentence that explains it, its curves, and how it is drawn."""

    title: str
    unit: str
    description: str
    curves: tuple[Curve, ...]
    draw_svg: Callable[[Chart], Markup] = line_chart
    write: Callable[[float], str] = whole
    write_tick: Callable[[float], str] = short_number
    choose_ticks: Callable[[float], tuple[float, ...]] = value_ticks

    @property
    def series(self) -> tuple[Series, ...]:
        """Every series that its curves are computed from, each once."""
        return tuple(dict.fromkeys(series for each in self.curves for series in each.series))

    def draw_chart(self, readings: Readings, zone: tzinfo, marks: Sequence[Mark] = ()) -> Markup:
        """Draw it, with times in the reader's zone, and marks."""
        return self.draw_svg(
            Chart(
                title=self.title,
                moments=readings.span.moments,
                lines=[Line(each.name, each.compute(readings), each.tone, each.area) for each in self.curves],
                zone=zone,
                write=self.write,
                write_tick=self.write_tick,
                choose_ticks=self.choose_ticks,
                description=self.description,
                marks=marks,
            )
        )


ROWS = ChartSpec(
    "Rows",
    "rows",
    "Rows that became orders, and rows that were rejected.",
    (curve("accepted", "s1", ACCEPTED), curve("rejected", "warn", REJECTED)),
    draw_svg=bar_chart,
)
LATENCY = ChartSpec(
    "From upload to settled",
    "time",
    "Time from a file's upload until it was settled, retries included.",
    (curve("p95", "s1", SETTLED_P95, area=True), curve("p50", "s2", SETTLED_P50)),
    write=duration,
    write_tick=format_span,
    choose_ticks=span_ticks,
)
