"""CloudWatch metrics: one call for all series of a page, cached for some seconds.

A period without data stays a gap. ``admin_api.monitoring.measures`` derives sums, rates and prices.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from admin_api.monitoring.series import Series, Source, Span, Window
from processor.observability.telemetry import NAMESPACE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime

    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_cloudwatch.type_defs import MetricDataQueryTypeDef, MetricDataResultTypeDef

_CACHE_SIZE = 12
"""Pages times windows; the oldest readings go first."""
_NAMESPACES = {
    Source.PROCESSOR: NAMESPACE,
    Source.FUNCTION: "AWS/Lambda",
    Source.CONSOLE: "AWS/Lambda",
    Source.QUEUE: "AWS/SQS",
    Source.DEAD_LETTERS: "AWS/SQS",
}

Values = tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class Readings:
    """The values of some series over one window, and when they were read."""

    span: Span
    read_at: datetime
    values: dict[Series, Values]
    """One value a period for each series, None without data; a single value for a series of the whole window."""
    incomplete: tuple[str, ...] = ()
    """Names of the metrics that CloudWatch could not read."""

    def hold(self, series: Iterable[Series]) -> bool:
        """Tell whether all of these were asked for; a series that CloudWatch does not keep is not."""
        return all(each in self.values for each in series)

    def of(self, series: Series) -> Values:
        """Return a series' values, one a period."""
        return self.values[series]

    def whole(self, series: Series) -> float | None:
        """Return the single value of a series over the whole window."""
        return self.values[series][0]


class MetricReader:
    """Reads metrics of one environment."""

    def __init__(
        self,
        cloudwatch: CloudWatchClient,
        environment: str,
        *,
        processor: str = "",
        console: str = "",
        queue: str = "",
        dead_letters: str = "",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._cloudwatch = cloudwatch
        self._dimensions = {
            Source.PROCESSOR: {"environment": environment, "service": "processor"},
            Source.FUNCTION: {"FunctionName": processor},
            Source.CONSOLE: {"FunctionName": console},
            Source.QUEUE: {"QueueName": queue},
            Source.DEAD_LETTERS: {"QueueName": dead_letters},
        }
        self._clock = clock
        self._cache: dict[tuple[tuple[Series, ...], Window], tuple[float, Readings]] = {}

    def fetch_metrics(self, series: Sequence[Series], window: Window, now: datetime) -> Readings:
        """Fetch series over the window that ends now, or return the cached readings.

        Raises botocore's errors.
        """
        key = (tuple(series), window)
        cached = self._cache.get(key)
        if cached and self._clock() < cached[0]:
            return cached[1]
        readings = self._fetch(key[0], window.until(now), now)
        self._cache.pop(key, None)
        while len(self._cache) >= _CACHE_SIZE:
            self._cache.pop(next(iter(self._cache)))
        self._cache[key] = (self._clock() + window.fresh_for_s, readings)
        return readings

    def _fetch(self, wanted: tuple[Series, ...], span: Span, now: datetime) -> Readings:
        by_id = {f"s{number}": series for number, series in enumerate(wanted)}
        pages = self._cloudwatch.get_paginator("get_metric_data").paginate(
            MetricDataQueries=[self._query(name, series, span) for name, series in by_id.items()],
            StartTime=span.start,
            EndTime=span.end,
            ScanBy="TimestampAscending",
        )
        values: dict[Series, list[float | None]] = {
            series: [None] * (1 if series.whole else span.periods) for series in wanted
        }
        incomplete: dict[str, None] = {}
        for result in (result for page in pages for result in page["MetricDataResults"]):
            series = by_id[result["Id"]]
            # PartialData means that the next page continues the series.
            if result.get("StatusCode", "Complete") not in {"Complete", "PartialData"}:
                incomplete[series.metric] = None
            _fill_periods(values[series], result, None if series.whole else span)
        return Readings(span, now, {series: tuple(row) for series, row in values.items()}, tuple(incomplete))

    def _query(self, name: str, series: Series, span: Span) -> MetricDataQueryTypeDef:
        dimensions = self._dimensions[series.source]
        period = span.period * (span.periods if series.whole else 1)
        return {
            "Id": name,
            "MetricStat": {
                "Metric": {
                    "Namespace": _NAMESPACES[series.source],
                    "MetricName": series.metric,
                    "Dimensions": [{"Name": key, "Value": value} for key, value in dimensions.items()],
                },
                "Period": int(period.total_seconds()),
                "Stat": series.statistic,
            },
        }


def _fill_periods(row: list[float | None], result: MetricDataResultTypeDef, span: Span | None) -> None:
    """Put a result's points into their periods; without a span, into one value for the whole window.

    A service that aligns periods to the clock rather than to the window's start returns two points for a whole window.
    A percentile of both together is at most the greater one. That one is shown, so it is never better than the truth.
    """
    for moment, value in zip(result["Timestamps"], result["Values"], strict=True):
        index = span.index(moment) if span else 0
        if index is not None:
            before = row[index]
            row[index] = value if before is None else max(before, value)
