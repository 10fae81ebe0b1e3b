"""Reads many items by their keys, of the files table and of the orders table, for the console."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from processor.domain.backoff import backoff, full_wait
from processor.domain.errors import LookupThrottledError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from mypy_boto3_dynamodb import DynamoDBClient

_BATCH_KEYS = 100
"""BatchGetItem's limit: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html"""
_MOST_ATTEMPTS = 8
_FIRST_WAIT_S = 0.05


def batch_get(
    client: DynamoDBClient,
    table: str,
    keys: Sequence[Any],
    *,
    things: str,
    sleep: Callable[[float], None] = time.sleep,
    attributes: Sequence[str] = (),
) -> Iterator[dict[str, Any]]:
    """Yield the items of these keys as last written, in no order; keys and items are attribute values.

    An item has all attributes, or those that are named. Raises :class:`LookupThrottledError`, which says
    ``things``, when keys stay unprocessed for some 6 s.
    """
    request: dict[str, Any] = {"ConsistentRead": True}
    if attributes:
        request["ProjectionExpression"] = ", ".join(attributes)
    for start in range(0, len(keys), _BATCH_KEYS):
        pending: Any = keys[start : start + _BATCH_KEYS]
        waits = backoff(_FIRST_WAIT_S, _MOST_ATTEMPTS, jitter=full_wait)
        while True:
            request["Keys"] = pending
            answer = client.batch_get_item(RequestItems={table: request})  # type: ignore[dict-item]
            yield from answer["Responses"].get(table, [])
            unprocessed = answer.get("UnprocessedKeys", {})
            if table not in unprocessed:
                break
            pending = unprocessed[table]["Keys"]
            wait_s = next(waits, None)
            if wait_s is None:
                raise LookupThrottledError(len(pending), things)
            sleep(wait_s)
