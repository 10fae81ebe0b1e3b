"""The checks of documents find what AWS would refuse: each fault alone, in a document that is right otherwise."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from tests.aws_documents import problems_of_dashboard, problems_of_metric_line, problems_of_segment

LINE: dict[str, Any] = {
    "_aws": {
        "Timestamp": 1795867200000,
        "CloudWatchMetrics": [
            {
                "Namespace": "Waybill",
                "Dimensions": [["service", "environment"]],
                "Metrics": [{"Name": "Rows", "Unit": "Count"}, {"Name": "Speed", "Unit": "Count/Second"}],
            }
        ],
    },
    "service": "processor",
    "environment": "dev",
    "Rows": [1.0, 2.0],
    "Speed": 3.5,
    "file_id": "abc",
}
SEGMENT: dict[str, Any] = {
    "name": "run",
    "id": "70de5b6f19ff9a0a",
    "trace_id": "1-581cf771-a006649127e371903a2de979",
    "parent_id": "53995c3f42cd8ad8",
    "type": "subsegment",
    "start_time": 1795867200.1,
    "end_time": 1795867200.2,
    "annotations": {"file_id": "abc", "rows": 3, "late": False},
    "subsegments": [
        {"name": "write", "id": "70de5b6f19ff9a0b", "start_time": 1795867200.1, "end_time": 1795867200.1},
    ],
}
DASHBOARD: dict[str, Any] = {
    "start": "-PT3H",
    "widgets": [
        {"type": "text", "x": 0, "y": 0, "width": 24, "height": 2, "properties": {"markdown": "# Words"}},
        {
            "type": "metric",
            "x": 0,
            "y": 2,
            "width": 8,
            "height": 6,
            "properties": {
                "region": "eu-west-1",
                "view": "timeSeries",
                "metrics": [
                    ["AWS/SQS", "Sent", "QueueName", "q", {"stat": "p99", "period": 60, "id": "m1"}],
                    [{"expression": "m1 / 2", "label": "half"}],
                ],
                "yAxis": {"left": {"label": "ms", "min": 0}},
                "annotations": {"horizontal": [{"label": "limit", "value": 4, "color": "#d62728"}]},
            },
        },
    ],
}


def changed(document: dict[str, Any], value: Any, *path: Any) -> dict[str, Any]:
    """Return the document with another value at one place."""
    copied = copy.deepcopy(document)
    target: Any = copied
    for step in path[:-1]:
        target = target[step]
    target[path[-1]] = value
    return copied


def test_right_documents_pass() -> None:
    """What the faults are planted in is right."""
    assert problems_of_metric_line(json.dumps(LINE)) == []
    assert problems_of_segment(json.dumps(SEGMENT)) == []
    assert problems_of_dashboard(DASHBOARD) == []


DIRECTIVE = ("_aws", "CloudWatchMetrics", 0)


@pytest.mark.parametrize(
    ("value", "path"),
    [
        (1795867200, ("_aws", "Timestamp")),
        ([], ("_aws", "CloudWatchMetrics")),
        ("", (*DIRECTIVE, "Namespace")),
        ([["colour"]], (*DIRECTIVE, "Dimensions")),
        ([[f"d{number}" for number in range(31)]], (*DIRECTIVE, "Dimensions")),
        ("USD", (*DIRECTIVE, "Metrics", 0, "Unit")),
        (5, (*DIRECTIVE, "Metrics", 0, "StorageResolution")),
        ("Lost", (*DIRECTIVE, "Metrics", 0, "Name")),
        ([{"Name": "Rows"}] * 101, (*DIRECTIVE, "Metrics")),
        ("many", ("Rows",)),
        ([1.0] * 101, ("Rows",)),
        (float("nan"), ("Speed",)),
        ("", ("service",)),
        ("x" * 300_000, ("file_id",)),
    ],
)
def test_faults_of_a_metric_line_are_found(value: Any, path: tuple[Any, ...]) -> None:
    """CloudWatch would drop the line's metrics and say nothing."""
    assert problems_of_metric_line(json.dumps(changed(LINE, value, *path)))


@pytest.mark.parametrize(
    ("value", "path"),
    [
        ("run;now", ("name",)),
        ("x" * 201, ("name",)),
        ("70DE", ("id",)),
        ("581cf771", ("trace_id",)),
        (None, ("parent_id",)),
        (1.5, ("start_time",)),
        (1.5, ("end_time",)),
        ({"file-id": "abc"}, ("annotations",)),
        ({"file_id": ["abc"]}, ("annotations",)),
        ({f"a{number}": 1 for number in range(51)}, ("annotations",)),
        ("y" * 1001, ("annotations", "file_id")),
        ("elsewhere", ("namespace",)),
        ("short", ("subsegments", 0, "id")),
        ({"words": "z" * 70_000}, ("metadata",)),
    ],
)
def test_faults_of_a_segment_are_found(value: Any, path: tuple[Any, ...]) -> None:
    """X-Ray would refuse the segment, or leave a part of it out."""
    assert problems_of_segment(json.dumps(changed(SEGMENT, value, *path)))


GRAPH = ("widgets", 1)


@pytest.mark.parametrize(
    ("value", "path"),
    [
        ("3h", ("start",)),
        ({}, ("colour",)),
        ([{"type": "text", "properties": {"markdown": "x"}}] * 501, ("widgets",)),
        ("graph", (*GRAPH, "type")),
        (25, (*GRAPH, "width")),
        (24, (*GRAPH, "x")),
        ("dots", (*GRAPH, "properties", "view")),
        ([], (*GRAPH, "properties", "metrics")),
        ([["AWS/SQS"]], (*GRAPH, "properties", "metrics")),
        ([["AWS/SQS", "Sent", "QueueName"]], (*GRAPH, "properties", "metrics")),
        ("p101x", (*GRAPH, "properties", "metrics", 0, 4, "stat")),
        (90, (*GRAPH, "properties", "metrics", 0, 4, "period")),
        ("M1", (*GRAPH, "properties", "metrics", 0, 4, "id")),
        ("left", (*GRAPH, "properties", "metrics", 0, 4, "side")),
        ("red", (*GRAPH, "properties", "annotations", "horizontal", 0, "color")),
        ("4", (*GRAPH, "properties", "annotations", "horizontal", 0, "value")),
        ("log", (*GRAPH, "properties", "yAxis", "left", "scale")),
        ({"markdown": "x", "title": "y"}, ("widgets", 0, "properties")),
        ({"metrics": [["A", "B"]]}, (*GRAPH, "properties")),
    ],
)
def test_faults_of_a_dashboard_are_found(value: Any, path: tuple[Any, ...]) -> None:
    """CloudWatch would refuse the body, or show an empty widget."""
    assert problems_of_dashboard(changed(DASHBOARD, value, *path))
