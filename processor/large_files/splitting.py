"""Splits a file at row boundaries into ranges of bytes that can be read on their own, with the same result. Pure.

Where a row begins is known to the reader alone: cells hold line breaks, and a stray quote swallows lines and gives them
back. So the file is read by the very reader that reads the ranges afterwards, while its bytes are checked as
``processor.parsing.decoding`` checks a file that is read in one go. Nothing is stored meanwhile.
"""

from __future__ import annotations

import hashlib
from collections import deque
from dataclasses import dataclass
from itertools import chain, pairwise
from typing import TYPE_CHECKING

from processor.domain.errors import EmptyFileError, NoRowsError, PermanentError
from processor.parsing import decoding as content
from processor.parsing.decoding import ContentCheck, EncodingChecker
from processor.parsing.reader import LONGEST_ROW, PlainRows, RawRow, RowReader

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from processor.parsing.reader import Place

LOOK_AHEAD = 8 * (LONGEST_ROW + 2)
"""Bytes behind a range that its last row may need: an opened quote is looked for the closing one over up to two times
:data:`LONGEST_ROW` characters, of four bytes each, whether it is found or not."""

_KEPT_BYTES = LOOK_AHEAD + 8 * content.SLICE
"""What may lie between the row that the reader is at and the last byte that it has taken, pieces in which no line ends
not counted: what it looks at ahead, its block, and the ends of very long lines."""


@dataclass(frozen=True, slots=True)
class Range:
    """Whole rows that follow one another: bytes from ``start`` to before ``end``, rows behind ``after_row``."""

    number: int
    start: int
    end: int
    after_row: int
    """Number of the row before the first one; the header has one, too."""
    last_row: int
    """Number of the last row; blank lines count, as a spreadsheet counts them."""
    reread: int
    """How much of the reader's bound on reading again was used before."""

    @property
    def size_bytes(self) -> int:
        """How many bytes the range has."""
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class Split:
    """What came of splitting a file."""

    content: ContentCheck
    header_bytes: int
    """The first range begins here."""
    unknown_columns: tuple[str, ...]
    ranges: tuple[Range, ...]


def split(blocks: Iterable[bytes], *, encoding: str, range_bytes: int) -> Split:
    """Split a file, given as it is stored, into ranges of about ``range_bytes``, the last one smaller.

    Raises what :func:`processor.parsing.decoding.check` and :class:`RowReader` raise, and :class:`NoRowsError`.
    """
    checked = _Checked(blocks, encoding, most=max(1, range_bytes // 4))
    pieces = iter(checked)
    try:
        reader = RowReader(content.text(pieces, gzipped=False, encoding=encoding, limit_bytes=0))
    except PermanentError:
        for _ in pieces:  # What is wrong with the bytes anywhere comes before what is wrong with the header.
            pass
        raise
    header = reader.place
    header_bytes = checked.start_of(header.line)
    cuts: list[tuple[int, Place]] = [(header_bytes, header)]
    rows = False
    for _found in reader.chunks():
        if rows and checked.size_bytes - cuts[-1][0] >= range_bytes:
            place = reader.place
            start = checked.start_of(place.line)
            if start - cuts[-1][0] >= range_bytes // 2 and start < checked.size_bytes:
                cuts.append((start, place))
        rows = True
    if not rows:
        raise NoRowsError
    end = reader.place
    ranges = (
        Range(number, start, stop, place.row, following.row, place.reread)
        for number, ((start, place), (stop, following)) in enumerate(pairwise([*cuts, (checked.size_bytes, end)]))
    )
    return Split(checked.result(), header_bytes, reader.unknown_columns, tuple(ranges))


class RangeReader(RowReader):
    """Reads the rows of one range as the reader of the whole file would.

    ``header``, ``body`` and ``ahead`` are the file's own bytes: the header, the range, up to :data:`LOOK_AHEAD` behind.
    """

    def __init__(
        self, header: bytes, body: Iterable[bytes], ahead: Iterable[bytes], encoding: str, part: Range
    ) -> None:
        stored = chain([header], body, ahead)
        super().__init__(content.text(stored, gzipped=False, encoding=encoding, limit_bytes=0))
        self.go_on_from(part.after_row, part.reread)
        self._last_row = part.last_row

    def chunks(self) -> Iterator[PlainRows | RawRow]:
        """Yield the range's rows. No run goes beyond its end, since a block of lines ends there."""
        for found in super().chunks():
            if (found.first if isinstance(found, PlainRows) else found[0]) > self._last_row:
                return
            yield found


class _Checked:
    """The pieces of a file, checked while they pass, and where the lines begin that passed last."""

    def __init__(self, blocks: Iterable[bytes], encoding: str, most: int) -> None:
        self._pieces = content.slices(blocks, min(content.SLICE, most))
        self._checker = EncodingChecker(encoding)
        self._digest = hashlib.sha256()
        self._recent: deque[tuple[int, int, bytes]] = deque()
        """Lines and bytes in front of a piece, and the piece; only those in which a line ends."""
        self._kept_bytes = 0
        self.size_bytes = 0

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._pieces:
            if not self.size_bytes:
                content.refuse_other_kinds(piece)
            self._digest.update(piece)
            lines = self._checker.lines
            self._checker.feed(piece)
            if self._checker.lines > lines:
                self._keep(lines, piece)
            self.size_bytes += len(piece)
            yield piece
        self._checker.feed(b"", final=True)
        if not self.size_bytes:
            raise EmptyFileError

    def _keep(self, lines: int, piece: bytes) -> None:
        self._recent.append((lines, self.size_bytes, piece))
        self._kept_bytes += len(piece)
        while self._kept_bytes - len(self._recent[0][2]) > _KEPT_BYTES:
            self._kept_bytes -= len(self._recent.popleft()[2])

    def start_of(self, line: int) -> int:
        """Return the offset of the line that has so many in front; of one behind the last line feed, the end."""
        for lines, offset, piece in self._recent:
            if lines < line <= lines + piece.count(b"\n"):
                at = -1
                for _ in range(line - lines):
                    at = piece.index(b"\n", at + 1)
                return offset + at + 1
        return self.size_bytes

    def result(self) -> ContentCheck:
        return ContentCheck(self.size_bytes, self.size_bytes, self._checker.lines, self._digest.hexdigest())
