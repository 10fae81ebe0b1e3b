"""Text becomes rows: header, dialect, quoting, row numbers, and the bounds that keep memory and work flat."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processor.domain.columns import NAMES
from processor.domain.errors import DuplicateColumnError, MissingColumnError, NoHeaderError, PermanentError
from processor.parsing import reader as rows
from processor.parsing.reader import (
    AFTER_QUOTE,
    DELIMITERS,
    LONGEST_ROW,
    MOST_REREAD,
    NEVER_CLOSED,
    STRAY_RETURN,
    TOO_LONG,
    RowReader,
)
from tests.unit.processor.strategies import ANY_CELL, ANY_TEXT, GOOD_ROWS, HEADER, TROUBLE, csv_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from processor.parsing.reader import RawRow

GOOD = "A-1,Ann,Widget,3,9.99"
GOOD_CELLS = ["A-1", "Ann", "Widget", "3", "9.99"]


def reader_of(*lines: str) -> RowReader:
    """Open a file of these lines."""
    return RowReader(["\n".join(lines).encode()])


def read(text: str) -> list[RawRow]:
    """Read the rows behind the usual header; cells come as tuples, so that they compare."""
    return read_blocks([HEADER + "\n" + text])


def read_blocks(blocks: Sequence[str]) -> list[RawRow]:
    """Read a whole file from its blocks."""
    return [
        (number, tuple(cells), problem, text) for number, cells, problem, text in RowReader(map(str.encode, blocks))
    ]


def problems(text: str) -> list[tuple[int, str]]:
    """List row numbers and problems of the rows behind the usual header, "" for good rows."""
    return [(number, problem) for number, _, problem, _ in read(text)]


class CountingReader(RowReader):
    """Counts how many lines were taken up, and how many characters they had; a line read again counts again."""

    lines_fed = 0
    characters_fed = 0

    def _next_line(self) -> str | None:
        line = super()._next_line()
        if line is not None:
            self.lines_fed += 1
            self.characters_fed += len(line)
        return line


# The header


@pytest.mark.parametrize("delimiter", DELIMITERS)
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_delimiter_is_chosen_by_the_header(delimiter: str, line_end: str) -> None:
    """Each of the four delimiters is recognised with either line end."""
    lines = [delimiter.join(NAMES), delimiter.join(GOOD_CELLS), ""]

    reader = RowReader([line_end.join(lines).encode()])

    assert reader.delimiter == delimiter
    assert [list(cells) for _, cells, _, _ in reader] == [GOOD_CELLS]


def test_delimiter_is_never_guessed_from_data() -> None:
    """Rows full of another delimiter change nothing: they are ragged."""
    result = problems("A-1;Ann;Widget;3;9.99\nA;B;C;D;E\n")

    assert result == [(2, "has 1 cell where the header has 5"), (3, "has 1 cell where the header has 5")]


@pytest.mark.parametrize(
    "header",
    [
        "ORDER_ID,Customer_Name,product_name,QUANTITY,Unit_Price",
        " order_id , customer_name,product_name ,  quantity,unit_price  ",
        "\torder_id\t,customer_name,product_name,quantity,\xa0unit_price",
        '"order_id","customer_name","product_name","quantity","unit_price"',
        'order_id, "customer_name", "product_name",quantity,"unit_price"',
        '"order_id" ,'.replace(" ", "") + "customer_name,product_name,quantity,unit_price\r",
    ],
)
def test_header_names_are_recognised(header: str) -> None:
    """Case, surrounding white space and quotes do not matter."""
    reader = reader_of(header, GOOD)

    assert [tuple(cells) for _, cells, _, _ in reader] == [tuple(GOOD_CELLS)]


def test_columns_come_in_declared_order() -> None:
    """Whatever the order of the columns in the file, cells come in the order of the declaration."""
    reader = reader_of("unit_price,quantity,product_name,customer_name,order_id", "9.99,3,Widget,Ann,A-1")

    assert [list(cells) for _, cells, _, _ in reader] == [GOOD_CELLS]


def test_unknown_columns_are_dropped_and_named() -> None:
    """Columns that nobody declared are named once each, and their cells go nowhere; a nameless one is not named."""
    reader = reader_of(f"note,{HEADER},colour,NOTE,", f"hi,{GOOD},red,ho,")

    assert reader.unknown_columns == ("note", "colour")
    assert [list(cells) for _, cells, _, _ in reader] == [GOOD_CELLS]


def test_extra_columns_behind_the_known_ones_are_dropped() -> None:
    """Known columns in declared order with others behind them still yield exactly the known cells."""
    reader = reader_of(f"{HEADER},note", f"{GOOD},hi")

    assert [list(cells) for _, cells, _, _ in reader] == [GOOD_CELLS]


def test_blank_lines_before_the_header_are_skipped_and_counted() -> None:
    """Row numbers are those of a spreadsheet, so blank lines above the header count."""
    reader = reader_of("", "  ", "\r", HEADER, GOOD)

    assert [number for number, _, _, _ in reader] == [5]


def test_missing_columns_are_named() -> None:
    """A header that lacks columns fails with exactly those."""
    with pytest.raises(MissingColumnError) as caught:
        reader_of("order_id,product_name,unit_price", "A-1,Widget,9.99")

    assert caught.value.missing == ["customer_name", "quantity"]


def test_columns_named_twice_are_named() -> None:
    """A declared column that stands there twice fails, since its value would be a guess."""
    with pytest.raises(DuplicateColumnError) as caught:
        reader_of(f"{HEADER}, Quantity ,order_id", f"{GOOD},4,A-2")

    assert caught.value.duplicated == ["order_id", "quantity"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no line that is not blank"),
        ("\n\r\n   \n", "no line that is not blank"),
        ("A-1,Ann,Widget,3,9.99\n", "names none of the columns"),
        ("order id,customer name\n", "names none of the columns"),
        (HEADER.replace(",", "^") + "\n", "names none of the columns"),
        ('order_id,"customer_name,product_name,quantity,unit_price\n', "names none of the columns"),
        ("\0\x01\x02", "names none of the columns"),
        (f"{HEADER}\r{GOOD}\r", "carriage return only"),
        ("x" * (LONGEST_ROW + 1), "longer than 65,536 characters"),
        ("x" * (10 * LONGEST_ROW), "longer than 65,536 characters"),
    ],
)
def test_first_line_that_is_no_header_fails_the_file(text: str, says: str) -> None:
    """A file without a usable header fails and says what stands in its place."""
    with pytest.raises(NoHeaderError) as caught:
        RowReader([text.encode()])

    assert says in str(caught.value)


def test_long_file_with_carriage_returns_only_says_so() -> None:
    """A file of any length whose lines end in CR only is one line to us; what is wrong is its line ends."""
    with pytest.raises(NoHeaderError) as caught:
        RowReader([(HEADER + "\r" + f"{GOOD}\r" * 10_000).encode()])

    assert "carriage return only" in str(caught.value)


def test_header_without_rows_yields_none() -> None:
    """A header alone is readable and has no rows; that is for the caller to judge."""
    result = read("")

    assert result == []


# Rows


def test_rows_come_with_number_cells_and_text() -> None:
    """A row is its number (the header is row 1), its cells, no problem, and how it stands in the file."""
    result = read(f"{GOOD}\r\n{GOOD}")

    assert result == [(2, tuple(GOOD_CELLS), "", GOOD), (3, tuple(GOOD_CELLS), "", GOOD)]


def test_blank_lines_are_no_rows_but_count() -> None:
    """Blank lines are skipped; the rows behind them keep a spreadsheet's numbers."""
    result = problems(f"\n{GOOD}\n   \n\r\n{GOOD}\n\n")

    assert result == [(3, ""), (6, "")]


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("A-1", "has 1 cell where the header has 5"),
        ("A-1,Ann,Widget,3", "has 4 cells where the header has 5"),
        (f"{GOOD},", "has 6 cells where the header has 5"),
        ('"A,1",Ann', "has 2 cells where the header has 5"),
        (",,,,,,,", "has 8 cells where the header has 5"),
    ],
)
def test_ragged_rows_are_rejected_without_cells(row: str, problem: str) -> None:
    """A row with another number of cells than the header has none: nobody can say which belongs where."""
    result = read(f"{row}\n{GOOD}\n")

    assert result == [(2, (), problem, row), (3, tuple(GOOD_CELLS), "", GOOD)]


@pytest.mark.parametrize(
    ("row", "customer"),
    [
        ('A-1,"Ann",Widget,3,9.99', "Ann"),
        ('A-1,"Lee, Ann",Widget,3,9.99', "Lee, Ann"),
        ('A-1,"Ann ""Bob"" Lee",Widget,3,9.99', 'Ann "Bob" Lee'),
        ('A-1,"""Ann""",Widget,3,9.99', '"Ann"'),
        ('A-1,"Ann\nLee",Widget,3,9.99', "Ann\nLee"),
        ('A-1,"Ann\r\nLee",Widget,3,9.99', "Ann\r\nLee"),
        ('A-1,"Ann\rLee",Widget,3,9.99', "Ann\rLee"),
        ('A-1,"Ann\n\n\nLee",Widget,3,9.99', "Ann\n\n\nLee"),
        ('A-1,"",Widget,3,9.99', ""),
        ('A-1, "Lee, Ann",Widget,3,9.99', "Lee, Ann"),
        ('A-1,  "Ann", "Widget", "3", "9.99"', "Ann"),
        ('A-1,24" Ann,Widget,3,9.99', '24" Ann'),
        ('A-1,Ann "Bob" Lee,Widget,3,9.99', 'Ann "Bob" Lee'),
        ('A-1,Ann",Widget,3,9.99', 'Ann"'),
    ],
)
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_quoting_follows_the_rfc(row: str, customer: str, line_end: str) -> None:
    """Quoted delimiters, quotes and line breaks are data; a quote inside an unquoted cell is an ordinary character."""
    result = read(row + line_end + GOOD + line_end)

    assert result == [
        (2, ("A-1", customer, "Widget", "3", "9.99"), "", row),
        (3, tuple(GOOD_CELLS), "", GOOD),
    ]


def test_row_over_several_lines_counts_once() -> None:
    """A spreadsheet counts a row with line breaks in a cell as one row, and so do we."""
    result = problems(f'A-1,"Ann\n\n\nLee",Widget,3,9.99\n{GOOD}\n')

    assert result == [(2, ""), (3, "")]


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ('A-1,"Ann,Widget,3,9.99', NEVER_CLOSED),
        ('A-1,Ann,Widget,3,"', NEVER_CLOSED),
        ('"', NEVER_CLOSED),
        ('A-1,"Ann" Lee,Widget,3,9.99', AFTER_QUOTE),
        ('A-1,"Ann" ,Widget,3,9.99', AFTER_QUOTE),
        ('A-1,""Ann"",Widget,3,9.99', AFTER_QUOTE),
        ("A-1,Ann\rLee,Widget,3,9.99", STRAY_RETURN),
        ("\rA-1,Ann,Widget,3,9.99", STRAY_RETURN),
    ],
)
def test_stray_character_costs_its_own_line_only(row: str, problem: str) -> None:
    """A line with a stray quote or carriage return is rejected as it stands; its neighbours survive."""
    result = read(f"{GOOD}\n{row}\n{GOOD}\n{GOOD}\n")

    assert result == [
        (2, tuple(GOOD_CELLS), "", GOOD),
        (3, (), problem, row),
        (4, tuple(GOOD_CELLS), "", GOOD),
        (5, tuple(GOOD_CELLS), "", GOOD),
    ]


def test_stray_quote_does_not_harm_later_quoted_rows() -> None:
    """Behind a stray quote, rows that quote properly are read as ever, even those over several lines."""
    result = problems(f'A-1,"Ann,Widget,3,9.99\nA-2,"Bob\nLee",Widget,3,9.99\n{GOOD}\n')

    assert result == [(2, AFTER_QUOTE), (3, ""), (4, "")]


@pytest.mark.parametrize("end", ["", "\n", "\r\n", "\n\n"])
def test_quote_never_closed_in_the_last_row_is_rejected(end: str) -> None:
    """A quote that the end of the file leaves open is a rejected row and not a silently shorter cell."""
    result = read(f'{GOOD}\nA-2,"Bob,Widget,3,9.99{end}')

    assert result[-1] == (3, (), NEVER_CLOSED, 'A-2,"Bob,Widget,3,9.99')


# Bounds


@pytest.mark.parametrize(("length", "problem"), [(LONGEST_ROW, ""), (LONGEST_ROW + 1, TOO_LONG), (10**6, TOO_LONG)])
@pytest.mark.parametrize("cell", ["{}", '"{}"'])
def test_longest_row_is_bounded(length: int, problem: str, cell: str) -> None:
    """A row of the greatest length is read, a longer one rejected with the beginning of its text."""
    row = "A-1,Ann," + cell.format("x" * (length - len("A-1,Ann,,3,9.99") - len(cell) + 2)) + ",3,9.99"
    assert len(row) == length

    result = read(f"{row}\n{GOOD}\n")

    assert [(number, found) for number, _, found, _ in result] == [(2, problem), (3, "")]
    assert result[0][3] == row[:LONGEST_ROW]


def test_row_that_is_too_long_over_many_lines_is_rejected_once() -> None:
    """A properly quoted row that outgrows the bound with its last line is one rejected row."""
    row = 'A-1,"' + "\n".join(["x" * 100] * 640) + "y" * 2_000 + '",Widget,3,9.99'

    result = problems(f"{row}\n{GOOD}\n")

    assert result == [(2, TOO_LONG), (3, "")]


def test_quote_open_beyond_the_bound_costs_its_line_only() -> None:
    """A stray quote in a large file is given up at the bound, and every row behind it is read."""
    result = problems('A-1,"Ann,Widget,3,9.99\n' + f"{GOOD}\n" * 10_000)

    assert result[0] == (2, NEVER_CLOSED)
    assert result[1:] == [(number, "") for number in range(3, 10_003)]


def test_ten_megabyte_cell_is_one_rejected_row() -> None:
    """One huge cell, quoted or not, neither fills the memory nor harms its neighbours."""
    blocks = [
        f'{HEADER}\nA-1,"',
        *["x" * 1_000_000] * 10,
        f'",Widget,3,9.99\n{GOOD}\nA-1,',
        *["x" * 1_000_000] * 10,
        f"\n{GOOD}\n",
    ]

    result = read_blocks(blocks)

    assert [(number, problem) for number, _, problem, _ in result] == [(2, TOO_LONG), (3, ""), (4, TOO_LONG), (5, "")]
    assert all(len(text) <= LONGEST_ROW for _, _, _, text in result)


def test_no_line_is_cut_when_lines_are_rejected_together() -> None:
    """Lines that a stray quote swallows beyond the budget stand whole in the texts: the last one is not cut off."""
    lines = ['A-1,"Ann,Widget,3,9.99', *[GOOD] * 10_000]

    with patch.object(rows, "MOST_REREAD", 0):
        result = read("\n".join(lines))

    assert "\n".join(text for _, _, _, text in result) == "\n".join(lines)
    assert result[0][2] == NEVER_CLOSED
    assert all(not problem for _, _, problem, _ in result[1:])


def test_reading_again_ends_at_its_budget() -> None:
    """Stray quotes beyond the budget cost the lines that they swallow, which are rejected together and not lost."""
    stray = 'A-1,"Ann,Widget,3,9.99'
    group = f"{stray}\n{GOOD}\n{stray}\n{GOOD}\n"

    with patch.object(rows, "MOST_REREAD", 500):
        result = read(group * 4)

    assert result[0] == (2, (), AFTER_QUOTE, stray)
    assert f"{stray}\n{GOOD}\n{stray}" in [text for _, _, problem, text in result if problem == AFTER_QUOTE]
    assert "\n".join(text for _, _, _, text in result) + "\n" == group * 4


def test_balanced_stray_quotes_spare_the_rows_between() -> None:
    """Two stray quotes that close one another cost their own lines only, if the cells do not add up."""
    result = problems(f'A-1,"Ann,Widget,1,2\n{GOOD}\n{GOOD}\nA-2,Bob 24",1,2\n')

    assert result == [
        (2, "has 4 cells where the header has 5"),
        (3, ""),
        (4, ""),
        (5, "has 4 cells where the header has 5"),
    ]


@pytest.mark.parametrize("line", ['"', 'A,"x', '"a"b', '"\n', '"a\n"b', "x\r"])
def test_work_is_linear_in_hostile_files(line: str) -> None:
    """However many stray quotes, lines are read again only within the budget."""
    lines = 30_000
    reader = CountingReader([(HEADER + "\n" + (line + "\n") * lines).encode()])

    for _ in reader:
        pass

    once = (line.count("\n") + 1) * lines
    assert once <= reader.lines_fed <= once + 1 + MOST_REREAD // 32
    assert reader.characters_fed <= len(HEADER) + len(line) * lines + MOST_REREAD


def test_stray_quotes_before_many_rows_cost_bounded_work() -> None:
    """The costliest file, stray quotes each followed by a bound's worth of rows, reads no row more than the budget."""
    group = '"\n' + "x,x\n" * 20_000
    reader = CountingReader([f"{HEADER}\n".encode(), *[group.encode()] * 20])

    for _ in reader:
        pass

    assert reader.lines_fed <= 1 + 2 * 20 * 20_001
    assert reader._reread > 20 * LONGEST_ROW


# Properties

ROWS_OF_TROUBLE = st.lists(
    st.just(GOOD) | TROUBLE | st.lists(ANY_CELL, min_size=5, max_size=5).map(",".join), max_size=12
).map("\n".join)
FILES = st.tuples(st.sampled_from([HEADER, HEADER.replace(",", ";"), f"\n{HEADER},note\r"]), ROWS_OF_TROUBLE).map(
    "\n".join
)


@given(
    st.lists(GOOD_ROWS, max_size=6),
    st.sampled_from(DELIMITERS),
    st.sampled_from(["\n", "\r\n"]),
    st.booleans(),
    st.booleans(),
)
def test_what_a_csv_writer_writes_is_read_back(
    written: list[tuple[str, ...]], delimiter: str, line_end: str, quote_all: bool, ended: bool
) -> None:
    """Property: cells survive writing and reading, whatever the delimiter, the line end, the quoting and the end."""
    # Python 3.12's writer quotes a lone CR only where the line end holds one.
    quote_all = quote_all or line_end == "\n"
    text = csv_text([NAMES, *written], delimiter=delimiter, line_end=line_end, quote_all=quote_all)

    result = read_blocks([text if ended else text.removesuffix(line_end)])

    assert [(number, cells, problem) for number, cells, problem, _ in result] == [
        (number, cells, "") for number, cells in enumerate(written, start=2)
    ]
    assert "".join(row_text + line_end for _, _, _, row_text in result) == text.partition(line_end)[2]


@given(ANY_TEXT | TROUBLE | FILES)
def test_arbitrary_text_raises_nothing_but_permanent_errors(text: str) -> None:
    """Property: any text is a file of rows or fails permanently; texts stay within the bound, numbers rise."""
    try:
        result = read_blocks([text])
    except PermanentError:
        return

    assert all(len(row_text) <= LONGEST_ROW for _, _, _, row_text in result)
    assert all(len(cells) == (0 if problem else 5) for _, cells, problem, _ in result)
    assert all(first[0] < second[0] for first, second in pairwise(result))


@given(FILES, st.data())
def test_rows_do_not_depend_on_blocks(text: str, data: st.DataObject) -> None:
    """Property: the rows are the same wherever the text is cut into blocks, for short and for over-long lines."""
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=8)))
    blocks = [text[start:end] for start, end in pairwise([0, *cuts, len(text)])]

    with patch.object(rows, "LONGEST_ROW", data.draw(st.sampled_from([70, LONGEST_ROW]))):
        whole, cut, single = read_blocks([text]), read_blocks(blocks), read_blocks(list(text))

    assert whole == cut == single


def test_over_long_line_in_a_quoted_row_does_not_depend_on_blocks() -> None:
    """A quote that would close only behind the bound gives the same rows whether or not its line came cut."""
    text = f'{HEADER}\nA-1,"Ann\n{"x" * (LONGEST_ROW + 10)}",Widget,3,9.99\n{GOOD}\n'

    whole, cut = read_blocks([text]), read_blocks([text[: LONGEST_ROW + 80], text[LONGEST_ROW + 80 :]])

    assert whole == cut


def physical_lines(text: str) -> list[str]:
    """List the lines of a text that are not blank, without their line ends."""
    lines = (line.rstrip("\r") for line in text.split("\n"))
    return [line for line in lines if line.strip(" ")]


@given(FILES)
def test_no_line_is_lost(text: str) -> None:
    """Property: every line that is not blank stands in exactly one row's text, in order."""
    result = read_blocks([text])

    texts = [line for _, _, _, row_text in result for line in physical_lines(row_text)]
    assert texts == physical_lines(text)[1:]


@given(FILES, st.integers(0, 500))
def test_no_line_is_lost_beyond_the_budget(text: str, budget: int) -> None:
    """Property: the same holds when stray quotes have used up their budget."""
    with patch.object(rows, "MOST_REREAD", budget):
        result = read_blocks([text])

    texts = [line for _, _, _, row_text in result for line in physical_lines(row_text)]
    assert texts == physical_lines(text)[1:]


@given(FILES, st.sampled_from([70, 90, 200]), st.integers(0, 500))
def test_texts_are_bounded(text: str, longest: int, budget: int) -> None:
    """Property: no row's text or cells together outgrow the bound, whatever the file holds."""
    with patch.object(rows, "LONGEST_ROW", longest), patch.object(rows, "MOST_REREAD", budget):
        result = read_blocks([text])

    assert all(len(row_text) <= longest for _, _, _, row_text in result)
    assert all(sum(map(len, cells)) <= longest for _, cells, _, _ in result)
