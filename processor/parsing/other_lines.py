"""The lines of a text that are not plain rows without quotes, so that a second reading need not search for them. Pure.

Every other line was found to be plain. That holds for a line by itself, wherever the blocks of either reading end.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from typing import Self

MOST_LINES = 250_000
"""Four bytes each. Of a file with more the second reading searches again."""
_NO_LINE = 2**32 - 1


class OtherLines:
    """Ascending numbers of lines, the first of which is 0."""

    def __init__(self) -> None:
        self._lines = array("I")
        self.is_whole = True
        """Whether every such line is known; if not, none is."""

    @classmethod
    def unknown(cls) -> Self:
        """Return the lines of a text that nobody has read: a second reading has to search."""
        lines = cls()
        lines.is_whole = False
        return lines

    def add(self, line: int) -> None:
        """Note a line behind those that are known."""
        if self.is_whole:
            self._lines.append(line)
            if len(self._lines) > MOST_LINES:
                self.is_whole = False
                self._lines = array("I")

    def first_from(self, line: int) -> int:
        """Return the first of them from this line on, or a number that no line has."""
        at = bisect_left(self._lines, line)
        return self._lines[at] if at < len(self._lines) else _NO_LINE
