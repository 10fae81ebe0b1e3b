"""Rejected rows are laid out for a person and read back by a machine, whatever the file held."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from processor.domain.columns import NAMES, OWN_COLUMNS, ROW, Problem, read_cells
from processor.parsing.reader import NEVER_CLOSED, RowReader
from processor.storage.rejected_rows import HEADER, RejectedRow
from tests.rejected_files import read_rejected_rows
from tests.unit.processor.strategies import ANY_CELL, csv_text

PROBLEMS = st.builds(
    Problem, st.sampled_from((*NAMES, ROW)), st.sampled_from(["empty", NEVER_CLOSED, "has 1 cell, not 5"])
)
REJECTED = st.builds(
    RejectedRow,
    number=st.integers(2, 10**8),
    problems=st.lists(PROBLEMS, min_size=1, max_size=5).map(tuple),
    cells=st.tuples(*[ANY_CELL] * len(NAMES)),
    original=ANY_CELL,
)


def written(*rows: RejectedRow) -> str:
    """Write a rejected-rows file."""
    return csv_text([HEADER, *(row.to_cells() for row in rows)])


def lines_of(text: str) -> list[str]:
    """Split at line feeds only and keep the line ends, as a file opened with newline="" does."""
    return re.findall(r"[^\n]*\n|[^\n]+", text)


def test_row_is_laid_out_under_the_header() -> None:
    """The cells come first, so that they are corrected in place; number, reasons and original stand behind them."""
    problems = (Problem("order_id", "empty"), Problem("quantity", "below 1"))
    row = RejectedRow(7, problems, ("", "Ann", "Widget", "0", "9.99"), ",Ann,Widget,0,9.99")

    cells = dict(zip(HEADER, row.to_cells(), strict=True))

    assert cells == {
        "order_id": "",
        "customer_name": "Ann",
        "product_name": "Widget",
        "quantity": "0",
        "unit_price": "9.99",
        "waybill_row": "7",
        "waybill_reasons": "order_id: empty; quantity: below 1",
        "waybill_original": ",Ann,Widget,0,9.99",
    }


def test_row_without_cells_leaves_them_blank() -> None:
    """A row that could not be split has empty cells to fill in, and its original to fill them from."""
    row = RejectedRow(7, (Problem(ROW, "has 1 cell where the header has 5"),), (), "A-1")

    cells = row.to_cells()

    assert cells == ("", "", "", "", "", "7", "row: has 1 cell where the header has 5", "A-1")
    assert RejectedRow.from_cells(cells).problems == row.problems


def test_no_cell_is_a_formula() -> None:
    """The file is opened in a spreadsheet, and whoever sent the order must not run anything there."""
    row = RejectedRow(7, (Problem("quantity", "negative"),), ("=cmd|x", "x;@SUM(A1)", "Pen", "-5", "1"), "=cmd|x,x,-5")

    cells = row.to_cells()

    assert cells[:5] == ("'=cmd|x", "x;'@SUM(A1)", "Pen", "'-5", "1")
    assert cells[7] == "'=cmd|x,x,'-5"
    assert RejectedRow.from_cells(cells) == row


def test_guard_stays_on_in_other_files() -> None:
    """Only a file with columns of a rejected-rows file has a guard; elsewhere an apostrophe is data."""
    line = "'=A-1,Ada,Pen,1,1.00"

    [(_, plain, _, _)] = RowReader([f"{','.join(NAMES)}\n{line}\n".encode()])
    [(_, guarded, _, _)] = RowReader([f"{','.join(NAMES)},waybill_row\n{line},7\n".encode()])

    assert plain[0] == "'=A-1"
    assert guarded[0] == "=A-1"


@given(st.lists(REJECTED, max_size=5))
def test_rejected_rows_round_trip(rows: list[RejectedRow]) -> None:
    """Property: whatever cells and originals hold, the machine reads back exactly what was written."""
    result = read_rejected_rows(lines_of(written(*rows)))

    assert result == rows


@given(st.lists(ANY_CELL, min_size=5, max_size=5), ANY_CELL)
def test_every_reason_of_the_columns_round_trips(cells: list[str], original: str) -> None:
    """Property: the reasons that the validator gives survive being joined and split."""
    problems = tuple(read_cells(cells)[1]) or (Problem(ROW, NEVER_CLOSED),)
    row = RejectedRow(2, problems, tuple(cells), original)

    result = read_rejected_rows(lines_of(written(row)))

    assert result == [row]


@given(st.lists(REJECTED, min_size=1, max_size=5))
def test_rejected_rows_are_an_order_file(rows: list[RejectedRow]) -> None:
    """Property: the file can be dropped into the inbox as it is; spaces around cells are nobody's data."""
    reader = RowReader([written(*rows).encode()])

    result = [([cell.strip(" ") for cell in cells], problem) for _, cells, problem, _ in reader]

    assert result == [([cell.strip(" ") for cell in row.cells], "") for row in rows]
    assert reader.unknown_columns == OWN_COLUMNS
