"""Recognises plain rows: a pattern that validates and captures them at once, made from the columns' declaration.

A row is plain if it is accepted exactly as its bytes stand: neither CSV nor JSON has anything to quote in it, and every
number is written as it is stored. The pattern takes fewer rows than ``processor.columns`` accepts and never any other;
whatever it leaves is read carefully (``processor.rows``). Pure.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING

from processor.columns import COLUMNS, NAMES, Money, Text, Whole

if TYPE_CHECKING:
    from collections.abc import Sequence

    from processor.columns import Column

_MOST_COLUMNS = 64
"""Of a file; with more, its pattern would be slow to make and its rows are read carefully."""

# What a plain cell does not hold: control characters, quotes, backslashes; and commas, as the enriched CSV has commas.
_NOT_TEXT = rb'\x00-\x1f\x7f",\\'
# What it does not begin with: a space, or a byte that one of Unicode's spaces begins with. Cells of spaces are empty.
_NOT_FIRST = _NOT_TEXT + rb" \x80-\xc2\xe1-\xe3"
# What a cell of a column that is not used does not hold; the careful reader looks at no more than that either.
_NOT_UNUSED = rb'"\n\r'
_C1 = re.compile(rb"\xc2[\x80-\x9f]")
"""Control characters that begin like letters do: U+0080 to U+009F."""


class PlainPattern:
    """Finds the plain rows of a file with this header, among all its lines."""

    def __init__(self, names: Sequence[str], delimiter: str, longest_row: int) -> None:
        positions = [name for name in names if name in NAMES]
        self.in_order = positions == list(NAMES)
        """Whether the captured cells stand in the order of :data:`COLUMNS`."""
        self._source = _source(names, delimiter.encode(), longest_row)
        self._pattern = re.compile(self._source) if self._source else None
        self._places = [positions.index(name) for name in NAMES]

    def find(self, lines: bytes) -> list[tuple[bytes, ...]] | None:
        """Return the cells of every line, in the order of the columns; those of a line that is not plain are empty.

        Every line must end in a line feed. Returns None if no line is plain.
        """
        if not self._pattern or _C1.search(lines):
            return None
        found: list[tuple[bytes, ...]] = self._pattern.findall(lines)
        if self.in_order:
            return found
        places = self._places
        return [tuple([cells[place] for place in places]) for cells in found]


def _source(names: Sequence[str], delimiter: bytes, longest_row: int) -> bytes:
    """Write the pattern down: a plain row, or any other line without its cells. Empty if no row can be plain."""
    room = longest_row // len(names) - 1  # So that no row is plain that is longer than a row may be.
    columns = dict(zip(NAMES, COLUMNS, strict=True))
    cells = [_captured(columns.get(name), delimiter, room) for name in names]
    if len(names) > _MOST_COLUMNS or not all(cells):
        return b""
    return re.escape(delimiter).join(cells) + b"\\r?\\n|[^\\n]*\\n"


def _captured(column: Column | None, delimiter: bytes, room: int) -> bytes:
    """Return the pattern of one cell, as a group if its column is used."""
    if column is None:
        return b"[^%b%b]{0,%d}+" % (_NOT_UNUSED, delimiter, room)
    pattern = _cell(column, delimiter, room)
    return b"(%b)" % pattern if pattern else b""


def _cell(column: Column, delimiter: bytes, room: int) -> bytes:
    match column:
        case Text(longest=longest):
            # Bytes are at least as many as characters. Spaces at the end would not be part of the value.
            most = min(longest, room) - 1
            return b"[^%b%b][^%b%b]{0,%d}+(?<! )" % (_NOT_FIRST, delimiter, _NOT_TEXT, delimiter, most)
        case Whole(smallest=smallest, largest=largest):
            # So many digits that every number of so many is within the bounds.
            fewest, most = (len(str(smallest - 1)) + 1 if smallest > 1 else 1), len(str(largest + 1)) - 1
            return b"[1-9][0-9]{%d,%d}" % (fewest - 1, most - 1) if fewest <= most else b""
        case Money(largest=largest, places=places):
            most = 0
            while Decimal(10) ** (most + 1) - Decimal(10) ** -places <= largest:
                most += 1
            # With more than six places Decimal would write small values with an exponent.
            point = b"(?:\\.[0-9]{1,%d})?" % min(places, 6) if places else b""
            return b"(?:0|[1-9][0-9]{0,%d})%b" % (most - 1, point) if most else b""
