"""The comparison of stored orders, and the sample of keys under which added ones are searched for."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from processor.domain.columns import read_cells
from processor.domain.orders import OrderMaker
from processor.orders.auditing.findings import Findings
from processor.orders.auditing.stored_orders import KeySample, compare_order
from tests.unit.processor.made_orders import make
from tests.unit.processor.strategies import GOOD_ROWS

if TYPE_CHECKING:
    from processor.domain.orders import Item

MAKER = OrderMaker(datetime(2026, 11, 28, tzinfo=UTC), "0" * 24, "run", "trace", ("by_customer",))
COMPARED = (
    "customer_name",
    "product_name",
    "quantity",
    "unit_price",
    "line_total",
    "row_number",
    "file_id",
    "customer_key",
)


def order_of(cells: tuple[str, ...], row: int = 7) -> Item:
    """Lay out the order of a row."""
    values, problems = read_cells(cells)
    assert not problems
    return make(MAKER, row, values)[0]


def found_in(expected: Item, stored: Item | None) -> list[tuple[int, str]]:
    """Compare, and return rows and columns of the differences."""
    findings = Findings()
    compare_order(expected, stored, 7, findings)
    return [(each.row, each.column) for each in findings.differences]


@given(GOOD_ROWS)
def test_order_as_stored_differs_nowhere(cells: tuple[str, ...]) -> None:
    """DynamoDB drops the zeros at the end of a number; another run, and attributes of others, are no differences."""
    item = order_of(cells)
    numbers = {name: {"N": f"{float(value['N']):.20g}"} for name, value in item.items() if name == "quantity"}
    stored = item | numbers | {"run_id": {"S": "another"}, "theirs": {"S": "x"}}
    stored["unit_price"] = {"N": stored["unit_price"]["N"] + ("0" if "." in stored["unit_price"]["N"] else ".0")}

    assert found_in(item, stored) == []


@given(GOOD_ROWS, st.sampled_from(COMPARED))
def test_every_attribute_is_compared(cells: tuple[str, ...], name: str) -> None:
    """A changed value is found with its row and its name, and so is one of another type."""
    item = order_of(cells)
    [(kind, value)] = item[name].items()
    changed = {"N": f"{value}1" if "." in value else f"{value}.01"} if kind == "N" else {"S": f"{value}x"}
    other_type = {"S" if kind == "N" else "N": "1"}

    assert found_in(item, item | {name: changed}) == [(7, name)]
    assert found_in(item, item | {name: other_type}) == [(7, name)]


@given(GOOD_ROWS)
def test_missing_order_is_one_difference(cells: tuple[str, ...]) -> None:
    """It is named by its id."""
    assert found_in(order_of(cells), None) == [(7, "")]


@given(st.lists(st.tuples(st.text(max_size=3), st.text(min_size=1, max_size=3))), st.integers(1, 5), st.integers(1, 8))
def test_sample_has_all_orders_of_its_keys_and_keeps_its_bounds(
    orders: list[tuple[str, str]], most_keys: int, most_rows: int
) -> None:
    """A key that is in it is in it with each of its orders: none of them could pass for an added one."""
    sample = KeySample(most_keys, most_rows)
    for key, timestamp in orders:
        sample.add(key, timestamp, key)

    assert len(sample.orders) <= most_keys
    for key, kept in sample.orders.items():
        assert set(kept) == {timestamp for other, timestamp in orders if other == key}
    if sample.is_complete:
        assert set(sample.orders) == {key for key, _ in orders}
