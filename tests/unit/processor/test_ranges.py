"""A text in ranges is read range by range as it is read in one go: the same rows, numbers, problems and texts."""

from __future__ import annotations

from itertools import pairwise
from unittest.mock import patch

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from processor import rows
from processor.errors import MissingColumnError, PermanentError
from processor.ranges import Manifest, split
from processor.rows import RawRow, RowReader
from sample_data.generate import generate
from sample_data.shape import Shape
from tests.unit.processor.strategies import HEADER
from tests.unit.processor.test_fast_path import FILES, cut

STRAY = 'A-1,"Ann,Widget,3,9.99'
GOOD = "A-1,Ann,Widget,3,9.99"


def whole(data: bytes) -> list[RawRow]:
    """Read a text in one go."""
    return [(number, tuple(cells), problem, text) for number, cells, problem, text in RowReader([data])]


def by_ranges(data: bytes, manifest: Manifest) -> list[RawRow]:
    """Read a text range by range, each by a reader of its own."""
    header = data[: manifest.header_bytes]
    return [
        (number, tuple(cells), problem, text)
        for part in manifest.ranges
        for number, cells, problem, text in RowReader.going_on(header, [data[part.start.offset : part.end]], part.start)
    ]


@given(FILES, st.lists(st.integers(0, 5_000), max_size=6), st.integers(1, 120), st.sampled_from([0, 200, 10**9]))
@example(f"{HEADER}\n{STRAY}\n{GOOD}\n{STRAY}\n" + f"{GOOD}\n" * 8 + STRAY, [], 1, 200)
@example(f'{HEADER}\nA-1,"Ann\n{GOOD}\nLee",Widget,3,9.99\n{GOOD}', [], 1, 200)
def test_ranges_hold_the_same_rows(text: str, cuts: list[int], size: int, budget: int) -> None:
    """Property: whatever the file, its size of ranges, its blocks and the budget of stray quotes."""
    data = text.encode()

    with patch.object(rows, "MOST_REREAD", budget), patch.object(rows, "LONGEST_ROW", 200):
        try:
            manifest = split(cut(data, cuts), size)
        except PermanentError:
            return

        assert by_ranges(data, manifest) == whole(data)


@given(FILES, st.integers(1, 120))
def test_ranges_follow_one_another(text: str, size: int) -> None:
    """Property: from the header's end to the text's, without gap or overlap, none smaller than asked but the last."""
    data = text.encode()

    try:
        manifest = split([data], size)
    except PermanentError:
        return

    ends = [manifest.header_bytes, *(part.end for part in manifest.ranges)]
    assert [part.start.offset for part in manifest.ranges] == ends[:-1]
    assert all(part.end - part.start.offset >= size for part in manifest.ranges[:-1])
    assert not manifest.ranges or ends[-1] == len(data)
    assert all(first.start.row < second.start.row for first, second in pairwise(manifest.ranges))


def test_generated_file_falls_into_even_ranges() -> None:
    """A file of many rows, quoted line breaks among them, is cut near the size that was asked for."""
    shape = Shape(quoted=0.05, multiline=0.05)
    data = (shape.header + "".join(row.text for row in generate(20_000, bad=0.02, shape=shape))).encode()

    manifest = split(cut(data, range(0, len(data), 10_007)), 100_000)

    sizes = [part.end - part.start.offset for part in manifest.ranges]
    assert all(100_000 <= size < 115_000 for size in sizes[:-1])
    assert by_ranges(data, manifest) == whole(data)


def test_text_without_rows_has_no_ranges() -> None:
    """A header alone is nothing to be read."""
    assert split([HEADER.encode()], 100) == Manifest(len(HEADER), ())


def test_text_without_a_header_is_refused() -> None:
    """Before anything is cut."""
    with pytest.raises(MissingColumnError):
        split([b"order_id,quantity\n1,2\n"], 100)
