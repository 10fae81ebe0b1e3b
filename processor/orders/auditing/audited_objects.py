"""The objects of an audited file: its original and its outputs, each where it must be unless it may have expired."""

from __future__ import annotations

from typing import TYPE_CHECKING

from processor.domain.audits import BookPart
from processor.domain.entries import from_iso
from processor.domain.errors import ObjectGoneError, ObjectLostError
from processor.domain.object_keys import ObjectVersion
from processor.orders.auditing.outputs import OutputComparison, OutputReader

if TYPE_CHECKING:
    from datetime import datetime

    from processor.domain.entries import FileEntry, RunEntry
    from processor.orders.auditing.auditor import Auditor
    from processor.orders.auditing.findings import Findings
    from processor.storage.objects import ObjectFacts


class AuditedObjects:
    """The objects of one file."""

    def __init__(self, auditor: Auditor, entry: FileEntry, findings: Findings) -> None:
        self._auditor = auditor
        self._entry = entry
        self._findings = findings

    def read_original_facts(self) -> ObjectFacts | None:
        """Look at the original; report that it is missing, unless it must be."""
        entry = self._entry
        try:
            return self._auditor.objects.read_facts(entry.original)
        except ObjectGoneError:
            key = entry.original.key
            if entry.cause in {ObjectGoneError.cause, ObjectLostError.cause}:
                self._findings.note_gap("There is no original: it was deleted before it could be read.")
            elif self._may_have_expired(key, entry.base):
                self._findings.note_gap(f"The original, {key}, has expired, so that nothing was compared.")
            else:
                self._findings.add(BookPart.ORIGINAL, expected=key, found="no such object")
                self._findings.note_gap("Without the original nothing else was compared.")
            return None

    def open_output(
        self, part: BookPart, key: str, header: tuple[str, ...], number_column: str, run: RunEntry | None
    ) -> OutputComparison | None:
        """Open an output that ``run`` has written; report that it is missing, unless it may have expired."""
        if not key:
            return None
        try:
            facts = self._auditor.objects.read_facts(ObjectVersion(self._entry.bucket, key))
        except ObjectGoneError:
            written = run.started_at if run else ""
            since = from_iso(written) if written else self._entry.base
            if self._may_have_expired(key, since):
                self._findings.note_gap(f"{key} has expired, and was not compared.")
            else:
                self._findings.add(part, expected=key, found="no such object")
            return None
        return OutputComparison(
            part, header, number_column, OutputReader(self._auditor.objects.read_blocks(facts)), self._findings
        )

    def _may_have_expired(self, key: str, since: datetime) -> bool:
        return self._auditor.retention.has_passed(key, since, self._auditor.now())
