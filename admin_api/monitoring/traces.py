"""Reads one trace from X-Ray, or the reason why there is none."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from admin_api.monitoring.waterfall import Waterfall, build_waterfall

if TYPE_CHECKING:
    from mypy_boto3_xray import XRayClient

RETENTION = timedelta(days=30)
"""X-Ray's own retention: https://docs.aws.amazon.com/general/latest/gr/xray.html"""
DELIVERY_TIME = timedelta(minutes=2)
"""Segments arrive in batches, with a delay; after this time none is to be expected."""
_TRACE_ID = re.compile(r"1-([0-9a-f]{8})-[0-9a-f]{24}")


class TraceState(StrEnum):
    """The outcome of reading a trace: it can be shown, or why it cannot."""

    SHOWN = "shown"
    NONE = "none"
    """The run has no trace id: it died before it wrote one, or ran without tracing."""
    NOT_SAMPLED = "not_sampled"
    NOT_YET = "not_yet"
    EXPIRED = "expired"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Trace:
    """A trace, or the reason why there is none."""

    trace_id: str
    state: TraceState
    waterfall: Waterfall | None = None


def is_trace_id(text: str) -> bool:
    """Tell whether a text has the form of X-Ray's trace ids."""
    return bool(_TRACE_ID.fullmatch(text))


class TraceReader:
    """Reads traces of X-Ray."""

    def __init__(self, xray: XRayClient) -> None:
        self._xray = xray

    def read_trace(self, trace_id: str, now: datetime, *, sampled: bool = True) -> Trace:
        """Read one trace; ``sampled`` is the decision that its run knew. Raises botocore's errors.

        An unsampled trace is read all the same: a later service may have decided otherwise.
        """
        if not is_trace_id(trace_id):
            return Trace(trace_id, TraceState.NONE)
        response = self._xray.batch_get_traces(TraceIds=[trace_id])
        for trace in response["Traces"]:
            documents = [json.loads(segment["Document"]) for segment in trace.get("Segments", [])]
            waterfall = build_waterfall(trace_id, documents, truncated=bool(trace.get("LimitExceeded")))
            if waterfall:
                return Trace(trace_id, TraceState.SHOWN, waterfall)
        return Trace(trace_id, _why_missing(trace_id, now, sampled=sampled))


def _why_missing(trace_id: str, now: datetime, *, sampled: bool) -> TraceState:
    age = now - _start_of(trace_id)
    if not sampled:
        return TraceState.NOT_SAMPLED
    if age > RETENTION:
        return TraceState.EXPIRED
    return TraceState.NOT_YET if age < DELIVERY_TIME else TraceState.MISSING


def _start_of(trace_id: str) -> datetime:
    """Read the time in a trace id: its second part, in hexadecimal seconds."""
    return datetime.fromtimestamp(int(trace_id.split("-")[1], 16), UTC)
