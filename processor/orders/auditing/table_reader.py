"""Reads the orders table for an audit: orders by their keys, and orders that the file does not have.

There is no index by file. An added order is searched for under the order ids and, by the index by customer, under the
customers of the file; under any other it is not found.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from processor.domain.orders import BY_CUSTOMER
from processor.ledger.batch_get import batch_get

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from mypy_boto3_dynamodb import DynamoDBClient

    from processor.domain.orders import Item

_READERS = 8
_BATCH_KEYS = 100
_PAGES_OF_ORDER_ID, _PAGES_OF_CUSTOMER = 4, 1
"""Pages of 1 MB that are read under one key at most."""

type OrderKey = tuple[str, str]


@dataclass(frozen=True, slots=True)
class TableReader:
    """The orders table, read for the audit of one file."""

    client: DynamoDBClient
    table: str
    has_customers: bool
    """Whether the table has the index by customer."""

    def read_orders(self, keys: Sequence[OrderKey]) -> dict[OrderKey, Item]:
        """Read the orders under these keys as last written, several batches at once.

        Raises :class:`processor.domain.errors.LookupThrottledError`.
        """
        batches = [keys[at : at + _BATCH_KEYS] for at in range(0, len(keys), _BATCH_KEYS)]
        if len(batches) == 1:
            return self._read_batch(batches[0])
        found: dict[OrderKey, Item] = {}
        with ThreadPoolExecutor(_READERS) as pool:
            for batch in pool.map(self._read_batch, batches):
                found |= batch
        return found

    def _read_batch(self, keys: Sequence[OrderKey]) -> dict[OrderKey, Item]:
        wanted = [{"order_id": {"S": order_id}, "processed_timestamp": {"S": at}} for order_id, at in keys]
        items = batch_get(self.client, self.table, wanted, things="orders")
        return {key_of(item): item for item in (cast("Item", item) for item in items)}

    def find_by_order_ids(self, file_id: str, order_ids: Iterable[str]) -> Iterator[OrderKey]:
        """Yield the keys of all orders of the file under these order ids, as last written."""
        return self._find(order_ids, lambda order_id: self._find_under("order_id", order_id, file_id))

    def find_by_customers(self, file_id: str, customers: Iterable[str], since: str) -> Iterator[OrderKey]:
        """Yield the keys of orders of the file under these keys of the index, from a sort key on.

        The index lags behind the table, so that an order that it has may be gone.
        """
        if not self.has_customers:
            return iter(())
        return self._find(customers, lambda key: self._find_under("customer_key", key, file_id, since))

    def _find(self, keys: Iterable[str], find: Callable[[str], list[OrderKey]]) -> Iterator[OrderKey]:
        with ThreadPoolExecutor(_READERS) as pool:
            for found in pool.map(find, keys):
                yield from found

    def _find_under(self, name: str, key: str, file_id: str, since: str = "") -> list[OrderKey]:
        request: dict[str, Any] = {
            "TableName": self.table,
            "KeyConditionExpression": "#key = :key",
            "FilterExpression": "file_id = :file",
            "ProjectionExpression": "order_id, processed_timestamp",
            "ExpressionAttributeNames": {"#key": name},
            "ExpressionAttributeValues": {":key": {"S": key}, ":file": {"S": file_id}},
        }
        pages = _PAGES_OF_CUSTOMER if since else _PAGES_OF_ORDER_ID
        if since:
            request["IndexName"] = BY_CUSTOMER
            request["KeyConditionExpression"] += " AND processed_timestamp >= :since"
            request["ExpressionAttributeValues"][":since"] = {"S": since}
        else:
            request["ConsistentRead"] = True
        found: list[OrderKey] = []
        for _ in range(pages):
            answer = self.client.query(**request)
            found += [key_of(cast("Item", item)) for item in answer["Items"]]
            if "LastEvaluatedKey" not in answer:
                break
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]
        return found


def key_of(item: Item) -> OrderKey:
    """Return an order's key."""
    return item["order_id"]["S"], item["processed_timestamp"]["S"]
