"""The progress of a file's current run, and an estimate of the time left. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from processor.domain.entries import from_iso

if TYPE_CHECKING:
    from datetime import datetime

    from processor.domain.entries import FileEntry

_SOONEST = timedelta(seconds=5)
"""A run reports its progress every five seconds; before that, there is no estimate."""


@dataclass(frozen=True, slots=True)
class Progress:
    """The progress of one run."""

    entry: FileEntry
    done: int
    total: int
    """Bytes; 0 means that the total is not known yet."""
    seconds_left: int | None

    @property
    def rows(self) -> int:
        """Rows read so far."""
        return self.entry.progress_rows

    @property
    def left_words(self) -> str:
        """The time left, in words; "" if there is no estimate."""
        if self.seconds_left is None:
            return ""
        return f"{self.seconds_left} s left" if self.seconds_left < 90 else f"{round(self.seconds_left / 60)} min left"


def progress_of(entry: FileEntry, now: datetime) -> Progress:
    """Compute a file's progress. The rate is the average since the run began, so that a pause does not make it jump."""
    done, total = entry.progress_bytes, entry.size_bytes if entry.progress_bytes else 0
    elapsed = now - from_iso(entry.run_started_at or entry.received_at)
    if not done or done >= total or elapsed < _SOONEST:
        return Progress(entry, min(done, total), total, None)
    return Progress(entry, done, total, round(elapsed.total_seconds() * (total - done) / done))
