"""The console's measures: its series by name, and the sums, shares and prices computed from them. Pure.

A gap stays a gap: a share of nothing is unknown, not zero.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from admin_api.monitoring.series import Series, Source, processor_series

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from admin_api.monitoring.cloudwatch import Readings, Values

RECEIVED = processor_series("FilesReceived")
PROCESSED, PARTIAL, FAILED = (
    processor_series("FilesProcessed"),
    processor_series("FilesPartial"),
    processor_series("FilesFailed"),
)
HELD, DUPLICATE = processor_series("FilesHeld"), processor_series("FilesDuplicate")
DEAD_LETTERED = processor_series("FilesDeadLettered")
VOIDED = processor_series("FilesVoided")
ORDERS_VOIDED, ORDERS_REPLACED = processor_series("OrdersVoided"), processor_series("OrdersReplaced")
ACCEPTED, REJECTED = processor_series("RowsAccepted"), processor_series("RowsRejected")
SETTLED_P50, SETTLED_P95, SETTLED_P99 = (processor_series("UploadToSettled", each) for each in ("p50", "p95", "p99"))
SETTLED_P95_WHOLE = processor_series("UploadToSettled", "p95", whole=True)
RUN_P50, RUN_P95, RUN_P99 = (processor_series("ProcessingDuration", each) for each in ("p50", "p95", "p99"))
SPEED_P50, SPEED_P10 = processor_series("RowsPerSecond", "p50"), processor_series("RowsPerSecond", "p10")
BYTES, COST, UNITS = (
    processor_series("BytesProcessed"),
    processor_series("EstimatedCost"),
    processor_series("ConsumedWriteUnits"),
)
RUNS_FAILED, COLD_STARTS = processor_series("RunsFailed"), processor_series("ColdStarts")
MEMORY = processor_series("PeakMemory", "Maximum")
RANGES_MEMORY = processor_series("RangesPeakMemory", "Maximum")
WAITING = Series(Source.QUEUE, "ApproximateNumberOfMessagesVisible", "Maximum")
IN_A_RUN = Series(Source.QUEUE, "ApproximateNumberOfMessagesNotVisible", "Maximum")
OLDEST = Series(Source.QUEUE, "ApproximateAgeOfOldestMessage", "Maximum")
DEAD = Series(Source.DEAD_LETTERS, "ApproximateNumberOfMessagesVisible", "Maximum")
INVOCATIONS, ERRORS = Series(Source.FUNCTION, "Invocations"), Series(Source.FUNCTION, "Errors")
THROTTLES = Series(Source.FUNCTION, "Throttles")
ANSWER_P50, ANSWER_P95 = (Series(Source.CONSOLE, "Duration", each) for each in ("p50", "p95"))
REQUESTS, REQUESTS_DIED = Series(Source.CONSOLE, "Invocations"), Series(Source.CONSOLE, "Errors")
CONCURRENT = Series(Source.FUNCTION, "ConcurrentExecutions", "Maximum")
SLOWEST = Series(Source.FUNCTION, "Duration", "Maximum")


@dataclass(frozen=True, slots=True)
class Measure:
    """A figure computed from several series, period by period, and the title that it has on every page."""

    title: str
    series: tuple[Series, ...]
    """The series that it is computed from."""
    compute: Callable[[Readings], Values]


def ended_files(readings: Readings) -> Values:
    """Count the files that came to an end in each period, without duplicates."""
    return add_series(*(readings.of(each) for each in (PROCESSED, PARTIAL, FAILED, HELD, DEAD_LETTERED)))


def rows_read(readings: Readings) -> Values:
    """Count the rows read in each period."""
    return add_series(readings.of(ACCEPTED), readings.of(REJECTED))


SUCCESS_RATE = Measure(
    "Success rate",
    (PROCESSED, PARTIAL, FAILED, HELD, DEAD_LETTERED),
    lambda readings: ratio(readings.of(PROCESSED), ended_files(readings), times=100),
)
"""Per cent of the files that came to an end, without duplicates, which are not failures."""
REJECTED_SHARE = Measure(
    "Rejected rows",
    (ACCEPTED, REJECTED),
    lambda readings: ratio(readings.of(REJECTED), rows_read(readings), times=100),
)
"""Per cent of the rows read."""
COST_PER_THOUSAND_ROWS = Measure(
    "Cost per 1,000 rows",
    (COST, ACCEPTED, REJECTED),
    lambda readings: ratio(readings.of(COST), rows_read(readings), times=1000),
)
"""US dollars."""
UNITS_PER_ORDER = Measure(
    "Write units per order",
    (UNITS, ACCEPTED),
    lambda readings: ratio(readings.of(UNITS), readings.of(ACCEPTED)),
)


def total(values: Sequence[float | None]) -> float | None:
    """Add up the values that are known; None if none is."""
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def add_series(*rows: Values) -> Values:
    """Add series period by period; the sum is a gap only where every series has one."""
    return tuple(total(values) for values in zip(*rows, strict=True))


def ratio(part: Values, whole: Values, *, times: float = 1) -> Values:
    """Divide two series period by period; a gap where the divisor is zero or unknown."""
    return tuple(quotient(above, below, times=times) for above, below in zip(part, whole, strict=True))


def quotient(part: float | None, whole: float | None, *, times: float = 1) -> float | None:
    """Divide; None if the divisor is zero or unknown. An unknown part of a known whole is zero."""
    return times * (part or 0.0) / whole if whole else None


def merge_periods(values: Values, bins: int) -> Values:
    """Add up neighbouring periods until at most ``bins`` are left, for a small drawing."""
    size = -(-len(values) // bins)
    return tuple(total(values[first : first + size]) for first in range(0, len(values), size))
