"""Unstored uploads: which file speaks for a content under a key that nothing is stored of.

A content claim names a file that has stored its rows. One that fails, is held or is a duplicate has none, and yet a
copy of its object onto itself must not be told of once more.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from boto3.dynamodb.conditions import Attr

from processor.ledger.table import ConditionFailedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from processor.domain.entries import FileEntry
    from processor.ledger.table import FilesTable

_ENTRY = "upload"
_KEPT_FOR_S = 30 * 86_400
"""As long as what stays of a forgotten file."""
_MOST_ATTEMPTS = 5


def claim_unstored(
    table: FilesTable, entry: FileEntry, digest: str, now: int, speaks: Callable[[str], FileEntry | None]
) -> FileEntry | None:
    """Claim to speak for the content under the file's key; return the file that does already, if one does.

    ``speaks`` returns the entry of a file, by its id, that speaks for this one, too.
    """
    place = "\0".join((entry.bucket, entry.object_key, digest))
    key = f"{_ENTRY}#{hashlib.sha256(place.encode()).hexdigest()[:32]}"
    claim = {"file_id": key, "entry": _ENTRY, "owner": entry.file_id, "expires_at": now + _KEPT_FOR_S}
    free = Attr("file_id").not_exists() | Attr("owner").eq(entry.file_id)
    for _ in range(_MOST_ATTEMPTS):
        try:
            table.put_item(claim, free)
        except ConditionFailedError:
            owner = str(table.get_item(key, _ENTRY).get("owner", ""))
            if other := speaks(owner):
                return other
            free = Attr("file_id").not_exists() | Attr("owner").is_in([owner, entry.file_id])
        else:
            return None
    return None
