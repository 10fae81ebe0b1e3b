"""The metrics that the console looks at, by name, and the windows of time it looks through. Pure.

``processor.observability.metrics`` declares what the processor sends, ``cdk/monitoring/metrics.py`` the dimensions that
the metrics really have.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from processor.observability.metrics import UNITS


class Source(StrEnum):
    """Whose metric it is; the reader knows the dimensions."""

    PROCESSOR = "processor"
    """Our own, from the processor's log lines."""
    FUNCTION = "function"
    """Lambda's, of the processor."""
    CONSOLE = "console"
    """Lambda's, of the console itself."""
    QUEUE = "queue"
    """SQS's, of the ingest queue."""
    DEAD_LETTERS = "dead_letters"
    """SQS's, of the dead-letter queue."""


@dataclass(frozen=True, slots=True)
class Series:
    """One statistic of one metric. ``whole``: one value for the whole window instead of one for each period."""

    source: Source
    metric: str
    statistic: str = "Sum"
    whole: bool = False


def processor_series(metric: str, statistic: str = "Sum", *, whole: bool = False) -> Series:
    """Name one of the processor's own; raises KeyError for a metric that it does not send."""
    UNITS[metric]
    return Series(Source.PROCESSOR, metric, statistic, whole)


@dataclass(frozen=True, slots=True)
class Span:
    """A window of time cut into periods; every moment is the beginning of one. The last one is still running."""

    start: datetime
    period: timedelta
    periods: int

    @property
    def end(self) -> datetime:
        """When the last period will be over."""
        return self.start + self.period * self.periods

    @property
    def moments(self) -> tuple[datetime, ...]:
        """The beginnings of the periods."""
        return tuple(self.start + self.period * number for number in range(self.periods))

    def index(self, moment: datetime) -> int | None:
        """Find the period that a moment lies in, if any."""
        number = (moment - self.start) // self.period
        return number if 0 <= number < self.periods else None


class Window(StrEnum):
    """How far back a chart looks."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"

    @property
    def period(self) -> timedelta:
        """How much time a point of a chart stands for."""
        return _PERIODS[self][0]

    @property
    def words(self) -> str:
        """Say which time it is."""
        return f"last {self.value}"

    @property
    def fresh_for_s(self) -> int:
        """How long figures are shown before they are asked for again: CloudWatch bills every metric asked for."""
        return _PERIODS[self][2]

    def until(self, now: datetime) -> Span:
        """Cut the window that ends now; periods begin where CloudWatch's do, at multiples since the epoch."""
        period, periods, _ = _PERIODS[self]
        seconds = int(period.total_seconds())
        newest = datetime.fromtimestamp(now.timestamp() // seconds * seconds, UTC)
        return Span(newest - period * (periods - 1), period, periods)


def window_links(path: str, chosen: Window) -> tuple[tuple[str, str, bool], ...]:
    """List the windows for a page's switch: what each is called, its address, whether it is shown."""
    return tuple((f"Last {each.value}", f"{path}?window={each}", each is chosen) for each in Window)


_PERIODS = {
    Window.HOUR: (timedelta(minutes=1), 60, 15),
    Window.DAY: (timedelta(minutes=30), 48, 60),
    Window.WEEK: (timedelta(hours=3), 56, 300),
}
