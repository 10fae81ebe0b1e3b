"""Compares what the ledger says of a file with what its original has. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from processor.domain import object_keys
from processor.domain.audits import BookPart
from processor.domain.file_states import AT_REST, FileState

if TYPE_CHECKING:
    from processor.domain.entries import FileEntry, RunEntry
    from processor.orders.auditing.findings import Findings


class CountedRows(NamedTuple):
    """The rows that the original has, and the SHA-256 of its bytes."""

    accepted: int
    rejected: int
    sha256: str


def compare_counts(entry: FileEntry, run: RunEntry | None, counted: CountedRows, findings: Findings) -> None:
    """Compare the counts, the state and the outputs' keys; ``run`` is the run that stored the file, if it is known."""
    compare_hash(entry, counted.sha256, findings)
    compare = findings.compare
    compare(BookPart.LEDGER, "accepted_rows", counted.accepted, entry.accepted_rows)
    compare(BookPart.LEDGER, "rejected_rows", counted.rejected, entry.rejected_rows)
    if run:
        compare(BookPart.LEDGER, "accepted_rows of the run", counted.accepted, run.accepted_rows)
        compare(BookPart.LEDGER, "rejected_rows of the run", counted.rejected, run.rejected_rows)
    if entry.state in {FileState.PROCESSED, FileState.PARTIAL}:
        compare(BookPart.LEDGER, "state", FileState.PARTIAL if counted.rejected else FileState.PROCESSED, entry.state)
    name = entry.base, entry.file_id, entry.name
    accepted_key = object_keys.accepted_key(*name) if counted.accepted else ""
    rejected_key = object_keys.rejected_key(*name) if counted.rejected else ""
    archived = object_keys.ARCHIVE + rejected_key.removeprefix(object_keys.FAILED)
    compare(BookPart.LEDGER, "accepted_key", accepted_key, entry.accepted_key)
    if entry.rejected_key != archived or not rejected_key:  # A dismissed file's rejected rows are in the archive.
        compare(BookPart.LEDGER, "rejected_key", rejected_key, entry.rejected_key)


def compare_entry(entry: FileEntry, size_bytes: int, findings: Findings) -> None:
    """Compare what needs no row: the size, and the state under which the counters have the file."""
    findings.compare(BookPart.LEDGER, "size_bytes", size_bytes, entry.size_bytes)
    if entry.state in AT_REST:
        findings.compare(BookPart.LEDGER, "counted_as", str(entry.state), str(entry.counted_as))


def compare_hash(entry: FileEntry, sha256: str, findings: Findings) -> None:
    """Compare the hash of the original's bytes with the one that a run has kept."""
    if entry.content_sha256:
        findings.compare(BookPart.ORIGINAL, "SHA-256", entry.content_sha256, sha256)


class OffsetCheck:
    """The byte offsets that a run has kept of some accepted rows, checked while the rows pass."""

    def __init__(self, run: RunEntry | None, findings: Findings) -> None:
        self._findings = findings
        self._marks: dict[int, int] = {}
        if run and run.row_offsets:
            numbers = run.row_marks or tuple(at * run.row_stride for at in range(len(run.row_offsets)))
            self._marks = dict(zip(numbers, run.row_offsets, strict=False))
        self._stride = run.row_stride if run and not run.row_marks else 0

    def check(self, index: int, row: int, offset: int) -> None:
        """Compare the offset of the accepted row that comes after ``index`` others; -1 if the object lacks it."""
        kept = self._marks.pop(index, None)
        if offset < 0:
            return
        if kept is not None:
            self._findings.compare(BookPart.OFFSETS, "offset", offset, kept, row=row)
        elif self._stride and index % self._stride == 0:
            self._findings.add(BookPart.OFFSETS, column="offset", expected=offset, found="no offset", row=row)

    def finish(self, accepted: int) -> None:
        """Report the offsets of rows that there are not."""
        for index, offset in self._marks.items():
            if index >= accepted:
                self._findings.add(BookPart.OFFSETS, expected=f"{accepted:,} accepted rows", found=f"one at {offset:,}")
