"""Cursors of paged lists: a position packed into text that is safe in a URL, and checked when it comes back. Pure.

A cursor is no secret and carries no right: whoever changes one reaches another position of the same list, or is
refused.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass

_LONGEST = 2_000  # Characters: three keys of DynamoDB at the most, far below what servers take as a URL.


@dataclass(eq=False)
class CursorError(ValueError):
    """The text is no cursor of this list."""

    cursor: str

    def __str__(self) -> str:
        """Say what was given instead."""
        return f"{self.cursor!r:.60} is no position in this list."


def pack(*parts: str) -> str:
    """Pack the parts of a position."""
    text = json.dumps(parts, ensure_ascii=False, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def unpack(cursor: str, parts: int) -> tuple[str, ...]:
    """Read back what :func:`pack` made of so many parts; raises :class:`CursorError`."""
    if len(cursor) > _LONGEST:
        raise CursorError(cursor)
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        found = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (ValueError, RecursionError, binascii.Error) as error:
        raise CursorError(cursor) from error
    if not isinstance(found, list) or len(found) != parts or not all(isinstance(part, str) for part in found):
        raise CursorError(cursor)
    return tuple(found)
