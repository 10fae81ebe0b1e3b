"""The embedded metric format: the metrics in one log line. Pure.

By CloudWatch's specification:
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
StorageResolution is ignored.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_MOST_VALUES = 100
_MOST_DIMENSIONS = 30


@dataclass(frozen=True, slots=True)
class Datum:
    """Values of one metric with one set of dimensions, at one moment."""

    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...]
    values: tuple[float, ...]
    unit: str
    timestamp: float
    """Seconds since the epoch."""


def data_of(line: str) -> list[Datum]:
    """Return the metrics in a log line; none if it is not in the format.

    As in CloudWatch, a metric without a number is left out, and so is a set of dimensions with a missing value.
    """
    if '"_aws"' not in line:
        return []
    try:
        root = json.loads(line)
        timestamp = float(root["_aws"]["Timestamp"]) / 1000
        datetime.fromtimestamp(timestamp, UTC)
        return [
            d for directive in root["_aws"]["CloudWatchMetrics"] for d in _read_directive(root, directive, timestamp)
        ]
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, OSError):
        return []


def _read_directive(root: dict[str, Any], directive: Any, timestamp: float) -> Iterator[Datum]:
    if not isinstance(directive, dict) or not isinstance(directive.get("Namespace"), str):
        return
    for names in directive.get("Dimensions") or [[]]:  # No set at all: metrics without dimensions.
        dimensions = _dimensions(root, names)
        if dimensions is None:
            continue
        for metric in directive.get("Metrics", []):
            name = metric.get("Name") if isinstance(metric, dict) else None
            values = _values(root.get(name)) if isinstance(name, str) else ()
            if isinstance(name, str) and values:
                unit = str(metric.get("Unit") or "None")
                yield Datum(directive["Namespace"], name, dimensions, values, unit, timestamp)


def _dimensions(root: dict[str, Any], names: Any) -> tuple[tuple[str, str], ...] | None:
    if not isinstance(names, list) or len(names) > _MOST_DIMENSIONS:
        return None
    pairs = tuple((name, root.get(name)) for name in names if isinstance(name, str))
    texts = tuple((name, value) for name, value in pairs if isinstance(value, str) and value)
    return texts if len(texts) == len(names) else None


def _values(value: Any) -> tuple[float, ...]:
    numbers = value if isinstance(value, list) else [value]
    usable = all(isinstance(n, int | float) and not isinstance(n, bool) and math.isfinite(n) for n in numbers)
    return tuple(map(float, numbers)) if usable and len(numbers) <= _MOST_VALUES else ()
