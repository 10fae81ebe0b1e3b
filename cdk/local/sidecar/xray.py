"""X-Ray for its clients: the daemon's datagrams, and the API's calls that store and find traces.

Without groups, insights, service graph and root causes. Sampling calls answer with no rules, so that SDKs keep their
default; sampling itself is Lambda's.
"""

from __future__ import annotations

import json
import logging
import time
from typing import TYPE_CHECKING, Any

from cdk.local.sidecar.filters import FilterError, compile_filter, facts
from cdk.local.sidecar.traces import SegmentError, TraceStore

if TYPE_CHECKING:
    from collections.abc import Callable

    from cdk.local.sidecar.traces import Trace

_PAGE = 100
_LONGEST_RANGE_S = 6 * 60 * 60
_MOST_AT_ONCE = 5
ACCOUNT = "000000000000"
_logger = logging.getLogger(__name__)


class InvalidRequestError(ValueError):
    """The request is one to which X-Ray answers InvalidRequestException."""


def receive_datagram(store: TraceStore, datagram: bytes) -> None:
    """Store what an SDK sends the daemon: a header line, then one document. Refusals are only logged."""
    header, _, document = datagram.partition(b"\n")
    try:
        store.put(document.decode() if b'"json"' in header else "")
    except ValueError as error:  # A SegmentError, or no UTF-8.
        _logger.warning("A datagram of %d bytes was refused: %s", len(datagram), error)


def put_trace_segments(store: TraceStore, request: dict[str, Any]) -> dict[str, Any]:
    """Store documents; return those that were refused."""
    refused = []
    for document in request.get("TraceSegmentDocuments", []):
        try:
            store.put(document)
        except SegmentError as error:
            refused.append({"Id": error.segment_id, "ErrorCode": error.code, "Message": str(error)})
    return {"UnprocessedTraceSegments": refused}


def batch_get_traces(store: TraceStore, request: dict[str, Any]) -> dict[str, Any]:
    """Return whole traces."""
    wanted = request.get("TraceIds", [])
    if len(wanted) > _MOST_AT_ONCE:
        raise InvalidRequestError(f"At most {_MOST_AT_ONCE} trace ids at once.")
    stored = [trace for trace_id in wanted if (trace := store.get(trace_id))]
    known = {trace.trace_id for trace in stored}
    traces = [
        {
            "Id": trace.trace_id,
            "Duration": round(trace.end - trace.start, 6),
            "LimitExceeded": trace.limit_exceeded,
            "Segments": [{"Id": segment["id"], "Document": json.dumps(segment)} for segment in trace.segments],
        }
        for trace in stored
    ]
    return {"Traces": traces, "UnprocessedTraceIds": [trace_id for trace_id in wanted if trace_id not in known]}


def get_trace_summaries(store: TraceStore, request: dict[str, Any]) -> dict[str, Any]:
    """Return the traces of a time range that pass a filter, newest first, in pages."""
    start, end = float(request["StartTime"]), float(request["EndTime"])
    if end < start or end - start > _LONGEST_RANGE_S:
        raise InvalidRequestError("The time range has to be positive, and of six hours at most.")
    try:
        passes = compile_filter(request.get("FilterExpression") or "")
    except FilterError as error:
        raise InvalidRequestError(f"Invalid filter expression: {error}") from error
    moment = _by_id if request.get("TimeRangeType", "TraceId") == "TraceId" else _by_event
    everything = list(store.all())
    matching = [trace for trace in everything if start <= moment(trace) <= end and passes(trace)]
    matching.sort(key=lambda trace: (trace.start, trace.trace_id), reverse=True)
    if token := request.get("NextToken"):
        matching = [trace for trace in matching if [trace.start, trace.trace_id] < json.loads(token)]
    page = matching[:_PAGE]
    answer: dict[str, Any] = {
        "TraceSummaries": [_summary(trace) for trace in page],
        "ApproximateTime": time.time(),
        "TracesProcessedCount": len(everything),
    }
    if len(matching) > _PAGE:
        answer["NextToken"] = json.dumps([page[-1].start, page[-1].trace_id])
    return answer


def get_sampling_rules(_store: TraceStore, _request: dict[str, Any]) -> dict[str, Any]:
    """Return no rules."""
    return {"SamplingRuleRecords": []}


def get_sampling_targets(_store: TraceStore, _request: dict[str, Any]) -> dict[str, Any]:
    """Return no targets."""
    nothing: list[Any] = []
    return {
        "SamplingTargetDocuments": nothing,
        "LastRuleModification": time.time(),
        "UnprocessedStatistics": nothing,
    }


OPERATIONS: dict[str, Callable[[TraceStore, dict[str, Any]], dict[str, Any]]] = {
    "/TraceSegments": put_trace_segments,
    "/Traces": batch_get_traces,
    "/TraceSummaries": get_trace_summaries,
    "/GetSamplingRules": get_sampling_rules,
    "/SamplingTargets": get_sampling_targets,
}
"""The calls by path, all POST, as in botocore's service model xray-2016-04-12."""


def _by_id(trace: Trace) -> float:
    """Return the time in a trace's id, in whole seconds."""
    parts = trace.trace_id.split("-")
    try:
        return float(int(parts[1], 16)) if len(parts) == 3 else trace.start
    except ValueError:
        return trace.start


def _by_event(trace: Trace) -> float:
    return trace.start


def _summary(trace: Trace) -> dict[str, Any]:
    about = facts(trace)
    services = [
        {"Name": name, "Names": [name], "AccountId": ACCOUNT, "Type": origin}
        for name, origin in sorted({(s["name"], s.get("origin") or "client") for s in trace.segments})
    ]
    root = trace.root
    return {
        "Id": trace.trace_id,
        "StartTime": trace.start,
        "MatchedEventTime": trace.start,
        "Duration": round(about["duration"], 6),
        "ResponseTime": round(about["responsetime"], 6),
        "HasFault": about["fault"],
        "HasError": about["error"],
        "HasThrottle": about["throttle"],
        "IsPartial": about["partial"],
        "Http": _http(root),
        "Annotations": {
            name: [{"AnnotationValue": _annotation(value), "ServiceIds": services} for value in values]
            for name, values in trace.annotations.items()
        },
        "Users": [],
        "ServiceIds": services,
        "EntryPoint": next((service for service in services if service["Name"] == root["name"]), services[0]),
        "Revision": sum(1 for _ in trace.segments),
    }


def _http(root: dict[str, Any]) -> dict[str, Any]:
    http = root.get("http") or {}
    request, response = http.get("request") or {}, http.get("response") or {}
    pairs = {
        "HttpURL": request.get("url"),
        "HttpMethod": request.get("method"),
        "HttpStatus": response.get("status"),
    }
    return {name: value for name, value in pairs.items() if value is not None}


def _annotation(value: Any) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"BooleanValue": value}
    if isinstance(value, int | float):
        return {"NumberValue": value}
    return {"StringValue": str(value)}
