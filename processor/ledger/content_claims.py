"""Whose a content is: the first file that has it claims it, and any later one is its duplicate.

Claims are items of the files table, one for each thing that identifies the content.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from boto3.dynamodb.conditions import Attr

from processor.ledger.table import ConditionFailedError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from processor.ledger.ledger import Ledger
    from processor.ledger.table import FilesTable

_CONTENT_ENTRY = "content"


class ContentClaims:
    """Which file has which content."""

    def __init__(self, table: FilesTable, ledger: Ledger) -> None:
        self._table = table
        self._ledger = ledger

    def claim(self, keys: Iterable[str], file_id: str) -> str:
        """Claim content for this file; returns "" or the id of the file that has it already.

        ``keys`` are what identifies the content (ETag with size, checksum). A file that has certainly stored no order
        does not keep its claim.
        """
        for key in keys:
            owner = self._claim(f"content#{key}", file_id)
            if owner != file_id:
                return owner
        return ""

    def _claim(self, key: str, file_id: str) -> str:
        claim = {"file_id": key, "entry": _CONTENT_ENTRY, "owner": file_id}
        try:
            self._table.put_item(claim, Attr("file_id").not_exists() | Attr("owner").eq(file_id))
        except ConditionFailedError:
            owner = str(self._table.get_item(key, _CONTENT_ENTRY)["owner"])
            owning = self._ledger.read_file(owner)
            if owning and not owning.stored_nothing:
                return owning.duplicate_of or owner
            try:
                self._table.put_item(claim, Attr("owner").eq(owner))
            except ConditionFailedError:  # Somebody else was faster: that file has it now.
                return str(self._table.get_item(key, _CONTENT_ENTRY)["owner"])
        return file_id
