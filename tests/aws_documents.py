"""AWS's documented rules for what it reads from us as JSON: metric lines, trace segments, dashboards.

Each function lists what AWS would refuse or leave out without a word; [] if it takes the document.
"""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Any, TypeGuard

if TYPE_CHECKING:
    from collections.abc import Iterator

_UNITS = {
    *("Seconds", "Microseconds", "Milliseconds", "Bytes", "Kilobytes", "Megabytes", "Gigabytes", "Terabytes", "Bits"),
    *("Kilobits", "Megabits", "Gigabits", "Terabits", "Percent", "Count", "None"),
}
_RATES = {f"{unit}/Second" for unit in _UNITS if unit.endswith(("bytes", "bits", "Bytes", "Bits", "Count"))}
UNITS = frozenset(_UNITS | _RATES)
MOST_BYTES_OF_LINE = 256 * 1024  # The smaller of the two limits that editions of the guide name.
MOST_BYTES_OF_SEGMENT = 64 * 1024

_TRACE_ID = re.compile(r"1-[0-9a-f]{8}-[0-9a-f]{24}")
_SEGMENT_NAME = re.compile(r"[\w\s.:/%&#=+\-@]{1,200}")
_PERIOD = re.compile(r"-P(T?\d+[MHDW])+")
_COLOR = re.compile(r"#[0-9a-f]{6}")

_OF_ANY_WIDGET = {"title", "region", "accountId"}
_OF_METRICS = {
    *("metrics", "annotations", "view", "stacked", "stat", "period", "yAxis", "legend", "liveData", "start", "end"),
    *("sparkline", "timezone", "setPeriodToTimeRange", "singleValueFullPrecision", "labels", "table", "trend"),
}
_PROPERTIES = {
    "metric": _OF_ANY_WIDGET | _OF_METRICS,
    "log": _OF_ANY_WIDGET | {"query", "view", "stacked"},
    "alarm": {"title", "alarms", "sortBy", "states"},
    "text": {"markdown", "background"},
}
_REQUIRED = {"metric": {"region"}, "log": {"query", "region"}, "alarm": {"alarms"}, "text": {"markdown"}}
_RENDERING = {"color", "expression", "id", "label", "period", "region", "stat", "visible", "yAxis", "accountId"}
_STATISTIC = re.compile(r"SampleCount|Average|Sum|Minimum|Maximum|IQM|p\d{1,2}(\.\d+)?|p100|(tm|wm|tc|ts)\d{1,2}")


def problems_of_metric_line(text: str) -> list[str]:
    """Check a log line in the embedded metric format.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
    """
    line = json.loads(text)
    meta = line.get("_aws", {})
    found = [] if len(text.encode()) <= MOST_BYTES_OF_LINE else ["longer than 256 KB"]
    if not isinstance(meta.get("Timestamp"), int) or len(str(meta["Timestamp"])) != 13:
        found.append("_aws.Timestamp is no number of milliseconds")
    if not meta.get("CloudWatchMetrics"):
        found.append("_aws.CloudWatchMetrics is missing or empty")
    for directive in meta.get("CloudWatchMetrics", ()):
        found += _of_directive(directive, line)
    return found


def _of_directive(directive: dict[str, Any], line: dict[str, Any]) -> Iterator[str]:
    if directive.keys() != {"Namespace", "Dimensions", "Metrics"}:
        yield f"a directive has the members {sorted(directive)}"
    if not re.fullmatch(r"[\w./#: -]{1,255}", directive.get("Namespace", "")):
        yield "the namespace is not usable"
    for names in directive.get("Dimensions", ()):
        if len(names) > 30:
            yield f"{len(names)} dimensions, of 30"
        yield from (f"dimension {name} has no text" for name in names if not _is_dimension(line.get(name)))
    metrics = directive.get("Metrics", ())
    if len(metrics) > 100:
        yield f"{len(metrics)} metrics, of 100"
    for metric in metrics:
        if metric.keys() - {"Name", "Unit", "StorageResolution"} or not 1 <= len(metric.get("Name", "")) <= 1024:
            yield f"metric {metric} is defined wrongly"
        if metric.get("Unit", "None") not in UNITS or metric.get("StorageResolution", 60) not in {1, 60}:
            yield f"metric {metric} has no unit or resolution of CloudWatch"
        values = line.get(metric.get("Name"))
        values = values if isinstance(values, list) else [values]
        if not 1 <= len(values) <= 100 or not all(map(_is_number, values)):
            yield f"metric {metric['Name']} has the values {values}"


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_dimension(value: object) -> bool:
    return isinstance(value, str) and 1 <= len(value) <= 1024 and value.isascii() and not value.startswith(":")


def problems_of_segment(text: str) -> list[str]:
    """Check a segment document, or a subsegment that is sent by itself.

    https://docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html
    """
    segment = json.loads(text)
    found = [] if len(text.encode()) <= MOST_BYTES_OF_SEGMENT else ["longer than 64 KB"]
    if not _TRACE_ID.fullmatch(segment.get("trace_id", "")):
        found.append(f"the trace id is {segment.get('trace_id')}")
    if segment.get("type") == "subsegment" and not _is_id(segment.get("parent_id")):
        found.append("a subsegment without a parent")
    return found + list(_of_part(segment))


def _of_part(part: dict[str, Any]) -> Iterator[str]:
    name = part.get("name", "")
    if not _SEGMENT_NAME.fullmatch(name):
        yield f"the name is {name!r}"
    if not _is_id(part.get("id")):
        yield f"{name}: the id is {part.get('id')}"
    start, end = part.get("start_time"), part.get("end_time")
    if not _is_number(start) or start < 10**9:
        yield f"{name}: the start is {start}"
    elif part.get("in_progress") is not True and not (_is_number(end) and end >= start):
        yield f"{name}: the end is {end}"
    annotations = part.get("annotations", {})
    if len(annotations) > 50:
        yield f"{name}: {len(annotations)} annotations, of 50"
    for key, value in annotations.items():
        if not re.fullmatch(r"\w{1,500}", key, re.ASCII) or not _is_annotation(value):
            yield f"{name}: annotation {key}={value!r}"
    # The guide names the first two; AWS's own SDK sends the third for what is neither.
    if part.get("namespace", "aws") not in {"aws", "remote", "local"}:
        yield f"{name}: the namespace is {part['namespace']}"
    for below in part.get("subsegments", ()):
        yield from _of_part(below)


def _is_id(value: object) -> bool:
    return isinstance(value, str) and re.fullmatch(r"[0-9a-f]{16}", value) is not None


def _is_annotation(value: object) -> bool:
    return isinstance(value, bool) or _is_number(value) or (isinstance(value, str) and len(value) <= 1000)


def problems_of_dashboard(body: dict[str, Any]) -> list[str]:
    """Check a dashboard's body.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
    """
    widgets = body.get("widgets", [])
    found = [f"the body has the member {name}" for name in body.keys() - {"start", "end", "periodOverride", "widgets"}]
    if len(widgets) > 500:
        found.append(f"{len(widgets)} widgets, of 500")
    if "start" in body and not _PERIOD.fullmatch(body["start"]):
        found.append(f"the start is {body['start']}")
    entries = 0
    for widget in widgets:
        entries += len(widget["properties"].get("metrics", ()))
        found += [f"{_name_of(widget)}: {problem}" for problem in _of_widget(widget)]
    return found if entries <= 2500 else [*found, f"{entries} metrics, of 2,500"]


def _name_of(widget: dict[str, Any]) -> str:
    return str(widget["properties"].get("title", widget.get("type")))


def _of_widget(widget: dict[str, Any]) -> Iterator[str]:
    kind, properties = widget.get("type"), widget.get("properties", {})
    if kind not in _PROPERTIES or widget.keys() - {"type", "x", "y", "width", "height", "properties"}:
        yield f"a widget of type {kind} with {sorted(widget)}"
        return
    x, y, width, height = (widget.get(name, 6) for name in ("x", "y", "width", "height"))
    if not (0 <= x <= 23 and y >= 0 and 1 <= width <= 24 and 1 <= height <= 1000):
        yield f"placed at {x}, {y} with {width} by {height}"
    if unknown := properties.keys() - _PROPERTIES[kind]:
        yield f"unknown properties {sorted(unknown)}"
    if missing := _REQUIRED[kind] - properties.keys():
        yield f"without {sorted(missing)}"
    if kind == "alarm" and not 1 <= len(properties.get("alarms", ())) <= 100:
        yield "shows no alarm, or more than 100"
    if kind == "metric":
        yield from _of_metric_widget(properties)


def _of_metric_widget(properties: dict[str, Any]) -> Iterator[str]:
    if not 1 <= len(properties.get("metrics", ())) <= 500:
        yield "shows no metric, or more than 500"
    if properties.get("view", "timeSeries") not in {"timeSeries", "singleValue", "gauge", "bar", "pie", "table"}:
        yield f"the view is {properties['view']}"
    if "start" in properties and not _PERIOD.fullmatch(properties["start"]):
        yield f"the start is {properties['start']}"
    if properties.get("yAxis", {}).keys() - {"left", "right"}:
        yield "an axis is neither left nor right"
    for axis in properties.get("yAxis", {}).values():
        if axis.keys() - {"label", "min", "max", "showUnits"}:
            yield f"an axis has {sorted(axis)}"
    for line in properties.get("annotations", {}).get("horizontal", ()):
        if line.keys() - {"value", "label", "color", "fill", "visible", "yAxis"} or not _is_number(line.get("value")):
            yield f"the line {line}"
        if not _COLOR.fullmatch(line.get("color", "#000000")):
            yield f"the colour is {line['color']}"
    for entry in properties.get("metrics", ()):
        yield from _of_entry(entry)


def _of_entry(entry: list[Any]) -> Iterator[str]:
    options = entry[-1] if isinstance(entry[-1], dict) else {}
    texts = entry[:-1] if isinstance(entry[-1], dict) else entry
    if options.keys() - _RENDERING:
        yield f"a metric has {sorted(options)}"
    if ("expression" in options) == bool(texts):
        yield f"{entry} is neither a metric nor an expression"
    if texts and (
        len(texts) % 2 or len(texts) < 2 or len(texts) > 62 or not all(isinstance(one, str) for one in texts)
    ):
        yield f"{texts} is no namespace, name and pairs of dimensions"
    if not re.fullmatch(r"[a-z]\w{0,254}", options.get("id", "a")):
        yield f"the id is {options['id']}"
    if not _STATISTIC.fullmatch(options.get("stat", "Sum")):
        yield f"the statistic is {options['stat']}"
    period = options.get("period", 300)
    if period not in {1, 5, 10, 30} and (period % 60 or not 60 <= period <= 86400):
        yield f"the period is {period}"
