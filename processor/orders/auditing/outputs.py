"""Compares an output with the rows that it must have, both in row order, as its bytes come. Pure.

Equal lines are compared as bytes. Only where they differ is the output parsed, to name the row and the column.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from processor.domain.audits import BookPart
from processor.domain.formulas import unguard_cell
from processor.storage.csv_writer import CsvLines
from processor.storage.outputs import header_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from processor.orders.auditing.findings import Findings

_LONGEST_RECORD = 1024 * 1024
"""Bytes. No row that Waybill writes is as long."""
_LINE_END = b"\r\n"
_MOST_EXTRA = 100
"""Rows behind the last expected one that are looked at; of more, only that they are there is said."""
_NO_ROW = "not in the object"


class UnreadableOutputError(ValueError):
    """The object does not go on with a row of this output."""


class OutputReader:
    """The bytes of an output, taken as whole lines that are expected or as parsed rows."""

    def __init__(self, blocks: Iterable[bytes]) -> None:
        self._blocks = iter(blocks)
        self._buffer = bytearray()
        self._at = 0
        self.offset = 0
        """Bytes taken."""

    def take_if_next(self, line: bytes) -> bool:
        """Take the bytes if they come next."""
        self._fill(len(line))
        if not self._buffer.startswith(line, self._at):
            return False
        self._take(len(line))
        return True

    def take_row(self) -> list[str] | None:
        """Parse and take the next row; None at the end. Raises :class:`UnreadableOutputError`."""
        size, line = 0, b""

        def lines() -> Iterator[str]:
            nonlocal size, line
            while line := self._line_behind(size):
                size += len(line)
                yield line.decode()

        try:
            cells = next(csv.reader(lines(), strict=True), None)
        except (csv.Error, ValueError) as error:
            raise UnreadableOutputError(str(error)) from error
        if cells is not None and not line.endswith(_LINE_END):
            raise UnreadableOutputError("the object ends inside a line")
        self._take(size)
        return cells

    def _line_behind(self, skipped: int) -> bytes:
        """Return the line behind so many bytes, with its line feed unless it is the last; b"" at the end."""
        searched = skipped
        while (end := self._buffer.find(b"\n", self._at + searched)) < 0:
            searched = len(self._buffer) - self._at
            if searched > _LONGEST_RECORD:
                raise UnreadableOutputError("a line goes on and on")
            if not self._fill(searched + 1):
                return bytes(self._buffer[self._at + skipped :])
        return bytes(self._buffer[self._at + skipped : end + 1])

    def _fill(self, size: int) -> bool:
        """Have so many bytes at hand; False if there are fewer."""
        while len(self._buffer) - self._at < size:
            block = next(self._blocks, None)
            if block is None:
                return False
            del self._buffer[: self._at]
            self._at = 0
            self._buffer += block
        return True

    def _take(self, size: int) -> None:
        self._at += size
        self.offset += size


@dataclass(eq=False, repr=False)
class OutputComparison:
    """One output, compared row by row. ``number_column`` is the column that has the row's number in the file."""

    part: BookPart
    header: tuple[str, ...]
    number_column: str
    reader: OutputReader
    findings: Findings
    _lines: CsvLines = field(default_factory=CsvLines)
    _ahead: tuple[int, list[str], int] | None = None
    """A row of the object that comes after the expected one: its number, cells and offset."""
    _missing: int = 0
    _first_missing: int = 0
    _is_over: bool = False
    """Whether the object has no more rows, or none that can be read."""

    def __post_init__(self) -> None:
        self._number_at = self.header.index(self.number_column)
        self._is_begun = False

    def expect(self, number: int, cells: Sequence[str]) -> int:
        """Compare the next row; returns the offset at which the object has it, or -1."""
        self._begin()
        if self._is_over and self._ahead is None:
            return self._miss(number)
        offset = self.reader.offset
        if self._ahead is None and self.reader.take_if_next(self._lines.write_line(cells)):
            return offset
        while (found := self._next_row()) is not None:
            found_number, found_cells, offset = found
            if found_number == number:
                self._compare_cells(number, cells, found_cells)
                return offset
            if found_number > number:
                self._ahead = found
                self.findings.add(self.part, row=number, expected="the row", found=_NO_ROW)
                return -1
            self.findings.add(self.part, row=found_number, expected="no such row", found=_join(found_cells))
        return self._miss(number)

    def finish(self) -> None:
        """Report the rows that are missing at the object's end, and those that are too many."""
        self._begin()
        if self._missing:
            more = f" and {self._missing - 1:,} more" if self._missing > 1 else ""
            self.findings.add(
                self.part, row=self._first_missing, expected=f"this row{more}", found="the object ends before"
            )
        for extra in range(_MOST_EXTRA + 1):
            row = self._next_row()
            if row is None:
                return
            if extra == _MOST_EXTRA:
                self.findings.add(self.part, row=row[0], expected="the end of the object", found="even more rows")
                return
            self.findings.add(self.part, row=row[0], expected="no such row", found=_join(row[1]))

    def _begin(self) -> None:
        if self._is_begun:
            return
        self._is_begun = True
        if self.reader.take_if_next(header_line(self.header)):
            return
        try:
            found = self.reader.take_row()
        except UnreadableOutputError:
            found = None
        if tuple(found or ()) != self.header:
            self._is_over = True
            text = "another first line, or none"
            self.findings.add(self.part, row=1, expected=_join(self.header), found=_join(found) if found else text)

    def _miss(self, number: int) -> int:
        self._first_missing = self._first_missing or number
        self._missing += 1
        return -1

    def _next_row(self) -> tuple[int, list[str], int] | None:
        """Return the object's next row; None at its end, or where it cannot be read, which is reported."""
        if self._ahead:
            row, self._ahead = self._ahead, None
            return row
        if self._is_over:
            return None
        offset = self.reader.offset
        try:
            cells = self.reader.take_row()
            if cells is None:
                self._is_over = True
                return None
            if len(cells) != len(self.header):
                raise UnreadableOutputError(f"{len(cells)} cells")
            return int(cells[self._number_at]), cells, offset
        except ValueError:
            self._is_over = True
            self.findings.add(self.part, expected="rows of this file", found=f"something else at byte {offset:,}")
            return None

    def _compare_cells(self, number: int, expected: Sequence[str], found: Sequence[str]) -> None:
        for column, wanted, cell in zip(self.header, expected, found, strict=True):
            # Rejected rows of an earlier release have no guard against formulas.
            as_before = unguard_cell(wanted) if self.part is BookPart.REJECTED else wanted
            if cell not in (wanted, as_before):
                self.findings.add(self.part, row=number, column=column, expected=wanted, found=cell)


def _join(cells: Sequence[str]) -> str:
    return ",".join(cells)
