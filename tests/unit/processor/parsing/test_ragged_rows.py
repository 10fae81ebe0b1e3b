"""An order is laid aside with a row of it whose cells cannot be told apart, wherever its id may stand."""

from __future__ import annotations

import pytest

from processor.domain.columns import NAMES
from processor.parsing.reader import LONGEST_ROW
from tests.unit.processor.parsing.readings import read, rejected_ids
from tests.unit.processor.strategies import HEADER

SECOND = "customer_name,order_id,product_name,quantity,unit_price"
LAST = "customer_name,product_name,quantity,unit_price,order_id"
ROWS = {
    HEADER: "A-2,Bob,Widget,1,1",
    SECOND: "Bob,A-2,Widget,1,1",
    LAST: "Bob,Widget,1,1,A-2",
    "a;order_id;b;customer_name;product_name;quantity;unit_price": "x;A-2;x;Bob;Widget;1;1",
}


@pytest.mark.parametrize(
    ("header", "row"),
    [
        (HEADER, "A-1,Ann,Widget,many,1"),
        (HEADER, "A-1,Ann,Widget,many,"),
        (HEADER, "A-1,Ann,Widget,1"),
        (HEADER, "A-1"),
        (HEADER, " A-1 ,Ann,Widget,1"),
        (HEADER, '"A-1",Ann,Widget,1'),
        (HEADER, "A-1,Lee, Ann,Widget,1,1"),
        (HEADER, 'A-1,"Ann,Widget,1,1'),
        (HEADER, '"A-1,Ann,Widget,1,1'),
        (HEADER, 'A-1,"Ann"x,Widget,1,1'),
        (HEADER, 'A-1,Ann,Widget,1,1"'),
        (HEADER, "A-1,An\rn,Widget,1,1"),
        (HEADER, "A-1\r,Ann,Widget,1,1"),
        (HEADER, f"A-1,{'x' * LONGEST_ROW},Widget,1,1"),
        (HEADER, f'A-1,"{"x" * 40_000}\n{"x" * 40_000}",Widget,1,1'),
        (SECOND, "Ann,A-1,Widget,1"),
        (SECOND, "Lee, Ann,A-1,Widget,1,1"),
        (SECOND, '"Lee, Ann",A-1,Widget,1'),
        (SECOND, '"Lee, Ann",A-1,Widget,1,1,1'),
        (SECOND, "Ann,A-1,Wid,get,1,1"),
        (SECOND, 'Ann,"A-1,Widget,1,1'),
        (LAST, "Lee, Ann,Widget,1,1,A-1"),
        (LAST, "Widget,1,1,A-1"),
        (LAST, 'Ann,"Widget,1,1,A-1'),
        ("a;order_id;b;customer_name;product_name;quantity;unit_price", "x;A-1;x;Ann;Widget;1"),
        ("a;order_id;b;customer_name;product_name;quantity;unit_price", "x;y;A-1;x;Ann;Widget;1;1"),
    ],
)
def test_the_order_of_a_bad_row_is_laid_aside(header: str, row: str) -> None:
    """Whatever is wrong with the row, its order's other rows are not stored; another order's are."""
    good = ROWS[header]

    reading = read(f"{header}\n{good.replace('A-2', 'A-1')}\n{row}\n{good}\n")

    assert reading.rejected_rows == 1
    assert "A-1" in rejected_ids(reading)
    assert set(reading.orders.order_ids) == {"A-2"}


@pytest.mark.parametrize(
    "row", [",Ann,Widget,1,1", f"{'i' * 65},Ann,Widget,1,1", " ,Ann", "A\x001,Ann", '""', ",,,,,,"]
)
def test_a_row_without_an_order_id_concerns_only_itself(row: str) -> None:
    """Nobody knows which order it belongs to."""
    reading = read(f"{HEADER}\nA-1,Ann,Widget,1,1\n{row}\n")

    assert reading.rejected_rows == 1
    assert rejected_ids(reading) == set()
    assert reading.orders.order_ids == ("A-1",)


def test_each_line_that_a_stray_quote_has_swallowed_is_looked_at() -> None:
    """Beyond the bound on reading again, lines are rejected together, and so are the orders of all of them."""
    lines = [f'A-{at},"Ann,Widget,1,1' for at in range(0, 60, 2)]

    reading = read("\n".join([HEADER, *(f"A-{at},Ann,Widget,1,1" for at in range(60)), *lines]))

    assert {f"A-{at}" for at in range(0, 60, 2)} <= rejected_ids(reading)
    assert set(reading.orders.order_ids) == {f"A-{at}" for at in range(1, 60, 2)}


def test_guards_of_a_corrected_file_are_no_part_of_an_order_id() -> None:
    """The rejected-rows file guards cells against being run as formulas; a row of it may be torn, too."""
    header = ",".join([*NAMES, "waybill_row", "waybill_reasons", "waybill_original"])

    reading = read(f"{header}\n'=A-1,Ann,Widget,1,1,2,x,y\n'=A-1,Ann,Widget,1\n")

    assert rejected_ids(reading) == {"=A-1"}
    assert reading.orders.count == 0


def test_a_torn_row_that_comes_back_uncorrected_still_holds_its_order() -> None:
    """The rejected-rows file has no cells of it, but its original text."""
    header = ",".join([*NAMES, "waybill_row", "waybill_reasons", "waybill_original"])
    torn = [f',,,,,3,row: has 4 cells,"{original}"' for original in ("A-1,Ann,Widget,1", "x;'=B-1;1", 'a\n""C-1""|b')]
    good = [f"{order_id},Ann,Widget,1,1,2,order_id: x,y" for order_id in ("A-1", "=B-1", "C-1", "D-1")]

    reading = read("\n".join([header, *good, *torn]))

    assert {"A-1", "=B-1", "C-1"} <= rejected_ids(reading)
    assert reading.orders.order_ids == ("D-1",)
