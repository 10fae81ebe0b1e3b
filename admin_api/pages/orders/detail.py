"""The page of one order: its lines, and the files that have brought them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from admin_api.rendering.urls import LONGEST_ID, order_href
from admin_api.rendering.views import page
from admin_api.web.auth import Viewer
from admin_api.web.errors import InvalidError, NotFoundError
from admin_api.wiring.services import Console, ConsoleDep
from processor.domain.cursors import CursorError

if TYPE_CHECKING:
    from processor.domain.entries import FileEntry
    from processor.domain.orders import Order
    from processor.orders.pages import OrderPage

router = APIRouter(prefix="/orders", include_in_schema=False)

_TO_THE_MICROSECOND = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}")


@dataclass(frozen=True, slots=True)
class FileShare:
    """The lines that one file has brought of an order."""

    file_id: str
    entry: FileEntry | None
    lines: int
    total: Decimal


@dataclass(frozen=True, slots=True)
class OneOrderPage:
    """One order: its lines, the newest first."""

    order_id: str
    lines: OrderPage
    files: dict[str, FileEntry]
    newer: str
    older: str
    elsewhere: dict[str, FileEntry | None]
    """Files with lines on other pages of the order, by id."""

    @property
    def shares(self) -> tuple[FileShare, ...]:
        """The lines on this page by their files."""
        grouped: dict[str, list[Order]] = {}
        for line in self.lines.orders:
            grouped.setdefault(line.file_id, []).append(line)
        return tuple(
            FileShare(
                file_id, self.files.get(file_id), len(lines), sum((each.line_total for each in lines), Decimal(0))
            )
            for file_id, lines in grouped.items()
        )

    @property
    def file_count(self) -> int:
        """How many files have brought lines of the order, as far as is known."""
        return len(self.shares) + len(self.elsewhere)

    @property
    def is_whole(self) -> bool:
        """Whether all of its lines are on this page, so that their sum is the order's total."""
        return not (self.newer or self.older)

    @property
    def total(self) -> Decimal:
        """The sum of the lines on this page."""
        return sum((line.line_total for line in self.lines.orders), Decimal(0))

    @staticmethod
    def dated(line: Order) -> str:
        """Return a line's time to the microsecond; further digits only tell files apart."""
        match = _TO_THE_MICROSECOND.match(line.processed_timestamp)
        return f"{match[0]}Z" if match else ""

    @property
    def customers(self) -> tuple[str, ...]:
        """The customers of its lines: one, unless files disagree."""
        return tuple(dict.fromkeys(line.customer_name for line in self.lines.orders))


@router.get("/{order_id:path}")
def show_order(
    request: Request,
    _: Viewer,
    console: ConsoleDep,
    order_id: Annotated[str, Path(min_length=1, max_length=64)],
    cursor: Annotated[str, Query(max_length=2_000)] = "",
) -> Response:
    """Show one order with its lines and their files."""
    return order_page(request, console, order_id, cursor)


def order_page(request: Request, console: Console, order_id: str, cursor: str) -> Response:
    """Respond with the page of an order; raises :class:`InvalidError` and :class:`NotFoundError`."""
    try:
        lines = console.orders.find_by_order_id(order_id, cursor)
        if not lines.orders and (bare := order_id.strip()) not in {"", order_id}:
            # Copied with a space or a line break; but an id may end in a tab.
            order_id, lines = bare, console.orders.find_by_order_id(bare, cursor)
    except CursorError as error:
        raise InvalidError(str(error), "Begin at the order's newest lines.") from error
    if not lines.orders:
        raise NotFoundError(
            f"There is no order {order_id!r:.70}.",
            "Order ids are exact: capitals and dashes count. A file's orders appear once it is settled; its rejected "
            "rows are on its own page.",
        )
    files = files_of(console, lines.orders)
    is_whole = not (lines.newer or lines.older)
    context = OneOrderPage(
        order_id=order_id,
        lines=lines,
        files=files,
        newer=order_href(order_id, lines.newer) if lines.newer else "",
        older=order_href(order_id, lines.older) if lines.older else "",
        elsewhere={} if is_whole else _files_elsewhere(console, order_id, lines),
    )
    return page(request, "orders/detail.html", context, section="orders")


def _files_elsewhere(console: Console, order_id: str, lines: OrderPage) -> dict[str, FileEntry | None]:
    """Find the files that have lines of the order on other pages."""
    here = {line.file_id for line in lines.orders}
    ids = [each for each in console.orders.find_files_of_orders([order_id])[order_id] if each and each not in here]
    entries = {entry.file_id: entry for entry in console.files.read_files(ids)} if ids else {}
    return {file_id: entries.get(file_id) for file_id in ids}


def files_of(console: Console, orders: tuple[Order, ...]) -> dict[str, FileEntry]:
    """Read the files of these orders, by id."""
    ids = file_ids(orders)
    return {entry.file_id: entry for entry in console.files.read_files(ids)} if ids else {}


def file_ids(orders: tuple[Order, ...]) -> list[str]:
    """List the ids that can be looked up: items written by others may hold anything."""
    return [file_id for file_id in dict.fromkeys(order.file_id for order in orders) if 0 < len(file_id) <= LONGEST_ID]
