"""Changed orders side by side: which rows belong together, and which cells differ."""

from __future__ import annotations

import json
from typing import Any

import pytest

from admin_api.pages.files.comparison import ComparisonError, Line, LinePair, pair_lines, read_comparison
from tests.unit.admin_api.made_files import OTHER_ID


def row(number: int, product: str = "Pen", quantity: str = "1", price: str = "2.00") -> dict[str, Any]:
    """Make a row as the processor writes it."""
    return {
        "row_number": number,
        "customer_name": "Ada",
        "product_name": product,
        "quantity": quantity,
        "unit_price": price,
        "line_total": "2.00",
    }


def line(number: int, *values: str) -> Line:
    """Make a line of an order."""
    return Line.from_json(row(number, *values))


def document(before: list[dict[str, Any]], now: list[dict[str, Any]]) -> bytes:
    """Make a comparison of one changed order."""
    changed = {"order_id": "A-1", "file_id": OTHER_ID, "before": before, "now": now}
    files = [{"file_id": OTHER_ID, "name": "first.csv", "orders": 7, "settled_at": ""}]
    return json.dumps({"orders": 9, "files": files, "changed_orders": [changed]}).encode()


def test_a_changed_price_is_the_one_cell_that_differs() -> None:
    """The row is paired with the one of the same product."""
    [pair] = pair_lines([line(1, "Pen", "1", "12")], [line(5, "Pen", "1", "1299.95")])

    assert (pair.before, pair.now) == (line(1, "Pen", "1", "12"), line(5, "Pen", "1", "1299.95"))
    assert pair.differing == {3}
    assert pair.words == "changed"


def test_numbers_are_compared_by_their_value() -> None:
    """Another way to write a price changes nothing."""
    [pair] = pair_lines([line(1, "Pen", "1", "1.5")], [line(1, "Pen", "01", "1.50")])

    assert pair.is_same


def test_rows_that_have_no_counterpart_are_added_or_left_out() -> None:
    """The rows of the same product belong together, wherever they stand."""
    before = [line(1, "Pen"), line(2, "Ink", "3")]
    now = [line(1, "Ink", "4"), line(2, "Pen"), line(3, "Cap"), line(4, "Pen")]

    pairs = pair_lines(before, now)

    assert [pair.words for pair in pairs if not pair.is_same] == ["changed", "added", "added"]
    assert pair_lines([line(1)], []) == [LinePair(line(1), None)]
    assert pair_lines([line(1)], [])[0].words == "left out"


def test_equal_rows_of_an_order_are_paired_one_by_one() -> None:
    """Several equal rows are legitimate: one more of them is a change."""
    pairs = pair_lines([line(1), line(2)], [line(1), line(2), line(3)])

    assert [pair.is_same for pair in pairs] == [True, True, False]


def test_a_comparison_shows_what_differs_and_counts_the_rest() -> None:
    """Of an order with many lines only the changed ones are looked at."""
    comparison = read_comparison(document([row(1), row(2, "Ink")], [row(3), row(4, "Ink", "9")]))

    [changed] = comparison.changed_orders
    assert comparison.orders_by_file == {OTHER_ID: 7}
    assert (changed.order_id, changed.file_id, changed.same_rows, changed.is_cut) == ("A-1", OTHER_ID, 1, False)
    assert [pair.now.row_number for pair in changed.pairs if pair.now] == [4]


def test_an_order_with_as_many_rows_as_are_kept_may_have_more() -> None:
    """The page must not tell that all of it is there."""
    [changed] = read_comparison(document([row(number) for number in range(20)], [row(1)])).changed_orders

    assert changed.is_cut


@pytest.mark.parametrize("body", [b"", b"\xff", b"[]", b"{}", b'{"files": [], "changed_orders": [{}]}', b"null"])
def test_anything_else_is_no_comparison(body: bytes) -> None:
    """Somebody has replaced the object."""
    with pytest.raises(ComparisonError):
        read_comparison(body)
