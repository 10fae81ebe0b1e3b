"""The two objects a run writes as it goes: accepted rows (enriched) and rejected rows (with reasons)."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from processor.orders import ENRICHED_HEADER
from processor.rejects import HEADER, RejectedRow

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from processor.objects import ObjectWriter

FIRST_STRIDE = 1_000
_MOST_OFFSETS = 8_192  # Eleven bytes each at most: far from DynamoDB's 400 KB an item, whatever the file's size.


class CsvObject:
    """A CSV object that gets its header with its first row, so that no empty object is ever written."""

    def __init__(self, writer: ObjectWriter, header: Sequence[str]) -> None:
        self._writer = writer
        self._header: Sequence[str] | None = header
        self._text = io.StringIO()
        # CRLF as in RFC 4180. It also makes the csv module quote cells that hold a lone CR or LF.
        self._csv = csv.writer(self._text, lineterminator="\r\n")

    def write_rows(self, rows: Iterable[Sequence[str]]) -> None:
        """Append rows."""
        if self._header:
            self._csv.writerow(self._header)
            self._header = None
        self._csv.writerows(rows)
        self._writer.write(self._text.getvalue().encode())
        self._text.seek(0)
        self._text.truncate()

    @property
    def size_bytes(self) -> int:
        """How many bytes stand in the object so far."""
        return self._writer.size_bytes

    def complete(self) -> str:
        """Finish the object; returns its key, or "" if it got no row."""
        return self._writer.complete()

    def abort(self) -> None:
        """Discard the object."""
        self._writer.abort()


class AcceptedRows(CsvObject):
    """The enriched CSV, remembering at which byte every ``stride``-th row begins.

    With these offsets a page of a file's orders is one ranged GET, and no index by file is needed. The stride doubles
    when the list gets long.
    """

    def __init__(self, writer: ObjectWriter) -> None:
        super().__init__(writer, ENRICHED_HEADER)
        self.count = 0
        self.stride = FIRST_STRIDE
        self.offsets: list[int] = []
        self._header_bytes = len(",".join(ENRICHED_HEADER).encode()) + 2

    def write_rows(self, rows: Iterable[Sequence[str]]) -> None:
        """Append one batch of rows; batch sizes must divide :data:`FIRST_STRIDE` (only the last may be smaller)."""
        rows = list(rows)
        if self.count % self.stride == 0:
            self.offsets.append(self.size_bytes or self._header_bytes)
            if len(self.offsets) > _MOST_OFFSETS:
                self.offsets = self.offsets[::2]
                self.stride *= 2
        self.count += len(rows)
        super().write_rows(rows)


class RejectedRows(CsvObject):
    """The rejected-rows file."""

    def __init__(self, writer: ObjectWriter) -> None:
        super().__init__(writer, HEADER)
        self.count = 0
        self.reasons: dict[str, int] = {}
        """How often each "column: reason" occurred."""

    def add(self, row: RejectedRow) -> None:
        """Append one row."""
        self.count += 1
        for problem in row.problems:
            reason = f"{problem.column}: {problem.reason}"
            self.reasons[reason] = self.reasons.get(reason, 0) + 1
        self.write_rows([row.to_cells()])
