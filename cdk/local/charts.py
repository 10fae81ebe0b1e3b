"""Charts of metrics for the terminal: one line each, with its figures."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Sequence

WIDTH = 40
_BLOCKS = "▁▂▃▄▅▆▇█"
_LEVELS = ("Duration", "Memory", "PerSecond", "Approximate", "Latency", "Age", "UploadTo")


@dataclass(frozen=True, slots=True)
class Point:
    """One period of a metric."""

    moment: float
    total: float
    samples: float
    least: float
    most: float


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric and its periods."""

    namespace: str
    name: str
    dimensions: tuple[str, ...]
    points: tuple[Point, ...] = field(default=())

    @property
    def is_level(self) -> bool:
        """Whether its sum means nothing: a duration, a size, the length of a queue."""
        return any(word in self.name for word in _LEVELS)

    @property
    def total(self) -> float:
        """The sum of every value."""
        return sum(point.total for point in self.points)

    @property
    def samples(self) -> float:
        """The number of values."""
        return sum(point.samples for point in self.points)


def chart(metrics: Sequence[Metric]) -> Table:
    """Draw metrics over one time range: levels by their averages, others by their sums.

    A column is at least a second, and wider in a short range.
    """
    moments = [point.moment for metric in metrics for point in metric.points]
    start, end = min(moments), max(moments)
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("metric", no_wrap=True)
    table.add_column(f"{_span(end - start)}", width=WIDTH, no_wrap=True)
    for name in ("sum", "values", "least", "average", "most"):
        table.add_column(name, justify="right", no_wrap=True)
    heading: tuple[str, ...] = ()
    for metric in metrics:
        if heading != (metric.namespace, *metric.dimensions):
            heading = (metric.namespace, *metric.dimensions)
            table.add_row(f"[bold]{metric.namespace}[/] [dim]{' '.join(metric.dimensions)}[/]")
        average = metric.total / metric.samples if metric.samples else 0.0
        figures = (
            "" if metric.is_level else number(metric.total),
            number(metric.samples),
            number(min(point.least for point in metric.points)),
            number(average),
            number(max(point.most for point in metric.points)),
        )
        table.add_row(f"  {metric.name}", sparkline(_bin_values(metric, start, end)), *figures)
    return table


def sparkline(values: Sequence[float | None]) -> str:
    """Draw values on a scale from zero to the greatest; a gap is blank."""
    top = max((value for value in values if value is not None), default=0.0)
    return "".join(" " if value is None else _BLOCKS[_height(value, top)] for value in values)


def number(value: float) -> str:
    """Format a number with at least three significant digits, and a whole number without decimals."""
    if value == int(value) and abs(value) < 1e15:
        return f"{int(value):,}"
    if abs(value) >= 100:
        return f"{value:,.1f}"
    return f"{value:.3f}" if abs(value) >= 0.1 else f"{value:.3g}"


def _height(value: float, top: float) -> int:
    return min(int(value / top * len(_BLOCKS)), len(_BLOCKS) - 1) if top > 0 and value > 0 else 0


def _bin_values(metric: Metric, start: float, end: float) -> list[float | None]:
    columns = min(WIDTH, int(end - start) + 1)
    sums, samples = [0.0] * columns, [0.0] * columns
    for point in metric.points:
        column = int((point.moment - start) / (end - start + 1) * columns)
        sums[column] += point.total
        samples[column] += point.samples
    pairs = zip(sums, samples, strict=True)
    values = [(total / count if metric.is_level else total) if count else None for total, count in pairs]
    return [values[cell * columns // WIDTH] for cell in range(WIDTH)]


def _span(seconds: float) -> str:
    return f"{seconds / 60:.0f} minutes" if seconds >= 120 else f"{seconds:.0f} seconds"
