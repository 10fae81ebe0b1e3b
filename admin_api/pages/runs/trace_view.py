"""What a run left to look at: its trace and its log lines, each line with the part that it was written in. Pure."""

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
"""Of the drawing of bars, in its own units."""
_LEAST = 4
"""The briefest part is still telemetry."""
_TICKS = 4

WORDS: dict[TraceState, tuple[str, str]] = {
    TraceState.NONE: (
        "This run left no trace",
        "It ended without a word, so its trace id is unknown. Its log lines may still say what happened.",
    ),
    TraceState.NOT_SAMPLED: (
        "This run was not sampled",
        "X-Ray keeps only a share of the traces. The setting trace_sampling says how large that share should be.",
    ),
    TraceState.NOT_YET: (
        "The trace is on its way",
        "X-Ray shows a trace some seconds after it ended. This page looks again by itself.",
    ),
    TraceState.EXPIRED: (
        "The trace has expired",
        f"X-Ray keeps traces for {RETENTION.days} days. The receipt and the counts of the run are kept with the file.",
    ),
    TraceState.MISSING: (
        "X-Ray has no trace of this id",
        "It was sampled, but never arrived: the function may have been killed before it could send it.",
    ),
}
"""What to say where there is no trace to show: what is so, and why."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A part of the trace, and where its bar lies in a drawing :data:`WIDTH` wide."""

    key: str
    part: TraceSpan
    x: int
    width: int
    lines: int
    """How many log lines were written in it."""


@dataclass(frozen=True, slots=True)
class TraceLine:
    """A log line, with the key of the part that it was written in ("" outside all), and its time after the start."""

    log: LogLine
    key: str
    after_ms: float


@dataclass(frozen=True, slots=True)
class TraceView:
    """A trace and log lines side by side."""

    bars: tuple[Bar, ...]
    lines: tuple[TraceLine, ...]
    ticks: tuple[float, ...]
    """Milliseconds after the start, for the head of the drawing."""


def lay_out_trace(trace: Trace | None, page: LogPage | None, began: datetime) -> TraceView:
    """Put each log line beside its part of the trace; ``began`` is what the lines' times count from without a trace."""
    waterfall = trace.waterfall if trace else None
    keys = {id(part): f"p{number}" for number, part in enumerate(waterfall.spans)} if waterfall else {}
    start = waterfall.began if waterfall else began
    lines = tuple(_line(log, waterfall, keys, start) for log in (page.lines if page else ()))
    if waterfall is None:
        return TraceView((), lines, ())
    counted = [line.key for line in lines]
    bars = tuple(_bar(part, keys[id(part)], counted.count(keys[id(part)])) for part in waterfall.spans)
    whole_ms = waterfall.seconds * 1000
    return TraceView(bars, lines, tuple(whole_ms * number / _TICKS for number in range(_TICKS + 1)))


def _line(log: LogLine, waterfall: Waterfall | None, keys: dict[int, str], start: datetime) -> TraceLine:
    part = waterfall.span_at(log.at) if waterfall else None
    return TraceLine(log, keys[id(part)] if part else "", (log.at - start).total_seconds() * 1000)


def _bar(part: TraceSpan, key: str, lines: int) -> Bar:
    width = max(round(part.width * WIDTH), _LEAST)
    x = min(round(part.offset * WIDTH), WIDTH - width)
    return Bar(key, part, x, width, lines)
