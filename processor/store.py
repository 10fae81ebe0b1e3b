"""Writes orders to DynamoDB in batches, until every item is really stored."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

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
_THROTTLED = frozenset({"ProvisionedThroughputExceededException", "RequestLimitExceeded", "ThrottlingException"})


@dataclass
class OrderStore:
    """The orders table, as one run writes it.

    ``client`` should skip botocore's parameter validation (the items are made by us, and it costs more than all the
    rest) and make few attempts of its own: throttling is retried here.
    """

    client: DynamoDBClient
    table: str
    sleep: Callable[[float], None] = time.sleep
    jitter: Callable[[], float] = random.random
    may_wait: Callable[[float], bool] = lambda _seconds: True
    """Whether the run has so many seconds to wait and still be settled."""
    batches: int = 0
    retried_items: int = 0
    busy_s: float = 0.0
    """Seconds spent in writing and waiting."""

    def write(self, items: Sequence[Item]) -> None:
        """Store up to :data:`BATCH_ITEMS` items whose keys differ.

        Raises :class:`ThrottledError` when items are still refused after about 20 s of exponential backoff with full
        jitter (https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/), or when the run
        has no time left to wait.
        """
        began = time.perf_counter()
        try:
            self._write([put_request(item) for item in items])
        finally:
            self.busy_s += time.perf_counter() - began

    def _write(self, requests: list[Any]) -> None:
        for attempt in range(_MOST_ATTEMPTS):
            requests = self._send(requests)
            if not requests:
                return
            wait_s = self.jitter() * min(_LONGEST_WAIT_S, _FIRST_WAIT_S * 2**attempt)
            if attempt == _MOST_ATTEMPTS - 1 or not self.may_wait(wait_s):
                raise ThrottledError(len(requests), attempt + 1)
            self.retried_items += len(requests)
            self.sleep(wait_s)

    def _send(self, requests: list[Any]) -> list[Any]:
        """Send a batch and return what DynamoDB did not take: some of it, or all when it is throttled as a whole.

        The SDK's own retries would not do for that: its quota of retries is small and shared by all calls.
        """
        self.batches += 1
        try:
            answer = self.client.batch_write_item(RequestItems={self.table: requests})
        except ClientError as error:
            if error.response["Error"]["Code"] in _THROTTLED:
                return requests
            raise
        return answer.get("UnprocessedItems", {}).get(self.table, [])
