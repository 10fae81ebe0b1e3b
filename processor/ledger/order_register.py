"""The register of orders: which order ids each file of a sender has, to recognise orders that come again.

One item a file, in the partition of its sender. A file registers *before* it looks at the others, so that of two files
at the same moment at least one sees the other, whichever way their runs interleave.
"""

from __future__ import annotations

from datetime import timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

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


class RegisteredFile(NamedTuple):
    """A file with its orders as it has registered them."""

    file_id: str
    orders: OrderSample
    rows_sha256: str


class OrderRegister:
    """The registered orders of all files."""

    def __init__(self, table: FilesTable, days: int) -> None:
        self._table = table
        self._days = timedelta(days=days)

    def register(self, entry: FileEntry, orders: OrderSample, rows_sha256: str, now: datetime) -> None:
        """Register the orders of a file, for every run of it anew; a file without orders needs no entry."""
        self._table.put_item(
            {
                "file_id": _partition(entry.sender),
                "entry": f"{entry.run_started_at}#{entry.file_id}",
                "rows": bytes.fromhex(rows_sha256),
                "expires_at": int((now + self._days).timestamp()),
                "orders": orders.to_bytes(),
            }
        )

    def list_others(self, entry: FileEntry, now: datetime) -> Iterator[RegisteredFile]:
        """Yield the other files of the sender, the newest first, as last written."""
        seen = {entry.file_id}
        since = to_iso(now - self._days)
        condition = Key("file_id").eq(_partition(entry.sender)) & Key("entry").gt(since)
        for page in islice(self._table.query_pages(condition), MOST_PAGES):
            for item in page:
                file_id = str(item["entry"]).rpartition("#")[2]
                if file_id not in seen:  # Its newest run counts.
                    seen.add(file_id)
                    yield _registered(file_id, item)


def _registered(file_id: str, item: dict[str, Any]) -> RegisteredFile:
    return RegisteredFile(file_id, OrderSample.from_bytes(bytes(item["orders"])), bytes(item["rows"]).hex())


def _partition(sender: str) -> str:
    return f"orders#{sender}"
