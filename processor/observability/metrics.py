"""The metrics of one invocation while they add up: their names, their units, their zeros. Pure.

``processor.observability.telemetry`` sends them. Counters are sent in every invocation, zero too, so that a rate has a
denominator; measurements only where there is one.
"""

from __future__ import annotations

from dataclasses import dataclass, field

COUNTERS: dict[str, str] = {  # name : CloudWatch unit
    "FilesReceived": "Count",
    "FilesProcessed": "Count",
    "FilesPartial": "Count",
    "FilesFailed": "Count",
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
MEASUREMENTS: dict[str, str] = {
    "ProcessingDuration": "Milliseconds",
    "UploadToSettled": "Milliseconds",
    "RowsPerSecond": "Count/Second",
    "PeakMemory": "Megabytes",
}
UNITS = COUNTERS | MEASUREMENTS


@dataclass(slots=True)
class InvocationMetrics:
    """What one invocation has to report."""

    counters: dict[str, float] = field(default_factory=lambda: dict.fromkeys(COUNTERS, 0.0))
    measurements: dict[str, list[float]] = field(default_factory=dict)
    properties: dict[str, list[str]] = field(default_factory=dict)
    """Ids: they go along as EMF properties, never as dimensions, each of which would be a metric of its own."""

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
