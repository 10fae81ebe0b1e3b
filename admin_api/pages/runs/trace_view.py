"""The trace view: a trace's bars, and each log line with the span in which it was written. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from admin_api.monitoring.traces import RETENTION, Trace, TraceState

if TYPE_CHECKING:
    from datetime import datetime

    from admin_api.monitoring.log_lines import LogLine
    from admin_api.monitoring.logs import LogPage
    from admin_api.monitoring.waterfall import TraceSpan, Waterfall

WIDTH = 1000
"""The width of the bars' drawing, in its own units."""
_LEAST = 4
"""The width of the briefest span, so that it is visible."""
_TICKS = 4

WORDS: dict[TraceState, tuple[str, str]] = {
    TraceState.NONE: (
        "This run left no trace",
        "Its function died without recording a trace id. Its log lines may still say what happened.",
    ),
    TraceState.NOT_SAMPLED: (
        "This run was not sampled",
        "X-Ray keeps only a share of the traces, as the setting trace_sampling says.",
    ),
    TraceState.NOT_YET: (
        "The trace is on its way",
        "X-Ray shows a trace some seconds after its end. This page updates by itself.",
    ),
    TraceState.EXPIRED: (
        "The trace has expired",
        f"X-Ray keeps traces for {RETENTION.days} days. The receipt and the counts of the run are kept with the file.",
    ),
    TraceState.MISSING: (
        "X-Ray has no trace with this id",
        "The run was sampled, but its trace never arrived: the function may have been killed before sending it.",
    ),
}
"""A heading and a sentence for each reason why there is no trace."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A span of the trace, and the place of its bar in a drawing :data:`WIDTH` wide."""

    key: str
    span: TraceSpan
    x: int
    width: int
    lines: int
    """The number of log lines written in it."""


@dataclass(frozen=True, slots=True)
class TraceLine:
    """A log line, with the key of its span ("" outside all spans), and its time after the start."""

    log: LogLine
    key: str
    after_ms: float


@dataclass(frozen=True, slots=True)
class TraceView:
    """A trace and log lines side by side."""

    bars: tuple[Bar, ...]
    lines: tuple[TraceLine, ...]
    ticks: tuple[float, ...]
    """Milliseconds after the start, for the drawing's time axis."""


def lay_out_trace(trace: Trace | None, page: LogPage | None, began: datetime) -> TraceView:
    """Join log lines with the spans of the trace; without a trace, the lines' times count from ``began``."""
    waterfall = trace.waterfall if trace else None
    keys = {id(part): f"p{number}" for number, part in enumerate(waterfall.spans)} if waterfall else {}
    start = waterfall.began if waterfall else began
    lines = tuple(_line(log, waterfall, keys, start) for log in (page.lines if page else ()))
    if waterfall is None:
        return TraceView((), lines, ())
    line_keys = [line.key for line in lines]
    bars = tuple(_bar(part, keys[id(part)], line_keys.count(keys[id(part)])) for part in waterfall.spans)
    whole_ms = waterfall.seconds * 1000
    return TraceView(bars, lines, tuple(whole_ms * number / _TICKS for number in range(_TICKS + 1)))


def _line(log: LogLine, waterfall: Waterfall | None, keys: dict[int, str], start: datetime) -> TraceLine:
    part = waterfall.span_at(log.at) if waterfall else None
    return TraceLine(log, keys[id(part)] if part else "", (log.at - start).total_seconds() * 1000)


def _bar(part: TraceSpan, key: str, lines: int) -> Bar:
    width = max(round(part.width * WIDTH), _LEAST)
    x = min(round(part.offset * WIDTH), WIDTH - width)
    return Bar(key, part, x, width, lines)
