"""Each column accepts what its rule says and names the reason for everything else."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processor.domain.columns import COLUMNS, NAMES, Money, Problem, Text, Whole, read_cells
from tests.unit.processor.strategies import ANY_CELL, GOOD_ROWS

GOOD = {
    "order_id": "A-1",
    "customer_name": "Ann Müller",
    "product_name": "Widget",
    "quantity": "3",
    "unit_price": "9.99",
}


def problems_of(**cells: str) -> list[Problem]:
    """Read an otherwise good row with these cells and return its problems."""
    return read_cells([{**GOOD, **cells}[name] for name in NAMES])[1]


def value_of(column: str, cell: str) -> object:
    """Read an otherwise good row with this cell and return the column's value."""
    values, problems = read_cells([{**GOOD, column: cell}[name] for name in NAMES])
    assert problems == []
    return values[NAMES.index(column)]


def test_good_row_yields_its_values() -> None:
    """A good row becomes text, a whole number and an exact decimal."""
    values, problems = read_cells(list(GOOD.values()))

    assert values == ["A-1", "Ann Müller", "Widget", 3, Decimal("9.99")]
    assert [type(value) for value in values] == [str, str, str, int, Decimal]
    assert problems == []


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("", "empty"),
        ("   ", "empty"),
        ("\t", "empty"),
        ("\u3000\xa0", "empty"),
        ("x" * 65, "longer than 64 characters"),
        ("A\tB", "contains a line break or tab"),
        ("A\nB", "contains a line break or tab"),
        ("A\r\nB", "contains a line break or tab"),
        ("A\0B", "contains a control character"),
        ("A\x1bB", "contains a control character"),
        ("A\x7fB", "contains a control character"),
        ("A\x85B", "contains a control character"),
        ("A\x9fB", "contains a control character"),
        ("A\n\x80B", "contains a control character"),
    ],
)
def test_order_id_is_rejected_with_its_reason(cell: str, reason: str) -> None:
    """An order id that cannot be a key in a table or a URL says why."""
    problems = problems_of(order_id=cell)

    assert problems == [Problem("order_id", reason)]


@pytest.mark.parametrize("column", ["customer_name", "product_name"])
@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("", "empty"),
        (" \r\n\t ", "empty"),
        ("😀" * 201, "longer than 200 characters"),
        ("x" * 2_000, "longer than 200 characters"),
        ("a\0", "contains a control character"),
        ("a\x08", "contains a control character"),
        ("a\x0bb", "contains a control character"),
        ("a\x0cb", "contains a control character"),
        ("a\x9b31mb", "contains a control character"),
    ],
)
def test_name_is_rejected_with_its_reason(column: str, cell: str, reason: str) -> None:
    """A name that is empty, over-long or holds control characters (C0, DEL, C1) says why."""
    problems = problems_of(**{column: cell})

    assert problems == [Problem(column, reason)]


@pytest.mark.parametrize(
    "cell",
    [
        "😀" * 200,
        "two\nlines",
        "two\r\nlines",
        "a\tb",
        "Zoë «quoted»",
        'O\'Brien "Bob"',
        "李小龍",
        "e\u0301",
        "007",
        "=1+1",
    ],
)
def test_name_is_kept_as_it_stands(cell: str) -> None:
    """Line breaks, tabs, emoji and any script are data; 200 is counted in characters, not bytes."""
    value = value_of("customer_name", cell)

    assert value == cell


@pytest.mark.parametrize("cell", ["x" * 64, "007", "ä/ö?#%", "1e400", "NaN"])
def test_order_id_is_kept_as_it_stands(cell: str) -> None:
    """An order id is text, whatever it looks like."""
    value = value_of("order_id", cell)

    assert value == cell


@pytest.mark.parametrize(("cell", "value"), [("1", 1), ("1000000", 1_000_000), ("007", 7), (" 5 ", 5)])
def test_quantity_is_read(cell: str, value: int) -> None:
    """Digits between the bounds are a quantity; leading zeros and surrounding spaces change nothing."""
    quantity = value_of("quantity", cell)

    assert quantity == value
    assert type(quantity) is int


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("", "empty"),
        ("  ", "empty"),
        ("0", "below 1"),
        ("000", "below 1"),
        ("1000001", "above 1,000,000"),
        ("9" * 20, "above 1,000,000"),
        ("-0", "negative"),
        ("-5", "negative"),
        ("-1.5", "negative"),
        ("1,000", "contains a comma (write digits and a decimal point only)"),
        ("1,000.00", "contains a comma (write digits and a decimal point only)"),
        ("1.000,00", "contains a comma (write digits and a decimal point only)"),
        ("-1,5", "contains a comma (write digits and a decimal point only)"),
        ("5.0", "not a whole number"),
        ("5.", "not a whole number"),
        (".5", "not a whole number"),
        ("+5", "not a whole number"),
        ("1e3", "not a whole number"),
        ("1e400", "not a whole number"),
        ("NaN", "not a whole number"),
        ("Infinity", "not a whole number"),
        ("１２", "not a whole number"),  # noqa: RUF001 - fullwidth digits are the point
        ("٣", "not a whole number"),
        ("²", "not a whole number"),
        ("1_000", "not a whole number"),
        ("1 000", "not a whole number"),
        ("0x10", "not a whole number"),
        ("5\n", "not a whole number"),
        ("5\0", "not a whole number"),
        (",", "not a whole number"),
        ("1,,2", "not a whole number"),
        ("three", "not a whole number"),
    ],
)
def test_quantity_is_rejected_with_its_reason(cell: str, reason: str) -> None:
    """A cell that is not a whole number from 1 to a million is rejected, the usual mistakes by name."""
    problems = problems_of(quantity=cell)

    assert problems == [Problem("quantity", reason)]


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("0", "0"),
        ("0.0000", "0.0000"),
        ("5", "5"),
        ("007.50", "7.50"),
        ("9999999.9999", "9999999.9999"),
        ("0.0001", "0.0001"),
        (" 9.99 ", "9.99"),
    ],
)
def test_price_is_read_exactly(cell: str, value: str) -> None:
    """A decimal is kept exactly, its trailing zeros too."""
    price = value_of("unit_price", cell)

    assert str(price) == value


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("", "empty"),
        ("\xa0", "empty"),
        ("-0", "negative"),
        ("-0.01", "negative"),
        ("10000000", "above 9,999,999.9999"),
        ("9" * 20, "above 9,999,999.9999"),
        ("1.00000", "more than 4 decimal places"),
        ("0.30000000000000004", "more than 4 decimal places"),
        ("1,000.00", "contains a comma (write digits and a decimal point only)"),
        ("9,99", "contains a comma (write digits and a decimal point only)"),
        (".5", "not a decimal number"),
        ("5.", "not a decimal number"),
        ("+5", "not a decimal number"),
        ("1e400", "not a decimal number"),
        ("1E-3", "not a decimal number"),
        ("NaN", "not a decimal number"),
        ("sNaN", "not a decimal number"),
        ("-Infinity", "not a decimal number"),
        ("１２", "not a decimal number"),  # noqa: RUF001 - fullwidth digits are the point
        ("€5", "not a decimal number"),
        ("5 €", "not a decimal number"),
        ("1.2.3", "not a decimal number"),
        ("\u22125", "not a decimal number"),
    ],
)
def test_price_is_rejected_with_its_reason(cell: str, reason: str) -> None:
    """A cell that is not a decimal in range with at most four places is rejected with the reason."""
    problems = problems_of(unit_price=cell)

    assert problems == [Problem("unit_price", reason)]


def test_every_problem_of_a_row_is_named() -> None:
    """A row with several mistakes names them all in the order of the columns, so that it is corrected once."""
    _, problems = read_cells(["", "x" * 201, "\0", "0", "-1"])

    assert problems == [
        Problem("order_id", "empty"),
        Problem("customer_name", "longer than 200 characters"),
        Problem("product_name", "contains a control character"),
        Problem("quantity", "below 1"),
        Problem("unit_price", "negative"),
    ]


def test_surrounding_spaces_are_no_part_of_a_value() -> None:
    """Spaces around a cell are dropped before it is judged, so that they count for no bound."""
    value = value_of("order_id", "  " + "x" * 64 + "  ")

    assert value == "x" * 64


@pytest.mark.parametrize("cells", [["A-1"], list(GOOD.values()) * 2])
def test_wrong_number_of_cells_is_a_programming_error(cells: list[str]) -> None:
    """A row needs exactly as many cells as there are columns."""
    with pytest.raises(ValueError, match=r"zip\(\) argument"):
        read_cells(cells)


def test_rules_can_be_read_by_a_person() -> None:
    """Each column states its rule in words for docs/file-format.md."""
    rules = {column.name: column.rule for column in COLUMNS}

    assert rules == {
        "order_id": "1 to 64 characters, no control characters, line breaks or tabs",
        "customer_name": "1 to 200 characters, no control characters",
        "product_name": "1 to 200 characters, no control characters",
        "quantity": "whole number from 1 to 1,000,000, digits only",
        "unit_price": "decimal from 0 to 9,999,999.9999, at most 4 decimal places, point as decimal mark",
    }


def test_bounds_come_from_the_declaration() -> None:
    """An adopter's own column judges by the bounds it is given, and words its reasons after them."""
    columns = (Text("t", longest=2), Whole("w", smallest=5, largest=6), Money("m", largest=Decimal(10), places=0))

    reasons = [column.parse(cell)[1] for column in columns for cell in ("123", "4", "0.5", "1")]

    assert reasons == [
        *("longer than 2 characters", "", "longer than 2 characters", ""),
        *("above 6", "below 5", "not a whole number", "below 5"),
        *("above 10", "", "more than 0 decimal places", ""),
    ]


@given(GOOD_ROWS)
def test_what_a_rule_allows_passes(cells: tuple[str, ...]) -> None:
    """Property: every row that keeps to the rules is accepted, its text unchanged."""
    values, problems = read_cells(cells)

    assert problems == []
    assert tuple(values[:3]) == cells[:3]


@given(st.integers(0, 99_999_999_999), st.integers(0, 4))
def test_any_decimal_in_range_round_trips_exactly(digits: int, places: int) -> None:
    """Property: no price of at most four places within the bound is changed by reading it."""
    price = Decimal(digits).scaleb(-places)
    if price > Decimal("9999999.9999"):
        price = price.scaleb(places - 4)

    value = value_of("unit_price", f"{price:f}")

    assert value == price
    assert str(value) == f"{price:f}"


@given(st.integers(-(10**25), 10**25))
def test_quantity_passes_exactly_within_its_bounds(number: int) -> None:
    """Property: a whole number passes if and only if it lies within the bounds."""
    problems = problems_of(quantity=str(number))

    assert (problems == []) == (1 <= number <= 1_000_000)


@given(st.lists(ANY_CELL | st.from_regex(r"[-+]?[0-9,.]{0,30}", fullmatch=True), min_size=5, max_size=5))
def test_random_text_never_raises_and_reasons_can_be_joined(cells: list[str]) -> None:
    """Property: any text yields values or reasons, and no reason holds a separator of the rejected-rows file."""
    values, problems = read_cells(cells)

    assert len(values) == len(COLUMNS)
    assert all("; " not in problem.reason and ": " not in problem.reason for problem in problems)
    assert all(problem.column in NAMES and problem.reason for problem in problems)
