"""The register of orders: which order ids each file of a sender has, to recognise orders that come again.

One item a file, in the partition of its sender. A file registers *before* it looks at the others, so that of two files
at the same moment at least one sees the other, whichever way their runs interleave.

A process remembers what it has read, so that it reads only what was registered since.
"""

from __future__ import annotations

from datetime import timedelta
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from boto3.dynamodb.conditions import Key

from processor.domain.entries import to_iso
from processor.domain.order_sample import OrderSample

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from processor.domain.entries import FileEntry
    from processor.ledger.table import FilesTable

MOST_PAGES = 4
"""Of a query: each holds 1 MB, which are some 250 files of 1,000 orders. Older files of a sender are not looked at."""
_MOST_REMEMBERED = 4 * 1024 * 1024
"""Bytes of all senders together."""
_READ_AGAIN = timedelta(minutes=15)
"""What was registered so long before is read once more: no function lives longer between its clock and its write."""


class RegisteredFile(NamedTuple):
    """A file with its orders as it has registered them."""

    file_id: str
    orders: OrderSample
    rows_sha256: str


class _Item(NamedTuple):
    """A registered file as it is stored, which takes a tenth of the memory."""

    entry: str
    rows: bytes
    orders: bytes

    @property
    def file_id(self) -> str:
        return self.entry.rpartition("#")[2]

    def read(self) -> RegisteredFile:
        return RegisteredFile(self.file_id, OrderSample.from_bytes(self.orders), self.rows.hex())


class _Sender(NamedTuple):
    """A sender's registered files as read at a moment, the newest first."""

    read_at: datetime
    items: tuple[_Item, ...]

    @property
    def size_bytes(self) -> int:
        return sum(len(item.entry) + len(item.rows) + len(item.orders) for item in self.items)


class OrderRegister:
    """The registered orders of all files."""

    def __init__(self, table: FilesTable, days: int) -> None:
        self._table = table
        self._days = timedelta(days=days)
        self._remembered: dict[str, _Sender] = {}

    def register(self, entry: FileEntry, orders: OrderSample, rows_sha256: str, now: datetime) -> None:
        """Register the orders of a file, for every run of it anew; a file without orders needs no entry."""
        self._table.put_item(
            {
                "file_id": _partition(entry.sender),
                "entry": f"{to_iso(now)}#{entry.file_id}",
                "rows": bytes.fromhex(rows_sha256),
                "expires_at": int((now + self._days).timestamp()),
                "orders": orders.to_bytes(),
            }
        )

    def list_others(self, entry: FileEntry, now: datetime) -> Iterator[RegisteredFile]:
        """Yield the other files of the sender, the newest first, as last written."""
        for item in self._read(_partition(entry.sender), now):
            if item.file_id != entry.file_id:
                yield item.read()

    def _read(self, partition: str, now: datetime) -> tuple[_Item, ...]:
        """Read what a sender has registered, each file as of its newest run."""
        since, known = now - self._days, self._remembered.pop(partition, None)
        start = max(since, known.read_at - _READ_AGAIN) if known else since
        newest: dict[str, _Item] = {}
        for item in (*self._query(partition, start), *(known.items if known else ())):
            if item.entry > to_iso(since):
                newest.setdefault(item.file_id, item)
        sender = _Sender(now, tuple(newest.values()))
        self._remember(partition, sender)
        return sender.items

    def _query(self, partition: str, start: datetime) -> Iterator[_Item]:
        condition = Key("file_id").eq(partition) & Key("entry").gt(to_iso(start))
        for page in islice(self._table.query_pages(condition), MOST_PAGES):
            for item in page:
                yield _Item(str(item["entry"]), bytes(item["rows"]), bytes(item["orders"]))

    def _remember(self, partition: str, sender: _Sender) -> None:
        """Keep what was read, and forget the senders that were not asked for since, until all fit."""
        room = _MOST_REMEMBERED - sender.size_bytes
        if room < 0:
            return
        for other in list(self._remembered):
            if sum(each.size_bytes for each in self._remembered.values()) <= room:
                break
            del self._remembered[other]
        self._remembered[partition] = sender


def _partition(sender: str) -> str:
    return f"orders#{sender}"
