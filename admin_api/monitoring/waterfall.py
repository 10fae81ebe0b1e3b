"""A trace as a waterfall: its spans in order, each with its position, its details and its errors. Pure.

Built from X-Ray's segment documents:
https://docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

UPSTREAM = "upstream_trace_id"
"""The annotation with the uploader's trace id."""
_KINDS = {
    "AWS::Lambda": "Lambda, the service",
    "AWS::Lambda::Function": "Lambda, the function",
}
Document = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class TraceSpan:
    """One segment or subsegment."""

    name: str
    kind: str
    """The service of a segment; "" for a subsegment."""
    depth: int
    began: datetime
    seconds: float
    offset: float
    """Its start as a fraction of the whole trace; ``width`` is its length as such a fraction."""
    width: float
    trouble: str
    """``fault`` (the service's), ``error`` (the caller's), ``throttle``, or ""."""
    running: bool
    """Whether it had not ended when it was sent."""
    details: tuple[tuple[str, str], ...]
    """Annotations, then metadata, as names with values."""
    exceptions: tuple[str, ...]

    def holds(self, moment: datetime, *, slack_s: float = 0.0) -> bool:
        """Tell whether a moment is within it."""
        after = (moment - self.began).total_seconds()
        return -slack_s <= after <= self.seconds + slack_s


@dataclass(frozen=True, slots=True)
class Waterfall:
    """One trace; a span comes after the one that holds it, and siblings by their starts."""

    trace_id: str
    began: datetime
    seconds: float
    spans: tuple[TraceSpan, ...]
    truncated: bool
    """Whether X-Ray kept only a part of it, because it grew too large."""

    @property
    def unfinished(self) -> bool:
        """Whether a span in it had not ended yet."""
        return any(span.running for span in self.spans)

    def annotations(self, name: str) -> tuple[str, ...]:
        """Return the distinct values of a name in the spans' details, in order."""
        return tuple(dict.fromkeys(value for span in self.spans for key, value in span.details if key == name))

    @property
    def upstream(self) -> tuple[str, ...]:
        """The trace ids of the uploaders."""
        return tuple(each for each in self.annotations(UPSTREAM) if each != self.trace_id)

    def span_at(self, moment: datetime) -> TraceSpan | None:
        """Return the innermost span that holds a moment; of several, the one that began last."""
        # Log lines have milliseconds, traces more digits: without slack a line would precede the span that wrote it.
        around = [span for span in self.spans if span.holds(moment, slack_s=0.001)]
        return max(around, key=lambda span: (span.depth, span.began), default=None)


def build_waterfall(trace_id: str, documents: Sequence[Document], *, truncated: bool = False) -> Waterfall | None:
    """Build the waterfall of a trace; None if it has no segment."""
    nested = [(depth, document) for root in _roots(documents) for depth, document in _walk(root, documents, 0, set())]
    if not nested:
        return None
    start = min(_start(document) for _, document in nested)
    end = max(_end(document) for _, document in nested)
    whole = end - start
    spans = tuple(_span(document, depth, start, whole) for depth, document in nested)
    return Waterfall(trace_id, _utc_time(start), whole, spans, truncated)


def _roots(documents: Sequence[Document]) -> list[Document]:
    """List the segments whose parents have not arrived; a trace may come without its beginning."""
    ids = {inner.get("id") for document in documents for inner in _with_subsegments(document)}
    roots = [document for document in documents if document.get("parent_id") not in ids]
    return sorted(roots, key=_start)


def _with_subsegments(document: Document) -> Iterator[Document]:
    yield document
    for inner in document.get("subsegments", ()):
        yield from _with_subsegments(inner)


def _walk(
    document: Document, segments: Sequence[Document], depth: int, seen: set[int]
) -> Iterator[tuple[int, Document]]:
    """Yield a document, its subsegments and the segments that name it as their parent, with their depths."""
    if id(document) in seen:
        return
    seen.add(id(document))
    yield depth, document
    called = [s for s in segments if s.get("parent_id") and s["parent_id"] == document.get("id")]
    for inner in sorted([*document.get("subsegments", ()), *called], key=_start):
        yield from _walk(inner, segments, depth + 1, seen)


def _span(document: Document, depth: int, start: float, whole: float) -> TraceSpan:
    began, ended = _start(document), _end(document)
    origin = document.get("origin", "")
    is_segment = bool(document.get("trace_id")) and document.get("type") != "subsegment"
    return TraceSpan(
        name=str(document.get("name", "")),
        kind=_KINDS.get(origin, origin or "client") if is_segment else "",
        depth=depth,
        began=_utc_time(began),
        seconds=ended - began,
        offset=(began - start) / whole if whole > 0 else 0.0,
        width=(ended - began) / whole if whole > 0 else 1.0,
        trouble=next((name for name in ("fault", "throttle", "error") if document.get(name)), ""),
        running=bool(document.get("in_progress")),
        details=tuple(_details(document)),
        exceptions=tuple(_exceptions(document)),
    )


def _details(document: Document) -> Iterator[tuple[str, str]]:
    for name, value in document.get("annotations", {}).items():
        yield str(name), str(value)
    for namespace, values in document.get("metadata", {}).items():
        if isinstance(values, Mapping):
            for name, value in values.items():
                yield str(name), str(value)
        else:
            yield str(namespace), str(values)
    request = document.get("aws", {}).get("request_id")
    if request:
        yield "request_id", str(request)


def _exceptions(document: Document) -> Iterator[str]:
    cause = document.get("cause")
    # A cause may also be the id of an exception in another segment, which shows it.
    for exception in cause.get("exceptions", ()) if isinstance(cause, Mapping) else ():
        yield f"{exception.get('type', 'Exception')}: {exception.get('message', '')}".removesuffix(": ")


def _start(document: Document) -> float:
    return float(document.get("start_time", 0))


def _end(document: Document) -> float:
    """Return its end or, while it runs, the latest time known of it."""
    if document.get("end_time"):
        return float(document["end_time"])
    return max(float(inner.get("end_time") or inner.get("start_time") or 0) for inner in _with_subsegments(document))


def _utc_time(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
