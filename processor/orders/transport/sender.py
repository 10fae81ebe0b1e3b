"""The protocol of senders, which take batches to DynamoDB, and the sender that uses the SDK's client.

The other sender has its own connections (``processor.orders.transport.pooled_sender``).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Protocol

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mypy_boto3_dynamodb import DynamoDBClient

THROTTLED_CODES = frozenset({"ProvisionedThroughputExceededException", "RequestLimitExceeded", "ThrottlingException"})


class Sender(Protocol):
    """Takes batches to DynamoDB, and returns their unprocessed items.

    Batches and unprocessed items are put requests as the elements of a JSON array without its brackets.
    """

    @property
    def depth(self) -> int:
        """The number of batches that may be under way before the oldest has to be finished."""

    def begin(self, puts: bytes, *, at_once: bool = False) -> None:
        """Send a batch; unless ``at_once``, it may wait for others to be sent with it."""

    def finish(self) -> bytes:
        """Wait for the oldest batch and return its unprocessed items: all, if the call was throttled."""

    def resend(self, puts: bytes) -> bytes:
        """Send the unprocessed items of the batch finished last, and return what is still unprocessed."""

    def discard_pending(self) -> None:
        """Drop the batches under way, which may or may not be stored."""


class ClientSender:
    """Sends batches by the SDK's client, one at a time.

    ``client`` should skip botocore's parameter validation, which costs more than all the rest, and make few attempts:
    the writer handles throttling. botocore takes dictionaries, so that the JSON is parsed and written once more.
    """

    depth = 0

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table
        self._batch = b""

    def begin(self, puts: bytes, *, at_once: bool = False) -> None:  # noqa: ARG002  One goes at a time.
        """Keep the batch."""
        self._batch = puts

    def finish(self) -> bytes:
        """Send the batch."""
        return self.resend(self._batch)

    def resend(self, puts: bytes) -> bytes:
        """Send items and return the unprocessed ones: all, if the call was throttled."""
        requests = json.loads(b"[%b]" % puts)
        try:
            answer = self._client.batch_write_item(RequestItems={self._table: requests})
        except ClientError as error:
            if error.response["Error"]["Code"] in THROTTLED_CODES:
                return puts
            raise
        return encode_puts(answer.get("UnprocessedItems", {}).get(self._table, []))

    def discard_pending(self) -> None:
        """Do nothing: no batch is under way."""


def encode_puts(requests: Sequence[Any]) -> bytes:
    """Write put requests as senders take them."""
    return json.dumps(requests, ensure_ascii=False, separators=(",", ":"))[1:-1].encode()
