"""One reading tells all of a file: its rows, sums, orders and hashes, whichever way its rows are read."""

from __future__ import annotations

import json
from decimal import Decimal
from unittest.mock import patch

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from processor.domain import order_sample
from processor.domain.columns import NAMES, read_cells
from processor.domain.errors import (
    BadGzipError,
    EmptyFileError,
    MissingColumnError,
    NoHeaderError,
    NoRowsError,
    NotCsvError,
    PermanentError,
    TooLargeError,
    WrongEncodingError,
)
from processor.domain.holds import Reject
from processor.parsing import reader, rejected_orders, row_totals, whole_file
from processor.parsing.checked_text import CheckedText
from processor.parsing.header import DELIMITERS
from processor.parsing.reader import RowReader
from processor.parsing.whole_file import Reading, read_whole
from sample_data.generate import generate
from sample_data.shape import Shape
from tests.unit.processor.mixed_files import MIXED_FILES, PLAIN_ROW, cut_into_blocks
from tests.unit.processor.parsing.readings import Comparable, read, read_carefully
from tests.unit.processor.parsing.whole_files import compress
from tests.unit.processor.strategies import GOOD_ROWS, HEADER, csv_text

# Both ways


def outcome(read_file: object, *arguments: object) -> Comparable | str:
    """Return a reading, or the error."""
    try:
        return Comparable.of(read_file(*arguments))  # type: ignore[operator]
    except PermanentError as error:
        return f"{type(error).__name__}: {error}"


def read_blocks(blocks: list[bytes], reject: Reject) -> Reading:
    """Read a file as the processor does."""
    return read(*blocks, reject=reject)


@given(
    MIXED_FILES, st.lists(st.integers(0, 5_000), max_size=4), st.sampled_from(Reject), st.sampled_from([1, 3, 2_000])
)
@example(f"{HEADER}\n" + f"{PLAIN_ROW}\n" * 60, [], Reject.ORDER, 7)
def test_both_ways_read_the_same(text: str, cuts: list[int], reject: Reject, at_once: int) -> None:
    """Property: the reading of plain rows in bulk is that of reading row by row, wherever blocks end."""
    data = text.encode()

    with patch.object(whole_file, "_ROWS_AT_ONCE", at_once):
        found = outcome(read_blocks, cut_into_blocks(data, cuts), reject)

    assert found == outcome(read_carefully, [data], reject)


@given(MIXED_FILES, st.sampled_from([70, 90, 200]), st.integers(0, 500))
def test_both_ways_agree_at_the_bounds(text: str, longest: int, budget: int) -> None:
    """Property: the same where rows are too long, stray quotes have used up their budget, and every memory is full."""
    blocks = [text.encode()]

    with (
        patch.object(reader, "LONGEST_ROW", longest),
        patch.object(reader, "MOST_REREAD", budget),
        patch.object(row_totals, "_MOST_REMEMBERED", 1),
        patch.object(rejected_orders, "MOST_IDS", 1),
        patch.object(order_sample, "MOST_ORDERS", 2),
    ):
        assert outcome(read_blocks, blocks, Reject.ORDER) == outcome(read_carefully, blocks, Reject.ORDER)


# Sums


@given(MIXED_FILES)
def test_sums_are_those_of_the_rows(text: str) -> None:
    """Property: rows, rejected rows, quantity and total are exact, and a row counts if its amounts can be read."""
    try:
        rows = list(RowReader([text.encode()]))
    except PermanentError:
        return
    read_rows = [read_cells(cells) if not problem else ([], None) for _, cells, problem, _ in rows]
    amounts = [
        (values[3], values[4])
        for values, problems in read_rows
        if problems is not None and not {"quantity", "unit_price"} & {problem.column for problem in problems}
    ]
    if not rows:
        return

    reading = read(text)

    assert reading.rows == len(rows)
    assert reading.rejected_rows == sum(problems is None or bool(problems) for _, problems in read_rows)
    assert reading.quantity == sum(int(quantity) for quantity, _ in amounts)
    assert reading.total == sum((quantity * price for quantity, price in amounts), Decimal(0))  # type: ignore[operator]
    assert reading.unknown_amounts == len(rows) - len(amounts)


def test_total_of_many_large_lines_is_exact() -> None:
    """More digits than Decimal's usual 28 are not rounded."""
    row = "A-1,Ann,Widget,1000000,9999999.9999\n"

    reading = read(f"{HEADER}\n", row * 1_000, f"{PLAIN_ROW}\n")

    assert str(reading.total) == "9999999999900029.9700"
    assert reading.quantity == 1_000_000_003


# The same rows


def bad_row(cells: tuple[str, ...]) -> tuple[str, ...]:
    """Return a row with the same cells, but for a quantity that is none."""
    return (*cells[:3], "many", cells[4])


ROWS = st.lists(
    st.tuples(GOOD_ROWS, st.booleans()).map(lambda drawn: bad_row(drawn[0]) if drawn[1] else drawn[0]),
    min_size=1,
    max_size=8,
)


@given(
    ROWS,
    st.permutations([*NAMES, "note"]),
    st.sampled_from(DELIMITERS),
    st.sampled_from(["\n", "\r\n"]),
    st.booleans(),
    st.booleans(),
    st.booleans(),
)
def test_rows_are_the_same_in_other_bytes(
    rows: list[tuple[str, ...]],
    header: list[str],
    delimiter: str,
    line_end: str,
    quote_all: bool,
    marked: bool,
    gzipped: bool,
) -> None:
    """Property: sums, orders and the rows' hash are equal whatever the form in which the rows come."""
    plain = csv_text([NAMES, *rows], line_end="\n", quote_all=True)
    records = [dict(zip(NAMES, cells, strict=True)) | {"note": str(at)} for at, cells in enumerate(rows)]
    # Python 3.12's writer quotes a lone CR only where the line end holds one.
    other = csv_text(
        [header, *([record[name] for name in header] for record in records)],
        delimiter=delimiter,
        line_end=line_end,
        quote_all=quote_all or line_end == "\n",
    )
    stored = b"\xef\xbb\xbf" * marked + other.encode()

    first, second = read(plain), read(compress(stored) if gzipped else stored, gzipped=gzipped)

    same = {"content": None, "unknown_columns": None, "rejected_orders": None, "other_lines": None}
    assert first._replace(**same) == second._replace(**same)  # type: ignore[arg-type]
    assert first.rejected_orders.to_bytes() == second.rejected_orders.to_bytes()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("3,9.99", "003,9.99"),
        ("3,9.99", "3,9.9900"),
        ("3,9.99", "3,09.99"),
        ("3,5", "3,5.0"),
        ("Ann", " Ann "),
        ("Ann", '"Ann"'),
    ],
)
def test_the_same_value_in_another_notation_is_the_same_row(before: str, after: str) -> None:
    """Zeros, spaces and quotes that say nothing do not count."""
    row = PLAIN_ROW if before in PLAIN_ROW else PLAIN_ROW.replace("9.99", "5")

    first, second = read(f"{HEADER}\n{row}\n"), read(f"{HEADER}\n{row.replace(before, after)}\n")

    assert first.rows_sha256 == second.rows_sha256


@pytest.mark.parametrize(
    "rows",
    [
        [PLAIN_ROW, PLAIN_ROW],
        ["A-1,Ann,Widget,9.99,3"],
        ["A-1,AnnWidget,Widget,3,9.99"],
        ["A-1,Ann,Widget,3,99.9"],
        ["A-1,Ann,Widget,3,0.999"],
        ["A-1,Ann,Widget,30,.999"],
        ["A-1,Ann,Widget,3,9.99", "A-1,Ann,Widget,0,9.99"],
        ["A-1,Ann,Widget,0,9.99", "A-1,Ann,Widget,3,9.99"],
        ["A-1,Ann,Widget,3,9.99", "A-1,Ann,Widget,3"],
        ["A-1,Ann,Widget,3,9.99", "A-1,Ann,Widget,4"],
        ["A-2,Ann,Widget,3,9.99", "A-1,Ann,Widget,3,9.99"],
        ["A-1,Ann,Widget,3,9.99", "A-2,Ann,Widget,3,9.99"],
        ["A-1,Ann,Widget,3,10"],
        ["A-1,Ann,Widget,3,100"],
    ],
)
def test_other_rows_have_another_hash(rows: list[str]) -> None:
    """Values, their columns, the order of rows, and rejected rows at their places all matter."""
    plain = read(f"{HEADER}\n{PLAIN_ROW}\n")

    other = read("\n".join([HEADER, *rows]))

    assert other.rows_sha256 != plain.rows_sha256


def test_hashes_of_all_those_rows_differ() -> None:
    """The order of rows, and where the rejected one stands, matter."""
    bad = "A-1,Ann,Widget,0,9.99"
    files = [[PLAIN_ROW, bad], [bad, PLAIN_ROW], [PLAIN_ROW, bad, bad], [PLAIN_ROW, PLAIN_ROW.replace("1", "2")]]
    files.append(files[-1][::-1])

    hashes = {read("\n".join([HEADER, *rows])).rows_sha256 for rows in files}

    assert len(hashes) == len(files)


def test_windows_1252_is_read_as_declared() -> None:
    """The same rows in another encoding are the same text and the same rows."""
    text = f"{HEADER}\nÄ-1,Zoë,“Café” 5 €,3,9.99\n"

    first, second = read(text), read(text.encode("cp1252"), encoding="cp1252")

    assert first.content.text_sha256 == second.content.text_sha256
    assert first[1:8] == second[1:8]


# Errors


def gzip_of(text: str, cut: int = 0) -> bytes:
    """Compress a text, and cut off the end."""
    packed = compress(text.encode())
    return packed[: len(packed) - cut]


@pytest.mark.parametrize(
    ("data", "gzipped", "error"),
    [
        (b"", False, EmptyFileError),
        (b"", True, EmptyFileError),
        (compress(b""), True, EmptyFileError),
        (b"%PDF-1.7", False, NotCsvError),
        (compress(b"%PDF-1.7"), True, NotCsvError),
        (b"\n\n", False, NoHeaderError),
        (HEADER.encode(), False, NoRowsError),
        (f"{HEADER}\n\n \n".encode(), False, NoRowsError),
        (b"order_id,customer_name\nA,B\n", False, MissingColumnError),
        (b"order_id,customer_name\nA,B\n\xff\n", False, WrongEncodingError),
        (b"order_id,customer_name\n" + b"A,B\n" * 99_999 + b"\xff\n", False, WrongEncodingError),
        (HEADER.encode() + b"\n\xc3", False, WrongEncodingError),
        (gzip_of("order_id\n1\n", cut=4), True, BadGzipError),
        (gzip_of(f"{HEADER}\n", cut=4), True, BadGzipError),
        (b"order_id", True, BadGzipError),
        (gzip_of("order_id\n" + " " * 2_000_000), True, TooLargeError),
    ],
)
def test_what_cannot_be_read_says_why(data: bytes, gzipped: bool, error: type[PermanentError]) -> None:
    """A wrong byte, and a fault of the packing, anywhere come before a wrong header, and that before missing rows."""
    with pytest.raises(error):
        read_whole(CheckedText([data], gzipped=gzipped, encoding="utf-8", limit_bytes=1_000_000), Reject.ORDER)


# Orders


def test_orders_are_counted_once_whatever_their_lines() -> None:
    """The lines of an order need not stand together."""
    text = f"{HEADER}\n" + "".join(f"A-{at % 7},Ann,Widget,1,1\n" for at in range(100))

    reading = read(text)

    assert reading.orders.count == 7
    assert reading.orders.is_exact
    assert set(reading.orders.order_ids) == {f"A-{at}" for at in range(7)}


MIXED_ORDERS = f"{HEADER}\nA-1,Ann,Widget,1,1\nA-2,Ann,Widget,1,1\nA-1,Ann,Widget,many,1\nA-3,Ann,Widget,many,1\n"


@pytest.mark.parametrize(
    ("reject", "orders", "rejected"),
    [(Reject.ORDER, {"A-2"}, b"IA-1\nA-3"), (Reject.ROW, {"A-1", "A-2"}, b"I"), (Reject.FILE, {"A-1", "A-2"}, b"I")],
)
def test_orders_that_may_be_stored(reject: Reject, orders: set[str], rejected: bytes) -> None:
    """Under reject=order those without a rejected row, otherwise those with an accepted one."""
    reading = read(MIXED_ORDERS, reject=reject)

    assert set(reading.orders.order_ids) == orders
    assert reading.rejected_orders.to_bytes() == rejected
    assert (reading.rows, reading.rejected_rows, reading.unknown_amounts) == (4, 2, 2)


def test_a_large_file_of_every_kind_of_row() -> None:
    """Thousands of rows in many blocks are read alike in bulk and row by row, and counted as they were made."""
    shape = Shape(quoted=0.05, multiline=0.02, hostile=0.02, unicode=0.2)
    made = list(generate(5_000, bad=0.05, shape=shape))
    data = (shape.header + "".join(row.text for row in made)).encode()

    reading = read(*cut_into_blocks(data, range(0, 400_000, 30_011)))

    assert Comparable.of(reading) == Comparable.of(read_carefully([data]))
    assert (reading.rows, reading.rejected_rows) == (5_000, 250)
    assert json.dumps(reading.unknown_columns) == "[]"
