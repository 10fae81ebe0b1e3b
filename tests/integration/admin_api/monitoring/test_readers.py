"""Tests for the readers of CloudWatch, X-Ray and the log group, on moto."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto import mock_aws

from admin_api.monitoring.alarms import AlarmReader, AlarmState
from admin_api.monitoring.cloudwatch import MetricReader
from admin_api.monitoring.logs import LogReader, Wanted
from admin_api.monitoring.series import Series, Source, Window, processor_series
from admin_api.monitoring.traces import TraceReader, TraceState
from tests.integration.stage import REGION

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NOW = datetime.now(UTC).replace(second=30, microsecond=0)
DIMENSIONS = [{"Name": "environment", "Value": "test"}, {"Name": "service", "Value": "processor"}]


class Ticks:
    """A clock that a test turns."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Any]]:
    """Provide clients of an empty account."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        yield lambda service: boto3.client(service, REGION)  # type: ignore[call-overload]


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


DESCRIPTION = (
    "A message lies in the dead-letter queue.\n\nLook at: the mail\nDashboard: https://x\n"
    "Do: redrive the queue.\nRunbook: docs/runbook.md#{name}"
)


def alarm(cloudwatch: Any, name: str, description: str) -> None:
    """Make an alarm."""
    cloudwatch.put_metric_alarm(
        AlarmName=name,
        AlarmDescription=description,
        Namespace="Waybill",
        MetricName="FilesFailed",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=0,
        ComparisonOperator="GreaterThanThreshold",
    )


def test_firing_alarms_come_first_and_each_has_its_texts(client: Callable[[str], Any]) -> None:
    """Alarms of an environment with a similar name are left out."""
    cloudwatch = client("cloudwatch")
    for name in ("dead-letters", "failed-files", "near-timeout"):
        alarm(cloudwatch, f"waybill-test-{name}", DESCRIPTION.format(name=name))
    alarm(cloudwatch, "waybill-test-eu-dead-letters", DESCRIPTION.format(name="dead-letters"))
    alarm(cloudwatch, "waybill-test-by-hand", "")
    alarm(cloudwatch, "waybill-other-dead-letters", DESCRIPTION.format(name="dead-letters"))
    cloudwatch.set_alarm_state(AlarmName="waybill-test-near-timeout", StateValue="ALARM", StateReason="Too slow.")
    cloudwatch.set_alarm_state(AlarmName="waybill-test-by-hand", StateValue="OK", StateReason="Fine.")

    alarms = AlarmReader(cloudwatch, "test").read_alarms()

    assert [(each.name, each.state) for each in alarms] == [
        ("near-timeout", AlarmState.ALARM),
        ("by-hand", AlarmState.OK),
        ("dead-letters", AlarmState.OK),
        ("failed-files", AlarmState.OK),
    ]
    red = alarms[0]
    assert red.is_red
    assert (red.reason, red.means, red.look) == ("Too slow.", "A message lies in the dead-letter queue.", "the mail")
    assert (red.do, red.runbook) == ("redrive the queue.", "docs/runbook.md#near-timeout")
    assert red.since is not None


def test_stored_trace_is_shown(client: Callable[[str], Any]) -> None:
    """Segments in X-Ray come back as a waterfall."""
    xray = client("xray")
    began = NOW.timestamp()
    trace_id = f"1-{int(began):08x}-bd862e3fe1be46a994272793"
    segment = {
        "id": "53995c3f42cd8ad8",
        "trace_id": trace_id,
        "name": "waybill-test-processor",
        "start_time": began,
        "end_time": began + 2,
        "subsegments": [{"id": "63995c3f42cd8ad8", "name": "run", "start_time": began, "end_time": began + 1}],
    }
    xray.put_trace_segments(TraceSegmentDocuments=[json.dumps(segment)])

    trace = TraceReader(xray).read_trace(trace_id, NOW)

    assert trace.state is TraceState.SHOWN
    assert trace.waterfall is not None
    assert [part.name for part in trace.waterfall.spans] == ["waybill-test-processor", "run"]


@pytest.mark.parametrize(
    ("age", "sampled", "state"),
    [
        (timedelta(seconds=10), True, TraceState.NOT_YET),
        (timedelta(hours=1), True, TraceState.MISSING),
        (timedelta(days=31), True, TraceState.EXPIRED),
        (timedelta(seconds=10), False, TraceState.NOT_SAMPLED),
    ],
)
def test_missing_trace_has_a_reason(
    client: Callable[[str], Any], age: timedelta, sampled: bool, state: TraceState
) -> None:
    """The id holds the time, which tells late, lost and expired traces apart."""
    trace_id = f"1-{int((NOW - age).timestamp()):08x}-bd862e3fe1be46a994272793"

    assert TraceReader(client("xray")).read_trace(trace_id, NOW, sampled=sampled).state is state


def test_text_that_is_no_trace_id_is_not_requested(client: Callable[[str], Any]) -> None:
    """A run that died may have no trace id."""
    assert TraceReader(client("xray")).read_trace("", NOW).state is TraceState.NONE
    assert TraceReader(client("xray")).read_trace("1-nonsense", NOW).state is TraceState.NONE


def test_log_lines_of_a_run_are_read_from_its_log_group(client: Callable[[str], Any]) -> None:
    """The quoted term finds the lines, their fields decide, and the time window bounds the search."""
    logs = client("logs")
    logs.create_log_group(logGroupName="/aws/lambda/processor")
    logs.create_log_stream(logGroupName="/aws/lambda/processor", logStreamName="one")
    said = [
        (NOW, {"level": "INFO", "message": "run_began", "run_id": "run-1"}),
        (NOW, {"level": "INFO", "message": "run_began", "run_id": "run-2"}),
        (NOW - timedelta(hours=2), {"level": "INFO", "message": "long_ago", "run_id": "run-1"}),
    ]
    logs.put_log_events(
        logGroupName="/aws/lambda/processor",
        logStreamName="one",
        logEvents=[
            {"timestamp": int(at.timestamp() * 1000), "message": json.dumps(line)} for at, line in sorted_by_time(said)
        ],
    )

    page = LogReader(logs, "/aws/lambda/processor").read_log_lines(Wanted(run_id="run-1"), NOW, NOW)

    assert [line.event for line in page.lines] == ["run_began"]
    assert page.complete


def sorted_by_time(lines: list[tuple[datetime, Any]]) -> list[tuple[datetime, Any]]:
    """Order lines as PutLogEvents wants them."""
    return sorted(lines, key=lambda line: line[0])
