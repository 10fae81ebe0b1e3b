"""Content claims: which file owns a given content. The first file claims it; later ones are its duplicates.

Claims are items of the files table, one for each key that identifies the content.
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
    """The claims of all files."""

    def __init__(self, table: FilesTable, ledger: Ledger) -> None:
        self._table = table
        self._ledger = ledger

    def claim(self, keys: Iterable[str], file_id: str) -> str:
        """Claim content for a file; returns "", or the id of the file that owns it.

        ``keys`` identify the content and how it is read. A file that has certainly stored no order loses its claim.
        """
        for key in keys:
            owner = self._claim(f"content#{key}", file_id)
            if owner != file_id:
                return owner
        return ""

    def find_owner(self, keys: Iterable[str]) -> str:
        """Return the id of the file that owns the content, or "", without claiming it."""
        for key in keys:
            claim = self._table.get_item(f"content#{key}", _CONTENT_ENTRY)
            owner_entry = self._ledger.read_file(str(claim["owner"])) if claim else None
            if owner_entry and owner_entry.holds_content:
                return owner_entry.duplicate_of or owner_entry.file_id
        return ""

    def _claim(self, key: str, file_id: str) -> str:
        claim = {"file_id": key, "entry": _CONTENT_ENTRY, "owner": file_id}
        try:
            self._table.put_item(claim, Attr("file_id").not_exists() | Attr("owner").eq(file_id))
        except ConditionFailedError:
            owner = str(self._table.get_item(key, _CONTENT_ENTRY)["owner"])
            owner_entry = self._ledger.read_file(owner)
            if owner_entry and owner_entry.holds_content:
                return owner_entry.duplicate_of or owner
            try:
                self._table.put_item(claim, Attr("owner").eq(owner))
            except ConditionFailedError:  # Another file was faster.
                return str(self._table.get_item(key, _CONTENT_ENTRY)["owner"])
        return file_id
