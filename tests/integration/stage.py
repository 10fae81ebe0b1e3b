"""The pipeline on moto: a bucket, two tables, two queues and a topic, and what tests do with them."""

from __future__ import annotations

import csv
import functools
import io
import itertools
import json
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote_plus

import boto3
import pytest

from processor.domain.errors import MessageFailedError
from processor.domain.object_keys import ObjectVersion, file_id
from processor.messaging.messages import Message
from processor.pipeline.intake import handle_message
from processor.wiring.aws_session import LazyClient
from processor.wiring.config import Config
from processor.wiring.invocation import Invocation
from processor.wiring.services import Clients, Services
from tests.grants.in_process import learn_names
from tests.integration.uncalled_worker import UncalledWorker

if TYPE_CHECKING:
    from collections.abc import Iterable

    from processor.domain.entries import FileEntry, RunEntry

BUCKET = "waybill-test"
REGION: Final = "eu-west-1"
LONGEST_HOLD_S = 12 * 3_600
"""SQS's limit of how long a received message is hidden: no test takes so long."""
HEADER = "order_id,customer_name,product_name,quantity,unit_price"
_arrivals: dict[ObjectVersion, int] = {}
GOOD_ROWS = ("A-1,Ada Lovelace,Difference Engine,1,1999.99", "A-2,Grace Hopper,Nanosecond Wire,25,0.10")
BAD_ROW = "B-3,Edsger Dijkstra,Shortest Path,three,4.00"


def csv_file(*rows: str, header: str = HEADER) -> bytes:
    """Build a CSV file from its lines."""
    return "".join(f"{line}\n" for line in (header, *rows)).encode()


def s3_record(version: ObjectVersion, event_name: str = "ObjectCreated:Put") -> dict[str, Any]:
    """Build an S3 event record as AWS sends it: the key is form-encoded."""
    s3_object = {
        "key": quote_plus(version.key, safe="/"),
        "size": 1,
        "eTag": "e",
        "sequencer": f"{_arrival(version):016X}",
    }
    if version.version_id:
        s3_object["versionId"] = version.version_id
    return {
        "eventSource": "aws:s3",
        "eventTime": "2026-11-22T10:00:00.000Z",
        "eventName": event_name,
        "s3": {"bucket": {"name": version.bucket}, "object": s3_object},
    }


def _arrival(version: ObjectVersion) -> int:
    """Return a number by the order in which they came, also if their events come in another one."""
    return _arrivals.setdefault(version, len(_arrivals))


def s3_event(*versions: ObjectVersion) -> str:
    """Build the body of a message about one or more objects."""
    return json.dumps({"Records": [s3_record(version) for version in versions]})


MIXED_FILE = csv_file(*(f"A-{number},Ada,Engine,{number + 1},2.50" for number in range(60)), BAD_ROW)
"""Sixty good rows, which are three batches, and a bad one."""


@dataclass
class Stage:
    """The pipeline with its resources."""

    clients: Clients
    services: Services
    dead_letter_url: str
    mail_url: str
    worker: UncalledWorker
    invocation: Invocation = field(default_factory=lambda: Invocation("request-1", "1-trace", timeout_s=300))
    _message_ids: Iterable[int] = field(default_factory=itertools.count)

    @classmethod
    def build(cls) -> Stage:
        """Create the resources (inside ``mock_aws``)."""
        clients, worker = _clients(), UncalledWorker()
        s3, dynamodb, sqs, sns = clients.s3, clients.files, clients.sqs, clients.sns
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
        s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
        create_table(dynamodb, "orders", "order_id", "processed_timestamp", by_customer="customer_key")
        create_table(dynamodb, "files", "file_id", "entry", by_state="state", by_kind="kind")
        urls = {name: sqs.create_queue(QueueName=name)["QueueUrl"] for name in ("ingest", "dead", "mail")}
        topic = sns.create_topic(Name="alerts")["TopicArn"]
        mail_arn = sqs.get_queue_attributes(QueueUrl=urls["mail"], AttributeNames=["QueueArn"])["Attributes"][
            "QueueArn"
        ]
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=mail_arn)
        config = Config(
            bucket_name=BUCKET,
            orders_table="orders",
            files_table="files",
            queue_url=urls["ingest"],
            alerts_topic_arn=topic,
            environment="test",
            max_receive_count=3,
            retry_backoff_s=(15, 60),
            max_file_bytes=64 * 1024 * 1024,
            max_gzip_bytes=64 * 1024 * 1024,
            max_rows=1_000_000,
            run_bytes_per_s=1_000_000_000,
            large_files_arn="arn:aws:states:eu-west-1:123456789012:stateMachine:large-files",
            worker_function="worker",
            large_file_timeout_s=3_600,
            range_bytes=32 * 1024 * 1024,
            default_encoding="utf-8",
            reject="order",
            hold_above_rejected_percent=50,
            same_orders="hold",
            line_end="optional",
            same_orders_days=30,
            temporary_names=("*.part", ".*"),
            order_indexes=("by_customer",),
            order_writes="plain",  # Moto answers botocore's clients only.
            monitoring="full",
            console_url="https://console.test",
        )
        learn_names(config)
        return cls(clients, Services.build(config, clients), urls["dead"], urls["mail"], worker)

    def configure(self, **changes: Any) -> None:
        """Change settings."""
        self.services = Services.build(self.services.config._replace(**changes), self.clients)

    def advance_clock(self, hours: float = 1) -> None:
        """Move the processor's clock on: one hour is past every lease of a run."""
        now = self.services.now
        self.services = self.services._replace(now=lambda: now() + timedelta(hours=hours))

    def upload(self, name: str, body: bytes, **metadata: str) -> ObjectVersion:
        """Put an object into the inbox."""
        key = f"raw-data/{name}"
        answer = self.clients.s3.put_object(Bucket=BUCKET, Key=key, Body=body, Metadata=metadata)
        version = ObjectVersion(BUCKET, key, answer["VersionId"])
        _arrival(version)
        return version

    def message(self, body: str, receive_count: int = 1) -> Message:
        """Send a message to the ingest queue and receive it."""
        url = self.services.config.queue_url
        sent = self.clients.sqs.send_message(QueueUrl=url, MessageBody=body)["MessageId"]
        others = []
        while True:  # An earlier message, which a run gave back, may come first.
            [received] = self.clients.sqs.receive_message(QueueUrl=url, VisibilityTimeout=LONGEST_HOLD_S)["Messages"]
            if received["MessageId"] == sent:
                break
            others.append(received["ReceiptHandle"])
        for receipt in others:
            self.clients.sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=receipt, VisibilityTimeout=0)
        return Message(sent, received["ReceiptHandle"], body, receive_count)

    def deliver(self, *versions: ObjectVersion, receive_count: int = 1) -> bool:
        """Deliver one S3 event about these objects."""
        return self.handle(self.message(s3_event(*versions), receive_count))

    def handle(self, message: Message) -> bool:
        """Run the pipeline on a message; tell whether the message is done with."""
        return handle_message(message, self.services, self.invocation)

    def handle_all(self, *, only_commands: bool = False) -> None:
        """Run the pipeline on every message that is in the queue, and on those that come of them."""
        url = self.services.config.queue_url
        while received := self.clients.sqs.receive_message(QueueUrl=url, VisibilityTimeout=LONGEST_HOLD_S).get(
            "Messages"
        ):
            [each] = received
            if only_commands and '"command"' not in each["Body"]:
                continue
            if self.handle(Message(each["MessageId"], each["ReceiptHandle"], each["Body"], 1)):
                self.clients.sqs.delete_message(QueueUrl=url, ReceiptHandle=each["ReceiptHandle"])

    def forget_everything(self) -> None:
        """Empty both tables, so that a next try begins anew."""
        for table, keys in (("orders", ("order_id", "processed_timestamp")), ("files", ("file_id", "entry"))):
            for item in self.clients.files.scan(TableName=table)["Items"]:
                self.clients.files.delete_item(TableName=table, Key={name: item[name] for name in keys})
        self.configure()  # A process remembers some of it.

    def process(self, name: str, body: bytes, **metadata: str) -> FileEntry:
        """Upload, deliver, and return the ledger's entry."""
        version = self.upload(name, body, **metadata)
        self.deliver(version)
        return self.entry(version)

    def entry(self, version: ObjectVersion) -> FileEntry:
        """Read the ledger's entry of a file."""
        entry = self.services.ledger.read_file(file_id(version))
        assert entry is not None
        return entry

    def fail_first_run(self, version: ObjectVersion, **stored: str) -> None:
        """Let a first run fail before it reads, and write texts into the entry that it leaves."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(self.clients.s3, "get_object", None)
            with pytest.raises(MessageFailedError):
                self.deliver(version)
        self.clients.files.update_item(
            TableName="files",
            Key={"file_id": {"S": file_id(version)}, "entry": {"S": "file"}},
            UpdateExpression="SET " + ", ".join(f"{name} = :{name}" for name in stored),
            ExpressionAttributeValues={f":{name}": {"S": text} for name, text in stored.items()},
        )

    def runs(self, version: ObjectVersion) -> list[RunEntry]:
        """Read the ledger's runs of a file."""
        return self.services.ledger.list_runs(file_id(version))

    def orders(self) -> list[dict[str, Any]]:
        """List all orders as plain text by attribute, in key order."""
        pages = self.clients.orders.get_paginator("scan").paginate(TableName="orders")
        items = [
            {name: next(iter(value.values())) for name, value in item.items()}
            for page in pages
            for item in page["Items"]
        ]
        return sorted(items, key=lambda item: (item["processed_timestamp"], item["order_id"]))

    def objects(self, prefix: str = "") -> list[str]:
        """List the keys of all current objects."""
        listed = self.clients.s3.list_objects_v2(Bucket=BUCKET, Prefix=prefix)
        return [item["Key"] for item in listed.get("Contents", [])]

    def read(self, key: str) -> bytes:
        """Read an object."""
        return self.clients.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()

    def read_csv(self, key: str) -> list[list[str]]:
        """Read a CSV object."""
        return list(csv.reader(io.StringIO(self.read(key).decode(), newline="")))

    def results(self, entry: FileEntry) -> dict[str, object]:
        """Gather a file's state, counts, orders and objects, without the attributes that differ from run to run."""
        volatile = {"run_id", "trace_id"}
        return {
            "state": entry.state,
            "counts": (entry.accepted_rows, entry.rejected_rows),
            "orders": [{name: order[name] for name in set(order) - volatile} for order in self.orders()],
            "objects": {key: self.read(key) for key in self.objects()},
        }

    def mails(self) -> list[dict[str, str]]:
        """Take all mails: their Subject and Message."""
        mails = []
        while received := self.clients.sqs.receive_message(QueueUrl=self.mail_url).get("Messages"):
            mails.append(json.loads(received[0]["Body"]))
            self.clients.sqs.delete_message(QueueUrl=self.mail_url, ReceiptHandle=received[0]["ReceiptHandle"])
        return mails


def record(stage: Stage, body: str, receive_count: int = 1) -> dict[str, Any]:
    """Build a Lambda event record of a received message."""
    message = stage.message(body, receive_count)
    return {
        "messageId": message.message_id,
        "receiptHandle": message.receipt_handle,
        "body": body,
        "attributes": {"ApproximateReceiveCount": str(receive_count)},
        "messageAttributes": {},
        "md5OfBody": "",
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:eu-west-1:123456789012:ingest",
        "awsRegion": "eu-west-1",
    }


@functools.cache
def _clients() -> Clients:
    """Make the clients, once: that takes longer than most tests."""
    return Clients(
        s3=boto3.client("s3", REGION),
        files=boto3.client("dynamodb", REGION),
        orders=boto3.client("dynamodb", REGION),
        sqs=boto3.client("sqs", REGION),
        sns=boto3.client("sns", REGION),
        states=LazyClient(_no_states),
        functions=UncalledWorker().client,
    )


def _no_states() -> Any:
    raise AssertionError("the test did not expect a file to be read in ranges")


def create_table(client: Any, name: str, partition: str, sort: str, **indexes: str) -> None:
    """Create a table; an index is sorted by time, as the stack makes it, and named with its partition key."""
    time = "processed_timestamp" if name == "orders" else "received_at"
    attributes = dict.fromkeys([partition, sort, time, *indexes.values()])
    client.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in attributes],
        KeySchema=_key_schema(partition, sort),
        GlobalSecondaryIndexes=[
            {"IndexName": index, "KeySchema": _key_schema(key, time), "Projection": {"ProjectionType": "ALL"}}
            for index, key in indexes.items()
        ],
    )


def _key_schema(partition: str, sort: str) -> list[dict[str, str]]:
    return [{"AttributeName": partition, "KeyType": "HASH"}, {"AttributeName": sort, "KeyType": "RANGE"}]
