"""What a run works with: the collaborators, gathered once per function, and the invocation that it runs in."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from processor.ledger import Ledger
from processor.notify import Notifier
from processor.objects import Objects
from processor.queue import IngestQueue
from processor.store import OrderStore
from processor.table import FilesTable

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sqs import SQSClient

    from processor.config import Config


@dataclass(frozen=True, slots=True)
class Clients:
    """The AWS clients. ``orders`` is DynamoDB without botocore's parameter validation, for the rows."""

    s3: S3Client
    files: DynamoDBClient
    orders: DynamoDBClient
    sqs: SQSClient
    sns: SNSClient


def _utc_now() -> datetime:
    return datetime.now(UTC)


def _new_id() -> str:
    return secrets.token_hex(8)


@dataclass(frozen=True, slots=True)
class Services:
    """The collaborators of every run."""

    config: Config
    ledger: Ledger
    objects: Objects
    queue: IngestQueue
    notifier: Notifier
    new_store: Callable[[], OrderStore]
    """Each run counts its own writes."""
    now: Callable[[], datetime] = _utc_now
    new_id: Callable[[], str] = _new_id

    @classmethod
    def build(cls, config: Config, clients: Clients) -> Services:
        """Wire the collaborators to AWS."""
        return cls(
            config=config,
            ledger=Ledger(FilesTable(clients.files, config.files_table)),
            objects=Objects(clients.s3),
            queue=IngestQueue(clients.sqs, config.queue_url),
            notifier=Notifier(clients.sns, config.alerts_topic_arn, config.environment),
            new_store=lambda: OrderStore(clients.orders, config.orders_table),
        )


@dataclass(frozen=True, slots=True)
class Invocation:
    """The Lambda invocation: its ids, and how much time it has (seconds)."""

    request_id: str
    trace_id: str
    timeout_s: float
    began: float = field(default_factory=time.monotonic)

    def elapsed_s(self) -> float:
        """Tell how long the invocation has run."""
        return time.monotonic() - self.began

    def remaining_s(self) -> float:
        """Tell how long the invocation may still run."""
        return self.timeout_s - self.elapsed_s()
