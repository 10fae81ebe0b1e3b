"""Writes orders to DynamoDB in batches, until every item is really stored."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from processor.errors import ThrottledError
from processor.orders import Item, put_request

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mypy_boto3_dynamodb import DynamoDBClient

BATCH_ITEMS = 25
"""BatchWriteItem's limit: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html"""
_MOST_ATTEMPTS = 12
_FIRST_WAIT_S = 0.05
_LONGEST_WAIT_S = 10.0


@dataclass
class OrderStore:
    """The orders table, as one run writes it.

    ``client`` should skip botocore's parameter validation (the items are made by us, and it costs more than all the
    rest); it retries throttled *calls* itself. Throttled *items* come back as unprocessed and are retried here.
    """

    client: DynamoDBClient
    table: str
    sleep: Callable[[float], None] = time.sleep
    jitter: Callable[[], float] = random.random
    batches: int = 0
    retried_items: int = 0
    consumed_write_units: float = field(default=0.0)

    def write(self, items: Sequence[Item]) -> None:
        """Store up to :data:`BATCH_ITEMS` items whose keys differ.

        Raises :class:`ThrottledError` when items stay unprocessed after about 20 s of exponential backoff with
        full jitter (https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/).
        """
        requests: list[Any] = [put_request(item) for item in items]
        for attempt in range(_MOST_ATTEMPTS):
            answer = self.client.batch_write_item(RequestItems={self.table: requests}, ReturnConsumedCapacity="TOTAL")
            self.batches += 1
            self.consumed_write_units += sum(
                consumed.get("CapacityUnits", 0.0) for consumed in answer.get("ConsumedCapacity", [])
            )
            requests = answer.get("UnprocessedItems", {}).get(self.table, [])
            if not requests:
                return
            if attempt == _MOST_ATTEMPTS - 1:
                break
            self.retried_items += len(requests)
            self.sleep(self.jitter() * min(_LONGEST_WAIT_S, _FIRST_WAIT_S * 2**attempt))
        raise ThrottledError(len(requests), _MOST_ATTEMPTS)
