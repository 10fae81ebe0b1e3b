"""The collaborators of pages and actions: the processor's data layer and the console's own readers of AWS."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any

import boto3
from botocore.config import Config as ClientConfig
from fastapi import Depends, Request

from admin_api.web.security import origin_of
from processor.wiring.aws_session import session_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from admin_api.monitoring.alarms import AlarmReader
    from admin_api.monitoring.cloudwatch import MetricReader
    from admin_api.monitoring.logs import LogReader
    from admin_api.monitoring.status import StatusReader
    from admin_api.monitoring.traces import TraceReader
    from admin_api.web.sessions import EndedSessions
    from admin_api.web.users import AccountReader
    from admin_api.wiring.config import Config
    from processor.ledger.action_log import ActionLog
    from processor.ledger.audit_results import AuditResults
    from processor.ledger.counters import Counters
    from processor.ledger.file_list import FileList
    from processor.ledger.ledger import Ledger
    from processor.ledger.mail_notes import MailNotes
    from processor.ledger.recount import Recount
    from processor.ledger.take_backs import TakeBacks
    from processor.messaging.alerts import Notifier
    from processor.messaging.dead_letter_queue import DeadLetterQueue
    from processor.messaging.ingest_queue import IngestQueue
    from processor.orders.lookup import OrderLookup
    from processor.storage.objects import Objects

# A person waits: few attempts, so that an error is answered in words before the gateway's 30 seconds are over.
_TIMES: Any = {"connect_timeout": 3, "read_timeout": 10, "retries": {"mode": "standard", "total_max_attempts": 3}}

_SERVICES = (
    "dynamodb",
    "s3",
    "sqs",
    "sns",
    "cloudwatch",
    "xray",
    "logs",
    "lambda",
    "cognito-idp",
    "secretsmanager",
)


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, kw_only=True)
class Console:
    """The collaborators of every page and action, each loaded and made at its first use."""

    config: Config
    region: str
    client: Callable[..., Any]
    """Makes a boto3 client of a service."""
    now: Callable[[], datetime] = field(default=_utc_now)

    @classmethod
    def connect(cls, config: Config) -> Console:
        """Connect to AWS with the function's credentials."""
        session = boto3.Session(botocore_session=session_of(*_SERVICES))

        def client(service: str, **options: Any) -> Any:
            return session.client(service, config=ClientConfig(**_TIMES, **options))  # type: ignore[call-overload]

        return cls(config=config, region=session.region_name, client=client)

    @cached_property
    def dynamodb(self) -> Any:
        """DynamoDB."""
        return self.client("dynamodb", max_pool_connections=20)

    @cached_property
    def s3(self) -> Any:
        """S3; presigned requests need Signature Version 4 and, outside us-east-1, the Region's own host.

        Without virtual addressing botocore presigns for the global host, which redirects uploads to a new bucket, and
        refuses those to Regions launched since March 2019:
        https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html
        """
        addressing = {"addressing_style": "virtual"}
        return self.client("s3", signature_version="s3v4", s3=addressing, max_pool_connections=20)

    @cached_property
    def sqs(self) -> Any:
        """SQS."""
        return self.client("sqs")

    @cached_property
    def cloudwatch(self) -> Any:
        """CloudWatch."""
        return self.client("cloudwatch")

    @cached_property
    def ledger(self) -> Ledger:
        """The files ledger, one file at a time."""
        from processor.ledger.ledger import Ledger
        from processor.ledger.table import FilesTable

        return Ledger(FilesTable(self.dynamodb, self.config.files_table))

    @cached_property
    def take_backs(self) -> TakeBacks:
        """The ledger's account of orders that are taken back."""
        from processor.ledger.table import FilesTable
        from processor.ledger.take_backs import TakeBacks

        return TakeBacks(FilesTable(self.dynamodb, self.config.files_table), self.ledger)

    @cached_property
    def mail_notes(self) -> MailNotes:
        """The ledger's notes of mails that were sent."""
        from processor.ledger.mail_notes import MailNotes
        from processor.ledger.table import FilesTable

        return MailNotes(FilesTable(self.dynamodb, self.config.files_table))

    @cached_property
    def files(self) -> FileList:
        """The files ledger as lists."""
        from processor.ledger.file_list import FileList

        return FileList(self.dynamodb, self.config.files_table)

    @cached_property
    def counters(self) -> Counters:
        """The number of files in each state."""
        from processor.ledger.counters import Counters

        return Counters(self.dynamodb, self.config.files_table)

    @cached_property
    def actions(self) -> ActionLog:
        """The log of actions: who did what."""
        from processor.ledger.action_log import ActionLog
        from processor.ledger.table import FilesTable

        return ActionLog(FilesTable(self.dynamodb, self.config.files_table))

    @cached_property
    def audits(self) -> AuditResults:
        """The results of audits."""
        from processor.ledger.audit_results import AuditResults

        return AuditResults(self.dynamodb, self.config.files_table)

    @cached_property
    def recount(self) -> Recount:
        """The recount of files."""
        from processor.ledger.recount import Recount

        return Recount(self.dynamodb, self.config.files_table)

    @cached_property
    def orders(self) -> OrderLookup:
        """The stored orders."""
        from processor.orders.lookup import OrderLookup

        return OrderLookup(self.dynamodb, self.s3, self.config.orders_table, self.config.order_indexes)

    @cached_property
    def objects(self) -> Objects:
        """The bucket."""
        from processor.storage.objects import Objects

        return Objects(self.s3)

    @cached_property
    def queue(self) -> IngestQueue:
        """The ingest queue."""
        from processor.messaging.ingest_queue import IngestQueue

        return IngestQueue(self.sqs, self.config.queue_url)

    @cached_property
    def notifier(self) -> Notifier:
        """The mails of the alerts topic."""
        from processor.messaging.alerts import Notifier

        return Notifier(self.client("sns"), self.config.alerts_topic_arn, self.config.environment)

    @cached_property
    def dead_letters(self) -> DeadLetterQueue:
        """The dead-letter queue."""
        from processor.messaging.dead_letter_queue import DeadLetterQueue

        return DeadLetterQueue(
            self.sqs, self.config.dead_letter_queue_url, self.config.queue_url, self.config.bucket_name
        )

    @cached_property
    def metrics(self) -> MetricReader:
        """CloudWatch's metrics."""
        from admin_api.monitoring.cloudwatch import MetricReader

        return MetricReader(
            self.cloudwatch,
            self.config.environment,
            processor=self.config.processor_function,
            console=self.config.console_function,
            queue=self.config.queue_url.rpartition("/")[2],
            dead_letters=self.config.dead_letter_queue_url.rpartition("/")[2],
        )

    @cached_property
    def alarms(self) -> AlarmReader:
        """CloudWatch's alarms."""
        from admin_api.monitoring.alarms import AlarmReader

        return AlarmReader(self.cloudwatch, self.config.environment)

    @cached_property
    def traces(self) -> TraceReader:
        """X-Ray's traces."""
        from admin_api.monitoring.traces import TraceReader

        return TraceReader(self.client("xray"))

    @cached_property
    def logs(self) -> LogReader:
        """The processor's log lines."""
        from admin_api.monitoring.logs import LogReader

        return LogReader(self.client("logs"), self.config.processor_log_group)

    @cached_property
    def status(self) -> StatusReader:
        """The pipeline's status: what needs a person."""
        from admin_api.monitoring.status import StatusReader

        return StatusReader(self.counters, self.dead_letters, self.alarms)

    @cached_property
    def worker(self) -> Any:
        """Lambda, to invoke the worker."""
        return self.client("lambda")

    @cached_property
    def ended_sessions(self) -> EndedSessions:
        """The sessions that people have ended by signing out."""
        from admin_api.web.sessions import EndedSessions
        from processor.ledger.table import FilesTable

        return EndedSessions(FilesTable(self.dynamodb, self.config.files_table))

    @cached_property
    def cognito(self) -> Any:
        """The user pool's service."""
        return self.client("cognito-idp")

    @cached_property
    def accounts(self) -> AccountReader:
        """The accounts of the user pool."""
        from admin_api.web.users import AccountReader

        return AccountReader(self.cognito, self.config.user_pool_id)

    @cached_property
    def discovery_url(self) -> str:
        """The URL of the user pool's OpenID Connect Discovery document, below the SDK's endpoint."""
        endpoint = self.cognito.meta.endpoint_url
        return f"{endpoint}/{self.config.user_pool_id}/.well-known/openid-configuration"

    @cached_property
    def bucket_origin(self) -> str:
        """The origin that browsers upload to, as the SDK addresses the bucket."""
        return origin_of(self.s3.generate_presigned_post(self.config.bucket_name, "-")["url"])

    @cached_property
    def session_key(self) -> str:
        """The key that signs session cookies, read from Secrets Manager."""
        answer = self.client("secretsmanager").get_secret_value(SecretId=self.config.session_secret_arn)
        return str(answer["SecretString"])


def console_of(request: Request) -> Console:
    """Return the collaborators of the application that serves this request."""
    console: Console = request.app.state.console
    return console


ConsoleDep = Annotated[Console, Depends(console_of)]
