"""A file that is split and read in ranges has the very rows of the file that is read in one go, however hostile."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from processor.domain.errors import (
    EmptyFileError,
    MissingColumnError,
    NoRowsError,
    NotCsvError,
    PermanentError,
    WrongEncodingError,
)
from processor.domain.holds import Reject
from processor.large_files.plan import Plan
from processor.large_files.splitting import LOOK_AHEAD, Range, RangeReader, Split, split
from processor.observability.cost import Usage
from processor.parsing import decoding
from processor.parsing import reader as rows
from processor.parsing.decoding import ContentCheck
from processor.parsing.plain_rows import PlainRows
from processor.parsing.reader import LONGEST_ROW, RowReader
from sample_data.generate import generate
from sample_data.shape import Shape
from tests.unit.processor.mixed_files import MIXED_FILES, PLAIN_ROW, cut_into_blocks
from tests.unit.processor.parsing.readings import Comparable, read
from tests.unit.processor.parsing.whole_files import check_file
from tests.unit.processor.strategies import HEADER

if TYPE_CHECKING:
    from collections.abc import Iterable

type Rows = list[tuple[int, tuple[str, ...], str, str]]
type Found = Rows | str
BOM = b"\xef\xbb\xbf"


def generated(count: int, shape: Shape) -> bytes:
    """Generate a file of a few kinds of good and bad rows."""
    return (shape.header + "".join(row.text for row in generate(count, bad=0.02, shape=shape))).encode()


def rows_of(reader: RowReader) -> Rows:
    """List a reader's rows, plain ones too, as reading row by row gives them."""
    found: Rows = []
    for each in reader.chunks():
        if isinstance(each, PlainRows):
            found += [
                (number, tuple(cell.decode() for cell in cells), "", "")
                for number, *cells in zip(each.numbers, *each.columns, strict=True)
            ]
        else:
            number, cells, problem, text = each
            found.append((number, tuple(cells), problem, text if problem else ""))
    return found


def whole(data: bytes, encoding: str = "utf-8") -> Found:
    """Read a file in one go, as a single run does: its rows, or what is wrong with it."""
    try:
        check_file([data], encoding=encoding)
        found = rows_of(RowReader(decoding.text([data], gzipped=False, encoding=encoding, limit_bytes=0)))
    except PermanentError as error:
        return str(error)
    return found or str(NoRowsError())


def part_of(data: bytes, made: Split, part: Range, encoding: str = "utf-8", ahead: int = LOOK_AHEAD) -> Rows:
    """Read one range, from no more of the file than the run of a range gets."""
    body, behind = data[part.start : part.end], data[part.end : part.end + ahead]
    return rows_of(RangeReader(data[: made.header_bytes], [body], [behind], encoding, part))


def in_ranges(
    blocks: Iterable[bytes], range_bytes: int, encoding: str = "utf-8", ahead: int = LOOK_AHEAD
) -> Rows | str:
    """Split a file and read its ranges, each on its own."""
    blocks = list(blocks)
    data = b"".join(blocks)
    try:
        made = split(blocks, encoding=encoding, range_bytes=range_bytes, reject=Reject.ORDER)
    except PermanentError as error:
        return str(error)
    return [row for part in made.ranges for row in part_of(data, made, part, encoding, ahead)]


@given(MIXED_FILES, st.integers(1, 400), st.lists(st.integers(0, 5_000), max_size=4), st.booleans())
@example(f"{HEADER}\n" + f"{PLAIN_ROW}\n" * 60, 100, [], False)
@example(f"{HEADER}\n" + '"A-1","Ann\n\nLee",Widget,3,9.99\n' * 9, 40, [], False)
@example(
    f"{HEADER}\n" + f'A-1,"Ann,Widget,3,9.99\n{PLAIN_ROW}\n{PLAIN_ROW}\nA-1,Ann",Widget,3,9.99\n' * 5, 30, [], True
)
def test_ranges_hold_the_rows_of_the_whole(text: str, range_bytes: int, cuts: list[int], marked: bool) -> None:
    """Property: numbers, cells, problems and originals are equal, wherever ranges and blocks end, BOM or none."""
    data = BOM * marked + text.encode()

    assert in_ranges(cut_into_blocks(data, cuts), range_bytes) == whole(data)


@given(MIXED_FILES, st.integers(1, 200), st.sampled_from([70, 90, 200]), st.integers(0, 500))
def test_ranges_agree_at_the_reader_s_bounds(text: str, range_bytes: int, longest: int, budget: int) -> None:
    """Property: the same where rows are too long, where stray quotes use up their budget, and at the look ahead."""
    data = text.encode()

    with patch.object(rows, "LONGEST_ROW", longest), patch.object(rows, "MOST_REREAD", budget):
        assert in_ranges([data], range_bytes, ahead=8 * (longest + 2)) == whole(data)


@given(MIXED_FILES, st.integers(1, 200))
def test_ranges_agree_in_another_encoding(text: str, range_bytes: int) -> None:
    """Property: the same for a file whose bytes are not the text's."""
    data = text.encode("cp1252", "replace")

    assert in_ranges([data], range_bytes, "cp1252") == whole(data, "cp1252")


@given(st.integers(0, 3), st.integers(1, 3))
def test_a_quote_at_the_end_of_a_range_is_looked_for_as_far_as_in_the_whole(long_lines: int, width: int) -> None:
    """A stray quote may be closed in a later range, as far away as the bound on a row allows."""
    letter = "aü😀"[width - 1]
    filling = "".join(letter * (LONGEST_ROW - 10) + "\n" for _ in range(long_lines))
    text = (
        f'{HEADER}\n{PLAIN_ROW}\nA-1,"Ann,Widget,3,9.99\n{filling}{PLAIN_ROW}\nA-1,Ann",Widget,3,9.99\n'
        + f"{PLAIN_ROW}\n" * 3
    )
    data = text.encode()

    assert in_ranges([data], 20) == whole(data)


def test_ranges_cover_every_byte_once() -> None:
    """They follow one another from the header to the end, each about as large as was asked for."""
    data = generated(20_000, Shape(quoted=0.1, multiline=0.05, hostile=0.05))

    made = split([data], encoding="utf-8", range_bytes=100_000, reject=Reject.ORDER)

    assert made.ranges[0].start == made.header_bytes == data.index(b"\n") + 1
    assert made.ranges[-1].end == len(data)
    assert all(before.end == after.start for before, after in pairwise(made.ranges))
    assert all(before.last_row == after.after_row for before, after in pairwise(made.ranges))
    assert [part.number for part in made.ranges] == list(range(len(made.ranges)))
    assert all(50_000 <= part.size_bytes <= 150_000 + LONGEST_ROW for part in made.ranges[:-1])
    assert in_ranges([data], 100_000) == whole(data)


@given(MIXED_FILES, st.integers(1, 400), st.lists(st.integers(0, 5_000), max_size=4), st.sampled_from(Reject))
def test_the_reading_is_that_of_a_single_run(text: str, range_bytes: int, cuts: list[int], reject: Reject) -> None:
    """Property: a file has the same sums, orders and hashes whether it is stored in one go or in ranges."""
    data = text.encode()
    try:
        expected = read(data, reject=reject)
    except PermanentError:
        return

    made = split(cut_into_blocks(data, cuts), encoding="utf-8", range_bytes=range_bytes, reject=reject)

    assert Comparable.of(made.reading) == Comparable.of(expected)


@given(MIXED_FILES)
def test_a_plan_is_read_back(text: str) -> None:
    """Property: all comes back but the rejected orders and what only a reading in one go needs."""
    try:
        made = split([text.encode()], encoding="utf-8", range_bytes=200, reject=Reject.ORDER)
    except PermanentError:
        return

    plan = Plan.from_json(Plan.of(made, Usage(s3_reads=3)).to_json())

    assert plan.split.ranges == made.ranges
    assert plan.split.header_bytes == made.header_bytes
    left_out: Any = {"rejected_orders": None, "other_lines": None}
    assert plan.split.reading._replace(**left_out) == made.reading._replace(**left_out)
    assert plan.has_rejected_orders == bool(len(made.reading.rejected_orders))
    assert plan.usage == Usage(s3_reads=3)


def test_a_plan_of_an_earlier_release_is_read() -> None:
    """A file that was split before the deployment is stored and settled by its old plan."""
    split_then = {
        "content": {"stored_bytes": 9, "unpacked_bytes": 9, "lines": 3, "sha256": "ab", "is_ascii": True},
        "header_bytes": 4,
        "unknown_columns": ["note"],
        "ranges": [{"number": 0, "start": 4, "end": 9, "after_row": 1, "last_row": 3, "reread": 0}],
    }

    plan = Plan.from_json(json.dumps({"split": split_then, "usage": {}}).encode())

    assert plan.split.ranges == (Range(0, 4, 9, 1, 3, 0),)
    assert plan.split.reading.content == ContentCheck(9, 9, 3, "ab", is_ascii=True)
    assert plan.split.reading.unknown_columns == ("note",)
    assert not plan.has_rejected_orders


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"", EmptyFileError),
        (b"%PDF-1.7", NotCsvError),
        (HEADER.encode(), NoRowsError),
        (f"{HEADER}\n\n \n".encode(), NoRowsError),
        (b"order_id,customer_name\nA,B\n", MissingColumnError),
        (b"order_id,customer_name\nA,B\n\xff\n", WrongEncodingError),
        (f"{HEADER}\n{PLAIN_ROW}\n".encode() * 100 + b"\xff", WrongEncodingError),
    ],
)
def test_what_no_run_could_read_is_not_split(data: bytes, error: type[PermanentError]) -> None:
    """The same errors in the same order as in a single run: wrong bytes anywhere come before a wrong header."""
    with pytest.raises(error):
        split([data], encoding="utf-8", range_bytes=50, reject=Reject.ORDER)


def test_memory_is_bounded_whatever_the_file() -> None:
    """Neither endless blank lines nor one endless line make the splitter keep the file."""
    import tracemalloc  # noqa: PLC0415  It slows down whatever runs beside it.

    def hostile() -> Iterable[bytes]:
        yield f"{HEADER}\n{PLAIN_ROW}\n".encode()
        for _ in range(40):
            yield (b" " * 999 + b"\n") * 1_000
        for _ in range(40):
            yield b"x" * 1_000_000
        yield f"\n{PLAIN_ROW}\n".encode()

    tracemalloc.start()
    made = split(hostile(), encoding="utf-8", range_bytes=10_000_000, reject=Reject.ORDER)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert made.ranges[-1].last_row == 40_004
    assert peak < 30_000_000
