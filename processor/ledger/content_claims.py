"""Content claims: which file owns the rows of a given content. A file claims its rows just before it stores them.

So a claim also says that its file was admitted: from then on it stores orders, however often its run is tried.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from boto3.dynamodb.conditions import Attr

from processor.ledger.table import ConditionFailedError

if TYPE_CHECKING:
    from processor.domain.entries import FileEntry
    from processor.ledger.ledger import Ledger
    from processor.ledger.table import FilesTable

_CONTENT_ENTRY = "content"


class Claim(NamedTuple):
    """The file that owns some rows, and a hash of the text in which it brought them."""

    owner: str
    text_sha256: str


class ContentClaims:
    """The claims of all files."""

    def __init__(self, table: FilesTable, ledger: Ledger) -> None:
        self._table = table
        self._ledger = ledger

    def read_claim(self, rows_sha256: str) -> Claim | None:
        """Read who owns the rows, as last written."""
        item = self._table.get_item(_key(rows_sha256), _CONTENT_ENTRY)
        return _claim(item) if item else None

    def claim(self, rows_sha256: str, mine: Claim, *, by_force: bool = False) -> Claim | None:
        """Claim rows for a file; returns None, or the claim of a file that holds them.

        A file that has certainly stored no order, or whose orders were taken back, loses its claim; any file does
        ``by_force``.
        """
        key = _key(rows_sha256)
        item = {"file_id": key, "entry": _CONTENT_ENTRY, "owner": mine.owner, "text": bytes.fromhex(mine.text_sha256)}
        try:
            free = Attr("file_id").not_exists() | Attr("owner").eq(mine.owner)
            self._table.put_item(item, None if by_force else free)
        except ConditionFailedError:
            other = _claim(self._table.get_item(key, _CONTENT_ENTRY))
            owner_entry = self._ledger.read_file(other.owner)
            if owner_entry and owner_entry.holds_content:
                return other
            try:
                self._table.put_item(item, Attr("owner").eq(other.owner))
            except ConditionFailedError:  # Another file was faster.
                return _claim(self._table.get_item(key, _CONTENT_ENTRY))
        return None

    def find_former_owner(self, keys: list[str]) -> FileEntry | None:
        """Return the file that has claimed an object's bytes under an earlier release, if it still holds them."""
        for key in keys:
            item = self._table.get_item(f"content#{key}", _CONTENT_ENTRY)
            entry = self._ledger.read_file(str(item["owner"])) if item else None
            if entry and entry.holds_content:
                return entry
        return None


def _key(rows_sha256: str) -> str:
    return f"content#rows#{rows_sha256}"


def _claim(item: dict[str, Any]) -> Claim:
    return Claim(str(item["owner"]), bytes(item["text"]).hex())
