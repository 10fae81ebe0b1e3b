"""Mail notes: what the ledger knows of mails that were sent, so that they are neither too many nor sent again."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from processor.domain.object_keys import ObjectVersion
    from processor.ledger.table import FilesTable

_MAILS_ENTRY = "mails"
_TOLD_PREFIX, _TOLD_ENTRY = "unfinished#", "told"


class MailNotes:
    """The notes of all mails."""

    def __init__(self, table: FilesTable) -> None:
        self._table = table

    def was_told(self, file_id: str) -> bool:
        """Tell whether a mail has said that an object, which is no file yet, was left unfinished."""
        return bool(self._table.get_item(f"{_TOLD_PREFIX}{file_id}", _TOLD_ENTRY))

    def note_told(self, file_id: str, source: ObjectVersion) -> None:
        """Note that a mail has said so."""
        item = {"file_id": f"{_TOLD_PREFIX}{file_id}", "entry": _TOLD_ENTRY, "object_key": source.key}
        self._table.put_item(item)

    def count_mail(self, kind: str, hour: str) -> int:
        """Count one more mail of this kind in this hour, across all runs; returns the sum."""
        return self._table.add_one(f"mails#{hour}#{kind}", _MAILS_ENTRY, "mails")
