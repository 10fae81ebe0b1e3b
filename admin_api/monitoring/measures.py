"""What the console measures: the series that it asks for by name, and what is made of several of them. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from admin_api.monitoring.figures import added, ratio
from admin_api.monitoring.series import Series, Source, ours

if TYPE_CHECKING:
    from admin_api.monitoring.cloudwatch import Readings, Values

RECEIVED = ours("FilesReceived")
PROCESSED, PARTIAL, FAILED = ours("FilesProcessed"), ours("FilesPartial"), ours("FilesFailed")
DUPLICATE, DEAD_LETTERED = ours("FilesDuplicate"), ours("FilesDeadLettered")
ACCEPTED, REJECTED = ours("RowsAccepted"), ours("RowsRejected")
SETTLED_P50, SETTLED_P95, SETTLED_P99 = (ours("UploadToSettled", each) for each in ("p50", "p95", "p99"))
SETTLED_P95_WHOLE = ours("UploadToSettled", "p95", whole=True)
RUN_P50, RUN_P95, RUN_P99 = (ours("ProcessingDuration", each) for each in ("p50", "p95", "p99"))
SPEED_P50, SPEED_P10 = ours("RowsPerSecond", "p50"), ours("RowsPerSecond", "p10")
BYTES, COST, UNITS = ours("BytesProcessed"), ours("EstimatedCost"), ours("ConsumedWriteUnits")
RUNS_FAILED, COLD_STARTS = ours("RunsFailed"), ours("ColdStarts")
MEMORY = ours("PeakMemory", "Maximum")
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


def needing_nobody(readings: Readings) -> Values:
    """Share of the files that came to an end and needed nobody, in per cent; a duplicate is no failure."""
    return ratio(readings.of(PROCESSED), ended(readings), times=100)


def ended(readings: Readings) -> Values:
    """Files that came to an end in each period, duplicates left out."""
    return added(*(readings.of(each) for each in (PROCESSED, PARTIAL, FAILED, DEAD_LETTERED)))


def rows(readings: Readings) -> Values:
    """Rows that were read in each period."""
    return added(readings.of(ACCEPTED), readings.of(REJECTED))


def cost_of_thousand_rows(readings: Readings) -> Values:
    """US dollars for 1,000 rows."""
    return ratio(readings.of(COST), rows(readings), times=1000)
