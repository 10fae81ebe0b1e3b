"""Faults planted in the books of the file ``FILE``: in row 9 (A-7), at the end of an output, in a count."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.integration.processor.orders.books import (
    change_ledger,
    change_object,
    delete_order,
    order_of,
    put_order,
)
from tests.integration.stage import BUCKET

if TYPE_CHECKING:
    from processor.domain.entries import FileEntry
    from tests.integration.stage import Stage


def delete_one_order(stage: Stage, entry: FileEntry) -> None:
    """Delete one order."""
    delete_order(stage, "A-7", entry)


def change_quantity(stage: Stage, entry: FileEntry) -> None:
    """Change quantity."""
    put_order(stage, order_of(stage, "A-7", entry), quantity={"N": "9"})


def change_customer(stage: Stage, entry: FileEntry) -> None:
    """Change customer."""
    put_order(stage, order_of(stage, "A-7", entry), customer_name={"S": "Eve"}, customer_key={"S": "eve#0"})


def change_type(stage: Stage, entry: FileEntry) -> None:
    """Change type."""
    put_order(stage, order_of(stage, "A-7", entry), unit_price={"S": "2.50"})


def drop_attribute(stage: Stage, entry: FileEntry) -> None:
    """Drop attribute."""
    put_order(stage, order_of(stage, "A-7", entry), line_total=None)


def change_file(stage: Stage, entry: FileEntry) -> None:
    """Change file."""
    put_order(stage, order_of(stage, "A-7", entry), file_id={"S": "0" * 24})


def duplicate_order(stage: Stage, entry: FileEntry) -> None:
    """Duplicate order."""
    put_order(stage, order_of(stage, "A-7", entry), processed_timestamp={"S": "2031-01-01T00:00:00.000000000Z"})


def add_under_known_customer(stage: Stage, entry: FileEntry) -> None:
    """Add under known customer."""
    put_order(stage, order_of(stage, "A-7", entry), order_id={"S": "Z-1"})


def add_under_rejected_id(stage: Stage, entry: FileEntry) -> None:
    """Add under rejected id."""
    put_order(stage, order_of(stage, "A-7", entry), order_id={"S": "B-3"}, customer_key={"S": "eve#0"})


def cut_accepted(stage: Stage, entry: FileEntry) -> None:
    """Cut accepted."""
    change_object(stage, entry.accepted_key, lambda body: body[: body.index(b"A-7,")])


def cut_inside_row(stage: Stage, entry: FileEntry) -> None:
    """Cut inside row."""
    change_object(stage, entry.accepted_key, lambda body: body[:-9])


def change_cell(stage: Stage, entry: FileEntry) -> None:
    """Change cell."""
    change_object(stage, entry.accepted_key, lambda body: body.replace(b"Engine,8,", b"Engine,9,"))


def drop_line(stage: Stage, entry: FileEntry) -> None:
    """Drop line."""
    change_object(stage, entry.accepted_key, lambda body: without(body, b"A-7,"))


def without(body: bytes, start: bytes) -> bytes:
    """Leave out the lines that begin so."""
    return b"".join(line for line in body.splitlines(keepends=True) if not line.startswith(start))


def repeat_line(stage: Stage, entry: FileEntry) -> None:
    """Repeat line."""
    change_object(stage, entry.accepted_key, lambda body: body + body.splitlines(keepends=True)[-1])


def cut_rejected(stage: Stage, entry: FileEntry) -> None:
    """Cut rejected."""
    change_object(stage, entry.rejected_key, lambda body: body[: body.index(b"\n") + 1])


def change_reason(stage: Stage, entry: FileEntry) -> None:
    """Change reason."""
    change_object(stage, entry.rejected_key, lambda body: body.replace(b"not a whole number", b"negative"))


def delete_accepted(stage: Stage, entry: FileEntry) -> None:
    """Delete accepted."""
    stage.clients.s3.delete_object(Bucket=BUCKET, Key=entry.accepted_key)


def count_one_more(stage: Stage, entry: FileEntry) -> None:
    """Count one more."""
    change_ledger(stage, entry.file_id, "file", accepted_rows=entry.accepted_rows + 1)


def count_one_less(stage: Stage, entry: FileEntry) -> None:
    """Count one less."""
    change_ledger(stage, entry.file_id, "file", rejected_rows=entry.rejected_rows - 1)


def count_bytes(stage: Stage, entry: FileEntry) -> None:
    """Count bytes."""
    change_ledger(stage, entry.file_id, "file", size_bytes=entry.size_bytes + 1)


def change_state(stage: Stage, entry: FileEntry) -> None:
    """Change state."""
    change_ledger(stage, entry.file_id, "file", state="processed")


def count_run(stage: Stage, entry: FileEntry) -> None:
    """Count run."""
    [run] = stage.services.ledger.list_runs(entry.file_id)
    change_ledger(stage, entry.file_id, run.entry, accepted_rows=run.accepted_rows + 1)


def shift_offset(stage: Stage, entry: FileEntry) -> None:
    """Shift offset."""
    [run] = stage.services.ledger.list_runs(entry.file_id)
    change_ledger(stage, entry.file_id, run.entry, row_offsets=[run.row_offsets[0] + 1])


def change_original(stage: Stage, entry: FileEntry) -> None:
    """Change original."""
    version = change_object(stage, entry.original_key, lambda body: body.replace(b"A-7,Ada", b"A-7,Eve"))
    change_ledger(stage, entry.file_id, "file", original_version=version.version_id)


def delete_original(stage: Stage, entry: FileEntry) -> None:
    """Delete original."""
    stage.clients.s3.delete_object(Bucket=BUCKET, Key=entry.original_key, VersionId=entry.original_version)
