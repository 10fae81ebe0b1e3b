"""Cursors of paged lists: a direction and a position, packed into text that is safe in a URL, and checked. Pure.

A cursor is not secret and grants nothing: a changed one leads to another position of the same list, or is refused.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from enum import StrEnum

_LONGEST = 2_000  # Characters: three DynamoDB keys at most, far below the limits of URLs.
_LONGEST_PART = 1_024  # Bytes: DynamoDB's limit for a sort key, the shorter one.


@dataclass(eq=False)
class CursorError(ValueError):
    """The text is not a cursor of this list."""

    cursor: str

    def __str__(self) -> str:
        """Say what was given instead."""
        return f"{self.cursor!r:.60} is not a position in this list."


class Direction(StrEnum):
    """The direction of a page from its position; each list shows the newest first."""

    OLDER = "older"
    NEWER = "newer"

    @property
    def opposite(self) -> Direction:
        """The way back."""
        return Direction.NEWER if self is Direction.OLDER else Direction.OLDER


def pack(direction: str, *position: str) -> str:
    """Pack a page's direction and the parts of its position."""
    text = json.dumps([direction, *position], ensure_ascii=False, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def unpack(cursor: str, parts: int) -> tuple[Direction, tuple[str, ...]]:
    """Read back what :func:`pack` made of a direction and so many parts; raises :class:`CursorError`."""
    if len(cursor) > _LONGEST:
        raise CursorError(cursor)
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        content = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (ValueError, RecursionError, binascii.Error) as error:
        raise CursorError(cursor) from error
    if not isinstance(content, list) or len(content) != 1 + parts or not all(isinstance(part, str) for part in content):
        raise CursorError(cursor)
    direction, *position = content
    if direction not in set(Direction) or not all(map(_fits_in_key, position)):
        raise CursorError(cursor)
    return Direction(direction), tuple(position)


def _fits_in_key(part: str) -> bool:
    """Tell whether DynamoDB takes a part as a key; JSON may hold a half of a surrogate pair, which UTF-8 cannot."""
    try:
        return len(part.encode()) <= _LONGEST_PART
    except UnicodeEncodeError:
        return False
