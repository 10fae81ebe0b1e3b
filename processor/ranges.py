"""Cuts a text at row boundaries into ranges that readers of their own read, and that together give the same rows. Pure.

Where a row ends is known only to who has read all rows before it: a line feed may stand in a quoted cell, and a stray
quote is told from an opening one by what follows. So the text is read once, without its rows being checked or stored,
which costs a tenth of that; each range begins with what its reader must know of the rows before.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from processor.rows import Mark, RowReader

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class Range:
    """Whole rows: from the mark up to the byte ``end`` of the text."""

    start: Mark
    end: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """A text in ranges. Empty ``ranges`` mean that it has no rows."""

    header_bytes: int
    """The text up to the end of the header's line, which every reader of a range needs, too."""
    ranges: tuple[Range, ...]


def split(blocks: Iterable[bytes], size: int) -> Manifest:
    """Cut a text into ranges of about ``size`` bytes, none of them smaller but the last.

    ``blocks`` should be small against ``size``: a range grows to the end of the run of plain rows that it ends in.
    Raises what :class:`RowReader` raises.
    """
    reader = RowReader(blocks)
    start = _surely(reader.mark())
    header_bytes = start.offset
    ranges: list[Range] = []
    for _ in reader.runs():
        if reader.seen - start.offset < size:
            continue  # Cheaper than a mark.
        mark = reader.mark()
        if mark and mark.offset - start.offset >= size:
            ranges.append(Range(start, mark.offset))
            start = mark
    last = _surely(reader.mark())
    if last.row > start.row:
        ranges.append(Range(start, last.offset))
    return Manifest(header_bytes, tuple(ranges))


def _surely(mark: Mark | None) -> Mark:
    """Nothing is to be read again before the first row and behind the last one."""
    if mark is None:
        raise AssertionError
    return mark
