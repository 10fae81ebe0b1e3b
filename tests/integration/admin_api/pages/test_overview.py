"""Tests for the overview and the metrics page, on moto."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from admin_api.monitoring.cloudwatch import Readings
from admin_api.monitoring.measures import RECEIVED, total
from admin_api.monitoring.series import Series, Window
from admin_api.pages.overview.index import build_page
from admin_api.rendering.formats import UNKNOWN
from processor.domain.entries import to_iso
from processor.domain.object_keys import file_id
from processor.ledger.run_begin import RunStart
from tests.integration.admin_api.console import words
from tests.integration.stage import BAD_ROW, GOOD_ROWS, csv_file

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.integration.admin_api.console import ConsoleStage
    from tests.integration.stage import Stage

GOOD = csv_file(*GOOD_ROWS)


class FakeMetrics:
    """Gives every series the same value in its last two periods, as moto has no percentiles."""

    def __init__(self, value: float | None = 2.0) -> None:
        self.value = value
        self.asked: list[tuple[Sequence[Series], Window]] = []

    def fetch_metrics(self, wanted: Sequence[Series], window: Window, now: datetime) -> Readings:
        """Answer as MetricReader does."""
        self.asked.append((wanted, window))
        span = window.until(now)
        gaps = (None,) * (span.periods - 2)
        return Readings(
            span,
            now,
            {each: (self.value,) if each.whole else (*gaps, self.value, self.value) for each in wanted},
        )


class AwayMetrics:
    """A CloudWatch that refuses."""

    def fetch_metrics(self, *_: Any) -> Readings:
        """Refuse."""
        raise ClientError({"Error": {"Code": "InternalServiceFault", "Message": ""}}, "GetMetricData")


@pytest.fixture
def metrics(console: ConsoleStage) -> FakeMetrics:
    """Provide a CloudWatch that has values."""
    fake = FakeMetrics()
    given_metrics(console, fake)
    return fake


def given_metrics(console: ConsoleStage, metrics: Any) -> None:
    """Let the console read its metrics there."""
    console.console.__dict__["metrics"] = metrics


def begin(stage: Stage, name: str, *, rows: int = 0, read_bytes: int = 0, size_bytes: int = 0) -> str:
    """Begin a run that does not end, and return its file's id."""
    version = stage.upload(name, GOOD)
    now = datetime.now(UTC)
    start = RunStart("run-1", to_iso(now), "m1", 1, int(now.timestamp()), int(now.timestamp()) + 300)
    begun = stage.services.ledger.begin_run(file_id(version), version, start)
    if rows:
        stage.services.ledger.report_progress(begun.entry, rows=rows, read_bytes=read_bytes, size_bytes=size_bytes)
    return begun.entry.file_id


def test_an_empty_console_is_quiet_and_says_how_to_begin(console: ConsoleStage, metrics: FakeMetrics) -> None:
    """Empty parts say what will appear in them."""
    page = words(console.browser().get("/"))

    assert "Nothing needs attention." in page
    assert "Last checked now" in page
    assert "No file is being processed" in page
    assert "No files yet" in page


def test_attention_items_come_first_with_their_links(console: ConsoleStage, stage: Stage, metrics: FakeMetrics) -> None:
    """Failed files, dead letters and rejected rows are counted, and link to their lists."""
    stage.process("bad.csv", b"%PDF-1.4")
    stage.process("partial.csv", csv_file(*GOOD_ROWS, BAD_ROW))
    stage.clients.sqs.send_message(QueueUrl=stage.dead_letter_url, MessageBody="{}")

    answer = console.browser().get("/")

    page = words(answer)
    assert "Nothing waits" not in page
    assert "1 failed file" in page
    assert "1 dead letter" in page
    assert "1 rejected row" in page
    assert 'href="/files?state=failed"' in answer.text
    assert 'href="/dead-letters"' in answer.text


def test_running_files_show_how_far_they_are(console: ConsoleStage, stage: Stage, metrics: FakeMetrics) -> None:
    """Bytes make the bar, rows make the words, and a file without a report yet has neither."""
    begin(stage, "large.csv", rows=118_000, read_bytes=620, size_bytes=1_000)
    begin(stage, "new.csv")

    answer = console.browser().get("/")

    assert "118,000 rows" in words(answer)
    assert 'value="620" max="1000"' in answer.text
    assert "62 %" in words(answer)
    assert answer.text.count("<progress") == 2


def test_messages_that_wait_are_counted_beside_what_runs(
    console: ConsoleStage, stage: Stage, metrics: FakeMetrics
) -> None:
    """A backlog is seen at once, and a queue that cannot be asked says so and takes nothing else away."""
    for _ in range(2):
        stage.clients.sqs.send_message(QueueUrl=stage.services.config.queue_url, MessageBody="{}")

    assert "No file is being processed · 2 messages wait" in words(console.browser().get("/"))

    stage.clients.sqs.delete_queue(QueueUrl=stage.services.config.queue_url)
    page = words(console.browser().get("/"))
    assert "The queue could not be checked." in page
    assert "No files yet" in page


def test_newest_files_are_eight_and_the_newest_first(console: ConsoleStage, stage: Stage, metrics: FakeMetrics) -> None:
    """A link leads to the others."""
    entries = [stage.process(f"orders-{number}.csv", csv_file(f"A-{number},Ada,Engine,1,1.00")) for number in range(9)]

    overview = build_page(console.console, Window.DAY, UTC)

    assert overview.newest.value is not None
    assert [entry.file_id for entry in overview.newest.value] == [entry.file_id for entry in entries[:0:-1]]


def test_measures_come_from_one_read_of_the_chosen_window(console: ConsoleStage, metrics: FakeMetrics) -> None:
    """Sums over the window, shares and prices of the sums, one call for all of it."""
    overview = build_page(console.console, Window.WEEK, UTC)

    assert overview.measures.value is not None
    assert {tile.label: tile.value for tile in overview.measures.value.tiles} == {
        "Files, last week": "4",
        "Success rate": "20 %",
        "Upload to settled, p95": "2 ms",
        "Cost per 1,000 rows": "$500.00",
    }
    [(wanted, window)] = metrics.asked
    assert window is Window.WEEK
    assert len(set(wanted)) == len(wanted)


def test_measures_without_data_are_unknown_and_not_zero(console: ConsoleStage) -> None:
    """Without files there is no success rate, and the charts say that they have no data."""
    given_metrics(console, FakeMetrics(None))

    overview = build_page(console.console, Window.HOUR, UTC)

    assert overview.measures.value is not None
    assert {tile.value for tile in overview.measures.value.tiles} == {UNKNOWN}
    assert all("No data in this time" in chart for _, chart in overview.measures.value.charts)


def test_what_small_monitoring_does_not_keep_is_said_and_not_asked_for(
    console: ConsoleStage,
) -> None:
    """Rows and latency are kept; the other tiles say why they are empty, and CloudWatch is not paid for an answer."""
    small, metrics = dataclasses.replace(console, monitoring="small"), FakeMetrics()
    given_metrics(small, metrics)

    answer = small.browser().get("/")

    tiles = words(answer)
    assert tiles.count("not kept") == 3
    assert "With monitoring=small CloudWatch does not keep every figure." in tiles
    assert "Upload to settled, p95 2 ms" in tiles
    assert answer.text.count('<svg class="chart"') == 2
    [(wanted, _)] = metrics.asked
    assert {each.metric for each in wanted} == {"RowsAccepted", "RowsRejected", "UploadToSettled"}


def test_metrics_page_names_the_charts_that_small_monitoring_does_not_keep(
    console: ConsoleStage,
) -> None:
    """What AWS measures is drawn as ever; each chart that is missing is named in its group, and nothing else is."""
    small = dataclasses.replace(console, monitoring="small")
    given_metrics(small, FakeMetrics())

    answer = small.browser().get("/metrics")

    page = words(answer)
    drawn = answer.text.count('<svg class="chart"')
    named = [part.partition(". The page")[0] for part in page.split("Not kept with monitoring=small : ")[1:]]
    titles = [title for part in named for title in part.split(", ")]
    assert drawn + len(titles) == 23
    assert drawn == 11
    assert "Files by outcome" in titles
    assert "Cost per 1,000 rows" in titles
    assert all(f"<h3>{title}</h3>" not in answer.text for title in titles)
    assert "Alarms" in page


def test_without_cloudwatch_the_rest_still_stands(console: ConsoleStage, stage: Stage) -> None:
    """The failed part names the call and offers to try again."""
    given_metrics(console, AwayMetrics())
    stage.process("orders.csv", GOOD)

    answer = console.browser().get("/?window=hour")

    assert answer.status_code == 200
    assert "GetMetricData failed: InternalServiceFault." in words(answer)
    assert 'href="/?window=hour">Try again' in answer.text
    assert "orders.csv" in words(answer)


def test_live_part_is_the_page_without_its_frame(console: ConsoleStage, metrics: FakeMetrics) -> None:
    """The polled fragment replaces itself, keeps its window, and is a fraction of the page."""
    part = console.part(console.browser(), "/?window=hour")

    assert part.text.lstrip().startswith('<div class="overview" id="overview"')
    assert 'hx-get="/?window=hour"' in part.text
    assert "<html" not in part.text


def test_an_unknown_window_is_refused_in_words(console: ConsoleStage, metrics: FakeMetrics) -> None:
    """Every parameter is checked."""
    assert console.browser().get("/?window=year").status_code == 422
    assert console.browser().get("/metrics?window=year").status_code == 422


def test_metrics_page_draws_every_group_and_lists_the_alarms(
    console: ConsoleStage, stage: Stage, metrics: FakeMetrics
) -> None:
    """One read for all charts; alarms that fire are open with what to do, the others folded."""
    cloudwatch = console.console.cloudwatch
    for name, state in (("dead-letters", "ALARM"), ("near-timeout", "OK")):
        cloudwatch.put_metric_alarm(
            AlarmName=f"waybill-test-{name}",
            AlarmDescription=f"It is so.\n\nLook at: the queue\nDo: redrive.\nRunbook: docs/runbook.md#{name}",
            Namespace="Waybill",
            MetricName="FilesFailed",
            Statistic="Sum",
            Period=60,
            EvaluationPeriods=1,
            Threshold=0,
            ComparisonOperator="GreaterThanThreshold",
        )
        cloudwatch.set_alarm_state(AlarmName=f"waybill-test-{name}", StateValue=state, StateReason="3 > 0")

    answer = console.browser().get("/metrics")

    page = words(answer)
    assert "1 of 2 needs attention" in page
    assert "In alarm dead-letters It is so." in page
    assert page.index("dead-letters") < page.index("1 other alarm") < page.index("near-timeout")
    assert answer.text.count('<svg class="chart"') == 23
    assert all(title in page for title in ("Throughput", "Latency", "Queues", "Functions", "Cost"))
    assert len(metrics.asked) == 1


def test_metrics_page_survives_without_cloudwatch(console: ConsoleStage) -> None:
    """Alarms and links are still there."""
    given_metrics(console, AwayMetrics())

    answer = console.browser().get("/metrics?window=week")

    assert answer.status_code == 200
    assert "The metrics could not be loaded" in words(answer)
    assert 'href="/metrics?window=week">Try again' in answer.text
    assert "No alarms" in words(answer)


def test_links_lead_into_aws_where_there_is_one(console: ConsoleStage, metrics: FakeMetrics) -> None:
    """On moto the SDK talks to AWS's own addresses, so the links are there."""
    answer = console.browser().get("/metrics")

    assert 'href="https://console.aws.amazon.com/dashboard"' in answer.text
    assert "log-group/$252Faws$252Flambda$252Fprocessor" in answer.text


def test_the_real_reader_counts_what_was_sent(console: ConsoleStage) -> None:
    """The console's own reader asks for the processor's metrics of its environment."""
    now = datetime.now(UTC)
    dimensions = [{"Name": "environment", "Value": "test"}, {"Name": "service", "Value": "processor"}]
    console.console.cloudwatch.put_metric_data(
        Namespace="Waybill",
        MetricData=[{"MetricName": "FilesReceived", "Dimensions": dimensions, "Timestamp": now, "Value": 3}],
    )

    readings = console.console.metrics.fetch_metrics([RECEIVED], Window.HOUR, now)

    assert total(readings.of(RECEIVED)) == 3
