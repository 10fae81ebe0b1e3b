"""Forgotten files: what stays in the ledger of a file that turned out to be the same upload as another one.

The item has the place of the file's entry, so that a later delivery of its event begins no run, and none of the
attributes by which the indexes list files.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from processor.domain.entries import FILE_ENTRY
from processor.domain.errors import FileForgottenError
from processor.domain.object_keys import ObjectVersion

if TYPE_CHECKING:
    from collections.abc import Mapping

    from processor.domain.entries import FileEntry

_KEPT_FOR_S = 30 * 86_400
"""No message lives so long: SQS keeps one in each of two queues for 14 days at most."""


def is_known(item: Mapping[str, Any]) -> bool:
    """Tell whether an item is a file's entry, and neither missing nor what stays of a forgotten one."""
    return "state" in item


def is_forgotten(item: Mapping[str, Any], same_as: str) -> bool:
    """Tell whether the item is what stays of a file that is the same upload as this one."""
    return item.get("same_as") == same_as


def forgotten_item(entry: FileEntry, same_as: str, now: int) -> dict[str, Any]:
    """Lay out what stays of the file; ``now`` is seconds since the epoch."""
    place = {"bucket": entry.bucket, "object_key": entry.object_key, "version_id": entry.version_id}
    item = {"file_id": entry.file_id, "entry": FILE_ENTRY, "same_as": same_as, "expires_at": now + _KEPT_FOR_S}
    return item | place


def refuse_forgotten(item: Mapping[str, Any]) -> None:
    """Raise :class:`FileForgottenError` if the item is what stays of a forgotten file."""
    if "same_as" in item:
        source = ObjectVersion(item["bucket"], item["object_key"], item["version_id"])
        raise FileForgottenError(source, item["same_as"])
