"""The alarms: what they watch, what they say, and that one incident is one mail."""

import re
from pathlib import Path
from typing import Any

import pytest

from processor.observability.metrics import kept_metrics
from tests.infra.known_metrics import of_alarm, problem_with
from tests.infra.stacks import as_text, only, resources, template

ROOT = Path(__file__).resolve().parents[2]
NAMES = {
    "dead-letters",
    "oldest-message",
    "processing-stopped",
    "failed-files",
    "held-files",
    "books-differ",
    "rejected-rows",
    "function-errors",
    "function-throttles",
    "near-timeout",
    "near-memory-limit",
    "failed-large-files",
    "ranges-errors",
    "ranges-throttles",
    "ranges-near-memory-limit",
    "orders-throttled",
    "files-throttled",
    "console-errors",
    "worker-errors",
    "failed-actions",
}


def alarms(**context: object) -> dict[str, dict[str, Any]]:
    """Return the properties of each alarm but the composite by its own part of the name."""
    found = (alarm["Properties"] for alarm in resources("AWS::CloudWatch::Alarm", **context).values())
    prefix = f"waybill-{context.get('environment', 'dev')}-"
    return {alarm["AlarmName"].removeprefix(prefix): alarm for alarm in found}


def composite(**context: object) -> dict[str, Any]:
    """Return the composite alarm's properties."""
    return only("AWS::CloudWatch::CompositeAlarm", **context)


def sections() -> dict[str, str]:
    """Return the runbook's sections by anchor."""
    text = (ROOT / "docs/runbook.md").read_text(encoding="utf-8")
    _, *parts = re.split(r"^## ", text, flags=re.MULTILINE)
    return {part.partition("\n")[0].lower().replace(" ", "-"): part for part in parts}


def test_every_incident_has_its_alarm() -> None:
    """No more and no fewer than those of the runbook."""
    assert alarms().keys() == NAMES


@pytest.mark.parametrize("name", sorted(NAMES))
def test_alarm_watches_metrics_that_exist(name: str) -> None:
    """An alarm on a metric that nobody publishes is green for ever."""
    watched = of_alarm(alarms()[name])

    assert watched
    assert [problem for metric in watched if (problem := problem_with(metric))] == []


@pytest.mark.parametrize("name", sorted(NAMES))
def test_expression_uses_what_it_is_given(name: str) -> None:
    """Every id in metric maths is defined, and all have one period."""
    alarm = alarms()[name]
    expressions = [one["Expression"] for one in alarm.get("Metrics", []) if "Expression" in one]

    ids = {found for text in expressions for found in re.findall(r"\b[a-z]\w*", text)}

    assert ids == {metric.id for metric in of_alarm(alarm) if metric.id}
    assert len({metric.period_s for metric in of_alarm(alarm)}) == 1


@pytest.mark.parametrize("name", sorted(NAMES))
def test_description_says_what_it_means_where_to_look_and_what_to_do(name: str) -> None:
    """It links to the dashboard and to a section of the runbook that answers the same questions."""
    description = as_text(alarms()[name]["AlarmDescription"])

    assert len(description) <= 1024
    dashboard = "#dashboards/dashboard/waybill-dev-${AWS::Region}\n"
    for part in ("Look at: ", "\nDo: ", dashboard, f"\nRunbook: docs/runbook.md#{name}"):
        assert part in description
    for part in ("**Means.**", "**See it.**", "**Likely causes.**", "**Do.**", "**Clears**"):
        assert part in sections()[name]


@pytest.mark.parametrize("name", sorted(NAMES))
def test_saved_queries_and_graphs_that_are_named_exist(name: str) -> None:
    """Every query and graph that a description names exists."""
    queries = {query["Properties"]["Name"].split("/")[-1] for query in resources("AWS::Logs::QueryDefinition").values()}
    graphs = as_text(only("AWS::CloudWatch::Dashboard")["DashboardBody"])

    named = re.findall(r"saved query '([^']+)'", as_text(alarms()[name]["AlarmDescription"]))
    in_runbook = re.findall(r"\*([A-Z][^*]+?)\*(?!\*)", sections()[name].replace("\n", " "))

    assert set(named) <= queries
    unknown = [
        words
        for words in in_runbook
        if not words.endswith(".") and words not in queries and f'"title":"{words}' not in graphs
    ]
    assert unknown == []


@pytest.mark.parametrize("name", sorted(NAMES))
def test_missing_data_is_decided(name: str) -> None:
    """A queue without data keeps the alarm's state; an event without data did not happen."""
    of_queues = {"dead-letters", "oldest-message", "processing-stopped", "failed-actions"}
    expected = "ignore" if name in of_queues else "notBreaching"

    assert alarms()[name]["TreatMissingData"] == expected


@pytest.mark.parametrize("name", sorted(NAMES))
def test_periods_are_such_as_cloudwatch_takes(name: str) -> None:
    """Whole minutes, M of N periods, at most a day in all."""
    alarm = alarms()[name]
    (period,) = {metric.period_s for metric in of_alarm(alarm)}

    assert period % 60 == 0
    assert 1 <= alarm["DatapointsToAlarm"] <= alarm["EvaluationPeriods"]
    assert period * alarm["EvaluationPeriods"] <= 86400


def test_only_the_composite_tells_people() -> None:
    """One mail an incident: children are silent, and nothing is sent when it ends."""
    (topic,) = resources("AWS::SNS::Topic")

    acting = [name for name, alarm in alarms().items() for key in alarm if key.endswith("Actions")]

    assert acting == []
    assert composite()["AlarmActions"] == [{"Ref": topic}]
    assert not {"OKActions", "InsufficientDataActions"} & composite().keys()


def test_the_composite_is_red_when_any_alarm_is() -> None:
    """Its rule names every alarm, and it is created after all of them."""
    (resource,) = resources("AWS::CloudWatch::CompositeAlarm", environment="prod").values()
    children = resources("AWS::CloudWatch::Alarm", environment="prod")

    terms = resource["Properties"]["AlarmRule"].split(" OR ")

    assert sorted(terms) == sorted(f'ALARM("{child["Properties"]["AlarmName"]}")' for child in children.values())
    assert sorted(resource["DependsOn"]) == sorted(children)


def test_the_mail_lists_what_to_look_at() -> None:
    """The composite's description is all that the mail says: each alarm is in it, with where to begin."""
    description = as_text(composite()["AlarmDescription"])

    assert len(description) <= 1024
    assert [name for name in NAMES if name not in description] == []
    assert "#dashboards/dashboard/waybill-dev-${AWS::Region}" in description
    assert description.endswith("docs/runbook.md#incident")
    assert "incident" in sections()


@pytest.mark.parametrize(
    ("context", "name", "threshold"),
    [
        ({"max_message_age_s": 3600}, "oldest-message", 3600),
        ({"max_failed_files": 5}, "failed-files", 5),
        ({"max_failed_files": 5}, "held-files", 5),
        ({"max_rejected_percent": 25}, "rejected-rows", 25),
        ({"timeout_s": 100}, "near-timeout", 80_000),
        ({"memory_mb": 1000}, "near-memory-limit", 850),
        ({"large_file_memory_mb": 3000}, "ranges-near-memory-limit", 2550),
    ],
)
def test_thresholds_follow_the_settings(context: dict[str, object], name: str, threshold: float) -> None:
    """They are the settings, or follow from the function's limits."""
    assert alarms(**context)[name]["Threshold"] == threshold


def test_one_bad_small_file_is_no_share_of_rows() -> None:
    """Below a hundred rows the share counts as zero."""
    (expression,) = [one["Expression"] for one in alarms()["rejected-rows"]["Metrics"] if "Expression" in one]

    assert expression.startswith("IF(accepted + rejected >= 100, ")
    assert expression.endswith(", 0)")


@pytest.mark.parametrize(
    ("name", "function"),
    [
        ("function-errors", "ProcessorFunction"),
        ("function-throttles", "ProcessorFunction"),
        ("near-timeout", "ProcessorFunction"),
        ("ranges-errors", "LargeFilesRangesFunction"),
        ("ranges-throttles", "LargeFilesRangesFunction"),
        ("worker-errors", "ConsoleWorkerFunction"),
    ],
)
def test_each_function_has_alarms_of_its_own(name: str, function: str) -> None:
    """An alarm names the function that it means."""
    (watched,) = of_alarm(alarms()[name])

    assert watched.dimensions["FunctionName"].startswith(f"${{{function}")


def test_each_function_is_held_to_its_own_memory() -> None:
    """The ranges' function has several times the processor's memory, which would be no reason for an alarm."""
    limits = {name: of_alarm(alarms()[name])[0].name for name in ("near-memory-limit", "ranges-near-memory-limit")}

    assert limits == {"near-memory-limit": "PeakMemory", "ranges-near-memory-limit": "RangesPeakMemory"}
    assert alarms()["near-memory-limit"]["Threshold"] < alarms()["ranges-near-memory-limit"]["Threshold"]


def test_a_large_file_s_run_may_not_end_badly_unseen() -> None:
    """Failing, being stopped and taking too long count; the last two give no message back."""
    watched = {metric.name for metric in of_alarm(alarms()["failed-large-files"])}

    assert watched == {"ExecutionsFailed", "ExecutionsAborted", "ExecutionsTimedOut"}


def test_small_monitoring_has_four_alarms_and_the_composite() -> None:
    """What nobody else would tell: given-up files and actions, files that wait, a function that dies."""
    small = alarms(monitoring="small")
    terms = composite(monitoring="small")["AlarmRule"].split(" OR ")

    assert small.keys() == {"dead-letters", "oldest-message", "function-errors", "failed-actions"}
    assert sorted(terms) == sorted(f'ALARM("waybill-dev-{name}")' for name in small)


def test_small_monitoring_links_to_what_there_is() -> None:
    """Without a dashboard alarms and output link to the list of alarms, and no text sends anybody to the dashboard."""
    texts = [as_text(alarm["AlarmDescription"]) for alarm in alarms(monitoring="small").values()]
    texts.append(as_text(composite(monitoring="small")["AlarmDescription"]))
    (output,) = template(monitoring="small").find_outputs("DashboardUrl").values()

    assert not resources("AWS::CloudWatch::Dashboard", monitoring="small")
    assert as_text(output["Value"]).endswith("#alarmsV2:?search=waybill-dev-")
    assert [
        text for text in texts if "dashboard" in text.lower() or f"Alarms: {as_text(output['Value'])}" not in text
    ] == []


def test_small_monitoring_watches_nothing_that_the_processor_does_not_send() -> None:
    """An alarm on a metric that is not kept would be green for ever."""
    watched = [metric for alarm in alarms(monitoring="small").values() for metric in of_alarm(alarm)]

    assert {metric.name for metric in watched if metric.namespace == "Waybill"} <= kept_metrics("small")


def test_throttled_indexes_are_watched_with_their_table() -> None:
    """DynamoDB counts an index apart; without the index there is nothing to watch."""

    def parts(**context: object) -> list[str]:
        watched = of_alarm(alarms(**context)["orders-throttled"])
        return sorted(metric.dimensions.get("GlobalSecondaryIndexName", "") for metric in watched)

    assert parts() == ["", "by_customer"]
    assert parts(order_indexes=[]) == [""]
