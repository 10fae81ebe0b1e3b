"""The reader of CloudWatch's metrics on moto: periods, gaps, the cache, dimensions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from admin_api.monitoring.cloudwatch import MetricReader
from admin_api.monitoring.series import Series, Source, Window, processor_series

if TYPE_CHECKING:
    from collections.abc import Callable


NOW = datetime.now(UTC).replace(second=30, microsecond=0)
DIMENSIONS = [{"Name": "environment", "Value": "test"}, {"Name": "service", "Value": "processor"}]


class Ticks:
    """A clock that a test turns."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def put(cloudwatch: Any, name: str, value: float, minutes_ago: int, dimensions: Any = None) -> None:
    """Store one value."""
    datum = {
        "MetricName": name,
        "Dimensions": DIMENSIONS if dimensions is None else dimensions,
        "Timestamp": NOW - timedelta(minutes=minutes_ago),
        "Value": value,
    }
    cloudwatch.put_metric_data(Namespace="Waybill", MetricData=[datum])


def test_values_are_in_their_periods_with_gaps_between(client: Callable[[str], Any]) -> None:
    """Values of a minute add up, other minutes are gaps, other environments are left out."""
    cloudwatch = client("cloudwatch")
    elsewhere = [{"Name": "environment", "Value": "other"}, {"Name": "service", "Value": "processor"}]
    for value, minutes_ago in ((2, 0), (3, 0), (5, 10)):
        put(cloudwatch, "FilesReceived", value, minutes_ago)
    put(cloudwatch, "FilesReceived", 100, 0, elsewhere)
    received, failed = processor_series("FilesReceived"), processor_series("FilesFailed")

    readings = MetricReader(cloudwatch, "test").fetch_metrics([received, failed], Window.HOUR, NOW)

    values = readings.of(received)
    assert len(values) == 60
    assert {number: value for number, value in enumerate(values) if value is not None} == {49: 5, 59: 5}
    assert set(readings.of(failed)) == {None}
    assert readings.span.moments[49] == NOW.replace(second=0) - timedelta(minutes=10)


def test_readings_are_cached_and_then_read_anew(client: Callable[[str], Any]) -> None:
    """CloudWatch bills each metric requested, so a page that reloads itself must not request each time."""
    cloudwatch, ticks = client("cloudwatch"), Ticks()
    reader = MetricReader(cloudwatch, "test", clock=ticks)
    received = processor_series("FilesReceived")
    put(cloudwatch, "FilesReceived", 1, 0)
    first = reader.fetch_metrics([received], Window.HOUR, NOW)
    put(cloudwatch, "FilesReceived", 1, 0)

    ticks.now = Window.HOUR.fresh_for_s - 1
    kept = reader.fetch_metrics([received], Window.HOUR, NOW)
    ticks.now += 2
    anew = reader.fetch_metrics([received], Window.HOUR, NOW)

    assert kept is first
    assert first.of(received)[-1] == 1
    assert anew.of(received)[-1] == 2


class FakeCloudWatch:
    """Returns given results of GetMetricData, and records the queries."""

    def __init__(self, *results: dict[str, Any]) -> None:
        self.results = results
        self.queries: list[Any] = []

    def get_paginator(self, _name: str) -> FakeCloudWatch:
        """Be a paginator of one page."""
        return self

    def paginate(self, **request: Any) -> list[dict[str, Any]]:
        """Answer."""
        self.queries = request["MetricDataQueries"]
        return [{"MetricDataResults": list(self.results)}]


def test_percentile_of_the_whole_window_is_the_greater_point() -> None:
    """Of two points for one period, the greater one is never better than the truth."""
    points = {"Timestamps": [NOW - timedelta(hours=1), NOW], "Values": [3100.0, 40.0]}
    fake = FakeCloudWatch({"Id": "s0", "StatusCode": "Complete", **points})
    p95 = processor_series("UploadToSettled", "p95", whole=True)

    readings = MetricReader(fake, "test").fetch_metrics([p95], Window.DAY, NOW)  # type: ignore[arg-type]

    assert readings.whole(p95) == 3100.0
    assert fake.queries[0]["MetricStat"]["Period"] == 24 * 60 * 60
    assert fake.queries[0]["MetricStat"]["Stat"] == "p95"


def test_metric_that_cannot_be_read_is_named() -> None:
    """A refused series is named incomplete; one in several pages is not."""
    fake = FakeCloudWatch(
        {"Id": "s0", "StatusCode": "PartialData", "Timestamps": [NOW], "Values": [1.0]},
        {"Id": "s1", "StatusCode": "InternalError", "Timestamps": [], "Values": []},
    )
    wanted = [processor_series("FilesReceived"), Series(Source.FUNCTION, "Duration", "Maximum")]

    readings = MetricReader(fake, "test").fetch_metrics(wanted, Window.HOUR, NOW)  # type: ignore[arg-type]

    assert readings.incomplete == ("Duration",)
    assert readings.of(wanted[0])[-1] == 1.0


def test_metrics_of_aws_are_requested_with_their_dimensions() -> None:
    """A wrong dimension would be an empty chart without an error."""
    fake = FakeCloudWatch()
    reader = MetricReader(
        fake,  # type: ignore[arg-type]
        "test",
        processor="waybill-test-processor",
        console="waybill-test-console",
        queue="in",
        dead_letters="dead",
    )
    sources = [Series(source, "Some") for source in Source]

    reader.fetch_metrics(sources, Window.HOUR, NOW)

    metrics = [query["MetricStat"]["Metric"] for query in fake.queries]
    told = [(m["Namespace"], {d["Name"]: d["Value"] for d in m["Dimensions"]}) for m in metrics]
    assert told == [
        ("Waybill", {"environment": "test", "service": "processor"}),
        ("AWS/Lambda", {"FunctionName": "waybill-test-processor"}),
        ("AWS/Lambda", {"FunctionName": "waybill-test-console"}),
        ("AWS/SQS", {"QueueName": "in"}),
        ("AWS/SQS", {"QueueName": "dead"}),
    ]
