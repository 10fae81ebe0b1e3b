"""Tests for building waterfalls."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from admin_api.monitoring.waterfall import Waterfall, build_waterfall

TRACE = "1-5759e988-bd862e3fe1be46a994272793"
START = 1_000_000.0


def document(name: str, start: float, end: float | None, **more: Any) -> dict[str, Any]:
    """Make a segment document, in seconds from the trace's start."""
    made: dict[str, Any] = {"id": name, "name": name, "start_time": START + start, **more}
    return made | ({"in_progress": True} if end is None else {"end_time": START + end})


def waterfall_of(*documents: dict[str, Any]) -> Waterfall:
    """Build the waterfall of documents."""
    waterfall = build_waterfall(TRACE, documents)
    assert waterfall is not None
    return waterfall


def moment(seconds: float) -> datetime:
    """Return a moment of the trace."""
    return datetime.fromtimestamp(START + seconds, UTC)


def test_spans_have_their_offsets_and_widths() -> None:
    """Both are fractions of the whole, from the first start to the last end."""
    inner = [document("read", 1, 3), document("write", 3, 4)]
    waterfall = waterfall_of(document("function", 0, 4, trace_id=TRACE, subsegments=inner))

    assert [(p.name, p.depth, p.offset, p.width) for p in waterfall.spans] == [
        ("function", 0, 0.0, 1.0),
        ("read", 1, 0.25, 0.5),
        ("write", 1, 0.75, 0.25),
    ]
    assert waterfall.seconds == 4
    assert waterfall.began == moment(0)
    assert not waterfall.unfinished


def test_segment_is_below_its_parent() -> None:
    """Lambda sends two segments below the caller's; one whose parent is missing is at the top."""
    waterfall = waterfall_of(
        document("function", 2, 5, trace_id=TRACE, parent_id="service", origin="AWS::Lambda::Function"),
        document("orphan", 1, 2, trace_id=TRACE, parent_id="never came"),
        document("service", 1.5, 6, trace_id=TRACE, parent_id="call", origin="AWS::Lambda"),
        document("client", 0, 7, trace_id=TRACE, subsegments=[document("call", 1, 6.5)]),
    )

    assert [(part.name, part.depth) for part in waterfall.spans] == [
        ("client", 0),
        ("call", 1),
        ("service", 2),
        ("function", 3),
        ("orphan", 0),
    ]
    assert [part.kind for part in waterfall.spans if part.depth == 0] == ["client", "client"]
    assert [part.kind for part in waterfall.spans[1:3]] == ["", "Lambda, the service"]


def test_span_has_annotations_metadata_and_exceptions() -> None:
    """Details keep their order; exceptions have type and message."""
    cause = {"exceptions": [{"type": "ClientError", "message": "We encountered an internal error."}]}
    part = document(
        "run",
        0,
        1,
        trace_id=TRACE,
        annotations={"file_id": "f1", "receive_count": 2},
        metadata={"Waybill": {"batches": 36}},
        fault=True,
        cause=cause,
    )

    [shown] = waterfall_of(part).spans

    assert shown.details == (("file_id", "f1"), ("receive_count", "2"), ("batches", "36"))
    assert shown.trouble == "fault"
    assert shown.exceptions == ("ClientError: We encountered an internal error.",)


def test_cause_in_another_segment_is_no_exception() -> None:
    """A cause may be the id of an exception that another segment holds."""
    [shown] = waterfall_of(document("run", 0, 1, trace_id=TRACE, fault=True, cause="53995c3f42cd8ad8")).spans

    assert shown.exceptions == ()


def test_unfinished_span_ends_at_the_latest_known_time() -> None:
    """The waterfall is marked unfinished."""
    waterfall = waterfall_of(document("function", 0, None, trace_id=TRACE, subsegments=[document("read", 1, 3)]))

    assert waterfall.unfinished
    assert [part.seconds for part in waterfall.spans] == [3, 2]
    assert waterfall.spans[0].running


def test_uploaders_trace_is_listed_once_and_never_itself() -> None:
    """The run names the trace that came with the message."""
    above = "1-5759e988-aaaaaaaaaaaaaaaaaaaaaaaa"
    runs = [
        document("run", 0, 1, annotations={"upstream_trace_id": above}),
        document("again", 1, 2, annotations={"upstream_trace_id": above}),
        document("own", 2, 3, annotations={"upstream_trace_id": TRACE}),
    ]

    assert waterfall_of(document("function", 0, 3, trace_id=TRACE, subsegments=runs)).upstream == (above,)


def test_log_line_belongs_to_the_innermost_span_around_it() -> None:
    """A millisecond before a span counts as within it, as log lines have whole milliseconds."""
    inner = [document("read", 1, 3), document("write", 3.0004, 4)]
    waterfall = waterfall_of(document("function", 0, 5, trace_id=TRACE, subsegments=inner))

    found = [waterfall.span_at(moment(seconds)) for seconds in (0.5, 2, 3.0, 4.5, 9)]

    assert [part and part.name for part in found] == ["function", "read", "write", "function", None]


def test_trace_without_segments_has_no_waterfall() -> None:
    """It is None, not an empty drawing."""
    assert build_waterfall(TRACE, []) is None


def test_trace_without_duration_fills_its_width() -> None:
    """Nothing is divided by zero."""
    [shown] = waterfall_of(document("function", 0, 0, trace_id=TRACE)).spans

    assert (shown.offset, shown.width) == (0.0, 1.0)


@given(st.lists(st.tuples(st.floats(0, 100), st.floats(0, 100), st.integers(-1, 20)), min_size=1, max_size=12))
def test_every_span_stays_within_the_whole(shapes: list[tuple[float, float, int]]) -> None:
    """In any order, with any parents, even cycles, each segment comes at most once."""
    documents = [
        document(str(number), min(first, second), max(first, second), trace_id=TRACE, parent_id=str(parent))
        for number, (first, second, parent) in enumerate(shapes)
    ]

    waterfall = build_waterfall(TRACE, documents)

    parts = waterfall.spans if waterfall else ()
    assert len(parts) == len({part.name for part in parts})
    assert all(part.offset >= 0 and part.offset + part.width <= 1 + 1e-6 for part in parts)
