"""Counts usage at the AWS clients, so that no call is forgotten.

It counts each attempt of a request by botocore's events, and asks DynamoDB for the capacity that each call consumed,
with that of the indexes: https://docs.aws.amazon.com/boto3/latest/guide/events.html
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from processor.observability.cost import Usage

if TYPE_CHECKING:
    from collections.abc import Iterable

    from botocore.client import BaseClient

_REPORTING = ("BatchWriteItem", "GetItem", "PutItem", "Query", "TransactWriteItems", "UpdateItem")
_S3_READS = frozenset({"GetObject", "HeadObject"})
_S3_FREE = frozenset({"DeleteObject", "AbortMultipartUpload"})


class UsageMeter:
    """The usage of this process."""

    def __init__(self, orders_table: str) -> None:
        self._orders_table = orders_table
        self._usage = Usage()
        self._usual_answer: dict[str, Any] | None = None
        self._usual_units = 0.0, 0.0

    def usage(self) -> Usage:
        """Return the usage so far."""
        return replace(self._usage)

    def watch_clients(self, clients: Iterable[BaseClient]) -> None:
        """Count the requests of these clients from now on."""
        for client in clients:
            events = client.meta.events
            service = client.meta.service_model.service_name
            if service == "s3":
                events.register("before-send.s3", self._count_s3)
            elif service == "sqs":
                events.register("before-send.sqs", self._count_sqs)
            elif service == "sns":
                events.register("before-send.sns", self._count_sns)
            elif service == "dynamodb":
                for operation in _REPORTING:
                    events.register(f"provide-client-params.dynamodb.{operation}", _ask_for_capacity)
                    events.register(f"after-call.dynamodb.{operation}", self._count_dynamodb)

    def count_batch_write(self, parsed: dict[str, Any]) -> None:
        """Count an answer to a BatchWriteItem that no client sent; most answers are the same object."""
        usage = self._usage
        if parsed is not self._usual_answer:
            orders, indexes = usage.orders_write_units, usage.orders_index_write_units
            self._count_dynamodb("BatchWriteItem", parsed)
            self._usual_answer = parsed
            self._usual_units = usage.orders_write_units - orders, usage.orders_index_write_units - indexes
            return
        usage.orders_write_units += self._usual_units[0]
        usage.orders_index_write_units += self._usual_units[1]

    def _count_s3(self, event_name: str, **_: Any) -> None:
        operation = event_name.rpartition(".")[2]
        if operation in _S3_READS:
            self._usage.s3_reads += 1
        elif operation not in _S3_FREE:
            self._usage.s3_writes += 1

    def _count_sqs(self, **_: Any) -> None:
        self._usage.sqs_requests += 1

    def _count_sns(self, **_: Any) -> None:
        self._usage.sns_publishes += 1

    def _count_dynamodb(self, event_name: str, parsed: dict[str, Any], **_: Any) -> None:
        capacities = parsed.get("ConsumedCapacity") or []
        reads = event_name.endswith(("GetItem", "Query"))
        for capacity in capacities if isinstance(capacities, list) else [capacities]:
            units = capacity.get("CapacityUnits", 0.0)
            indexes = capacity.get("GlobalSecondaryIndexes", {}).values()
            in_indexes = sum(index.get("CapacityUnits", 0.0) for index in indexes)
            # A transaction repeated after a lost answer takes effect once; the repetition is billed as a read.
            if reads or "ReadCapacityUnits" in capacity:
                self._usage.read_units += units
            elif capacity.get("TableName", "").endswith(self._orders_table):  # A name or an ARN.
                self._usage.orders_write_units += units - in_indexes
                self._usage.orders_index_write_units += in_indexes
            else:
                self._usage.ledger_write_units += units


def _ask_for_capacity(params: dict[str, Any], **_: Any) -> None:
    params["ReturnConsumedCapacity"] = "INDEXES"
