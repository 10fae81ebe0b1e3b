"""A text has one hash however it was saved, and shows whether its last row is whole."""

from __future__ import annotations

import hashlib
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processor.parsing import checked_text
from tests.unit.processor.mixed_files import cut_into_blocks
from tests.unit.processor.parsing.whole_files import check_file

TEXTS = st.lists(st.sampled_from(["a", "ü", ",", "\n", "\r\n", "\r", "\n\n\n", " "]), min_size=1, max_size=20).map(
    "".join
)


def normalised(text: str) -> bytes:
    """Return what the hash is over, reckoned at once; a return that the end has cut from its line feed is no text."""
    return text.removesuffix("\r").replace("\r\n", "\n").rstrip("\n").encode()


@given(TEXTS, st.lists(st.integers(0, 40), max_size=4), st.booleans(), st.integers(1, 3))
def test_hash_is_that_of_the_text(text: str, cuts: list[int], marked: bool, at_once: int) -> None:
    """Property: wherever blocks end, byte order mark, line ends and empty lines at the end do not count."""
    blocks = cut_into_blocks(b"\xef\xbb\xbf" * marked + text.encode(), cuts)

    with patch.object(checked_text, "_MOST_AT_ONCE", at_once):
        found = check_file(blocks)

    assert found.text_sha256 == hashlib.sha256(normalised(text)).hexdigest()


@given(TEXTS, st.lists(st.integers(0, 40), max_size=4))
def test_the_last_row_has_a_line_end_or_not(text: str, cuts: list[int]) -> None:
    """Property: nothing but spaces may stand behind the last line feed."""
    found = check_file(cut_into_blocks(text.encode(), cuts))

    *before, last = text.split("\n")
    assert found.has_line_end == (bool(before) and not last.strip(" \r"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [("a\nb\n", True), ("a\nb", False), ("a\nb\r\n", True), ("a\nb\r", False), ("a\nb\n  ", True), ("a\nb\n\r", True)],
)
def test_examples_of_last_rows(text: str, expected: bool) -> None:
    """A row that ends in the middle of its line end is not whole."""
    assert check_file([text.encode()]).has_line_end is expected


def test_endless_line_ends_cost_no_memory() -> None:
    """A file of line ends only is not kept while it is uncertain whether text follows."""
    import tracemalloc  # noqa: PLC0415  It slows down whatever runs beside it.

    def blocks() -> list[bytes]:
        return [b"\n" * 100_000] * 300

    tracemalloc.start()
    check_file([b"a", *blocks(), b"b"], limit=0)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert peak < 3_000_000
