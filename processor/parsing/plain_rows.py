"""Plain rows: a pattern, made from the columns' declaration, that validates and captures many of them at once. Pure.

A row is plain if it is accepted exactly as its bytes stand: neither CSV nor JSON has anything to quote in it, and every
number is written as it is stored. A row with quotes around cells counts as plain if the rest of it is. The patterns
accept fewer rows than ``processor.domain.columns``, and no others; ``processor.parsing.reader`` reads the rest cell by
cell.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING

from processor.domain.columns import COLUMNS, NAMES, Money, Text, Whole

if TYPE_CHECKING:
    from collections.abc import Sequence

    from processor.domain.columns import Column

_MOST_COLUMNS = 64
"""Of a file; the pattern of one with more would be slow to make, so its rows are read cell by cell."""

# Bytes that a plain cell does not hold: control characters, quotes, backslashes.
_NOT_TEXT = rb'\x00-\x1f\x7f"\\'
# Bytes that it does not begin with: a space, or the first byte of one of Unicode's spaces. Cells of spaces are empty.
_NOT_FIRST = rb" \x80-\xc2\xe1-\xe3"
# Bytes that a cell of an unused column does not hold; the row reader checks no more than that either.
_NOT_UNUSED = rb'"\n\r'
_C1 = re.compile(rb"\xc2[\x80-\x9f]")
"""Control characters that begin with the same byte as letters: U+0080 to U+009F."""


class PlainPattern:
    """Finds the plain rows among the lines of a file with this header."""

    def __init__(self, names: Sequence[str], delimiter: str, longest_row: int) -> None:
        positions = [name for name in names if name in NAMES]
        self.in_order = positions == list(NAMES)
        """Whether the captured cells are in the order of :data:`COLUMNS`."""
        self._source = _source(names, delimiter.encode(), longest_row)
        self._pattern = re.compile(self._source) if self._source else None
        self._places = [positions.index(name) for name in NAMES]
        self._quoted = re.compile(_quoted_source(names, delimiter.encode(), longest_row)) if self._source else None

    def find(self, lines: bytes) -> list[tuple[bytes, ...]] | None:
        """Return the cells of every line, in the order of the columns; empty cells for a line that is not plain.

        Every line must end in a line feed. Returns None if no line is plain.
        """
        if not self._pattern or _C1.search(lines):
            return None
        rows: list[tuple[bytes, ...]] = self._pattern.findall(lines)
        if self.in_order:
            return rows
        places = self._places
        return [tuple([cells[place] for place in places]) for cells in rows]

    def quoted(self, line: bytes) -> tuple[bytes, ...] | None:
        """Return the cells, without quotes, of one line without its line feed; None without quotes, or if not plain."""
        if b'"' not in line or not self._quoted or _C1.search(line):
            return None
        match = self._quoted.fullmatch(line)
        if not match:
            return None
        groups = match.groups()
        # Each cell has two groups: with quotes around it, and without.
        return tuple([groups[2 * place] or groups[2 * place + 1] for place in self._places])


def _source(names: Sequence[str], delimiter: bytes, longest_row: int) -> bytes:
    """Return the pattern of a plain row, or of any other line without its cells; empty if no row can be plain."""
    cells = [_captured(column, delimiter, room) for column, room in _columns(names, longest_row)]
    if len(names) > _MOST_COLUMNS or not all(cells):
        return b""
    return re.escape(delimiter).join(cells) + b"\\r?\\n|[^\\n]*\\n"


def _quoted_source(names: Sequence[str], delimiter: bytes, longest_row: int) -> bytes:
    """Return the pattern of a row, without its line feed, in which cells may be in quotes."""
    cells = [
        b'(?:"%b"|%b)' % (_captured(column, b"", room - 2), _captured(column, delimiter, room))
        for column, room in _columns(names, longest_row)
    ]
    return re.escape(delimiter).join(cells) + b"\\r?"


def _columns(names: Sequence[str], longest_row: int) -> list[tuple[Column | None, int]]:
    """Return each cell's column (None if it is unused) and the length up to which the row cannot be too long."""
    columns = dict(zip(NAMES, COLUMNS, strict=True))
    return [(columns.get(name), longest_row // len(names) - 1) for name in names]


def _captured(column: Column | None, delimiter: bytes, room: int) -> bytes:
    """Return the pattern of one cell, as a group if its column is used; without ``delimiter``, between quotes."""
    if column is None:
        return b"[^%b%b]{0,%d}+" % (_NOT_UNUSED, delimiter, room)
    # A cell without quotes holds no comma either, as the enriched CSV has commas.
    pattern = _cell(column, _NOT_TEXT + (b"," + delimiter if delimiter else b""), room)
    return b"(%b)" % pattern if pattern else b""


def _cell(column: Column, without: bytes, room: int) -> bytes:
    match column:
        case Text(longest=longest):
            # Bytes are at least as many as characters. Spaces at the end would not be part of the value.
            most = min(longest, room) - 1
            return b"[^%b%b][^%b]{0,%d}+(?<! )" % (_NOT_FIRST, without, without, most)
        case Whole(smallest=smallest, largest=largest):
            # Only as many digits as keep every number within the bounds.
            fewest, most = (len(str(smallest - 1)) + 1 if smallest > 1 else 1), len(str(largest + 1)) - 1
            return b"[1-9][0-9]{%d,%d}" % (fewest - 1, most - 1) if fewest <= most else b""
        case Money(largest=largest, places=places):
            most = 0
            while Decimal(10) ** (most + 1) - Decimal(10) ** -places <= largest:
                most += 1
            # With more than six places Decimal would write small values with an exponent.
            point = b"(?:\\.[0-9]{1,%d})?" % min(places, 6) if places else b""
            return b"(?:0|[1-9][0-9]{0,%d})%b" % (most - 1, point) if most else b""
