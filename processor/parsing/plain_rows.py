"""Plain rows: a pattern, made from the columns' declaration, that validates many of them at once. Pure.

A row is plain if it is accepted exactly as its bytes stand: neither CSV nor JSON has anything to quote in it, and every
number is written as it is stored. A row with quotes around cells, and with doubled ones in them, counts as plain if the
rest of it is. The patterns accept fewer rows than ``processor.domain.columns``, and no others;
``processor.parsing.reader`` reads the rest cell by cell.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from decimal import Decimal
from operator import gt
from typing import TYPE_CHECKING, NamedTuple

from processor.domain.columns import COLUMNS, NAMES, Money, Text, Whole

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

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


class PlainRows(NamedTuple):
    """Plain rows, by column: many at once cost little."""

    numbers: Sequence[int]
    columns: Sequence[Sequence[bytes]]
    """The cells of each column in UTF-8, without quotes, in the order of ``processor.domain.columns.COLUMNS``."""
    quoted: Sequence[int] = ()
    """Indexes of the rows in which a cell was in quotes, so that it may have commas and quotes."""

    def without(self, indexes: Sequence[int]) -> PlainRows:
        """Leave out the rows at these indexes, which ascend."""
        left_out = set(indexes)
        return PlainRows(
            _without(self.numbers, indexes),
            [_without(column, indexes) for column in self.columns],
            [at - bisect_left(indexes, at) for at in self.quoted if at not in left_out],
        )


def _without[Cell](column: Sequence[Cell], indexes: Sequence[int]) -> list[Cell]:
    kept: list[Cell] = []
    start = 0
    for at in indexes:
        kept += column[start:at]
        start = at + 1
    kept += column[start:]
    return kept


class PlainPattern:
    """Finds the plain rows among the lines of a file with this header."""

    def __init__(self, names: Sequence[str], delimiter: str, longest_row: int) -> None:
        self._delimiter = delimiter.encode()
        self._width = len(names)
        self._places = [names.index(name) for name in NAMES]
        used = [name for name in names if name in NAMES]
        self._groups = [used.index(name) for name in NAMES]
        self._longest_row = longest_row
        self._longest = [column.longest if isinstance(column, Text) else longest_row for column in COLUMNS]
        columns = _columns(names, longest_row)
        source = _source(columns, self._delimiter) if len(names) <= _MOST_COLUMNS else b""
        # Possessive: a row that was found plain stays so.
        self._plain = re.compile(b"(?:%b)++" % source) if source else None
        self._quoted = re.compile(_quoted_source(columns, self._delimiter)) if source else None

    def may_match(self, lines: bytes) -> bool:
        """Tell whether any of these lines may be plain."""
        return bool(self._plain) and not _C1.search(lines)

    def end_of_plain(self, lines: bytes, at: int) -> int:
        """Return where the plain rows without quotes end that begin at offset ``at``."""
        found = self._plain.match(lines, at) if self._plain else None
        return found.end() if found else at

    def read(
        self, lines: bytes, at: int, number: int, end_of_plain: Callable[[int, int], int]
    ) -> tuple[PlainRows | None, int]:
        """Return the rows from offset ``at`` on as long as they are plain, the first one's ``number``, and their end.

        Every line must end in a line feed, and :meth:`may_match` must have been asked. ``end_of_plain`` returns where
        plain rows without quotes end, from the offset and the number of rows before them.
        """
        if not self._quoted:
            return None, at
        columns: list[list[bytes]] = [[] for _ in self._places]
        quoted = []
        delimiter, width = self._delimiter, self._width
        while True:
            end = end_of_plain(at, len(columns[0]))
            if end > at:
                rows = lines[at:end]
                at = end
                if b"\r" in rows:
                    rows = rows.replace(b"\r", b"")
                # No delimiter or line end is part of a cell.
                cells = rows.replace(b"\n", delimiter).split(delimiter)
                for column, place in zip(columns, self._places, strict=True):
                    column += cells[place:-1:width]  # noqa: PLW2901
            if not (found := self._quoted.match(lines, at)) or found.end() - at > self._longest_row:
                break
            # Each cell has two groups: with quotes around it, and without.
            groups = found.groups()
            cells = [(groups[2 * place] or groups[2 * place + 1]).replace(b'""', b'"') for place in self._groups]
            # Bytes are at least as many as characters.
            if any(map(gt, map(len, cells), self._longest)):
                break
            at = found.end()
            quoted.append(len(columns[0]))
            for column, cell in zip(columns, cells, strict=True):
                column.append(cell)
        count = len(columns[0])
        return (PlainRows(range(number, number + count), columns, quoted) if count else None), at


def _source(columns: Sequence[tuple[Column | None, int]], delimiter: bytes) -> bytes:
    """Return the pattern of a plain row without quotes; empty if no row can be plain."""
    cells = [_cell_or_unused(column, delimiter, room) for column, room in columns]
    return re.escape(delimiter).join(cells) + b"\\r?\\n" if all(cells) else b""


def _quoted_source(columns: Sequence[tuple[Column | None, int]], delimiter: bytes) -> bytes:
    """Return the pattern of a row in which cells may be in quotes, those of used columns as two groups.

    It bounds neither the length of the row nor that of a text in quotes, as doubled quotes count once.
    """
    text = b'(?:[^%b%b]|"")[^%b]*+(?:""[^%b]*+)*+(?<! )' % (_NOT_FIRST, _NOT_TEXT, _NOT_TEXT, _NOT_TEXT)
    cells = []
    for column, room in columns:
        group = b"(%b)" if column else b"%b"
        quoted = text if isinstance(column, Text) else _cell_or_unused(column, b"", room)
        cells.append(b'(?:"%b"|%b)' % (group % quoted, group % _cell_or_unused(column, delimiter, room)))
    return re.escape(delimiter).join(cells) + b"\\r?\\n"


def _columns(names: Sequence[str], longest_row: int) -> list[tuple[Column | None, int]]:
    """Return each cell's column (None if it is unused) and the length up to which the row cannot be too long."""
    columns = dict(zip(NAMES, COLUMNS, strict=True))
    return [(columns.get(name), longest_row // len(names) - 1) for name in names]


def _cell_or_unused(column: Column | None, delimiter: bytes, room: int) -> bytes:
    """Return the pattern of one cell; without ``delimiter``, between quotes."""
    if column is None:
        return b"[^%b%b]{0,%d}+" % (_NOT_UNUSED, delimiter, room)
    # A cell without quotes holds no comma either, as the enriched CSV has commas.
    return _cell(column, _NOT_TEXT + (b"," + delimiter if delimiter else b""), room)


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
