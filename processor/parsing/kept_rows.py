"""The rows of a small file, kept from its first reading, so that its text need not be read again. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from processor.parsing.plain_rows import PlainRows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from processor.parsing.reader import RawRow, RowReader

MOST_ROWS = 100_000
"""They take some 26 MB, with the lines 33."""
MOST_OTHER = 1_000_000
"""Characters of the rows that are not plain."""


class _Chunk(NamedTuple):
    """A reader's chunk; for plain rows with the block of lines in which they stand, and their place in it."""

    rows: PlainRows | RawRow
    block: bytes = b""
    first_line: int = 0


class KeptRows:
    """Yields once more what a reader has yielded, if that was not too much to keep."""

    def __init__(self) -> None:
        self._chunks: list[_Chunk] = []
        self._rows = self._other = 0
        self._present = _Chunk(PlainRows((), ()))
        self._lines_of, self._lines = b"", list[bytes]()
        self.is_whole = True
        """Whether all rows are kept; if not, none is."""

    def add(self, chunk: PlainRows | RawRow, reader: RowReader) -> None:
        """Keep a chunk that the reader has just yielded."""
        if not self.is_whole:
            return
        if isinstance(chunk, PlainRows):
            self._rows += len(chunk.numbers)
            self._chunks.append(_Chunk(chunk, *reader.plain_lines()))
        else:
            self._rows += 1
            self._other += len(chunk[3])
            self._chunks.append(_Chunk(chunk))
        if self._rows > MOST_ROWS or self._other > MOST_OTHER:
            self.is_whole = False
            self._chunks.clear()

    def chunks(self) -> Iterator[PlainRows | RawRow]:
        """Yield the chunks in their order, once."""
        chunks, self._chunks = self._chunks[::-1], []
        while chunks:
            self._present = chunks.pop()
            yield self._present.rows

    def plain_text(self, index: int) -> bytes:
        """Return the text of one of the plain rows that were yielded last, as it stands in the file."""
        if self._present.block is not self._lines_of:
            self._lines_of, self._lines = self._present.block, self._present.block.split(b"\n")
        return self._lines[self._present.first_line + index].removesuffix(b"\r")
