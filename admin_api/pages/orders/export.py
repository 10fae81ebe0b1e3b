"""Orders as rows of an export, read page by page as they are consumed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from admin_api.pages.orders.feed import feed_rows
from processor.storage.accepted_reader import run_with_offsets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from admin_api.rendering.csv_export import Cell
    from admin_api.wiring.services import Console
    from processor.domain.entries import FileEntry
    from processor.domain.orders import Order
    from processor.orders.pages import OrderPage

HEADER = (
    "order_id",
    "processed_timestamp",
    "customer_name",
    "product_name",
    "quantity",
    "unit_price",
    "line_total",
    "file_id",
    "row_number",
    "run_id",
    "trace_id",
)
_AT_ONCE = 500


def order_rows(
    console: Console, *, order_id: str = "", customer: str = "", entry: FileEntry | None = None
) -> Iterator[list[Cell] | None]:
    """Yield the cells under :data:`HEADER` for the lines of an order, the orders of a customer or file, or all.

    None comes after each read, so that who consumes them can stop where there is nothing.
    """
    if entry:
        orders = _of_file(console, entry)
    elif order_id:
        orders = _pages(lambda cursor: console.orders.find_by_order_id(order_id, cursor, _AT_ONCE))
    elif customer:
        orders = _pages(lambda cursor: console.orders.find_by_customer(customer, cursor, _AT_ONCE))
    else:
        orders = feed_rows(console, _AT_ONCE)
    for order in orders:
        yield None if order is None else [getattr(order, column) for column in HEADER]


def _pages(page_at: Callable[[str], OrderPage]) -> Iterator[Order | None]:
    cursor, more = "", True
    while more:
        page = page_at(cursor)
        yield None
        yield from page.orders
        cursor, more = page.older, bool(page.older)


def _of_file(console: Console, entry: FileEntry) -> Iterator[Order | None]:
    run = run_with_offsets(console.ledger.list_runs(entry.file_id))
    first = 0
    while first < entry.accepted_rows:
        (rows,) = console.orders.compare_with_table(
            [console.orders.list_file_orders(entry, run, first=first, limit=_AT_ONCE)]
        )
        yield None
        yield from rows.orders
        first = rows.total if rows.problem else max(rows.following, first + 1)
