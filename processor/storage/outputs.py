"""The two objects that a run writes: the accepted rows, enriched, and the rejected rows with their reasons."""

from __future__ import annotations

from typing import TYPE_CHECKING

from processor.domain.entries import FIRST_STRIDE, MOST_OFFSETS
from processor.domain.orders import ENRICHED_HEADER
from processor.storage.csv_writer import CsvLines
from processor.storage.rejected_rows import HEADER, GoodRow, RejectedRow, reason_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from processor.domain.columns import Problem
    from processor.storage.objects import ObjectWriter


def header_line(header: Sequence[str]) -> bytes:
    """Write an output's first line."""
    return f"{','.join(header)}\r\n".encode()


class CsvObject:
    """A CSV object. Its header is written with the first row, so that no empty object is written.

    The part of an object that is joined later has no header: ``header`` is empty.
    """

    def __init__(self, writer: ObjectWriter, header: Sequence[str]) -> None:
        self._writer = writer
        self._header = header_line(header) if header else b""

    def _append(self, lines: bytes) -> None:
        """Append lines with their line ends: CRLF, as in RFC 4180."""
        self._writer.write(lines if self._writer.size_bytes else self._header + lines)

    @property
    def size_bytes(self) -> int:
        """The bytes written so far."""
        return self._writer.size_bytes

    def complete(self) -> str:
        """Finish the object; returns its key, or "" if it has no row."""
        return self._writer.complete()

    def abort(self) -> None:
        """Discard the object."""
        self._writer.abort()


class AcceptedRows(CsvObject):
    """The enriched CSV, with the byte offset of every ``stride``-th row.

    By these offsets a page of a file's orders is one ranged GET, without an index by file. The stride doubles when the
    list gets long.
    """

    def __init__(self, writer: ObjectWriter, *, headed: bool = True) -> None:
        super().__init__(writer, ENRICHED_HEADER if headed else ())
        self.count = 0
        self.stride = FIRST_STRIDE
        self.offsets: list[int] = []

    def add(self, lines: bytes, rows: int) -> None:
        """Append the lines of a batch; the size of each but the last must divide :data:`FIRST_STRIDE`."""
        if self.count % self.stride == 0:
            self.offsets.append(self.size_bytes or len(self._header))
            if len(self.offsets) > MOST_OFFSETS:
                self.offsets = self.offsets[::2]
                self.stride *= 2
        self.count += rows
        self._append(lines)


class RejectedRows(CsvObject):
    """The rejected-rows file."""

    def __init__(self, writer: ObjectWriter, *, headed: bool = True) -> None:
        super().__init__(writer, HEADER if headed else ())
        self.count = 0
        self.reasons: dict[str, int] = {}
        """Number of occurrences by "column: reason"."""
        self._csv = CsvLines()

    def add(self, row: RejectedRow) -> None:
        """Append one row."""
        self.count += 1
        for problem in row.problems:
            self._count_reason(problem, 1)
        self._append(self._csv.write_line(row.to_cells()))

    def add_good(self, rows: Sequence[GoodRow], problem: Problem) -> None:
        """Append good rows that all are laid aside for the same ``problem``."""
        self.count += len(rows)
        self._count_reason(problem, len(rows))
        reason = reason_of(problem).encode()
        self._append(
            b"".join(row.to_line(reason) or self._csv.write_line(row.to_rejected(problem).to_cells()) for row in rows)
        )

    def _count_reason(self, problem: Problem, rows: int) -> None:
        reason = reason_of(problem)
        self.reasons[reason] = self.reasons.get(reason, 0) + rows
