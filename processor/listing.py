"""Lists of files, the newest first, page by page: one read a page, however many files there are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from processor.entries import FileEntry
    from processor.files import FileState


@dataclass(frozen=True, slots=True)
class FileFilter:
    """Which files are wanted; what is empty wants all. Times are as ``processor.entries.to_iso`` writes them."""

    state: FileState | None = None
    since: str = ""
    until: str = ""
    """Both bounds are on ``received_at``, and both belong to the span."""
    name: str = ""
    """Part of the object key below the inbox, in upper or lower case, or the whole file id."""
    cause: str = ""
    rejected: bool = False
    """Only files with rejected rows."""


@dataclass(frozen=True, slots=True)
class FilePage:
    """One page of a list, and the cursors that lead to the next older and the next newer one ("" if there is none)."""

    files: tuple[FileEntry, ...]
    older: str
    newer: str
    searched_to: str = ""
    """How far a filtered look went if it ended early: the ``received_at`` of the last file it came past."""
