"""A file that a run is reading now: how far it is, and how long it will still take. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from processor.domain.entries import from_iso

if TYPE_CHECKING:
    from datetime import datetime

    from processor.domain.entries import FileEntry

_SOONEST = timedelta(seconds=5)
"""A run says every five seconds how far it is; before that, nothing can be told of its end."""


@dataclass(frozen=True, slots=True)
class Progress:
    """One run that is under way."""

    entry: FileEntry
    done: int
    total: int
    """Bytes; a total of 0 stands for one that is not known yet."""
    seconds_left: int | None

    @property
    def rows(self) -> int:
        """Rows read so far."""
        return self.entry.progress_rows

    @property
    def left_words(self) -> str:
        """Say how long it will still take; "" where that cannot be told."""
        if self.seconds_left is None:
            return ""
        return f"{self.seconds_left} s left" if self.seconds_left < 90 else f"{round(self.seconds_left / 60)} min left"


def progress_of(entry: FileEntry, now: datetime) -> Progress:
    """Tell how far a file is. The rate is that since its run began, so that a pause does not make it jump."""
    done, total = entry.progress_bytes, entry.size_bytes if entry.progress_bytes else 0
    elapsed = now - from_iso(entry.run_started_at or entry.received_at)
    if not done or done >= total or elapsed < _SOONEST:
        return Progress(entry, min(done, total), total, None)
    return Progress(entry, done, total, round(elapsed.total_seconds() * (total - done) / done))
