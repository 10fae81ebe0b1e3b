"""The books of a file on its page: what the newest audit found, and what to press. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from processor.domain.audits import AuditState, BookPart
from processor.domain.file_states import SETTLED

if TYPE_CHECKING:
    from processor.domain.actions import ActionEntry
    from processor.domain.audits import AuditEntry
    from processor.ledger.file_list import FileStory

_WORDS = {
    AuditState.VERIFIED: "The books agree",
    AuditState.INCOMPLETE: "No difference in what was compared",
    AuditState.DIFFERS: "The books differ",
}
_TONES = {AuditState.VERIFIED: "ok", AuditState.INCOMPLETE: "info", AuditState.DIFFERS: "fail"}
_NOT_STORED = "no such order"
"""What is expected of an added order, as ``processor.orders.auditing.comparison`` says it."""


@dataclass(frozen=True, slots=True)
class FileBooks:
    """The newest audit of a file, in words."""

    audit: AuditEntry | None
    is_running: bool
    """Whether a worker is verifying the file at this moment."""
    is_outdated: bool
    """Whether the file has run again since."""
    can_be_verified: bool
    problem: str
    """The reason why the last try gave no result."""

    @property
    def words(self) -> str:
        """The result in a few words."""
        return _WORDS[self.audit.state] if self.audit else "Never verified"

    @property
    def tone(self) -> str:
        """The tone of the result."""
        return _TONES[self.audit.state] if self.audit else "info"

    @property
    def unlisted(self) -> int:
        """The number of differences beyond those that were kept."""
        return self.audit.difference_count - len(self.audit.differences) if self.audit else 0

    @property
    def advice(self) -> str:
        """What to press, or do."""
        if self.audit is None or self.audit.state is not AuditState.DIFFERS:
            return ""
        if self.is_outdated:
            return "The file has run again since. Verify it again."
        parts = {difference.part for difference in self.audit.differences}
        if BookPart.ORIGINAL in parts:
            return (
                "The original is not what was stored. Find its version in the bucket before you reprocess: "
                "a run would store what is there now."
            )
        added = any(difference.expected == _NOT_STORED for difference in self.audit.differences)
        mend = "Reprocess the file: orders, outputs, counts and offsets are written again under the same keys."
        if added:
            mend += " An added order stays; delete it by its keys, as the runbook says."
        return f"{mend} Then verify it again."


def books_of(story: FileStory, verification: ActionEntry | None) -> FileBooks:
    """Describe a file's books; ``verification`` is the action whose end the page waits for."""
    audit = story.audit
    is_done = verification is not None and audit is not None and audit.action_id == verification.action_id
    problem = ""
    if verification and verification.is_finished and not is_done:
        problem = verification.error or "The file changed while it was verified. Verify it again when it is settled."
    return FileBooks(
        audit=audit,
        is_running=verification is not None and not verification.is_finished and not is_done,
        is_outdated=audit is not None and audit.run_id != story.entry.run_id,
        can_be_verified=story.entry.state in SETTLED,
        problem=problem,
    )
