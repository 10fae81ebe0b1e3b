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
        self._split: list[bytes] | None = None
        self.block = b""
        """Whole lines, of which those before :attr:`at` are handed out."""
        self.count = 0
        """The number of lines in the block."""
        self.at = 0
        self._before = 0

    @property
    def taken(self) -> int:
        """The number of lines handed out."""
        return self._before + self.at

    def more(self) -> bool:
        """Tell whether there is another line; move to the next block at the end of one."""
        while self.at == self.count:
            block = next(self._blocks, None)
            if block is None:
                return False
            self._before += self.count
            self.block, self.count, self.at, self._split = block, block.count(b"\n"), 0, None
        return True

    def take(self) -> str | None:
        """Hand out one line without its line feed; None at the end."""
        if not self.more():
            return None
        line = self.raw(self.at)
        self.at += 1
        # A cut line may end in the middle of a character.
        return line.decode(errors="ignore")

    def raw(self, at: int) -> bytes:
        """Return a line of the block without its line feed; it does not count as handed out."""
        if self._split is None:
            self._split = self.block.split(b"\n")
        return self._split[at]
