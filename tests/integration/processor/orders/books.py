"""The books of files on a stage: their audit, and the faults that a test plants in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from processor.domain.object_keys import ObjectVersion
from processor.ledger.file_list import FileList
from processor.ledger.table import FilesTable, ItemUpdate
from processor.messaging.messages import reprocess_body
from processor.orders.auditing.audit_file import AuditBounds
from processor.orders.auditing.auditor import Auditor
from processor.orders.auditing.original import RetentionDays
from processor.orders.auditing.table_reader import TableReader
from tests.integration.stage import BAD_ROW, BUCKET, csv_file

if TYPE_CHECKING:
    from collections.abc import Callable

    from processor.domain.audits import AuditEntry
    from processor.domain.entries import FileEntry
    from tests.integration.stage import Stage

FILE = csv_file(*(f"A-{number},Ada,Engine,{number + 1},2.50" for number in range(10)), BAD_ROW)
"""Ten good rows and a bad one: A-7 is row 9."""
NO_BOUNDS = AuditBounds(orders=1_000_000, rows=10_000_000)


def auditor(stage: Stage, **changes: Any) -> Auditor:
    """Return an auditor of the stage's files, with all the time that it needs."""
    collaborators: dict[str, Any] = {
        "objects": stage.services.objects,
        "table": TableReader(stage.clients.files, "orders", has_customers=True),
        "read_story": FileList(stage.clients.files, "files").read_story,
        "default_encoding": "utf-8",
        "order_indexes": ("by_customer",),
        "retention": RetentionDays(365, 365, 730),
        "now": stage.services.now,
        "remaining_s": lambda: 600.0,
    }
    return Auditor(**collaborators | changes)


def audit(stage: Stage, entry: FileEntry, bounds: AuditBounds = NO_BOUNDS, **changes: Any) -> AuditEntry:
    """Audit one file, which must be possible."""
    result = auditor(stage, **changes).audit(entry.file_id, bounds, who="ada@example.com")
    assert result is not None
    return result


def differences(result: AuditEntry) -> list[tuple[str, int, str, str, str]]:
    """List the differences as plain values."""
    return [(str(each.part), *each[1:]) for each in result.differences]


def order_of(stage: Stage, order_id: str, entry: FileEntry) -> dict[str, Any]:
    """Read the file's only order of this id, as an item."""
    items = stage.clients.orders.query(
        TableName="orders",
        KeyConditionExpression="order_id = :id",
        ExpressionAttributeValues={":id": {"S": order_id}},
    )["Items"]
    [item] = [item for item in items if item["file_id"] == {"S": entry.file_id}]
    return item


def put_order(stage: Stage, item: dict[str, Any], **changes: Any) -> None:
    """Write an order as an item, with changed attributes in attribute values; None leaves one out."""
    merged = {name: value for name, value in (item | changes).items() if value is not None}
    stage.clients.orders.put_item(TableName="orders", Item=merged)


def delete_order(stage: Stage, order_id: str, entry: FileEntry) -> None:
    """Delete the file's only order of this id."""
    item = order_of(stage, order_id, entry)
    stage.clients.orders.delete_item(
        TableName="orders", Key={name: item[name] for name in ("order_id", "processed_timestamp")}
    )


def change_object(stage: Stage, key: str, change: Callable[[bytes], bytes], **metadata: str) -> ObjectVersion:
    """Replace an object's bytes."""
    answer = stage.clients.s3.put_object(Bucket=BUCKET, Key=key, Body=change(stage.read(key)), Metadata=metadata)
    return ObjectVersion(BUCKET, key, answer["VersionId"])


def change_ledger(stage: Stage, file_id: str, entry: str, **values: Any) -> None:
    """Change attributes of an item of the ledger."""
    FilesTable(stage.clients.files, "files").update_item(ItemUpdate(file_id, entry, values))


def reprocess(stage: Stage, entry: FileEntry) -> FileEntry:
    """Run a settled file once more."""
    stage.services.ledger.request_reprocess(entry.file_id)
    stage.handle(stage.message(reprocess_body(entry.file_id)))
    now = stage.services.ledger.read_file(entry.file_id)
    assert now is not None
    return now
