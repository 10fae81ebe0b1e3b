"""Tests for a trace and its log lines side by side."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from admin_api.monitoring.log_lines import LogLine
from admin_api.monitoring.logs import LogPage
from admin_api.monitoring.traces import Trace, TraceState
from admin_api.monitoring.waterfall import build_waterfall
from admin_api.pages.runs.trace_view import WIDTH, WORDS, lay_out_trace

BEGAN = datetime(2026, 11, 25, 18, 0, tzinfo=UTC)
ID = "1-5759e988-bd862e3fe1be46a994272793"


def trace() -> Trace:
    """Make a trace of four seconds: a function, in it a short beginning and a long writing."""
    start = BEGAN.timestamp()
    inner = [
        {"id": "b", "name": "begin", "start_time": start, "end_time": start + 0.001},
        {"id": "w", "name": "write", "start_time": start + 1, "end_time": start + 3},
    ]
    whole = {"id": "f", "name": "function", "trace_id": ID, "start_time": start, "end_time": start + 4}
    return Trace(ID, TraceState.SHOWN, build_waterfall(ID, [whole | {"subsegments": inner}]))


def page(*seconds: float) -> LogPage:
    """Make log lines at these seconds."""
    return LogPage(tuple(LogLine(BEGAN + timedelta(seconds=each), "INFO", "x") for each in seconds), complete=True)


def test_a_line_has_the_key_of_the_part_it_was_written_in() -> None:
    """A bar and its log lines share a key, and a bar counts its lines."""
    trace_view = lay_out_trace(trace(), page(2, 2.5, 3.5, 60), BEGAN)

    keys = {bar.span.name: bar.key for bar in trace_view.bars}
    assert len(set(keys.values())) == 3
    assert [line.key for line in trace_view.lines] == [keys["write"], keys["write"], keys["function"], ""]
    assert {bar.span.name: bar.lines for bar in trace_view.bars} == {"function": 1, "begin": 0, "write": 2}
    assert [line.after_ms for line in trace_view.lines] == [2000, 2500, 3500, 60_000]


def test_bars_lie_where_their_parts_were_and_the_briefest_is_seen() -> None:
    """Half of the time is half of the width, a millisecond is still some units wide, none leaves the drawing."""
    bars = {bar.span.name: bar for bar in lay_out_trace(trace(), None, BEGAN).bars}

    assert (bars["function"].x, bars["function"].width) == (0, WIDTH)
    assert (bars["write"].x, bars["write"].width) == (WIDTH / 4, WIDTH / 2)
    assert bars["begin"].width >= 4
    assert all(bar.x + bar.width <= WIDTH for bar in bars.values())


def test_ticks_divide_the_whole_time() -> None:
    """From nothing to the end, in milliseconds."""
    assert lay_out_trace(trace(), None, BEGAN).ticks == (0, 1000, 2000, 3000, 4000)


def test_lines_without_a_trace_count_from_the_runs_beginning() -> None:
    """Without a trace, the log lines are still shown in order of time."""
    trace_view = lay_out_trace(Trace(ID, TraceState.NOT_SAMPLED), page(0.25), BEGAN)

    assert trace_view.bars == ()
    assert [(line.key, line.after_ms) for line in trace_view.lines] == [("", 250)]


def test_every_reason_for_no_trace_has_its_words() -> None:
    """A state without words would be an empty card."""
    assert WORDS.keys() == set(TraceState) - {TraceState.SHOWN}
    assert all(what and why for what, why in WORDS.values())
