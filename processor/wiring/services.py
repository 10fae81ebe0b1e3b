"""The collaborators of every run, gathered once for a process."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from processor.ledger.content_claims import ContentClaims
from processor.ledger.ledger import Ledger
from processor.ledger.mail_notes import MailNotes
from processor.ledger.order_register import OrderRegister
from processor.ledger.table import FilesTable
from processor.ledger.waiting_files import WaitingFiles
from processor.messaging.alerts import Notifier
from processor.messaging.ingest_queue import IngestQueue
from processor.messaging.state_machine import StateMachine
from processor.messaging.worker import Worker
from processor.observability.usage_meter import UsageMeter
from processor.orders.transport.connect import fast_sender
from processor.orders.transport.sender import ClientSender
from processor.orders.writer import OrderWriter
from processor.storage.objects import Objects
from processor.wiring.config import FAST

if TYPE_CHECKING:
    from collections.abc import Callable

    from botocore.session import Session
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sqs import SQSClient

    from processor.orders.transport.sender import Sender
    from processor.wiring.config import Config


class Clients(NamedTuple):
    """The AWS clients. ``orders`` is DynamoDB without botocore's parameter validation, for the rows."""

    s3: S3Client
    files: DynamoDBClient
    orders: DynamoDBClient
    sqs: SQSClient
    sns: SNSClient
    states: Any
    """Step Functions."""
    functions: LambdaClient
    """Lambda."""


def _utc_now() -> datetime:
    return datetime.now(UTC)


def _new_id() -> str:
    return secrets.token_hex(8)


class Services(NamedTuple):
    """The collaborators of every run."""

    config: Config
    ledger: Ledger
    claims: ContentClaims
    register: OrderRegister
    waiting_files: WaitingFiles
    mail_notes: MailNotes
    objects: Objects
    queue: IngestQueue
    notifier: Notifier
    state_machine: StateMachine
    worker: Worker
    new_order_writer: Callable[[], OrderWriter]
    """Each run counts its own batches."""
    usage_meter: UsageMeter
    now: Callable[[], datetime] = _utc_now
    new_id: Callable[[], str] = _new_id

    @classmethod
    def build(
        cls, config: Config, clients: Clients, usage_meter: UsageMeter | None = None, session: Session | None = None
    ) -> Services:
        """Wire the collaborators to AWS. Orders take the fast way only with the ``session`` of the clients."""
        table = FilesTable(clients.files, config.files_table)
        ledger = Ledger(table)
        usage_meter = usage_meter or UsageMeter(config.orders_table)
        sender: Sender | None = None
        if session and config.order_writes == FAST:
            sender = fast_sender(session, clients.files, config.orders_table, usage_meter.count_batch_write)
        sender = sender or ClientSender(clients.orders, config.orders_table)
        return cls(
            config=config,
            ledger=ledger,
            claims=ContentClaims(table, ledger),
            register=OrderRegister(table, config.same_orders_days),
            waiting_files=WaitingFiles(table),
            mail_notes=MailNotes(table),
            objects=Objects(clients.s3),
            queue=IngestQueue(clients.sqs, config.queue_url),
            notifier=Notifier(clients.sns, config.alerts_topic_arn, config.environment),
            state_machine=StateMachine(clients.states, config.large_files_arn),
            worker=Worker(clients.functions, config.worker_function),
            new_order_writer=lambda: OrderWriter(sender),
            usage_meter=usage_meter,
        )
