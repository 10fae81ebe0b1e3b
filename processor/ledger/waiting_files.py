"""Waiting files: the ledger's lists of the files that wait for another one."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from boto3.dynamodb.conditions import Attr

from processor.ledger.table import ConditionFailedError, ItemUpdate

if TYPE_CHECKING:
    from processor.domain.entries import FileEntry
    from processor.ledger.table import FilesTable

_WAITING_PREFIX = "waiting#"


class WaitingFile(NamedTuple):
    """A file that waits for another one, and the run in which it began to."""

    file_id: str
    run_id: str


class WaitingFiles:
    """The lists of all files."""

    def __init__(self, table: FilesTable) -> None:
        self._table = table

    def add_file(self, file_id: str, waiting: FileEntry) -> None:
        """Note that the run of another file waits for this one."""
        key = f"{_WAITING_PREFIX}{waiting.file_id}"
        self._table.put_item({"file_id": file_id, "entry": key, "run_id": waiting.run_id})

    def list_files(self, file_id: str) -> list[WaitingFile]:
        """List the files that wait for this one and have not been woken since, as last written."""
        items = self._table.list_items(file_id, _WAITING_PREFIX)
        return [
            WaitingFile(str(item["entry"]).removeprefix(_WAITING_PREFIX), str(item["run_id"]))
            for item in items
            if "woken" not in item
        ]

    def note_woken(self, file_id: str, waiting: WaitingFile) -> None:
        """Note that a waiting file was woken, unless it has begun to wait once more."""
        key = f"{_WAITING_PREFIX}{waiting.file_id}"
        with suppress(ConditionFailedError):
            self._table.update_item(ItemUpdate(file_id, key, {"woken": True}, Attr("run_id").eq(waiting.run_id)))
