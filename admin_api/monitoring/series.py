"""Series of CloudWatch metrics, and the time windows in which they are read. Pure.

``processor.observability.metrics`` declares the processor's metrics, ``cdk/monitoring/metrics.py`` their dimensions.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from processor.observability.metrics import UNITS, kept_metrics

if TYPE_CHECKING:
    from collections.abc import Iterable


class Source(StrEnum):
    """The sender of a metric; the reader knows its dimensions."""

    PROCESSOR = "processor"
    """Waybill's own metrics, from the processor's log lines."""
    FUNCTION = "function"
    """Lambda's metrics of the processor."""
    CONSOLE = "console"
    """Lambda's metrics of the console."""
    QUEUE = "queue"
    """SQS's metrics of the ingest queue."""
    DEAD_LETTERS = "dead_letters"
    """SQS's metrics of the dead-letter queue."""


@dataclass(frozen=True, slots=True)
class Series:
    """One statistic of one metric. ``whole``: one value for the whole window instead of one a period."""

    source: Source
    metric: str
    statistic: str = "Sum"
    whole: bool = False


def processor_series(metric: str, statistic: str = "Sum", *, whole: bool = False) -> Series:
    """Name a metric of the processor's; raises KeyError for one that it does not send."""
    UNITS[metric]
    return Series(Source.PROCESSOR, metric, statistic, whole)


def kept_series(wanted: Iterable[Series], monitoring: str) -> tuple[Series, ...]:
    """Leave out the processor's series that CloudWatch does not keep."""
    kept = kept_metrics(monitoring)
    return tuple(each for each in wanted if each.source is not Source.PROCESSOR or each.metric in kept)


@dataclass(frozen=True, slots=True)
class Span:
    """A window cut into periods, each named by the moment at which it begins. The last one is not over yet."""

    start: datetime
    period: timedelta
    periods: int

    @property
    def end(self) -> datetime:
        """The end of the last period."""
        return self.start + self.period * self.periods

    @property
    def moments(self) -> tuple[datetime, ...]:
        """The start of each period."""
        return tuple(self.start + self.period * number for number in range(self.periods))

    def index(self, moment: datetime) -> int | None:
        """Return the period that holds a moment, or None."""
        number = (moment - self.start) // self.period
        return number if 0 <= number < self.periods else None


class Window(StrEnum):
    """The time range of a chart."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"

    @property
    def period(self) -> timedelta:
        """The length of a period."""
        return _PERIODS[self][0]

    @property
    def words(self) -> str:
        """Name the window: "last day"."""
        return f"last {self.value}"

    @property
    def fresh_for_s(self) -> int:
        """Seconds for which readings are cached, as CloudWatch bills each metric requested."""
        return _PERIODS[self][2]

    def until(self, now: datetime) -> Span:
        """Cut the window that ends now; periods begin at multiples since the epoch, as CloudWatch's do."""
        period, periods, _ = _PERIODS[self]
        seconds = int(period.total_seconds())
        newest = datetime.fromtimestamp(now.timestamp() // seconds * seconds, UTC)
        return Span(newest - period * (periods - 1), period, periods)


def window_links(path: str, chosen: Window) -> tuple[tuple[str, str, bool], ...]:
    """List the windows for a page's switch: name, address, whether it is chosen."""
    return tuple((f"Last {each.value}", f"{path}?window={each}", each is chosen) for each in Window)


_PERIODS = {
    Window.HOUR: (timedelta(minutes=1), 60, 30),
    Window.DAY: (timedelta(minutes=30), 48, 60),
    Window.WEEK: (timedelta(hours=3), 56, 300),
}
