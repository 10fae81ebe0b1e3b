"""The declared metrics, with their names and units, and the metrics of one invocation. Pure.

``processor.observability.telemetry`` sends those that are kept. Every invocation sends all counters, zeros too, so that
a rate has a denominator, and only the measurements that it made.
"""

from __future__ import annotations

from dataclasses import dataclass, field

COUNTERS: dict[str, str] = {  # name : CloudWatch unit
    "FilesReceived": "Count",
    "FilesProcessed": "Count",
    "FilesPartial": "Count",
    "FilesFailed": "Count",
    "FilesHeld": "Count",
    "FilesDuplicate": "Count",
    "FilesDeadLettered": "Count",
    "RunsFailed": "Count",
    "RowsAccepted": "Count",
    "RowsRejected": "Count",
    "BytesProcessed": "Bytes",
    "ConsumedWriteUnits": "Count",
    "EstimatedCost": "None",  # US dollars; CloudWatch has no unit for money.
    "ColdStarts": "Count",
}
AUDIT_COUNTERS: dict[str, str] = {
    "AuditedFiles": "Count",
    "AuditDifferences": "Count",
    "FilesVoided": "Count",
    "OrdersVoided": "Count",
    "OrdersReplaced": "Count",
}
"""Of the console's worker, which audits files and takes orders back; the processor's functions send none of them."""
MEASUREMENTS: dict[str, str] = {
    "ProcessingDuration": "Milliseconds",
    "UploadToSettled": "Milliseconds",
    "RowsPerSecond": "Count/Second",
    "PeakMemory": "Megabytes",
    "RangesPeakMemory": "Megabytes",  # Another function's, with another limit.
}
UNITS = COUNTERS | AUDIT_COUNTERS | MEASUREMENTS

FULL, SMALL = "full", "small"
_KEPT = {
    FULL: frozenset(UNITS),
    # Each metric costs $0.30 a month. These are what the console's overview draws.
    SMALL: frozenset({"RowsAccepted", "RowsRejected", "UploadToSettled"}),
}


def kept_metrics(monitoring: str) -> frozenset[str]:
    """Name the metrics that CloudWatch keeps; the values of the others are only in the log.

    Raises KeyError for anything but :data:`FULL` and :data:`SMALL`.
    """
    return _KEPT[monitoring]


@dataclass(slots=True)
class InvocationMetrics:
    """The values of one invocation, while they add up."""

    counters: dict[str, float] = field(default_factory=lambda: dict.fromkeys(COUNTERS, 0.0))
    measurements: dict[str, list[float]] = field(default_factory=dict)
    properties: dict[str, list[str]] = field(default_factory=dict)
    """Ids, sent as EMF properties and never as dimensions, each of which would be a metric of its own."""

    def count(self, name: str, value: float = 1) -> None:
        """Add to a counter; raises KeyError for a name that is not declared."""
        self.counters[name] += value

    def measure(self, name: str, value: float) -> None:
        """Add one value of a measurement; raises KeyError for a name that is not declared."""
        if name not in MEASUREMENTS:
            raise KeyError(name)
        self.measurements.setdefault(name, []).append(value)

    def note(self, name: str, value: str) -> None:
        """Add one value of a property."""
        if value:
            self.properties.setdefault(name, []).append(value)
