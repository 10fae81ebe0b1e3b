"""Trace segments in bounded memory, and the traces assembled from them. No network, no wire formats.

The emulated Lambda passes a trace header to its functions but sends no segment, so the subsegments of a function have
an unknown parent. That segment is built here from the invocation whose log lines name the trace (name, request id,
start, end, failure), or from the subsegments alone until that invocation is known. An invocation that was killed and
sent no subsegment gets a segment too. A fault that the handler caught stays on its subsegment, as on AWS.

The AWS::Lambda segment above it and the inferred segments of called services are not built.
"""

from __future__ import annotations

import copy
import hashlib
import json
import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cdk.local.sidecar.invocations import Invocation

_MOST_TRACES = 5_000
_MOST_DOCUMENTS = 2_000
"""Documents in one trace; X-Ray's limit is 500 KB."""
_MOST_BYTES = 64 * 1024
"""Bytes in one document, as in X-Ray."""
_SLACK_S = 0.25
"""Seconds by which an invocation's log line, in whole milliseconds, may differ from its subsegments."""

Document = dict[str, Any]


class SegmentError(ValueError):
    """X-Ray would refuse this document."""

    def __init__(self, segment_id: str, code: str, message: str) -> None:
        self.segment_id = segment_id
        self.code = code
        super().__init__(message)


@dataclass(slots=True)
class _Trace:
    documents: dict[str, Document] = field(default_factory=dict)
    invocations: list[Invocation] = field(default_factory=list)
    limit_exceeded: bool = False
    assembled: Trace | None = None
    """The trace as last assembled; None if a document came since."""


@dataclass(frozen=True, slots=True)
class Trace:
    """An assembled trace: segments sorted by start, with their subsegments inside."""

    trace_id: str
    segments: list[Document]
    limit_exceeded: bool

    @property
    def start(self) -> float:
        """The earliest start, in seconds since the epoch."""
        return min(float(segment["start_time"]) for segment in self.segments)

    @property
    def end(self) -> float:
        """The latest end, in seconds since the epoch."""
        return max(_end(segment) for segment in self.segments)

    @property
    def root(self) -> Document:
        """The segment without a parent in the trace."""
        inside = {document["id"] for segment in self.segments for document in walk(segment)}
        return next((s for s in self.segments if s.get("parent_id") not in inside), self.segments[0])

    @property
    def partial(self) -> bool:
        """Whether a part of it is still in progress."""
        return any(document.get("in_progress") for segment in self.segments for document in walk(segment))

    @property
    def annotations(self) -> dict[str, list[Any]]:
        """Every annotation anywhere in it, with its distinct values."""
        found: dict[str, list[Any]] = {}
        for segment in self.segments:
            for document in walk(segment):
                for name, value in document.get("annotations", {}).items():
                    values = found.setdefault(name, [])
                    if value not in values:
                        values.append(value)
        return found


class TraceStore:
    """Segments by trace; beyond _MOST_TRACES the oldest are dropped. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._traces: OrderedDict[str, _Trace] = OrderedDict()

    def put(self, text: str) -> None:
        """Store one segment or subsegment; raise SegmentError where X-Ray would refuse it."""
        document = _check_document(text)
        with self._lock:
            trace = self._traces.setdefault(document["trace_id"], _Trace())
            before = trace.documents.get(document["id"])
            if before is None and len(trace.documents) >= _MOST_DOCUMENTS:
                trace.limit_exceeded = True
                trace.assembled = None
            elif before is None or before.get("in_progress") or not document.get("in_progress"):
                trace.documents[document["id"]] = document
                trace.assembled = None
            _bound(self._traces)

    def put_invocation(self, invocation: Invocation) -> None:
        """Store the invocation behind a trace, for which Lambda would have sent a segment."""
        if not invocation.trace_id:
            return
        with self._lock:
            trace = self._traces.setdefault(invocation.trace_id, _Trace())
            trace.invocations.append(invocation)
            trace.assembled = None
            _bound(self._traces)

    def get(self, trace_id: str) -> Trace | None:
        """Assemble one trace; None if nothing of it is stored."""
        with self._lock:
            trace = self._traces.get(trace_id)
            if trace is not None and trace.assembled is None:
                documents = copy.deepcopy(list(trace.documents.values()))
                segments = _assemble(trace_id, documents, trace.invocations)
                if not segments:  # Subsegments that are each other's parents.
                    return None
                trace.assembled = Trace(trace_id, segments, trace.limit_exceeded)
            return trace.assembled if trace else None

    def all(self) -> Iterator[Trace]:
        """Assemble all traces, one after the other."""
        with self._lock:
            trace_ids = list(self._traces)
        for trace_id in trace_ids:
            if trace := self.get(trace_id):
                yield trace


def walk(document: Document) -> Iterator[Document]:
    """Yield a segment and all subsegments inside it."""
    yield document
    for inner in document.get("subsegments", ()):
        yield from walk(inner)


def _check_document(text: str) -> Document:
    try:
        document = json.loads(text)
    except ValueError as error:
        raise SegmentError("", "ParseError", "The document is not JSON.") from error
    if not isinstance(document, dict):
        raise SegmentError("", "ParseError", "The document is not a JSON object.")
    segment_id = document.get("id")
    if not isinstance(segment_id, str) or len(text.encode()) > _MOST_BYTES:
        code, why = ("MissingId", "has no id") if not segment_id else ("SizeLimit", "is larger than 64 KB")
        raise SegmentError(str(segment_id or ""), code, f"The document {why}.")
    for name, kind in (("name", str), ("trace_id", str), ("start_time", int | float)):
        if not isinstance(document.get(name), kind):
            raise SegmentError(segment_id, "MissingField", f"The document has no usable {name}.")
    ended = isinstance(document.get("end_time"), int | float)
    if document.get("type") == "subsegment" and not isinstance(document.get("parent_id"), str):
        raise SegmentError(segment_id, "MissingField", "The subsegment has no parent_id.")
    if not ended and not document.get("in_progress"):
        raise SegmentError(segment_id, "MissingField", "The document has no end_time and is not in progress.")
    if document.get("parent_id") == segment_id or not _well_formed(document):
        raise SegmentError(segment_id, "ParseError", "The document's parts do not make sense.")
    return document


def _well_formed(document: Any) -> bool:
    """Return whether all parts have the types that reading relies on."""
    if not isinstance(document, dict) or not isinstance(document.get("name"), str):
        return False
    times = [document.get("start_time", 0), document.get("end_time", 0)]
    parts = document.get("subsegments", [])
    return (
        all(isinstance(moment, int | float) for moment in times)
        and isinstance(document.get("annotations", {}), dict)
        and isinstance(parts, list)
        and all(map(_well_formed, parts))
    )


def _bound(table: OrderedDict[str, Any]) -> None:
    while len(table) > _MOST_TRACES:
        table.popitem(last=False)


def _assemble(trace_id: str, documents: list[Document], invocations: list[Invocation]) -> list[Document]:
    """Put separately sent subsegments into their parents, and build the parents that are missing."""
    segments = [document for document in documents if document.get("type") != "subsegment"]
    apart = [document for document in documents if document.get("type") == "subsegment"]
    by_id = {inner["id"]: inner for document in documents for inner in walk(document) if "id" in inner}
    orphans: dict[str, list[Document]] = {}
    for document in apart:
        parent = by_id.get(document["parent_id"])
        if parent is None:
            orphans.setdefault(document["parent_id"], []).append(document)
        elif all(inner.get("id") != document["id"] for inner in parent.get("subsegments", ())):
            parent.setdefault("subsegments", []).append(document)
    unmatched = list(invocations)
    for segment_id, children in orphans.items():
        start = min(float(child["start_time"]) for child in children)
        behind = next((i for i in unmatched if i.started - _SLACK_S <= start <= i.ended + _SLACK_S), None)
        if behind:
            unmatched.remove(behind)
        segments.append(_build_segment(trace_id, segment_id, children, behind))
    for invocation in unmatched:
        segment_id = hashlib.sha256(invocation.request_id.encode()).hexdigest()[:16]
        segments.append(_build_segment(trace_id, segment_id, [], invocation))
    for segment in segments:
        for document in walk(segment):
            document.get("subsegments", []).sort(key=lambda inner: float(inner.get("start_time", 0)))
    return sorted(segments, key=lambda segment: float(segment["start_time"]))


def _build_segment(trace_id: str, segment_id: str, children: list[Document], invocation: Invocation | None) -> Document:
    """Build a function's segment from its subsegments, its invocation, or both."""
    starts = [float(child["start_time"]) for child in children]
    ends = [_end(child) for child in children]
    segment: Document = {"id": segment_id, "trace_id": trace_id, "name": "Lambda", "origin": "AWS::Lambda::Function"}
    if invocation:
        starts.append(invocation.started)
        ends.append(invocation.ended)
        segment |= {"name": invocation.function, "aws": {"request_id": invocation.request_id}}
        if invocation.failed:
            segment["fault"] = True
    segment |= {"start_time": min(starts), "end_time": max(ends)}
    return segment | {"subsegments": children} if children else segment


def _end(document: Document) -> float:
    if "end_time" in document:
        return float(document["end_time"])
    return max(float(inner.get("end_time") or inner.get("start_time") or 0) for inner in walk(document))
