"""A trace as a waterfall for the terminal, from the documents of X-Ray's BatchGetTraces."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rich.console import RenderableType

_BAR = 36
_STYLES = {"fault": "red", "error": "yellow", "throttle": "magenta"}
_BLOCKS = " ▏▎▍▌▋▊▉█"


@dataclass(frozen=True, slots=True)
class _Row:
    depth: int
    document: Mapping[str, Any]

    @property
    def start(self) -> float:
        return float(self.document["start_time"])

    @property
    def end(self) -> float:
        return float(self.document.get("end_time") or self.start)

    @property
    def flag(self) -> str:
        return next((flag for flag in _STYLES if self.document.get(flag)), "")

    @property
    def style(self) -> str:
        return _STYLES.get(self.flag, "cyan" if self.depth else "blue")


def waterfall(trace_id: str, segments: list[dict[str, Any]]) -> RenderableType:
    """Draw a line for each segment and subsegment: name, time, bar, and its errors, annotations and metadata."""
    rows = list(_rows(segments))
    start, end = min(row.start for row in rows), max(row.end for row in rows)
    table = Table(box=None, padding=(0, 1, 0, 0), header_style="dim")
    table.add_column("part", no_wrap=True)
    table.add_column("time", justify="right", no_wrap=True)
    table.add_column(f"0 … {duration(end - start)}", width=_BAR, no_wrap=True)
    table.add_column("what it says", overflow="fold", ratio=1)
    for row in rows:
        name = Text("  " * row.depth + str(row.document["name"]), row.style if row.flag else "")
        took = "running" if row.document.get("in_progress") else duration(row.end - row.start)
        table.add_row(name, took, Text(bar(row.start - start, row.end - start, end - start), row.style), _words(row))
    return Group(Text.assemble(("Trace ", "bold"), (trace_id, "bold"), f"  {duration(end - start)}"), table)


def bar(start: float, end: float, whole: float, width: int = _BAR) -> str:
    """Draw the part from start to end of a whole, to an eighth of a character and at least that wide."""
    if whole <= 0:
        return "█" * width
    first = min(int(start / whole * width), width - 1)
    eighths = max(round((end - start) / whole * width * 8), 1)
    full, rest = divmod(min(eighths, (width - first) * 8), 8)
    return " " * first + "█" * full + (_BLOCKS[rest] if rest else "")


def duration(seconds: float) -> str:
    """Format a duration with its significant digits."""
    if seconds >= 10:
        return f"{seconds:.1f} s"
    return f"{seconds:.2f} s" if seconds >= 1 else f"{seconds * 1000:.{0 if seconds >= 0.01 else 1}f} ms"


def _rows(documents: list[dict[str, Any]], depth: int = 0) -> Iterator[_Row]:
    for document in documents:
        yield _Row(depth, document)
        yield from _rows(document.get("subsegments", []), depth + 1)


def _words(row: _Row) -> Text:
    words = Text()
    cause = row.document.get("cause")
    for exception in cause.get("exceptions", []) if isinstance(cause, dict) else []:
        words.append(f"{exception.get('type', 'Exception')}: {exception.get('message', '')} ", row.style)
    if row.flag and not words:
        words.append(f"{row.flag} ", row.style)
    for name, value in row.document.get("annotations", {}).items():
        words.append(f"{name}={value} ")
    for values in row.document.get("metadata", {}).values():
        for name, value in values.items() if isinstance(values, dict) else ():
            words.append(f"{name}={_short(value)} ", "dim")
    return words


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 60 else text[:59] + "…"
