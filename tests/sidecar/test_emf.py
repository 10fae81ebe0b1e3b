"""The metrics in a log line."""

import json
from typing import Any

import pytest

from cdk.local.sidecar.emf import Datum, data_of

ROW = {"service": "processor", "environment": "test"}
BY_SERVICE = (("service", "processor"), ("environment", "test"))


def line(directives: list[dict[str, Any]], **members: Any) -> str:
    """Write a line as Powertools does."""
    return json.dumps({"_aws": {"Timestamp": 1795375038399, "CloudWatchMetrics": directives}} | ROW | members)


def directive(*names: str, dimensions: list[list[str]] | None = None) -> dict[str, Any]:
    """Build a directive of some metrics, by service and environment unless given otherwise."""
    sets = [["service", "environment"]] if dimensions is None else dimensions
    metrics = [{"Name": name, "Unit": "Count", "StorageResolution": 1} for name in names]
    return {"Namespace": "Waybill", "Dimensions": sets, "Metrics": metrics}


def test_a_number_is_one_value_at_the_lines_time() -> None:
    """Namespace, name, unit, dimensions and moment are what the line says."""
    assert data_of(line([directive("RowsAccepted")], RowsAccepted=7)) == [
        Datum("Waybill", "RowsAccepted", BY_SERVICE, (7.0,), "Count", 1795375038.399)
    ]


def test_an_array_is_all_of_its_values_and_zero_is_a_value() -> None:
    """Powertools writes several values of one metric as an array."""
    (datum,) = data_of(line([directive("RowsAccepted")], RowsAccepted=[0, 2.5, 0]))

    assert datum.values == (0.0, 2.5, 0.0)


def test_each_set_of_dimensions_gets_the_values() -> None:
    """An empty set is a metric without dimensions, and so is no set at all."""
    twice = data_of(line([directive("A", dimensions=[["service"], []])], A=1))
    once = data_of(line([directive("A", dimensions=[])], A=1))

    assert [datum.dimensions for datum in twice] == [(("service", "processor"),), ()]
    assert [datum.dimensions for datum in once] == [()]


def test_each_directive_counts() -> None:
    """A line may state metrics of several namespaces."""
    other = directive("B") | {"Namespace": "Other"}

    assert [d.namespace for d in data_of(line([directive("A"), other], A=1, B=2))] == ["Waybill", "Other"]


@pytest.mark.parametrize("value", [None, "7", True, [1, "2"], [], {}, [0] * 101, float("nan"), float("inf")])
def test_what_is_no_number_is_left_out(value: object) -> None:
    """The other metrics of the line are kept."""
    assert [d.name for d in data_of(line([directive("A", "B")], A=value, B=1))] == ["B"]


@pytest.mark.parametrize(
    "dimensions", [[["nowhere"]], [["service", 3]], ["service"], 3, [[f"d{n}" for n in range(31)]]]
)
def test_a_set_without_all_of_its_texts_is_left_out(dimensions: Any) -> None:
    """A metric under fewer dimensions than stated would be another metric."""
    assert data_of(line([directive("A", dimensions=dimensions)], A=1)) == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "START RequestId: 1 Version: $LATEST",
        '{"message": "rows_read"}',
        '{"_aws": 1}',
        '{"_aws": {"Timestamp": 1}}',
        '{"_aws": {"Timestamp": 1e300, "CloudWatchMetrics": [{}]}}',
        '{"_aws": {"Timestamp": 1, "CloudWatchMetrics": [1, {"Namespace": 2}, {"Namespace": "N", "Metrics": 1}]}}',
        '"_aws"',
        '{"_aws": {"Timestamp": 1, "CloudWatchMetrics": [',
    ],
)
def test_any_other_line_states_nothing(text: str) -> None:
    """Neither platform lines nor broken ones stop the tail."""
    assert data_of(text) == []
