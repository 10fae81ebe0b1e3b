"""Keep trace segments in memory, bounded, and put whole traces together from them. No network, no wire formats.

The emulated Lambda gives its functions a trace header, but sends no segment of its own: functions send subsegments
whose parent is a segment that nobody has seen. That segment is made up here, from the invocation whose log lines name
the trace (name, request id, start, end, whether it failed); until that is known, from the subsegments alone; and for
an invocation that sent none, because it was killed, alone. A fault that the handler has dealt with stays on its
subsegment, as on AWS.

Not made up: the AWS::Lambda segment above it, and the inferred segments of the services that were called.
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
"""In one trace; X-Ray's own limit is 500 KB."""
_MOST_BYTES = 64 * 1024
"""In one document, as in X-Ray."""
_SLACK_S = 0.25
"""Between the clocks of an invocation's log line, in whole milliseconds, and of its subsegments."""

Document = dict[str, Any]


class SegmentError(ValueError):
    """X-Ray would not take this document."""

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
    """What was last made of it; nothing if something came since."""


@dataclass(frozen=True, slots=True)
class Trace:
    """One trace, put together: whole segments with their subsegments inside, by start."""

    trace_id: str
    segments: list[Document]
    limit_exceeded: bool

    @property
    def start(self) -> float:
        """When it began."""
        return min(float(segment["start_time"]) for segment in self.segments)

    @property
    def end(self) -> float:
        """The latest moment that is known of it."""
        return max(_end(segment) for segment in self.segments)

    @property
    def root(self) -> Document:
        """The segment that no other one is the parent of."""
        inside = {document["id"] for segment in self.segments for document in walk(segment)}
        return next((s for s in self.segments if s.get("parent_id") not in inside), self.segments[0])

    @property
    def partial(self) -> bool:
        """Whether something in it has not ended."""
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
    """Segments by trace; the oldest traces go when there are too many. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._traces: OrderedDict[str, _Trace] = OrderedDict()

    def put(self, text: str) -> None:
        """Take one segment or subsegment; raise SegmentError if X-Ray would not."""
        document = _checked(text)
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
        """Take note of the invocation behind a trace: Lambda would have sent a segment of it, whatever else came."""
        if not invocation.trace_id:
            return
        with self._lock:
            trace = self._traces.setdefault(invocation.trace_id, _Trace())
            trace.invocations.append(invocation)
            trace.assembled = None
            _bound(self._traces)

    def get(self, trace_id: str) -> Trace | None:
        """Put one trace together, if anything of it is there."""
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
        """Put every trace together, one after the other."""
        with self._lock:
            trace_ids = list(self._traces)
        for trace_id in trace_ids:
            if trace := self.get(trace_id):
                yield trace


def walk(document: Document) -> Iterator[Document]:
    """Yield a segment and everything inside it."""
    yield document
    for inner in document.get("subsegments", ()):
        yield from walk(inner)


def _checked(text: str) -> Document:
    try:
        document = json.loads(text)
    except ValueError as error:
        raise SegmentError("", "ParseError", "The document is not JSON.") from error
    if not isinstance(document, dict):
        raise SegmentError("", "ParseError", "The document is no JSON object.")
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
    """Tell whether everything inside is what reading it back relies on."""
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
    """Put subsegments that were sent by themselves into their parents, and these, where missing, above them."""
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
    alone = list(invocations)
    for segment_id, children in orphans.items():
        start = min(float(child["start_time"]) for child in children)
        behind = next((i for i in alone if i.started - _SLACK_S <= start <= i.ended + _SLACK_S), None)
        if behind:
            alone.remove(behind)
        segments.append(_made_up(trace_id, segment_id, children, behind))
    for invocation in alone:
        segment_id = hashlib.sha256(invocation.request_id.encode()).hexdigest()[:16]
        segments.append(_made_up(trace_id, segment_id, [], invocation))
    for segment in segments:
        for document in walk(segment):
            document.get("subsegments", []).sort(key=lambda inner: float(inner.get("start_time", 0)))
    return sorted(segments, key=lambda segment: float(segment["start_time"]))


def _made_up(trace_id: str, segment_id: str, children: list[Document], invocation: Invocation | None) -> Document:
    """Make up a function's segment of its subsegments, or of its invocation, or of both."""
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
