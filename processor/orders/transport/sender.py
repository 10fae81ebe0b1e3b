"""What takes batches to DynamoDB, and the sender that does it by the SDK's client.

The other sender has connections of its own (``processor.orders.transport.pooled_sender``).
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
    """Takes batches to DynamoDB and brings back what it did not take of them.

    Batches are put requests as the elements of a JSON array without its brackets; what is empty was taken whole.
    """

    @property
    def depth(self) -> int:
        """How many batches may be under way before the oldest is to be finished."""

    def begin(self, puts: bytes, *, at_once: bool = False) -> None:
        """Send a batch off; unless ``at_once``, this may wait for others to go with it."""

    def finish(self) -> bytes:
        """Wait for the oldest batch that was begun, and return what is left of it: all, if it was throttled whole."""

    def resend(self, puts: bytes) -> bytes:
        """Send what was left of the batch that was finished last, and wait for what is left of that."""

    def discard_pending(self) -> None:
        """Drop the batches under way; whether they are stored is not known."""


class ClientSender:
    """Sends batches by the SDK's client, one at a time.

    ``client`` should skip botocore's parameter validation (the items are made by us, and it costs more than all the
    rest) and make few attempts of its own: throttling is the store's business.
    """

    depth = 0

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table
        self._begun = b""

    def begin(self, puts: bytes, *, at_once: bool = False) -> None:  # noqa: ARG002  One goes at a time.
        """Keep the batch until it is to be finished."""
        self._begun = puts

    def finish(self) -> bytes:
        """Send the batch that was begun."""
        return self.resend(self._begun)

    def resend(self, puts: bytes) -> bytes:
        """Send a batch and return what DynamoDB did not take: some of it, or all when it is throttled as a whole."""
        requests = json.loads(b"[%b]" % puts)
        try:
            answer = self._client.batch_write_item(RequestItems={self._table: requests})
        except ClientError as error:
            if error.response["Error"]["Code"] in THROTTLED_CODES:
                return puts
            raise
        return encode_puts(answer.get("UnprocessedItems", {}).get(self._table, []))

    def discard_pending(self) -> None:
        """Nothing is ever under way."""


def encode_puts(requests: Sequence[Any]) -> bytes:
    """Write put requests as a sender takes them."""
    return json.dumps(requests, ensure_ascii=False, separators=(",", ":"))[1:-1].encode()
