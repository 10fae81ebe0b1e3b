"""The lines of a text, each handed out once, from blocks of UTF-8 that may end anywhere.

Two readers share it: one takes a line at a time, the other looks at all lines of a block at once. Pure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


def whole_lines(blocks: Iterable[bytes], longest: int) -> Iterator[tuple[bytes, int]]:
    """Yield the text in blocks that end with a line feed, the last line too, and the byte where each ends in the text.

    A line of more than ``longest`` characters that goes on beyond its block comes cut, but still too long.
    """
    most = 4 * (longest + 1)  # Bytes: a character has at most four.
    tail = bytearray()
    seen = 0
    for block in blocks:
        end = block.rfind(b"\n") + 1
        if end:
            tail += block[:end]
            yield bytes(tail), seen + end
            tail.clear()
        seen += len(block)
        if len(tail) <= most:
            tail += block[end:]
            if len(tail) > most:
                tail[most:] = b""
    if tail:
        yield bytes(tail) + b"\n", seen


class Lines:
    """A place in a text."""

    def __init__(self, blocks: Iterable[bytes], longest: int) -> None:
        self._blocks = whole_lines(blocks, longest)
        self._split: list[bytes] = []
        self.block = b""
        """Whole lines; those before :attr:`at` are handed out."""
        self.count = 0
        """How many lines the block has."""
        self.at = 0
        self.end = 0
        """The byte of the text where the block ends."""
        self._start = 0

    def more(self) -> bool:
        """Tell whether a line is left, and move on to the next block where the last one is used up."""
        while self.at == self.count:
            block = next(self._blocks, None)
            if block is None:
                return False
            self._start = self.end
            self.block, self.end = block
            self.count, self.at, self._split = self.block.count(b"\n"), 0, []
        return True

    def take(self) -> str | None:
        """Hand out one line without its line feed; None at the end."""
        if not self.more():
            return None
        line = self._lines()[self.at]
        self.at += 1
        # A line that came cut may end in the middle of a character.
        return line.decode(errors="ignore")

    def offset(self) -> int:
        """Return the byte of the text where the next line begins."""
        if self.at == 0:
            return self._start
        # Counted from the end: the first line of a block may have been cut.
        return self.end - sum(len(line) + 1 for line in self._lines()[self.at : self.count])

    def _lines(self) -> list[bytes]:
        if not self._split:
            self._split = self.block.split(b"\n")
        return self._split
