"""Sends logs, metrics and traces; the only module that knows by what.

The X-Ray SDK behind Powertools' tracer is in maintenance. Its replacement changes only this module.
"""

from __future__ import annotations

import os
import resource
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.metrics import MetricUnit

from processor.observability.metrics import UNITS

if TYPE_CHECKING:
    from collections.abc import Container, Iterator

    from processor.observability.metrics import InvocationMetrics

NAMESPACE = "Waybill"

# Lambda sets this variable to the lowest level that its own filter lets pass, and Powertools ranks it above the level
# and the sample rate of the settings (https://github.com/aws-powertools/powertools-lambda-python/issues/7220).
os.environ.pop("AWS_LAMBDA_LOG_LEVEL", None)

logger = Logger()
"""JSON logs. Events are constant, snake_case, in the past tense; their fields vary. Never the contents of rows."""

_emf = Metrics(namespace=NAMESPACE)


# The AWS clients are not patched: a subsegment for each call would be hundreds a file.
_recorder: Any = Tracer(auto_patch=False).provider


def trace_header() -> str:
    """Return the X-Ray header of this invocation, or "".

    Lambda sets the variable for each invocation:
    https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime
    """
    return os.environ.get("_X_AMZN_TRACE_ID", "")


def trace_id(header: str) -> str:
    """Return the trace id that an X-Ray header names, or ""."""
    return _fields(header).get("Root", "")


def is_sampled(header: str) -> bool:
    """Tell whether X-Ray keeps the trace; one that it does not keep has an id, too."""
    return _fields(header).get("Sampled") == "1"


def _fields(header: str) -> dict[str, str]:
    return dict(part.split("=", 1) for part in header.split(";") if "=" in part)


def aws_region() -> str:
    """Return the region of the function."""
    return os.environ.get("AWS_REGION", "us-east-1")


class Span:
    """A part of a run in its trace."""

    def __init__(self, subsegment: Any) -> None:
        self._subsegment = subsegment

    def annotate(self, **values: str | float) -> None:
        """Add annotations, by which traces can be searched."""
        if self._subsegment:
            for name, value in values.items():
                self._subsegment.put_annotation(name, value)

    def describe(self, **values: Any) -> None:
        """Add metadata, which cannot be searched."""
        if self._subsegment:
            for name, value in values.items():
                self._subsegment.put_metadata(name, value, NAMESPACE)

    def add_part(self, name: str, seconds: float, **values: Any) -> None:
        """Add a part that took ``seconds`` in all, drawn from this part's beginning."""
        part = _recorder.begin_subsegment(name) if self._subsegment else None
        if part:
            part.start_time = self._subsegment.start_time
            for key, value in values.items():
                part.put_metadata(key, value, NAMESPACE)
            _recorder.end_subsegment(part.start_time + seconds)


@contextmanager
def span(name: str) -> Iterator[Span]:
    """Record the block as a part of the trace, with an exception that leaves it. Never one for each row.

    Nothing is recorded in a trace that X-Ray does not keep.
    """
    if not is_sampled(trace_header()):
        yield Span(None)
        return
    with _recorder.in_subsegment(name=name) as subsegment:
        yield Span(subsegment)


def peak_memory_mb() -> float:
    """Return the peak memory of this process in MB, that of earlier invocations included."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def send_metrics(metrics: InvocationMetrics, *, environment: str, kept: Container[str] = UNITS) -> None:
    """Write the invocation's metrics as one EMF line; those that are not kept are values in it, and no metrics.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
    """
    _emf.add_dimension("environment", environment)
    for name, values in (metrics.measurements | {name: [value] for name, value in metrics.counters.items()}).items():
        if name not in kept:
            _emf.add_metadata(name, values[0] if len(values) == 1 else values)
            continue
        for value in values:
            _emf.add_metric(name, MetricUnit(UNITS[name]), value)
    for name, texts in metrics.properties.items():
        _emf.add_metadata(name, texts[0] if len(texts) == 1 else texts)
    _emf.flush_metrics()
