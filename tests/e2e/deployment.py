"""A deployed stack from outside: clients, actions of tests, and independent counts."""

from __future__ import annotations

import json
import ssl
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

import boto3
import httpx

from cdk.local.accounts import Account, Accounts
from processor.domain.file_states import AT_REST
from processor.domain.object_keys import ObjectVersion, file_id
from processor.ledger.ledger import Ledger
from processor.ledger.table import FilesTable
from sample_data.console_api import id_token

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from processor.domain.entries import FileEntry

REGION = "us-east-1"


@dataclass
class Deployment:
    """One deployed stack. ``certificate`` is set where the emulator speaks TLS and enforces IAM."""

    endpoint: str
    outputs: dict[str, str]
    environment: dict[str, str]
    """What a child process needs to reach it."""
    log: Path
    certificate: Path | None = None
    _clients: dict[str, Any] = field(default_factory=dict)

    def client(self, service: str) -> Any:
        """Return a boto3 client of the emulator's root user."""
        if service not in self._clients:
            self._clients[service] = boto3.client(  # type: ignore[call-overload]
                service,
                REGION,
                endpoint_url=self.endpoint,
                aws_access_key_id="test",
                aws_secret_access_key="test",
                verify=str(self.certificate) if self.certificate else None,
            )
        return self._clients[service]

    @classmethod
    def of_document(cls, document: dict[str, Any]) -> Deployment:
        """Return the stack that `make run` describes in its outputs file."""
        deployment = cls(document["endpoint"], document["outputs"], {}, Path())
        accounts = [Account(document[f"{who}_user"], document[f"{who}_password"]) for who in ("console", "viewer")]
        deployment.accounts = Accounts(*accounts)
        return deployment

    @cached_property
    def accounts(self) -> Accounts:
        """The console's accounts, created at the first use."""
        return Accounts.create(self.client("cognito-idp"), self.outputs["UserPoolId"])

    def document(self) -> dict[str, Any]:
        """Return the outputs file of `make run`, as far as a script needs it."""
        operator = self.accounts.operator
        return {
            "endpoint": self.endpoint,
            "region": REGION,
            "console_url": self.outputs["ConsoleUrl"],
            "console_user": operator.user,
            "console_password": operator.password,
            "outputs": self.outputs,
        }

    def console(self, account: Account | None = None) -> httpx.Client:
        """Return a client of the console, signed in as scripts are where an account is given."""
        headers = {"Host": urlsplit(self.outputs["ConsoleUrl"]).netloc}  # Python cannot resolve the name.
        if account:
            cognito = self.client("cognito-idp")
            token = id_token(cognito, self.outputs["ScriptsClientId"], account.user, account.password)
            headers["Authorization"] = f"Bearer {token}"
        return httpx.Client(base_url=self.endpoint, headers=headers, verify=self.trust, timeout=30)

    def close(self) -> None:
        """Close every connection."""
        for client in self._clients.values():
            client.close()

    @property
    def trust(self) -> ssl.SSLContext | bool:
        """The certificates by which an HTTP client verifies the endpoint."""
        return ssl.create_default_context(cafile=str(self.certificate)) if self.certificate else True

    @property
    def ledger(self) -> Ledger:
        """The files ledger."""
        return Ledger(FilesTable(self.client("dynamodb"), self.outputs["FilesTableName"]))

    def upload(self, name: str, body: bytes) -> ObjectVersion:
        """Put an object into the inbox; S3 sends the event."""
        bucket, key = self.outputs["BucketName"], f"raw-data/{name}"
        answer = self.client("s3").put_object(Bucket=bucket, Key=key, Body=body)
        return ObjectVersion(bucket, key, answer["VersionId"])

    def send(self, body: str) -> str:
        """Send a message to the ingest queue; returns its id."""
        return str(self.client("sqs").send_message(QueueUrl=self.outputs["QueueUrl"], MessageBody=body)["MessageId"])

    def entry(self, version: ObjectVersion) -> FileEntry | None:
        """Read a file's entry in the ledger."""
        return self.ledger.read_file(file_id(version))

    def wait_at_rest(self, versions: Iterable[ObjectVersion], timeout_s: float = 120) -> list[FileEntry]:
        """Wait until every file is settled or dead-lettered, and the inbox holds no settled one any more."""
        entries: dict[ObjectVersion, FileEntry] = {}
        versions = list(versions)

        def all_at_rest() -> bool:
            for version in versions:
                if version not in entries and (entry := self.entry(version)) and entry.state in AT_REST:
                    entries[version] = entry
            return len(entries) == len(versions)

        wait_until(all_at_rest, timeout_s, lambda: f"{len(entries)} of {len(versions)} files came to rest")
        self.wait_idle(timeout_s)
        return [entries[version] for version in versions]

    def wait_idle(self, timeout_s: float = 120) -> None:
        """Wait until the ingest queue holds no message, seen or unseen."""
        wait_until(lambda: not sum(self.queue_depth("QueueUrl")), timeout_s, lambda: "the ingest queue is not empty")

    def total_of_metric(self, name: str, statistic: Literal["Sum", "SampleCount"] = "Sum") -> float:
        """Add up what CloudWatch has of one of the processor's metrics."""
        now = datetime.now(UTC)
        answer = self.client("cloudwatch").get_metric_statistics(
            Namespace="Waybill",
            MetricName=name,
            Dimensions=[{"Name": "environment", "Value": "local"}, {"Name": "service", "Value": "processor"}],
            StartTime=now - timedelta(hours=3),
            EndTime=now + timedelta(hours=1),
            Period=60,
            Statistics=[statistic],
        )
        return float(sum(point[statistic] for point in answer["Datapoints"]))

    def queue_depth(self, output: str) -> tuple[int, int]:
        """Count a queue's visible and invisible messages."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        answer = self.client("sqs").get_queue_attributes(QueueUrl=self.outputs[output], AttributeNames=names)
        visible, invisible = (int(answer["Attributes"][name]) for name in names)
        return visible, invisible

    def orders_by_file(self) -> dict[str, list[dict[str, Any]]]:
        """Scan the orders table: every item under its file's id."""
        pages = self.client("dynamodb").get_paginator("scan").paginate(TableName=self.outputs["OrdersTableName"])
        orders: dict[str, list[dict[str, Any]]] = {}
        for page in pages:
            for item in page["Items"]:
                plain = {name: next(iter(value.values())) for name, value in item.items()}
                orders.setdefault(plain["file_id"], []).append(plain)
        return orders

    def objects_by_name(self) -> dict[str, Counter[str]]:
        """List the bucket: how often each file name lies under each prefix."""
        pages = self.client("s3").get_paginator("list_objects_v2").paginate(Bucket=self.outputs["BucketName"])
        found: dict[str, Counter[str]] = {}
        for page in pages:
            for item in page.get("Contents", []):
                found.setdefault(item["Key"].rpartition("/")[2], Counter())[item["Key"].split("/")[0]] += 1
        return found

    def read(self, key: str) -> bytes:
        """Read an object."""
        return bytes(self.client("s3").get_object(Bucket=self.outputs["BucketName"], Key=key)["Body"].read())

    def take_dead_letters(self) -> list[dict[str, Any]]:
        """Receive and delete everything in the dead-letter queue."""
        sqs, url, messages = self.client("sqs"), self.outputs["DeadLetterQueueUrl"], []
        while received := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            for message in received:
                messages.append(message)
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return messages

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Keep the function from receiving while the block runs."""
        self._set_mapping(Enabled=False)
        try:
            yield
        finally:
            self._set_mapping(Enabled=True)

    @contextmanager
    def processor_with(self, **changed: str) -> Iterator[None]:
        """Set variables of the processor while the block runs, as a deployment with other settings does."""
        client, name = self.client("lambda"), self.outputs["ProcessorFunctionName"]
        variables = client.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
        client.update_function_configuration(FunctionName=name, Environment={"Variables": variables | changed})
        try:
            yield
        finally:
            client.update_function_configuration(FunctionName=name, Environment={"Variables": variables})

    @contextmanager
    def batches_of(self, size: int) -> Iterator[None]:
        """Let the function receive several messages at once while the block runs."""
        self._set_mapping(BatchSize=size)
        try:
            yield
        finally:
            self._set_mapping(BatchSize=1)

    @contextmanager
    def visibility_timeout(self, seconds: int) -> Iterator[None]:
        """Let messages of dead functions come back sooner while the block runs."""
        sqs, url = self.client("sqs"), self.outputs["QueueUrl"]
        before = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])["Attributes"]
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": str(seconds)})
        try:
            yield
        finally:
            sqs.set_queue_attributes(QueueUrl=url, Attributes=before)

    def _set_mapping(self, **settings: Any) -> None:
        client = self.client("lambda")
        name = self.outputs["ProcessorFunctionName"]
        [mapping] = client.list_event_source_mappings(FunctionName=name)["EventSourceMappings"]
        client.update_event_source_mapping(UUID=mapping["UUID"], FunctionName=name, **settings)
        time.sleep(1.5)  # A poll that is under way still delivers.


def wait_until(condition: Callable[[], bool], timeout_s: float, otherwise: Callable[[], str]) -> None:
    """Wait for a condition; fail with what was seen instead."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"After {timeout_s:.0f} s {otherwise()}.")
        time.sleep(0.2)


def s3_event(*versions: ObjectVersion) -> str:
    """Build the body of a message about objects, as S3 sends it."""
    return json.dumps(
        {
            "Records": [
                {
                    "eventSource": "aws:s3",
                    "eventName": "ObjectCreated:Put",
                    "s3": {
                        "bucket": {"name": version.bucket},
                        "object": {"key": version.key, "versionId": version.version_id},
                    },
                }
                for version in versions
            ]
        }
    )
