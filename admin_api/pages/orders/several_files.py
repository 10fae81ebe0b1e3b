"""Orders whose lines come from several files: which, and which files, for lists that show the lines of one.

A list loads this afterwards, as a query for each order would slow it down; without JavaScript a link adds it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Response
from pydantic import Field

from admin_api.rendering.urls import order_mark
from admin_api.rendering.views import part
from admin_api.web.auth import Viewer
from admin_api.wiring.services import Console, ConsoleDep

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from processor.domain.entries import FileEntry
    from processor.domain.orders import Order

router = APIRouter()

PATH = "/orders-of-several-files"
_MOST_ORDERS = 100
_LONGEST_QUERY = 4_000
"""Bytes of an address: API Gateway takes ten thousand with all headers, and order ids may hold any character."""

type OrderId = Annotated[str, Field(min_length=1, max_length=64)]


@dataclass(frozen=True, slots=True)
class SeveralFiles:
    """An order whose lines come from several files."""

    order_id: str
    files: tuple[tuple[str, FileEntry | None], ...]
    """Ids and entries; None of a file that the ledger does not know."""

    @property
    def mark(self) -> str:
        """What names its place in a list, whatever characters the order id has."""
        return order_mark(self.order_id)


@router.get(PATH)
def name_files_of_orders(
    _: Viewer, console: ConsoleDep, ids: Annotated[list[OrderId], Query(alias="id", max_length=_MOST_ORDERS)]
) -> Response:
    """Return a mark for each of these orders that has lines of several files, as a fragment."""
    return part("orders/_several_files.html", find_several_files(console, ids))


def find_several_files(console: Console, order_ids: Sequence[str]) -> list[SeveralFiles]:
    """Find which of these orders have lines of several files."""
    if not order_ids:
        return []
    found = {each: files for each, files in console.orders.find_files_of_orders(order_ids).items() if len(files) > 1}
    ids = list(dict.fromkeys(file_id for files in found.values() for file_id in files if file_id))
    entries = {entry.file_id: entry for entry in console.files.read_files(ids)} if ids else {}
    return [
        SeveralFiles(order_id, tuple((file_id, entries.get(file_id)) for file_id in files))
        for order_id, files in found.items()
    ]


def addresses_of(orders: Iterable[Order]) -> tuple[str, ...]:
    """Return the addresses that tell of these orders, none of them too long."""
    return tuple(f"{PATH}?{urlencode([('id', each) for each in stretch])}" for stretch in _stretches(orders))


def _stretches(orders: Iterable[Order]) -> Iterator[list[str]]:
    stretch: list[str] = []
    size = 0
    for order_id in dict.fromkeys(order.order_id for order in orders if order.order_id):
        length = len(urlencode({"id": order_id})) + 1
        if stretch and (size + length > _LONGEST_QUERY or len(stretch) == _MOST_ORDERS):
            yield stretch
            stretch, size = [], 0
        stretch.append(order_id)
        size += length
    if stretch:
        yield stretch
