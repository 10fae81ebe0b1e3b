"""The lists of orders: the feed, the orders of a file or of a customer; and their export."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field, StringConstraints

from admin_api.actions.access import record_access
from admin_api.actions.files import file_or_404, story_or_404
from admin_api.pages.orders.detail import file_ids, files_of, order_page
from admin_api.pages.orders.export import HEADER, order_rows
from admin_api.pages.orders.feed import FeedPage, read_feed
from admin_api.pages.orders.several_files import SeveralFiles, addresses_of, find_several_files
from admin_api.rendering.csv_export import MOST_ROWS, csv_response, write_csv
from admin_api.rendering.urls import EXPORT, LONGEST_ID, names_href
from admin_api.rendering.views import page
from admin_api.web.auth import Viewer
from admin_api.web.errors import InvalidError
from admin_api.wiring.services import Console, ConsoleDep
from processor.domain.actions import ActionKind
from processor.domain.cursors import CursorError
from processor.orders.lookup import PAGE, CustomerIndexMissingError, FileOrders
from processor.storage.accepted_reader import run_with_offsets

if TYPE_CHECKING:
    from admin_api.web.users import User
    from processor.domain.entries import FileEntry
    from processor.domain.orders import Order
    from processor.orders.pages import OrderPage

router = APIRouter(prefix="/orders", include_in_schema=False)


class OrderQuery(BaseModel):
    """The filter of the list: at most one of order id, customer and file."""

    order_id: Annotated[str, Field(max_length=64)] = ""
    customer: Annotated[str, Field(max_length=200), StringConstraints(strip_whitespace=True)] = ""
    file: Annotated[str, Field(max_length=LONGEST_ID), StringConstraints(strip_whitespace=True)] = ""
    cursor: Annotated[str, Field(max_length=2_000)] = ""
    first: Annotated[int, Field(ge=0, le=1_000_000_000)] = 0
    compare: bool = False
    """Whether a file's orders are compared with the orders table."""
    named: bool = False
    """Whether orders are shown with what a script adds: names of files, and which orders have lines of several."""

    @property
    def is_filtered(self) -> bool:
        """Whether the list is filtered."""
        return bool(self.order_id or self.customer or self.file)

    @property
    def export_href(self) -> str:
        """The address of the same orders as CSV."""
        named = {"order_id": self.order_id, "customer": self.customer, "file": self.file}
        query = urlencode({name: value for name, value in named.items() if value})
        return f"/orders/{EXPORT}" + (f"?{query}" if query else "")

    def export_words(self, rows: FileOrders | None) -> str:
        """Describe the export beforehand."""
        if rows and rows.total > MOST_ROWS:
            return f"The first {MOST_ROWS:,} of {rows.total:,} orders. The file's object of accepted rows has all."
        if rows:
            return f"All {rows.total:,} orders of this file."
        return f"These orders, at most {MOST_ROWS:,}; the download's name says so if there are more."

    def address(self, **place: str | int) -> str:
        """Return the address of another page of the same list, "" if there is none."""
        if not any(place.values()) and "first" not in place:
            return ""  # The cursor is empty: there is no such page.
        flags = {name: "true" for name in ("compare", "named") if getattr(self, name)}
        fields = {"customer": self.customer, "file": self.file, **flags, **place}
        return f"/orders?{urlencode({name: value for name, value in fields.items() if value})}"


@dataclass(frozen=True, slots=True)
class OrdersPage:
    """A list of orders: the feed, the orders of a file, or those of a customer."""

    query: OrderQuery
    feed: FeedPage | None = None
    of_file: FileOrders | None = None
    of_customer: OrderPage | None = None
    files: dict[str, FileEntry] = field(default_factory=dict)
    """The files of the customer's orders by id, if their names are shown."""
    newer: str = ""
    older: str = ""
    has_customer_index: bool = True
    marks: dict[str, SeveralFiles] = field(default_factory=dict)
    """The orders with lines of several files by id, if the page was asked to name them."""

    @property
    def orders(self) -> tuple[Order, ...]:
        """All orders of the page."""
        if self.feed:
            return tuple(order for group in self.feed.groups for order in group.orders)
        found = self.of_file or self.of_customer
        return found.orders if found else ()

    @property
    def marks_hrefs(self) -> tuple[str, ...]:
        """The addresses that tell which orders have lines of several files, unless that is told already."""
        return () if self.query.named else addresses_of(self.orders)

    @property
    def compare_href(self) -> str:
        """The address of the same page, compared with the orders table."""
        return self.query.address(first=self.query.first, compare="true")

    @property
    def names_href(self) -> str:
        """The address of the names of the files that are not named yet: orders hold ids only."""
        return names_href(
            each for each in file_ids(self.of_customer.orders if self.of_customer else ()) if each not in self.files
        )

    @property
    def named_href(self) -> str:
        """The address of the same page with its files' names."""
        return self.query.address(cursor=self.query.cursor, first=self.query.first, named="true")


@router.get("")
def list_orders(request: Request, _: Viewer, console: ConsoleDep, query: Annotated[OrderQuery, Query()]) -> Response:
    """List the orders of a file, of a customer or of all; or show the order asked for."""
    if query.order_id:
        return order_page(request, console, query.order_id, query.cursor)
    context = read_orders(console, query)
    if query.named:
        marks = {
            each.order_id: each for each in find_several_files(console, [each.order_id for each in context.orders])
        }
        context = replace(context, marks=marks)
    return page(request, "orders/index.html", context, partial="orders/_list.html", section="orders")


@router.get(f"/{EXPORT}")
def export_orders(user: Viewer, console: ConsoleDep, query: Annotated[OrderQuery, Query()]) -> Response:
    """Download the orders of the list as CSV, up to a bound that the download's name tells."""
    entry = file_or_404(console, query.file) if query.file else None
    if query.order_id:
        name = f"order {query.order_id}"
    elif query.customer:
        name = f"orders of {query.customer}"
    else:
        name = f"orders of {entry.name}" if entry else "newest orders"
    record_export(console, user, query, "orders of one customer" if query.customer else name)
    rows = order_rows(console, order_id=query.order_id, customer=query.customer, entry=entry)
    try:
        return csv_response(name, write_csv(HEADER, rows))
    except CustomerIndexMissingError as error:
        raise InvalidError(str(error), "Export the newest orders, or those of a file.") from error


def record_export(console: Console, user: User, query: OrderQuery, subject: str) -> None:
    """Record who takes which orders out. The log is kept for good, so a customer's name does not get into it."""
    customer = hashlib.sha256(query.customer.encode()).hexdigest() if query.customer else ""
    asked = {"order_id": query.order_id, "customer_sha256": customer, "file": query.file}
    record_access(console, user, ActionKind.EXPORT, subject, {field: text for field, text in asked.items() if text})


def read_orders(console: Console, query: OrderQuery) -> OrdersPage:
    """Read one page of a list; raises :class:`InvalidError` and :class:`NotFoundError`."""
    try:
        if query.file:
            return _of_file(console, query)
        if query.customer:
            found = console.orders.find_by_customer(query.customer, query.cursor)
            newer, older = query.address(cursor=found.newer), query.address(cursor=found.older)
            files = files_of(console, found.orders) if query.named else {}
            return OrdersPage(query, of_customer=found, files=files, newer=newer, older=older)
        feed = read_feed(console, query.cursor)
    except (CursorError, CustomerIndexMissingError) as error:
        raise InvalidError(str(error), "Begin again at the newest orders.") from error
    return OrdersPage(
        query,
        feed=feed,
        newer=query.address(cursor=feed.newer),
        older=query.address(cursor=feed.older),
        has_customer_index=console.orders.has_customer_index,
    )


def _of_file(console: Console, query: OrderQuery) -> OrdersPage:
    story = story_or_404(console, query.file)
    entry = story.entry
    rows = console.orders.list_file_orders(entry, run_with_offsets(story.runs), first=query.first)
    if query.compare:
        (rows,) = console.orders.compare_with_table([rows])
    newer = query.address(first=max(0, query.first - PAGE)) if query.first else ""
    older = query.address(first=rows.following) if rows.following < rows.total and not rows.problem else ""
    return OrdersPage(query, of_file=rows, newer=newer, older=older)
