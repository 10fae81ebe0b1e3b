"""Splits a file at row boundaries into ranges of bytes that can be read on their own, with the same result. Pure.

Only the row reader knows where a row begins: cells hold line breaks, and a stray quote swallows lines and gives them
back. So the reader of the ranges reads the whole file here, as a file is read that is stored in one go. Nothing is
stored meanwhile.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from itertools import chain, pairwise
from typing import TYPE_CHECKING

from processor.parsing import decoding
from processor.parsing.checked_text import CheckedText
from processor.parsing.plain_rows import PlainRows
from processor.parsing.reader import LONGEST_ROW, RawRow, RowReader
from processor.parsing.whole_file import Reading, ReadingMaker

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from processor.domain.holds import Reject
    from processor.parsing.reader import Place

LOOK_AHEAD = 8 * (LONGEST_ROW + 2)
"""Bytes behind a range that its last row may need: the closing quote is searched for over up to twice
:data:`LONGEST_ROW` characters, of four bytes each."""

_KEPT_BYTES = LOOK_AHEAD + 8 * decoding.SLICE
"""The most bytes between the reader's row and the last byte that it has taken, without pieces in which no line ends:
what it has searched ahead, its block, and the ends of very long lines."""


@dataclass(frozen=True, slots=True)
class Range:
    """Consecutive whole rows: bytes from ``start`` to before ``end``, rows behind ``after_row``."""

    number: int
    start: int
    end: int
    after_row: int
    """Number of the row before the first one; the header has a number, too."""
    last_row: int
    """Number of the last row; blank lines count, as a spreadsheet counts them."""
    reread: int
    """The share of the reader's bound on reading again that the rows before have used, in characters."""

    @property
    def size_bytes(self) -> int:
        """The range's length in bytes."""
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class Split:
    """A file's ranges, with what was read while splitting it."""

    reading: Reading
    header_bytes: int
    """The first range begins here."""
    ranges: tuple[Range, ...]


def split(blocks: Iterable[bytes], *, encoding: str, range_bytes: int, reject: Reject) -> Split:
    """Split a file, given as it is stored, into ranges of about ``range_bytes``, the last one smaller.

    Raises what :func:`processor.parsing.whole_file.read_whole` raises.
    """
    lines = _RecentLines(blocks, most=max(1, range_bytes // 4))
    text = CheckedText(lines, gzipped=False, encoding=encoding, limit_bytes=0)
    reader = text.open_reader()
    maker = ReadingMaker(reader, reject)
    header = reader.place
    header_bytes = lines.offset_of(header.line)
    cuts: list[tuple[int, Place]] = [(header_bytes, header)]
    has_rows = False
    for chunk in reader.chunks():
        if has_rows and lines.size_bytes - cuts[-1][0] >= range_bytes:
            place = reader.place
            start = lines.offset_of(place.line)
            if start - cuts[-1][0] >= range_bytes // 2 and start < lines.size_bytes:
                cuts.append((start, place))
        has_rows = True
        maker.add(chunk)
    reading = maker.result(text.result())
    end = reader.place
    ranges = (
        Range(number, start, stop, place.row, following.row, place.reread)
        for number, ((start, place), (stop, following)) in enumerate(pairwise([*cuts, (lines.size_bytes, end)]))
    )
    return Split(reading, header_bytes, tuple(ranges))


class RangeReader(RowReader):
    """Reads the rows of one range as the reader of the whole file would.

    The bytes are the file's: ``header``, ``body`` (the range), and ``ahead`` (up to :data:`LOOK_AHEAD` behind it).
    """

    def __init__(
        self, header: bytes, body: Iterable[bytes], ahead: Iterable[bytes], encoding: str, file_range: Range
    ) -> None:
        stored = chain([header], body, ahead)
        super().__init__(decoding.text(stored, gzipped=False, encoding=encoding, limit_bytes=0))
        self.count_from(file_range.after_row, file_range.reread)
        self._last_row = file_range.last_row

    def chunks(self) -> Iterator[PlainRows | RawRow]:
        """Yield the range's rows. No chunk goes beyond its end, since a block of lines ends there."""
        for chunk in super().chunks():
            if (chunk.numbers[0] if isinstance(chunk, PlainRows) else chunk[0]) > self._last_row:
                return
            yield chunk


class _RecentLines:
    """The pieces of a file as they pass, and the places of the lines that passed last."""

    def __init__(self, blocks: Iterable[bytes], most: int) -> None:
        self._pieces = decoding.slices(blocks, min(decoding.SLICE, most))
        self._lines = 0
        self._recent: deque[tuple[int, int, bytes]] = deque()
        """Lines and bytes before a piece, and the piece, for those in which a line ends."""
        self._kept_bytes = 0
        self.size_bytes = 0

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._pieces:
            if lines := piece.count(b"\n"):
                self._keep(piece)
                self._lines += lines
            self.size_bytes += len(piece)
            yield piece

    def _keep(self, piece: bytes) -> None:
        self._recent.append((self._lines, self.size_bytes, piece))
        self._kept_bytes += len(piece)
        while self._kept_bytes - len(self._recent[0][2]) > _KEPT_BYTES:
            self._kept_bytes -= len(self._recent.popleft()[2])

    def offset_of(self, line: int) -> int:
        """Return the offset of the line that comes after so many; behind the last line feed, the file's end."""
        for lines, offset, piece in self._recent:
            if lines < line <= lines + piece.count(b"\n"):
                at = -1
                for _ in range(line - lines):
                    at = piece.index(b"\n", at + 1)
                return offset + at + 1
        return self.size_bytes
