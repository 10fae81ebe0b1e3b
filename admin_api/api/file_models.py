"""The JSON API's documents of files: a file, its runs, its newest audit, and its whole story."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pydantic import BaseModel, Field

from admin_api.api.models import ActionOut, Document
from processor.domain.audits import AuditState, BookPart
from processor.domain.file_states import FileState
from processor.storage.presigned_posts import ROWS_PATTERN

if TYPE_CHECKING:
    from processor.domain.entries import FileEntry

_WHOLE = re.compile(ROWS_PATTERN)


class SameOrdersOut(Document):
    """The orders of a file that earlier files of its sender have brought."""

    orders: int = Field(description="Orders of this file.")
    known: int = Field(description="Those that came before: `same` and `changed`.")
    same: int = Field(description="Orders that came before with the same lines.")
    changed: int = Field(description="Orders that came before with other lines.")
    new: int
    is_exact: bool = Field(description="False if the counts are estimated from a sample of a large file's orders.")
    files: list[str] = Field(description="The earlier files' ids, the one with the most of these orders first.")


class FileOut(Document):
    """One file: one version of one object key."""

    file_id: str = Field(examples=["3887c2b429aa1757c46a1075"])
    state: FileState
    name: str
    object_key: str
    version_id: str
    received_at: str
    uploaded_at: str
    uploaded_by: str = Field(description="The uploader, as the object's metadata name them.")
    sent_by: str = Field(description="The principal that put the object, as S3's event names it.")
    announced_rows: int | None = Field(description="As the upload announced it; null if it did not, or in no number.")
    announced_total: str | None = Field(description="The sum of the rows that the upload announced, as it wrote it.")
    read_rows: int | None = Field(description="The rows that were read; null while none were.")
    read_total: str | None = Field(description="The sum of the rows as read; null where the file does not keep it.")
    same_orders: SameOrdersOut | None = Field(description="Null if no earlier file is known to have its orders.")
    waits_for: str = Field(description="The file under way with the same orders, which it waits for.")
    replaces: list[str] = Field(description="The earlier files whose lines of the same orders it has replaced.")
    replaced_by: list[str] = Field(description="The later files that have replaced orders of this one.")
    replaced_rows: int = Field(description="Its rows that were taken back for them.")
    settled_at: str
    size_bytes: int
    accepted_rows: int
    rejected_rows: int
    progress_rows: int
    progress_bytes: int
    reasons: list[str]
    warnings: list[str]
    cause: str
    error: str
    duplicate_of: str
    original_key: str
    accepted_key: str
    rejected_key: str

    @classmethod
    def of(cls, entry: FileEntry) -> FileOut:
        """Make the document of a file's entry."""
        found = entry.same_orders_found
        stands_in = {
            "announced_rows": int(entry.announced_rows) if _WHOLE.fullmatch(entry.announced_rows) else None,
            "announced_total": entry.announced_total or None,
            "read_rows": entry.read_rows or entry.rows or None,
            "read_total": entry.read_total or None,
            "same_orders": SameOrdersOut.model_validate(found) if found else None,
        }
        return cls.model_validate({name: getattr(entry, name) for name in cls.model_fields} | stands_in)


class RunOut(Document):
    """One attempt at a file."""

    run_id: str
    started_at: str
    ended_at: str
    duration_ms: int
    outcome: str
    receive_count: int
    message_id: str
    request_id: str
    trace_id: str
    trace_sampled: bool
    accepted_rows: int
    rejected_rows: int
    announced_rows: str
    announced_total: str
    read_rows: int
    read_quantity: int
    read_total: str
    consumed_write_units: str
    estimated_cost: str
    costs: dict[str, str]
    hints: list[str]
    warnings: list[str]
    cause: str
    error: str


class FilesOut(BaseModel):
    """A page of files, the newest first, with the cursors of the pages around it."""

    files: list[FileOut]
    older: str
    newer: str
    searched_to: str


class DifferenceOut(Document):
    """One place where a file's books disagree; ``row`` is 0 where it is about no row."""

    part: BookPart
    row: int
    column: str
    expected: str
    found: str


class AuditOut(Document):
    """The newest comparison of a file's original, ledger entry, stored orders and outputs."""

    state: AuditState
    at: str
    who: str
    action_id: str
    run_id: str = Field(description="The file's newest run at that time.")
    difference_count: int
    differences: list[DifferenceOut] = Field(description="The first ones of each part.")
    rows: int
    orders_compared: int
    notes: list[str] = Field(description="What was not compared, and why.")
    duration_ms: int


class FileStoryOut(BaseModel):
    """A file with all its runs and actions, and its newest audit."""

    file: FileOut
    runs: list[RunOut]
    actions: list[ActionOut]
    audit: AuditOut | None
