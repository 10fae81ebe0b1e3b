"""The results of audits: one for each file, and in one place the files that differ and the newest scheduled audit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from processor.domain.audits import AUDIT_ENTRY, AuditEntry, AuditState
from processor.domain.entries import known_values
from processor.ledger.batch_get import batch_get
from processor.ledger.table import FilesTable, ItemUpdate, deserialise, item_key

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mypy_boto3_dynamodb import DynamoDBClient

    from processor.domain.entries import FileEntry

BOOKS_PARTITION = "books"
_DIFFERING, _NEWEST = "differing", "newest"
MOST_DIFFERING = 500
"""Files that are listed, of about 200 bytes each: an item has 400 KB."""


class DifferingFile(NamedTuple):
    """A file whose newest audit found differences."""

    file_id: str
    name: str
    at: str
    difference_count: int


class ScheduledAudit(NamedTuple):
    """The newest scheduled audit."""

    action_id: str
    at: str
    files: int = 0
    """Files that were compared."""
    differing: int = 0
    counters: tuple[str, ...] = ()
    """Counters of files that differ from the files, each in words."""


class Books(NamedTuple):
    """What the audits say of all files."""

    newest: ScheduledAudit | None
    differing: tuple[DifferingFile, ...]
    """The newest first."""


class AuditResults:
    """The results of all audits."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._table = FilesTable(client, table)

    def record_audit(self, entry: FileEntry, audit: AuditEntry) -> None:
        """Store a file's newest audit, and list the file among those that differ, or no longer."""
        self._table.put_item(audit.to_item())
        if audit.state is not AuditState.DIFFERS:
            self._table.update_item(ItemUpdate(BOOKS_PARTITION, _DIFFERING, remove=(entry.file_id,)))
            return
        listed = self._table.get_item(BOOKS_PARTITION, _DIFFERING)
        if entry.file_id in listed or len(listed) < MOST_DIFFERING:
            values = {"name": entry.name, "at": audit.at, "difference_count": audit.difference_count}
            self._table.update_item(ItemUpdate(BOOKS_PARTITION, _DIFFERING, {entry.file_id: values}))

    def read_audits(self, file_ids: Sequence[str]) -> list[AuditEntry]:
        """Read the newest audits of these files, in no order; raises :class:`LookupThrottledError`."""
        keys = [item_key(file_id, AUDIT_ENTRY) for file_id in file_ids]
        items = batch_get(self._table.client, self._table.name, keys, things="audits")
        return [AuditEntry.from_item(deserialise(item)) for item in items]

    def record_scheduled_audit(self, audit: ScheduledAudit) -> None:
        """Store the result of a scheduled audit as the newest."""
        item: dict[str, Any] = {**audit._asdict(), "counters": list(audit.counters)}
        self._table.put_item({"file_id": BOOKS_PARTITION, "entry": _NEWEST, **item})

    def read_books(self) -> Books:
        """Read what the audits say of all files: one read."""
        items = {item["entry"]: item for item in self._table.list_items(BOOKS_PARTITION)}
        newest = items.get(_NEWEST)
        listed = {name: value for name, value in items.get(_DIFFERING, {}).items() if name not in {"file_id", "entry"}}
        differing = [DifferingFile(file_id, **known_values(value, value)) for file_id, value in listed.items()]
        return Books(
            _scheduled_audit(newest) if newest else None,
            tuple(sorted(differing, key=lambda file: file.at, reverse=True)),
        )


def _scheduled_audit(item: dict[str, Any]) -> ScheduledAudit:
    values = known_values(item, ScheduledAudit._fields)
    return ScheduledAudit(**{**values, "counters": tuple(values.get("counters", ()))})
