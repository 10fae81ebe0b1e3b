"""Same uploads: versions of one object that are one file, as a client copied the object onto itself. Pure.

Such a copy changes the object's metadata, such as its time, and makes another version of the same bytes.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from processor.domain.entries import from_iso

if TYPE_CHECKING:
    from processor.domain.entries import FileEntry

_CLEARED_WITHIN = timedelta(minutes=2)
"""An object is deleted from the inbox a moment after its file is settled; clocks may differ."""


def is_same_upload(entry: FileEntry, owner: FileEntry) -> bool:
    """Tell whether a file under way and the ``owner`` of the same content are one upload.

    They are versions of one key, and the later one is a copy that S3 made while the earlier one was in the inbox. A
    copy that came after it had left is a new upload, such as a rename of a file that was sent once more: it is for a
    person to decide. So is a file that a person has asked for, or that has been settled before.
    """
    if (entry.bucket, entry.object_key) != (owner.bucket, owner.object_key) or entry.file_id == owner.file_id:
        return False
    if entry.asked_again or entry.original_key:
        return False
    earlier, later = sorted((entry, owner), key=lambda each: each.arrival_order)
    return later.is_copy and _was_in_the_inbox(earlier, at=later.uploaded_at)


def _was_in_the_inbox(earlier: FileEntry, *, at: str) -> bool:
    if not at:
        return False
    return not earlier.settled_at or from_iso(at) - from_iso(earlier.settled_at) <= _CLEARED_WITHIN
