"""Everything that a stack holds at one moment, read from the services themselves and not by the processor's code."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.types import TypeDeserializer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.deployment import Deployment

_plain = TypeDeserializer().deserialize

type Item = dict[str, Any]


@dataclass
class Inventory:
    """Tables, bucket, queues and executions."""

    bucket: str = ""
    files: dict[str, Item] = field(default_factory=dict)
    """The ledger's entry of each file by its id."""
    runs: dict[str, list[Item]] = field(default_factory=dict)
    """The runs of each file, the oldest first."""
    actions: dict[str, Item] = field(default_factory=dict)
    """The actions of people by their ids."""
    counters: dict[str, int] = field(default_factory=dict)
    orders: list[Item] = field(default_factory=list)
    indexes: dict[str, tuple[list[Item], list[Item]]] = field(default_factory=dict)
    """The items of each index, and those that it has to hold."""
    objects: dict[str, bytes] = field(default_factory=dict)
    inbox_versions: list[str] = field(default_factory=list)
    """Versions and delete markers below the inbox."""
    unfinished_uploads: list[str] = field(default_factory=list)
    dead_letters: list[str] = field(default_factory=list)
    waiting: int = 0
    """Messages in the ingest queue."""
    executions: list[str] = field(default_factory=list)


def take_inventory(stack: Deployment) -> Inventory:
    """Read all of it; the stack should be quiet."""
    found = Inventory(bucket=stack.outputs["BucketName"])
    _read_files_table(stack, found)
    _read_orders_table(stack, found)
    _read_bucket(stack, found)
    sqs = stack.client("sqs")
    found.waiting = sum(stack.queue_depth("QueueUrl"))
    found.dead_letters = list(_peek(sqs, stack.outputs["DeadLetterQueueUrl"]))
    states = stack.client("stepfunctions")
    running = states.list_executions(stateMachineArn=stack.outputs["LargeFilesArn"], statusFilter="RUNNING")
    found.executions = [execution["name"] for execution in running["executions"]]
    return found


def _read_files_table(stack: Deployment, found: Inventory) -> None:
    items = list(_scan(stack, stack.outputs["FilesTableName"]))
    for item in items:
        kind = item["entry"].partition("#")[0]
        if kind == "file":
            found.files[item["file_id"]] = item
        elif kind == "run":
            found.runs.setdefault(item["file_id"], []).append(item)
        elif kind == "action" and not item["entry"].endswith("#note"):
            found.actions[item["action_id"]] = item
        elif item["file_id"] == "counts":
            for name, value in item.items():
                if name not in {"file_id", "entry"}:
                    found.counters[name] = found.counters.get(name, 0) + int(value)
    for runs in found.runs.values():
        runs.sort(key=lambda run: run["started_at"])
    _read_indexes(stack, stack.outputs["FilesTableName"], items, found)


def _read_orders_table(stack: Deployment, found: Inventory) -> None:
    found.orders = list(_scan(stack, stack.outputs["OrdersTableName"]))
    _read_indexes(stack, stack.outputs["OrdersTableName"], found.orders, found)


def _read_indexes(stack: Deployment, table: str, items: list[Item], found: Inventory) -> None:
    description = stack.client("dynamodb").describe_table(TableName=table)["Table"]
    for index in description.get("GlobalSecondaryIndexes", []):
        keys = [key["AttributeName"] for key in index["KeySchema"]]
        due = [item for item in items if all(key in item for key in keys)]
        found.indexes[index["IndexName"]] = list(_scan(stack, table, IndexName=index["IndexName"])), due


def _read_bucket(stack: Deployment, found: Inventory) -> None:
    s3, bucket = stack.client("s3"), found.bucket
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        for item in page.get("Contents", []):
            with suppress(s3.exceptions.NoSuchKey):  # It has gone in the meantime, in a stack that is not quiet.
                found.objects[item["Key"]] = stack.read(item["Key"])
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix="raw-data/"):
        for version in page.get("Versions", []) + page.get("DeleteMarkers", []):
            found.inbox_versions.append(f"{version['Key']} {version['VersionId']}")
    uploads = s3.list_multipart_uploads(Bucket=bucket).get("Uploads", [])
    found.unfinished_uploads = [upload["Key"] for upload in uploads]


def _scan(stack: Deployment, table: str, **options: Any) -> Iterator[Item]:
    pages = stack.client("dynamodb").get_paginator("scan").paginate(TableName=table, **options)
    for page in pages:
        for item in page["Items"]:
            yield {name: _plain(value) for name, value in item.items()}


def _peek(sqs: Any, queue: str) -> Iterator[str]:
    """Receive every letter once, then let them all be seen again."""
    received: dict[str, tuple[str, str]] = {}
    while messages := sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, VisibilityTimeout=60).get("Messages"):
        received |= {message["MessageId"]: (message["ReceiptHandle"], message["Body"]) for message in messages}
    for handle, body in received.values():
        sqs.change_message_visibility(QueueUrl=queue, ReceiptHandle=handle, VisibilityTimeout=0)
        yield body
