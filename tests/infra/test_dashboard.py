"""The dashboard's JSON: everything on it exists, fits and agrees with the alarms."""

import json
import re
from itertools import pairwise
from typing import Any

import pytest

from cdk.monitoring.metrics import NAMESPACE
from processor.observability import metrics, telemetry
from tests.aws_documents import problems_of_dashboard
from tests.infra.known_metrics import AUDIT, CONTRACT, of_widget, problem_with
from tests.infra.stacks import as_text, named, only, resources, template


def widgets(**context: object) -> list[dict[str, Any]]:
    """Return the dashboard's widgets."""
    body = json.loads(as_text(only("AWS::CloudWatch::Dashboard", **context)["DashboardBody"]))
    return list(body["widgets"])


def graphs() -> list[dict[str, Any]]:
    """Return the widgets that draw metrics."""
    return [widget for widget in widgets() if "metrics" in widget["properties"]]


def titled(part: str) -> dict[str, Any]:
    """Return the properties of the one widget with this in its title."""
    (found,) = [one["properties"] for one in widgets() if part in one["properties"].get("title", "")]
    return dict(found)


def test_every_metric_exists() -> None:
    """Every metric drawn is sent by the processor or published by AWS, with these dimensions, for our resources."""
    drawn = [metric for widget in graphs() for metric in of_widget(widget)]

    assert len(drawn) > 50
    assert [problem for metric in drawn if (problem := problem_with(metric))] == []


def test_the_contract_is_what_the_processor_emits() -> None:
    """Namespace and names, as its own code declares them."""
    assert NAMESPACE == telemetry.NAMESPACE == "Waybill"
    assert set(metrics.COUNTERS | metrics.MEASUREMENTS) == CONTRACT
    assert set(metrics.AUDIT_COUNTERS) == AUDIT


def test_everything_that_the_processor_emits_is_shown() -> None:
    """A metric on no graph only costs."""
    drawn = {metric.name for widget in graphs() for metric in of_widget(widget) if metric.namespace == "Waybill"}

    assert drawn == CONTRACT | AUDIT


def test_expressions_use_what_is_there() -> None:
    """Every id in metric maths is that of a metric of the same graph, and its period is theirs."""
    for widget in graphs():
        ids = {metric.id: metric.period_s for metric in of_widget(widget) if metric.id}
        options = [entry[0] for entry in widget["properties"]["metrics"] if isinstance(entry[0], dict)]
        for option in options:
            used = set(re.findall(r"\b[a-z]\w*", option["expression"]))
            assert used <= ids.keys()
            assert {ids[one] for one in used} == {option.get("period", 300)}


@pytest.mark.parametrize("context", [{}, {"environment": "prod", "order_indexes": []}])
def test_the_body_keeps_to_the_documented_structure(context: dict[str, object]) -> None:
    """CloudWatch takes every widget, property, metric, period and colour, and so many of them."""
    body = json.loads(as_text(only("AWS::CloudWatch::Dashboard", **context)["DashboardBody"]))

    assert problems_of_dashboard(body) == []


def test_every_alarm_is_on_top() -> None:
    """The first widget shows the composite and every alarm, including those that the emulator leaves out."""
    shown = [arn.split(":")[-1] for arn in titled("Alarms")["alarms"]]
    single = [alarm["Properties"]["AlarmName"] for alarm in resources("AWS::CloudWatch::Alarm").values()]

    assert shown[0] == only("AWS::CloudWatch::CompositeAlarm")["AlarmName"]
    assert sorted(shown[1:]) == sorted(single)
    assert widgets()[1]["type"] == "alarm"


@pytest.mark.parametrize(
    ("title", "label", "alarm"),
    [
        ("Age of the oldest message", "alarm", "OldestMessage"),
        ("Dead letters", "alarm", "DeadLetters"),
        ("Files that failed", "alarm", "FailedFiles"),
        ("Files that failed", "alarm", "HeldFiles"),
        ("Rejected rows", "alarm", "RejectedRows"),
        ("Lambda: duration", "alarm", "NearTimeout"),
        ("Lambda: errors", "alarm", "FunctionErrors"),
        ("Lambda: peak memory", "alarm", "AlarmsNearMemory"),
        ("Large files: executions", "alarm", "FailedLargeFiles"),
        ("Large files: errors", "alarm", "RangesErrors"),
        ("Large files: peak memory", "alarm", "RangesNearMemory"),
        ("DynamoDB: throttled writes", "alarm", "OrdersThrottled"),
        ("Console: requests and errors", "alarm", "ConsoleErrors"),
    ],
)
def test_lines_are_drawn_where_the_alarms_begin(title: str, label: str, alarm: str) -> None:
    """A graph's limit is its alarm's threshold."""
    lines = {line["label"]: line["value"] for line in titled(title)["annotations"]["horizontal"]}

    (value,) = [value for text, value in lines.items() if text.startswith(label)]

    assert value == pytest.approx(named("AWS::CloudWatch::Alarm", alarm)["Threshold"], abs=1)


def test_limits_of_the_function_are_drawn() -> None:
    """Time, memory and concurrency have their limits."""
    lines = [line for widget in graphs() for line in widget["properties"].get("annotations", {}).get("horizontal", [])]

    values = {line["label"]: line["value"] for line in lines}

    assert (values["time limit"], values["limit"], values["max_concurrency"]) == (900_000, 256, 5)


def test_widgets_lie_side_by_side() -> None:
    """Nothing overlaps or sticks out: CloudWatch would move it."""
    placed = sorted((widget["y"], widget["x"], widget["width"]) for widget in widgets())

    assert all(x + width <= 24 for _, x, width in placed)
    assert all(x + width == other for (y, x, width), (below, other, _) in pairwise(placed) if y == below)
    assert {sum(width for y, _, width in placed if y == row) for row, _, _ in placed} == {24}


def test_periods_suit_what_is_shown() -> None:
    """A minute for the present, five for the work, an hour or a day for the cost."""
    periods = {metric.period_s for widget in graphs() for metric in of_widget(widget)}

    assert periods <= {60, 300, 900, 3600, 86400}
    (daily,) = of_widget({"properties": titled("Cost per day")})
    assert (daily.period_s, titled("Cost per day")["start"]) == (86400, "-P30D")


def test_latencies_are_percentiles() -> None:
    """An average would hide slow files."""
    for title in ("From upload to settled", "Duration of a run"):
        assert [metric.statistic for metric in of_widget({"properties": titled(title)})] == ["p50", "p90", "p99"]


def test_every_graph_has_a_title_and_a_unit() -> None:
    """Every graph has both."""
    for widget in graphs():
        properties = widget["properties"]
        assert properties["title"]
        assert properties["yAxis"]["left"]["label"]


def test_init_duration_comes_from_the_functions_log() -> None:
    """It is read from our log group, as it is not a metric."""
    (log_group,) = [name for name in resources("AWS::Logs::LogGroup") if "Processor" in name]

    query = titled("Init duration")["query"]

    assert query.startswith(f"SOURCE '${{{log_group}}}' | ")
    assert "record.metrics.initDurationMs" in query


def test_texts_say_what_to_do() -> None:
    """Each part begins with words, and the first ones point at the runbook and at a saved query that exists."""
    texts = [widget["properties"]["markdown"] for widget in widgets() if widget["type"] == "text"]
    (query,) = re.findall(r"`(Waybill/[^`]+)`", texts[0])

    assert [text.splitlines()[0] for text in texts] == [
        "# Waybill dev",
        *(f"## {part}" for part in ("Throughput", "Latency", "Function", "Large files", "Tables", "Cost", "Console")),
    ]
    assert "docs/runbook.md" in texts[0]
    assert query in [one["Properties"]["Name"] for one in resources("AWS::Logs::QueryDefinition").values()]


def test_output_links_to_the_dashboard() -> None:
    """By its own name, which holds the region: an account has one list of dashboards for all regions."""
    name = as_text(only("AWS::CloudWatch::Dashboard", environment="prod")["DashboardName"])
    (output,) = template(environment="prod").find_outputs("DashboardUrl").values()

    assert as_text(output["Value"]) == (
        "https://${AWS::Region}.console.aws.amazon.com/cloudwatch/home?region=${AWS::Region}"
        f"#dashboards/dashboard/{name}"
    )
    assert name == "waybill-prod-${AWS::Region}"
