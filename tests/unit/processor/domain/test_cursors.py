"""Cursors come back as what they were, or are refused."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processor.domain.cursors import CursorError, Direction, pack, unpack


@given(st.sampled_from(Direction), st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=60), max_size=4))
def test_a_cursor_comes_back_as_what_it_was(direction: Direction, parts: list[str]) -> None:
    """Any text can be part of a position, and the cursor needs no quoting in a URL."""
    cursor = pack(direction, *parts)

    assert unpack(cursor, len(parts)) == (direction, tuple(parts))
    assert cursor.replace("-", "").replace("_", "").isalnum()


@given(st.text(max_size=80))
def test_anything_else_is_refused(text: str) -> None:
    """Text from a URL either is a cursor or raises what the pages know, and nothing else."""
    try:
        direction, position = unpack(text, 3)
    except CursorError:
        return
    assert unpack(pack(direction, *position), 3) == (direction, position)


@pytest.mark.parametrize(
    "inner",
    [
        *(b"[1,2]", b'{"a":"b"}', b'["older"]', b'["older","b","c"]', b'["older",2]', b'["sideways","b"]'),
        *(b'[["older"],"b"]', b'[null,"b"]', b"\xff\xfe", b"[" * 1_000, b"nonsense"),
        *(b'["older","\\ud800"]', b'["older","' + b"x" * 1_025 + b'"]'),
    ],
)
def test_packed_text_that_is_no_position_is_refused(inner: bytes) -> None:
    """A cursor unpacks into a direction and as many texts as the list has."""
    cursor = base64.urlsafe_b64encode(inner).decode().rstrip("=")

    with pytest.raises(CursorError, match="is not a position in this list"):
        unpack(cursor, 1)


def test_a_very_long_cursor_is_refused_unread() -> None:
    """A URL cannot make us unpack megabytes."""
    with pytest.raises(CursorError):
        unpack(pack(Direction.OLDER, "x" * 10_000), 1)
