"""Finds stored orders by order id, by customer and by file. Writes nothing.

There is no index by file, which would throttle the table. A file's orders are read from its object of accepted rows; a
comparison by BatchGetItem tells whether the table still has them.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

from processor.domain.errors import WaybillError
from processor.domain.orders import BY_CUSTOMER, CUSTOMER_SHARDS, Item, Order, customer_key
from processor.ledger.batch_get import batch_get
from processor.orders.pages import OrderPage, Position, cut_page, goes_to_older
from processor.storage.accepted_reader import AcceptedRowsGoneError, AcceptedRowsUnreadableError, read_accepted_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client

    from processor.domain.entries import FileEntry, RunEntry

PAGE = 50
_LINES_LOOKED_AT = 100
_READERS = 8
"""Small files read at once: a page of files with one row each takes seven round trips, not fifty."""


class CustomerIndexMissingError(WaybillError):
    """This stack was deployed without the index by_customer, so orders cannot be searched by customer."""


@dataclass(frozen=True, slots=True)
class FileOrders:
    """A stretch of a file's orders in row order, as its run stored them or as the table has them now."""

    entry: FileEntry
    orders: tuple[Order, ...]
    first: int
    """Accepted rows before these."""
    total: int
    """Accepted rows of the file."""
    problem: str = ""
    """The reason why the rows cannot be listed, as a sentence."""
    is_compared: bool = False
    """Whether these are the table's orders; those of the object have no run and no trace."""
    missing: tuple[Order, ...] = ()
    """After a comparison: rows that the run stored and the table no longer has."""

    @property
    def following(self) -> int:
        """The beginning of the next stretch; the total after the last row."""
        return min(self.total, self.first + len(self.orders) + len(self.missing))


class OrderLookup:
    """The orders, as the console reads them."""

    def __init__(
        self,
        dynamodb: DynamoDBClient,
        s3: S3Client,
        orders_table: str,
        indexes: Collection[str],
        *,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._dynamodb = dynamodb
        self._s3 = s3
        self._table = orders_table
        self._sleep = sleep
        self.has_customer_index = BY_CUSTOMER in indexes

    def find_by_order_id(self, order_id: str, cursor: str = "", limit: int = PAGE) -> OrderPage:
        """List an order's lines; raises :class:`CursorError`."""
        position = Position.from_cursor(cursor)
        orders = self._query_partition({"name": "order_id", "value": order_id}, position, limit)
        return cut_page(orders, position, limit)

    def find_by_customer(self, name: str, cursor: str = "", limit: int = PAGE) -> OrderPage:
        """List the orders of a customer by the whole name, in any case, width and spacing.

        Raises :class:`CursorError` and :class:`CustomerIndexMissingError`.
        """
        if not self.has_customer_index:
            raise CustomerIndexMissingError
        position = Position.from_cursor(cursor)
        keys = [
            {"name": "customer_key", "value": customer_key(name, shard), "index": BY_CUSTOMER}
            for shard in range(CUSTOMER_SHARDS)
        ]
        with ThreadPoolExecutor(len(keys)) as pool:
            shards = pool.map(lambda key: self._query_partition(key, position, limit), keys)
            return cut_page([order for shard in shards for order in shard], position, limit)

    def list_file_orders(
        self, entry: FileEntry, run: RunEntry | None, *, first: int = 0, limit: int = PAGE
    ) -> FileOrders:
        """List a file's orders as ``run`` stored them, from accepted row number ``first`` on."""
        return self.list_newest([entry], run=run, first=first, limit=limit)[0]

    def list_newest(
        self, files: Sequence[FileEntry], *, run: RunEntry | None = None, first: int = 0, limit: int = PAGE
    ) -> tuple[FileOrders, ...]:
        """Fill a page with the orders of these files as their runs stored them, reading several files at once.

        ``first`` is the first row of the first file, and ``run`` that file's run. Files beyond the page are left out.
        The orders table is not read.
        """
        stretches = list(_plan_stretches(files, first, limit))
        runs = [run, *[None] * len(stretches)]
        with ThreadPoolExecutor(_READERS) as pool:
            results = list(pool.map(self._read_stretch, stretches, runs))
        return tuple(
            FileOrders(stretch.entry, tuple(rows), stretch.first, stretch.entry.accepted_rows, problem)
            for stretch, (rows, problem) in zip(stretches, results, strict=True)
        )

    def compare_with_table(self, listed: Sequence[FileOrders]) -> tuple[FileOrders, ...]:
        """Return the same orders as the table has them now, and those that it no longer has.

        Raises :class:`LookupThrottledError`.
        """
        stored = self._read_stored([order.key for each in listed for order in each.orders])
        return tuple(
            replace(
                each,
                orders=tuple(stored[order.key] for order in each.orders if order.key in stored),
                missing=tuple(order for order in each.orders if order.key not in stored),
                is_compared=True,
            )
            for each in listed
        )

    def find_files_of_orders(self, order_ids: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """Return the ids of the files that have lines of each order, asking for all orders at once.

        Of an order with many lines only the newest and the oldest are looked at, which are those of its last file and
        of its first one.
        """
        unique = list(dict.fromkeys(order_ids))
        with ThreadPoolExecutor(_READERS) as pool:
            return dict(zip(unique, pool.map(self._files_of_order, unique), strict=True))

    def _files_of_order(self, order_id: str) -> tuple[str, ...]:
        found: dict[str, None] = {}
        for forwards in (False, True):
            answer = self._dynamodb.query(
                TableName=self._table,
                KeyConditionExpression="order_id = :id",
                ExpressionAttributeValues={":id": {"S": order_id}},
                ProjectionExpression="file_id",
                ScanIndexForward=forwards,
                Limit=_LINES_LOOKED_AT,
            )
            found |= dict.fromkeys(item["file_id"]["S"] for item in answer["Items"] if "file_id" in item)
            if "LastEvaluatedKey" not in answer:
                break
        return tuple(found)

    def _read_stretch(self, stretch: _Stretch, run: RunEntry | None) -> tuple[list[Order], str]:
        """Read rows as the run wrote them; returns them, and why they cannot be read or ""."""
        if not stretch.count:
            return [], ""
        try:
            orders = read_accepted_rows(self._s3, stretch.entry, run, first=stretch.first, count=stretch.count)
        except (AcceptedRowsGoneError, AcceptedRowsUnreadableError) as error:
            return [], str(error)
        is_whole = len(orders) == stretch.count
        return orders, "" if is_whole else str(AcceptedRowsUnreadableError(stretch.entry.accepted_key))

    def _read_stored(self, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Order]:
        """Read the orders under these keys as last written, so that none is called missing by error.

        Raises :class:`LookupThrottledError`.
        """
        table_keys = [
            {"order_id": {"S": order_id}, "processed_timestamp": {"S": timestamp}} for order_id, timestamp in keys
        ]
        items = batch_get(self._dynamodb, self._table, table_keys, things="orders", sleep=self._sleep)
        orders = (Order.from_item(cast("Item", item)) for item in items)
        return {order.key: order for order in orders}

    def _query_partition(self, key: dict[str, str], position: Position | None, limit: int) -> list[Order]:
        """List the first orders beyond a position in one partition, at least one more than the page has.

        Orders of two files may share a timestamp of an index, in no particular order. The query goes on until the last
        such group is complete, so that no order is lost between two pages.
        """
        request: dict[str, Any] = {
            "TableName": self._table,
            "KeyConditionExpression": "#key = :key",
            "ExpressionAttributeNames": {"#key": key["name"]},
            "ExpressionAttributeValues": {":key": {"S": key["value"]}},
            "ScanIndexForward": not goes_to_older(position),
            "Limit": limit + 3,  # The position's own order, one more than the page, one that ends the group.
        }
        if "index" in key:
            request["IndexName"] = key["index"]
        if position:
            # Including the timestamp: some of its orders may be beyond the position.
            request["KeyConditionExpression"] += f" AND processed_timestamp {'<=' if position.to_older else '>='} :at"
            request["ExpressionAttributeValues"][":at"] = {"S": position.timestamp}
        matches: list[Order] = []
        while True:
            answer = self._dynamodb.query(**request)
            orders = [Order.from_item(cast("Item", item)) for item in answer["Items"]]
            matches += [order for order in orders if position is None or position.is_before(order)]
            last = answer.get("LastEvaluatedKey")
            if not last or (len(matches) > limit and _is_group_complete(matches, limit)):
                return matches
            request["ExclusiveStartKey"] = last


def _is_group_complete(orders: Sequence[Order], limit: int) -> bool:
    return orders[-1].processed_timestamp != orders[limit].processed_timestamp


@dataclass(frozen=True, slots=True)
class _Stretch:
    """The rows of one file that a page shows."""

    entry: FileEntry
    first: int
    count: int


def _plan_stretches(files: Sequence[FileEntry], first: int, room: int) -> Iterator[_Stretch]:
    """Divide a page among files; the first file has a stretch even without rows."""
    for number, entry in enumerate(files):
        begin = first if number == 0 else 0
        count = min(room, max(0, entry.accepted_rows - begin)) if entry.accepted_key else 0
        if number and not room:
            return
        yield _Stretch(entry, begin, count)
        room -= count
