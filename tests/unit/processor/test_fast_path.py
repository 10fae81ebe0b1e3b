"""Plain rows are read and written in bulk, and what comes out is to the byte what reading one by one would give."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from processor.domain.columns import COLUMNS, NAMES, ROW, Money, Problem, Text, Whole, read_cells
from processor.domain.errors import NoRowsError, PermanentError
from processor.domain.orders import BY_CUSTOMER, OrderMaker, put_request
from processor.orders.batches import BATCH_ITEMS, Batch
from processor.parsing import decoding, other_lines, reader, rejected_orders
from processor.parsing import plain_rows as plain
from processor.parsing.plain_rows import PlainPattern, PlainRows
from processor.parsing.ragged_rows import order_ids_of
from processor.parsing.reader import RowReader
from processor.parsing.rejected_orders import RejectedOrders
from processor.storage.csv_writer import CsvLines
from processor.storage.rejected_rows import RejectedRow
from sample_data.generate import generate
from sample_data.shape import Shape
from tests.unit.processor.made_orders import make
from tests.unit.processor.mixed_files import MIXED_FILES, PLAIN_ROW, cut_into_blocks
from tests.unit.processor.outcomes import Outcome, fast, outcome_of
from tests.unit.processor.strategies import HEADER

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Sequence
    from decimal import Decimal

    from processor.domain.columns import Column
    from processor.orders.writer import OrderWriter
    from processor.parsing.other_lines import OtherLines
    from processor.storage.outputs import AcceptedRows, RejectedRows


def careful(
    blocks: Iterable[bytes], indexes: Sequence[str] = (BY_CUSTOMER,), rejected_ids: Container[str] = ()
) -> Outcome:
    """Read a file row by row: what every file is measured by."""

    def fill(orders: OrderMaker, store: OrderWriter, accepted: AcceptedRows, rejected: RejectedRows) -> None:
        puts: list[Any] = []
        lines: list[bytes] = []
        seen = 0

        def flush() -> None:
            for stored in store.write(Batch(json.dumps(puts)[1:-1].encode(), b"".join(lines), len(puts))):
                accepted.add(stored.lines, stored.rows)
            puts.clear()
            lines.clear()

        for number, cells, problem, text in RowReader(blocks):
            seen += 1
            values, problems = read_cells(cells) if not problem else ([], [Problem(ROW, problem)])
            if not problems and values[0] in rejected_ids:
                problems = [Problem("order_id", "another row of this order was rejected")]
            if problems:
                rejected.add(RejectedRow(number, tuple(problems), tuple(cells), text))
                continue
            item, line = make(orders, number, values)
            puts.append(put_request(item))
            lines.append(CsvLines().write_line(line))
            if len(puts) == BATCH_ITEMS:
                flush()
        if puts:
            flush()
        for stored in store.finish():
            accepted.add(stored.lines, stored.rows)
        if not seen:
            raise NoRowsError

    return outcome_of(fill, indexes)


def plain_rows(text: str) -> list[tuple[int, list[bytes]]]:
    """List number and cells of the rows that are found to be plain."""
    return [
        (number, cells)
        for run in RowReader([text.encode()]).chunks()
        if isinstance(run, PlainRows)
        for number, *cells in zip(run.numbers, *run.columns, strict=True)
    ]


def read_one(pattern: PlainPattern, line: bytes) -> PlainRows | None:
    """Read a line as row 2, if it is plain."""
    return pattern.read(line, 0, 2, lambda at, _: pattern.end_of_plain(line, at))[0]


@given(MIXED_FILES, st.lists(st.integers(0, 5_000), max_size=4))
@example(f"{HEADER}\n" + f"{PLAIN_ROW}\n" * 60, [])
def test_both_ways_leave_the_same_behind(text: str, cuts: list[int]) -> None:
    """Property: orders, batches, both objects, offsets, counts and reasons are equal, wherever blocks end."""
    blocks = cut_into_blocks(text.encode(), cuts)

    assert fast(blocks) == careful(blocks)


MOST = st.sampled_from([0, 3, 1_000])


def known_lines(blocks: Iterable[bytes]) -> OtherLines | None:
    """Read a file for the first time; None if it has no usable header."""
    try:
        rows = RowReader(blocks)
    except PermanentError:
        return None
    for _ in rows.chunks():
        pass
    return rows.other_lines


def ids_of_rejected_rows(blocks: Iterable[bytes]) -> set[str]:
    """List the orders to be laid aside, row by row."""
    try:
        rows = RowReader(blocks)
        found = [
            order_ids_of(rows, row, *(([], []) if row[2] else read_cells(row[1])))
            for row in rows
            if row[2] or read_cells(row[1])[1]
        ]
    except PermanentError:
        return set()
    return set().union(*found) - {""}


@given(MIXED_FILES, st.lists(st.integers(0, 5_000), max_size=4), st.sampled_from([0, 2, 1_000]))
@example(f"{HEADER}\n" + f"{PLAIN_ROW}\nA-2,Ann,Widget,3,9.99\n" * 60 + "A-2,Ann,Widget,none,9.99\n", [], 1_000)
@example(f'{HEADER}\n"A-1","Lee, Ann",Widget,3,9.99\n"A-2",Ann,Widget,3,9.99\nA-1,Ann,Widget,3', [], 1_000)
def test_both_ways_lay_the_same_orders_aside(text: str, cuts: list[int], most: int) -> None:
    """Property: with a rejected row its whole order is laid aside, as it stands in the file, and no other order."""
    blocks = cut_into_blocks(text.encode(), cuts)
    with patch.object(rejected_orders, "MOST_IDS", most):
        laid_aside = RejectedOrders(each.encode() for each in ids_of_rejected_rows(blocks))

    found = fast(blocks, rejected_orders=laid_aside)

    assert found == careful(blocks, rejected_ids=ids_of_rejected_rows(blocks))


@given(MIXED_FILES, st.lists(st.integers(0, 5_000), max_size=4), st.lists(st.integers(0, 5_000), max_size=4), MOST)
@example(f"{HEADER}\n" + f"{PLAIN_ROW}\n" * 60 + 'A-1,"Ann,Widget,3,9.99\n' + f"{PLAIN_ROW}\n" * 60, [], [3_000], 9)
@example(f'{HEADER}\n{PLAIN_ROW}\n"A-1","Lee, Ann",Widget,3,9.99\n{PLAIN_ROW}\nA-2,\x85,Widget,3,9.99', [], [], 9)
def test_a_second_reading_leaves_the_same_behind(text: str, cuts: list[int], others: list[int], most: int) -> None:
    """Property: it finds the same rows without a search, however many lines it knows, and wherever blocks end now."""
    data = text.encode()
    with patch.object(other_lines, "MOST_LINES", most):
        known = known_lines(cut_into_blocks(data, cuts))
    blocks = cut_into_blocks(data, others)

    assert fast(blocks, known=known) == careful(blocks)


def test_a_second_reading_searches_only_where_it_must() -> None:
    """Of a generated file few lines are looked at again: it would be of no use otherwise."""
    text = Shape().header + "".join(row.text for row in generate(2_000, bad=0.01))

    known = known_lines([text.encode()])

    assert known
    assert known.is_whole
    assert 20 < len(set(map(known.first_from, range(2_000)))) < 200


@given(MIXED_FILES, st.sampled_from([70, 90, 200]), st.integers(0, 500))
def test_both_ways_agree_at_the_bounds(text: str, longest: int, budget: int) -> None:
    """Property: the same where rows are too long, and where stray quotes have used up their budget."""
    blocks = [text.encode()]

    with patch.object(reader, "LONGEST_ROW", longest), patch.object(reader, "MOST_REREAD", budget):
        assert fast(blocks) == careful(blocks)


@given(MIXED_FILES)
def test_both_ways_agree_without_the_index(text: str) -> None:
    """Property: the same for orders that carry no customer key."""
    blocks = [text.encode()]

    assert fast(blocks, ()) == careful(blocks, ())


@pytest.mark.parametrize("delimiter", [",", ";"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_both_ways_agree_on_a_generated_file(delimiter: str, line_end: str) -> None:
    """The same for thousands of rows of every kind, over many batches, blocks and offsets."""
    shape = Shape(quoted=0.05, multiline=0.02, hostile=0.02, unicode=0.2, delimiter=delimiter, crlf=line_end == "\r\n")
    text = shape.header + "".join(row.text for row in generate(5_000, bad=0.05, shape=shape))
    blocks = cut_into_blocks(text.encode(), range(0, 400_000, 30_011))

    found = fast(blocks)

    assert found == careful(blocks)
    assert found.counts == (4_750, 250)
    assert len(found.offsets) == 5


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_both_ways_agree_in_every_encoding(encoding: str) -> None:
    """A byte order mark is not part of the header, and Windows-1252 becomes UTF-8 before it is read."""
    stored = f"{HEADER}\nA-1,Zoë,“Café” 5 €,3,9.99\n{PLAIN_ROW}\n".encode(encoding)
    declared = encoding.removesuffix("-sig")

    blocks = list(decoding.text([stored], gzipped=False, encoding=declared, limit_bytes=1_000))

    assert fast(blocks) == careful(blocks)
    assert fast(blocks).counts == (2, 0)


# What is plain


def test_most_rows_are_plain() -> None:
    """Of generated rows without faults all but the unusual ones take the fast way: it would be of no use otherwise."""
    shape = Shape(quoted=0, multiline=0, hostile=0)
    text = shape.header + "".join(row.text for row in generate(2_000, shape=shape))

    assert len(plain_rows(text)) > 1_980


@pytest.mark.parametrize(
    "header",
    [
        "unit_price,quantity,product_name,customer_name,order_id",
        "a,unit_price,b,quantity,product_name,c,customer_name,order_id",
    ],
)
def test_plain_cells_come_in_declared_order(header: str) -> None:
    """In any order of the header, with any other columns in between."""
    values = dict(zip(NAMES, PLAIN_ROW.split(","), strict=True))
    row = ",".join(values.get(name, "anything at all;") for name in header.split(","))

    assert plain_rows(f"{header}\n{row}\n") == [(2, PLAIN_ROW.encode().split(b","))]


@pytest.mark.parametrize(
    "row",
    [
        "A-1,Ann,Widget,007,9.99",
        "A-1,Ann,Widget,3,007",
        "A-1,Ann\x85,Widget,3,9.99",
        '"A-1",Ann ,Widget,3,9.99',
        '"A-1 ",Ann,Widget,3,9.99',
        '"A ""1"" ",Ann,Widget,3,9.99',
        '"A ""1"",Ann,Widget,3,9.99',
        f'A-1,"{"n" * 200}""",Widget,3,9.99',
        '"A-1",Ann,Widget,3,"9.99',
        "A-1,\u3000,Widget,3,9.99",
    ],
)
def test_what_would_be_written_otherwise_is_not_plain(row: str) -> None:
    """A row that is stored otherwise than it stands, or not at all, goes the careful way."""
    assert plain_rows(f"{HEADER}\n{row}\n") == []


@pytest.mark.parametrize("delimiter", [",", ";"])
def test_quotes_around_cells_cost_little(delimiter: str) -> None:
    """Files that quote some cells, or all, take the fast way: what is stored has no quotes, what is in a line may."""
    cells = [('"A-1"', '"Lee, Ann"', '"Widget 3/4"""', '"3"', '"9.99"'), ('"A-2"', "Ann", '""""', "4", '"9.99"')]
    text = "\n".join(delimiter.join(row) for row in [NAMES, *cells, ("",)])

    found = fast([text.encode()])

    assert plain_rows(text) == [
        (2, [b"A-1", b"Lee, Ann", b'Widget 3/4"', b"3", b"9.99"]),
        (3, [b"A-2", b"Ann", b'"', b"4", b"9.99"]),
    ]
    assert found == careful([text.encode()])
    assert b',"Lee, Ann","Widget 3/4""",' in found.accepted


def test_rows_of_a_very_wide_file_are_not_plain() -> None:
    """A pattern for a thousand columns would cost more than it saves."""
    header = ",".join([HEADER, *(f"c{number}" for number in range(1_000))])

    assert plain_rows(f"{header}\n{PLAIN_ROW}{',' * 1_000}\n") == []


_DIGITS = st.integers(0, 10**8).map(str) | st.from_regex(r"0?[0-9]{1,9}(\.[0-9]{1,7})?", fullmatch=True)


@given(
    st.integers(0, 10**7).flatmap(lambda low: st.tuples(st.just(low), st.integers(low, 10**7))),
    st.decimals(0, 10**7, places=2, allow_nan=False),
    st.integers(0, 8),
    st.integers(1, 12),
    st.lists(st.tuples(st.text("aü ", min_size=1, max_size=14), _DIGITS, _DIGITS), min_size=1, max_size=20),
)
def test_any_declaration_of_columns_has_its_pattern(
    bounds: tuple[int, int], largest: Decimal, places: int, longest: int, found: list[tuple[str, str, str]]
) -> None:
    """Property: whatever bounds an adopter declares, a plain row passes them and is stored as it stands."""
    columns: tuple[Column, ...] = (Text("name", longest), Whole("count", *bounds), Money("price", largest, places))
    names = tuple(column.name for column in columns)
    lines = [",".join(cells).encode() + b"\n" for cells in found]

    with patch.object(plain, "COLUMNS", columns), patch.object(plain, "NAMES", names):
        pattern = PlainPattern(names, ",", 1_000)
        matched = [read_one(pattern, line) for line in lines if pattern.may_match(line)]

    for row in filter(None, matched):
        texts = [cell.decode() for (cell,) in row.columns]
        read = [column.parse(text) for column, text in zip(columns, texts, strict=True)]
        assert [reason for _, reason in read] == ["", "", ""]
        assert [str(value) for value, _ in read] == texts


def test_columns_of_today_all_have_a_pattern() -> None:
    """No column falls silently to the careful way."""
    header = [column.name for column in COLUMNS]

    pattern, line = PlainPattern(header, ",", 65_536), b"A-1,Ann,Widget,3,9.99\n"

    assert read_one(pattern, line) == PlainRows(range(2, 3), [[b"A-1"], [b"Ann"], [b"Widget"], [b"3"], [b"9.99"]], [])
