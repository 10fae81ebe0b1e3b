"""Items of the files table, written directly, for tests of lists that need many files and no runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from processor.domain.file_states import FileState
from processor.ledger.table import serialise

if TYPE_CHECKING:
    from tests.integration.stage import Stage


def put_file(stage: Stage, number: int, *, at: str = "", **values: Any) -> str:
    """Write a file's entry as a run leaves it; returns its id."""
    file_id = f"{number:024x}"
    received_at = at or f"2026-11-22T{number // 3600:02}:{number // 60 % 60:02}:{number % 60:02}.000000Z"
    item = {
        "file_id": file_id,
        "entry": "file",
        "kind": "file",
        "state": FileState.PROCESSED,
        "bucket": "b",
        "object_key": f"raw-data/Orders-{number}.csv",
        "version_id": "v",
        "received_at": received_at,
        "base_timestamp": received_at,
        **values,
    }
    stage.clients.files.put_item(TableName="files", Item=serialise(item))
    return file_id
