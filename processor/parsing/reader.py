"""The row reader: turns UTF-8 text into rows, by header, delimiter, quotes and bounds that keep memory flat.

Follows RFC 4180 for quoting (https://www.rfc-editor.org/rfc/rfc4180) and accepts LF as well as CRLF. The cells are
validated by ``processor.domain.columns``, or by the patterns of ``processor.parsing.plain_rows``. Rows are tuples, as
there may be millions.
"""

from __future__ import annotations

import csv
from collections import deque
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

from processor.domain.columns import NAMES, ORDER_ID, ORIGINAL, is_correction
from processor.domain.errors import NoHeaderError
from processor.domain.formulas import unguard_cell
from processor.parsing.header import csv_dialect, read_header
from processor.parsing.lines import Lines
from processor.parsing.other_lines import OtherLines
from processor.parsing.plain_rows import PlainPattern

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from processor.parsing.plain_rows import PlainRows

LONGEST_ROW = 65_536
"""Characters. Longer rows are rejected unread, so that neither a huge cell nor a stray quote can fill the memory."""
MOST_REREAD = 1_000 * LONGEST_ROW
"""Characters (a line counts as :data:`_LINE_COST` more) that may be read again, so that a stray quote costs one line
only. Beyond the bound the lines that it swallowed are rejected together, or a hostile file would make the work
quadratic."""
_LINE_COST = 32

TOO_LONG = f"longer than {LONGEST_ROW:,} characters"
NEVER_CLOSED = f"a quote is opened and not closed within {LONGEST_ROW:,} characters"
AFTER_QUOTE = "text follows a closing quote (double the quotes inside a cell)"
STRAY_RETURN = "contains a carriage return outside quotes"
_CSV_PROBLEMS = {  # the csv module's words : words that a person can act on
    "unexpected end of data": NEVER_CLOSED,
    "expected after": AFTER_QUOTE,
    "new-line character seen": STRAY_RETURN,
    "field larger": TOO_LONG,
}

type RawRow = tuple[int, Sequence[str], str, str]
"""Row number (the header is row 1, as a spreadsheet counts), cells, problem or "", the row as it stands in the file.
The cells are in the order of ``processor.domain.columns.COLUMNS``; a row with a problem has none, as nobody knows which
cell belongs to which column."""


class Place(NamedTuple):
    """The start of a row, with the reader's state there: enough to read on from it."""

    row: int
    """Number of the row before."""
    line: int
    """The number of lines before it."""
    reread: int
    """The part of :data:`MOST_REREAD` that is used."""


class RowReader:
    """Iterates over the rows of one file: each by itself, or, by :meth:`chunks`, plain ones together.

    Raises, on construction: :class:`NoHeaderError`, :class:`MissingColumnError`, :class:`DuplicateColumnError`.
    """

    def __init__(self, blocks: Iterable[bytes], known: OtherLines | None = None) -> None:
        """``known`` are the lines that an earlier reading of the same text has found not to be plain."""
        self._lines = Lines(blocks, LONGEST_ROW)
        self._pushed_back: deque[str] = deque()
        self._reread = 0
        self._number = 0
        self._known = known if known and known.is_whole else None
        self.other_lines = OtherLines()
        """The lines so far, in a reading by :meth:`chunks`, that are not plain or have quotes."""
        names, self.delimiter = self._read_header()
        self._dialect = csv.reader([], **csv_dialect(self.delimiter)).dialect  # Made once, not for each row.
        self.width = len(names)
        positions = [names.index(name) for name in NAMES]
        identity = positions == list(range(self.width))
        self._in_order: Callable[[Sequence[str]], Sequence[str]] | None = None if identity else itemgetter(*positions)
        self.unknown_columns: tuple[str, ...] = tuple(
            name for name in dict.fromkeys(names) if name and name not in NAMES
        )
        self.order_id_at = names.index(ORDER_ID)
        self.original_at = names.index(ORIGINAL) if ORIGINAL in names else None
        self.is_guarded = is_correction(names)
        """Whether the file is a corrected rejected-rows file, whose cells are guarded against being run as formulas."""
        self._plain = PlainPattern(names, self.delimiter, LONGEST_ROW)

    @property
    def place(self) -> Place:
        """The start of the next row; while :meth:`chunks` yields plain rows, of the first of them."""
        return Place(self._number, self._lines.taken - len(self._pushed_back), self._reread)

    def count_from(self, row: int, reread: int) -> None:
        """Count as if ``row`` rows had been read before the next one, and ``reread`` characters again."""
        self._number, self._reread = row, reread

    def _next_line(self) -> str | None:
        if self._pushed_back:
            return self._pushed_back.popleft()
        line = self._lines.take()
        if line is not None:
            self.other_lines.add(self._lines.taken - 1)
        return line

    def _read_header(self) -> tuple[list[str], str]:
        """Read the first line that is not blank."""
        line: str | None = ""
        while line is not None and not line.strip(" \r"):
            line = self._next_line()
            self._number += 1
        if line is None:
            raise NoHeaderError("Every line of the file is blank.")
        return read_header(line, LONGEST_ROW)

    def __iter__(self) -> Iterator[RawRow]:
        while (line := self._next_line()) is not None:
            row = self._read(line)
            if row is not None:
                yield row

    def chunks(self) -> Iterator[PlainRows | RawRow]:
        """Yield the same rows in the same order, consecutive plain rows together, which is much cheaper."""
        if self.is_guarded:
            yield from self
            return
        lines, plain = self._lines, self._plain
        searched, may_match = b"", False
        while self._pushed_back or lines.more():
            if lines.block is not searched:
                searched = lines.block
                may_match = plain.may_match(searched)
            rows, end = None, lines.at
            if may_match and not self._pushed_back:
                rows, end = plain.read(searched, lines.at, self._number + 1, self._end_of_plain)
            if rows:
                for at in rows.quoted:
                    self.other_lines.add(lines.taken + at)
                yield rows
                self._number += len(rows.numbers)
                lines.pass_over(end, len(rows.numbers))
            elif (line := self._next_line()) is not None and (row := self._read(line)) is not None:
                yield row

    def _end_of_plain(self, at: int, rows: int) -> int:
        lines, known = self._lines, self._known
        if known is None:
            return self._plain.end_of_plain(lines.block, at)
        line = lines.taken + rows
        return lines.end_of(at, line, known.first_from(line))

    def plain_lines(self) -> tuple[bytes, int]:
        """Return the block of whole lines in which the plain rows stand that were yielded last, and their place."""
        return self._lines.block, self._lines.place

    def plain_text(self, index: int) -> bytes:
        """Return the text of one of the plain rows that :meth:`chunks` has yielded last, as it stands in the file."""
        line = self._lines.taken + index
        return self._lines.texts(line, line + 1)[0].removesuffix(b"\r")

    def _read(self, line: str) -> RawRow | None:
        """Read the row that begins with this line, cell by cell; None if the line is blank."""
        self._number += 1
        if len(line) > LONGEST_ROW:
            return self._number, (), TOO_LONG, line[:LONGEST_ROW]
        cells: Sequence[str]
        text = line.removesuffix("\r")
        problem = ""
        if '"' in text or "\r" in text:
            cells, problem, text = self._read_quoted(line)
        elif text.strip(" "):
            cells = text.split(self.delimiter)
        else:
            return None  # A blank line is not a row, but a spreadsheet counts it.
        if not problem and len(cells) != self.width:
            problem = self._ragged(cells)
        if problem:
            cells = ()
        else:
            cells = self._in_order(cells) if self._in_order else cells
            cells = list(map(unguard_cell, cells)) if self.is_guarded else cells
        return self._number, cells, problem, text

    def _ragged(self, cells: Sequence[str]) -> str:
        return f"has {len(cells)} cell{'s' * (len(cells) != 1)} where the header has {self.width}"

    def _read_quoted(self, first: str) -> tuple[Sequence[str], str, str]:
        """Read a row that holds quotes, and may therefore span lines: its cells, problem and text.

        A stray quote must not swallow the rows behind it. If it is never closed, or closed by another stray quote so
        that the number of cells is wrong, only the line that opens it is rejected, and the next line is read as a row.
        """
        taken = [first]
        size = len(first)

        def feed() -> Iterator[str]:
            nonlocal size
            yield first + "\n"
            while size <= LONGEST_ROW and (line := self._next_line()) is not None:
                line = line[: LONGEST_ROW + 1]  # So that rows do not depend on where blocks end.
                taken.append(line)
                size += len(line) + 1
                yield line + "\n"

        cells: Sequence[str] = ()
        try:
            cells = next(csv.reader(feed(), self._dialect))
            problem = "" if len(cells) == self.width else self._ragged(cells)
        except csv.Error as error:
            problem = next((ours for theirs, ours in _CSV_PROBLEMS.items() if theirs in str(error)), str(error))
        if problem:
            self._push_lines_back(taken, size)
        elif size > LONGEST_ROW:
            problem = TOO_LONG
        return cells, problem, "\n".join(taken).removesuffix("\r")[:LONGEST_ROW]

    def _push_lines_back(self, taken: list[str], size: int) -> None:
        """Keep the line that opens the quote; the others are read again, as rows of their own."""
        keep = len(taken)
        cost = size + keep * _LINE_COST
        if keep > 1 and self._reread + cost <= MOST_REREAD:
            self._reread += cost
            keep = 1
        elif size > LONGEST_ROW:
            keep = max(1, keep - 1)  # The line that passed the bound is read again, not cut.
        self._pushed_back.extendleft(reversed(taken[keep:]))
        del taken[keep:]
