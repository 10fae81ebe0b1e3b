"""The lines of a text, each handed out once, from blocks of UTF-8 that may end anywhere. Pure.

Lines are taken one at a time, or a whole block of them is searched at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


def whole_lines(blocks: Iterable[bytes], longest: int) -> Iterator[bytes]:
    """Yield the text in blocks of whole lines, each of which ends with a line feed, also the last.

    A line of more than ``longest`` characters that goes on beyond its block is cut, to a length that is still too long.
    """
    most = 4 * (longest + 1)  # Bytes: a character has at most four.
    tail = bytearray()
    for block in blocks:
        end = block.rfind(b"\n") + 1
        if end:
            tail += block[:end]
            yield bytes(tail)
            tail.clear()
        if len(tail) <= most:
            tail += block[end:]
            if len(tail) > most:
                tail[most:] = b""
    if tail:
        yield bytes(tail) + b"\n"


class Lines:
    """The lines of a text, and a place in it."""

    def __init__(self, blocks: Iterable[bytes], longest: int) -> None:
        self._blocks = whole_lines(blocks, longest)
        self.block = b""
        """Whole lines, of which those before :attr:`at` are handed out."""
        self.at = 0
        """The offset of the next line in the block."""
        self.taken = 0
        """The number of lines handed out."""
        self._before = 0
        self._texts: list[bytes] | None = None

    def more(self) -> bool:
        """Tell whether there is another line; move to the next block at the end of one."""
        while self.at == len(self.block):
            block = next(self._blocks, None)
            if block is None:
                return False
            self.block, self.at, self._before, self._texts = block, 0, self.taken, None
        return True

    def take(self) -> str | None:
        """Hand out one line without its line feed; None at the end."""
        if not self.more():
            return None
        start, end = self.at, self.block.index(b"\n", self.at)
        self.pass_over(end + 1, 1)
        # A cut line may end in the middle of a character.
        return self.block[start:end].decode(errors="ignore")

    def end_of(self, start: int, first: int, last: int) -> int:
        """Return where lines ``first`` to before ``last`` end, or the block; ``first`` begins at offset ``start``."""
        some = self.texts(first, last)
        return start + sum(map(len, some)) + len(some)

    def texts(self, first: int, last: int) -> list[bytes]:
        """Return lines ``first`` to before ``last``, as far as they are in the block, without their line feeds."""
        if self._texts is None:
            self._texts = self.block.split(b"\n")
            self._texts.pop()  # Behind the last line feed.
        return self._texts[first - self._before : last - self._before]

    @property
    def place(self) -> int:
        """The number of lines of the block that are handed out."""
        return self.taken - self._before

    def pass_over(self, end: int, lines: int) -> None:
        """Count so many lines as handed out: those before offset ``end`` of the block."""
        self.at = end
        self.taken += lines
