"""The list of files as rows of an export, the newest first."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from processor.ledger.index_pages import MOST_SEARCHED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from admin_api.rendering.csv_export import Cell
    from processor.domain.entries import FileEntry
    from processor.ledger.file_list import FileFilter, FileList

HEADER = (
    "file_id",
    "name",
    "state",
    "received_at",
    "uploaded_at",
    "settled_at",
    "size_bytes",
    "accepted_rows",
    "rejected_rows",
    "duration_ms",
    "estimated_cost",
    "cause",
    "error",
    "reasons",
    "duplicate_of",
    "object_key",
)


def file_rows(files: FileList, file_filter: FileFilter) -> Iterator[tuple[Cell, ...] | None]:
    """Yield the cells under :data:`HEADER` for the files that match, the newest first; None after each read."""
    cursor, more = "", True
    while more:
        page = files.list_files(file_filter, cursor=cursor, limit=MOST_SEARCHED)
        yield None
        yield from map(_cells, page.files)
        cursor, more = page.older, bool(page.older)


def _cells(entry: FileEntry) -> tuple[Cell, ...]:
    moments = (entry.received_at, entry.uploaded_at, entry.settled_at)
    return (
        entry.file_id,
        entry.name,
        str(entry.state),
        *(datetime.fromisoformat(moment) if moment else None for moment in moments),
        entry.size_bytes or None,
        entry.accepted_rows,
        entry.rejected_rows,
        entry.duration_ms or None,
        Decimal(entry.estimated_cost) if entry.estimated_cost else None,
        entry.cause,
        entry.error,
        "; ".join(entry.reasons),
        entry.duplicate_of,
        entry.object_key,
    )
