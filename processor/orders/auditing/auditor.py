"""Audits files while they may be reprocessed or dismissed.

A file's ledger entry is read before and after: if it has changed, the differences mean nothing and are dropped.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from processor.domain.file_states import SETTLED
from processor.orders.auditing.audit_file import FileAudit

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from datetime import datetime

    from processor.domain.audits import AuditEntry
    from processor.ledger.file_list import FileStory
    from processor.orders.auditing.audit_file import AuditBounds
    from processor.orders.auditing.original import RetentionDays
    from processor.orders.auditing.table_reader import TableReader
    from processor.storage.objects import Objects


@dataclass(frozen=True, slots=True)
class Auditor:
    """Audits files, one at a time."""

    objects: Objects
    table: TableReader
    read_story: Callable[[str], FileStory | None]
    default_encoding: str
    order_indexes: Collection[str]
    retention: RetentionDays
    now: Callable[[], datetime]
    remaining_s: Callable[[], float]
    """The time until which the audit must have ended."""

    def audit(self, file_id: str, bounds: AuditBounds, *, who: str, action_id: str = "") -> AuditEntry | None:
        """Compare a file's books; None if there is none such, or it has changed meanwhile.

        A file that is under way, or whose orders are being taken back, is changing.
        Raises :class:`processor.domain.errors.LookupThrottledError`, and what AWS raises.
        """
        began = self.now()
        story = self.read_story(file_id)
        if story is None or story.entry.state not in SETTLED or story.entry.taking_back:
            return None
        audit = FileAudit(self, story, bounds)
        audit.compare()
        after = self.read_story(file_id)
        if after is None or after.entry != story.entry:
            return None
        return audit.result(began, who, action_id)
