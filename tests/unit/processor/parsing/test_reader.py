"""Text becomes rows: header, dialect, quoting and row numbers."""

from __future__ import annotations

import pytest

from processor.domain.columns import NAMES
from processor.domain.errors import DuplicateColumnError, MissingColumnError, NoHeaderError
from processor.parsing.header import DELIMITERS
from processor.parsing.reader import AFTER_QUOTE, LONGEST_ROW, NEVER_CLOSED, STRAY_RETURN, RowReader
from tests.unit.processor.mixed_files import PLAIN_ROW
from tests.unit.processor.parsing.row_lists import PLAIN_CELLS, list_problems, open_reader, read_rows
from tests.unit.processor.strategies import HEADER

# The header


@pytest.mark.parametrize("delimiter", DELIMITERS)
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_delimiter_is_chosen_by_the_header(delimiter: str, line_end: str) -> None:
    """Each of the four delimiters is recognised with either line end."""
    lines = [delimiter.join(NAMES), delimiter.join(PLAIN_CELLS), ""]

    reader = RowReader([line_end.join(lines).encode()])

    assert reader.delimiter == delimiter
    assert [list(cells) for _, cells, _, _ in reader] == [PLAIN_CELLS]


def test_delimiter_is_never_guessed_from_data() -> None:
    """Rows full of another delimiter change nothing: they are ragged."""
    result = list_problems("A-1;Ann;Widget;3;9.99\nA;B;C;D;E\n")

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
    reader = open_reader(header, PLAIN_ROW)

    assert [tuple(cells) for _, cells, _, _ in reader] == [tuple(PLAIN_CELLS)]


def test_columns_come_in_declared_order() -> None:
    """Whatever the order of the columns in the file, cells come in the order of the declaration."""
    reader = open_reader("unit_price,quantity,product_name,customer_name,order_id", "9.99,3,Widget,Ann,A-1")

    assert [list(cells) for _, cells, _, _ in reader] == [PLAIN_CELLS]


def test_unknown_columns_are_dropped_and_named() -> None:
    """Columns that nobody declared are named once each, and their cells go nowhere; a nameless one is not named."""
    reader = open_reader(f"note,{HEADER},colour,NOTE,", f"hi,{PLAIN_ROW},red,ho,")

    assert reader.unknown_columns == ("note", "colour")
    assert [list(cells) for _, cells, _, _ in reader] == [PLAIN_CELLS]


def test_extra_columns_behind_the_known_ones_are_dropped() -> None:
    """Known columns in declared order with others behind them still yield exactly the known cells."""
    reader = open_reader(f"{HEADER},note", f"{PLAIN_ROW},hi")

    assert [list(cells) for _, cells, _, _ in reader] == [PLAIN_CELLS]


def test_blank_lines_before_the_header_are_skipped_and_counted() -> None:
    """Row numbers are those of a spreadsheet, so blank lines above the header count."""
    reader = open_reader("", "  ", "\r", HEADER, PLAIN_ROW)

    assert [number for number, _, _, _ in reader] == [5]


def test_missing_columns_are_named() -> None:
    """A header that lacks columns fails with exactly those."""
    with pytest.raises(MissingColumnError) as caught:
        open_reader("order_id,product_name,unit_price", "A-1,Widget,9.99")

    assert caught.value.missing == ["customer_name", "quantity"]


def test_columns_named_twice_are_named() -> None:
    """A declared column that stands there twice fails, since its value would be a guess."""
    with pytest.raises(DuplicateColumnError) as caught:
        open_reader(f"{HEADER}, Quantity ,order_id", f"{PLAIN_ROW},4,A-2")

    assert caught.value.duplicated == ["order_id", "quantity"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "Every line of the file is blank"),
        ("\n\r\n   \n", "Every line of the file is blank"),
        ("A-1,Ann,Widget,3,9.99\n", "names none of the columns"),
        ("order id,customer name\n", "names none of the columns"),
        (HEADER.replace(",", "^") + "\n", "names none of the columns"),
        ('order_id,"customer_name,product_name,quantity,unit_price\n', "names none of the columns"),
        ("\0\x01\x02", "names none of the columns"),
        (f"{HEADER}\r{PLAIN_ROW}\r", "carriage return only"),
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
        RowReader([(HEADER + "\r" + f"{PLAIN_ROW}\r" * 10_000).encode()])

    assert "carriage return only" in str(caught.value)


def test_header_without_rows_yields_none() -> None:
    """A header alone is readable and has no rows; that is for the caller to judge."""
    result = read_rows("")

    assert result == []


# Rows


def test_rows_come_with_number_cells_and_text() -> None:
    """A row is its number (the header is row 1), its cells, no problem, and how it stands in the file."""
    result = read_rows(f"{PLAIN_ROW}\r\n{PLAIN_ROW}")

    assert result == [(2, tuple(PLAIN_CELLS), "", PLAIN_ROW), (3, tuple(PLAIN_CELLS), "", PLAIN_ROW)]


def test_blank_lines_are_no_rows_but_count() -> None:
    """Blank lines are skipped; the rows behind them keep a spreadsheet's numbers."""
    result = list_problems(f"\n{PLAIN_ROW}\n   \n\r\n{PLAIN_ROW}\n\n")

    assert result == [(3, ""), (6, "")]


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("A-1", "has 1 cell where the header has 5"),
        ("A-1,Ann,Widget,3", "has 4 cells where the header has 5"),
        (f"{PLAIN_ROW},", "has 6 cells where the header has 5"),
        ('"A,1",Ann', "has 2 cells where the header has 5"),
        (",,,,,,,", "has 8 cells where the header has 5"),
    ],
)
def test_ragged_rows_are_rejected_without_cells(row: str, problem: str) -> None:
    """A row with another number of cells than the header has none: nobody can say which belongs where."""
    result = read_rows(f"{row}\n{PLAIN_ROW}\n")

    assert result == [(2, (), problem, row), (3, tuple(PLAIN_CELLS), "", PLAIN_ROW)]


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
    result = read_rows(row + line_end + PLAIN_ROW + line_end)

    assert result == [
        (2, ("A-1", customer, "Widget", "3", "9.99"), "", row),
        (3, tuple(PLAIN_CELLS), "", PLAIN_ROW),
    ]


def test_row_over_several_lines_counts_once() -> None:
    """A spreadsheet counts a row with line breaks in a cell as one row, and so do we."""
    result = list_problems(f'A-1,"Ann\n\n\nLee",Widget,3,9.99\n{PLAIN_ROW}\n')

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
    result = read_rows(f"{PLAIN_ROW}\n{row}\n{PLAIN_ROW}\n{PLAIN_ROW}\n")

    assert result == [
        (2, tuple(PLAIN_CELLS), "", PLAIN_ROW),
        (3, (), problem, row),
        (4, tuple(PLAIN_CELLS), "", PLAIN_ROW),
        (5, tuple(PLAIN_CELLS), "", PLAIN_ROW),
    ]


def test_stray_quote_does_not_harm_later_quoted_rows() -> None:
    """Behind a stray quote, rows that quote properly are read as ever, even those over several lines."""
    result = list_problems(f'A-1,"Ann,Widget,3,9.99\nA-2,"Bob\nLee",Widget,3,9.99\n{PLAIN_ROW}\n')

    assert result == [(2, AFTER_QUOTE), (3, ""), (4, "")]


@pytest.mark.parametrize("end", ["", "\n", "\r\n", "\n\n"])
def test_quote_never_closed_in_the_last_row_is_rejected(end: str) -> None:
    """A quote that the end of the file leaves open is a rejected row and not a silently shorter cell."""
    result = read_rows(f'{PLAIN_ROW}\nA-2,"Bob,Widget,3,9.99{end}')

    assert result[-1] == (3, (), NEVER_CLOSED, 'A-2,"Bob,Widget,3,9.99')
