"""Audits of the books: the differences found in one file's books, and the result that the ledger keeps. Pure.

A file's *books* are its original, its ledger entry, its stored orders and its two outputs, which must agree to the
value. ``processor.orders.auditing`` compares them, ``processor.ledger.audit_results`` stores the result.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple

from processor.domain.entries import known_values

if TYPE_CHECKING:
    from collections.abc import Mapping

AUDIT_ENTRY = "audit"
"""The sort key of a file's newest audit, in the file's partition of the ledger."""


class AuditState(StrEnum):
    """The results of an audit."""

    VERIFIED = "verified"
    INCOMPLETE = "incomplete"
    """No difference so far, but not everything could be compared; the notes say what was not."""
    DIFFERS = "differs"


class BookPart(StrEnum):
    """The parts of a file's books."""

    ORIGINAL = "original"
    LEDGER = "ledger"
    ORDERS = "orders"
    ACCEPTED = "accepted rows"
    REJECTED = "rejected rows"
    OFFSETS = "offsets"


class Difference(NamedTuple):
    """One place where the books disagree; ``row`` is 0 where it is about no row."""

    part: BookPart
    row: int
    column: str
    expected: str
    found: str


class AuditEntry(NamedTuple):
    """The newest audit of one file."""

    file_id: str
    at: str
    who: str
    state: AuditState
    run_id: str
    """The file's newest run at that time: a later run makes the result a thing of the past."""
    action_id: str = ""
    difference_count: int = 0
    differences: tuple[Difference, ...] = ()
    """The first ones of each part."""
    rows: int = 0
    """Rows of the original that were read."""
    orders_compared: int = 0
    notes: tuple[str, ...] = ()
    """Sentences that say what was not compared, and why."""
    duration_ms: int = 0

    def to_item(self) -> dict[str, Any]:
        """Lay the entry out as an item, without what is empty."""
        item = self._asdict()
        item["differences"] = [each._asdict() for each in self.differences]
        item["notes"] = list(self.notes)
        return {"entry": AUDIT_ENTRY, **{name: value for name, value in item.items() if value not in ("", [], 0)}}

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> AuditEntry:
        """Build the entry from a deserialised item."""
        values = known_values(item, cls._fields)
        values["state"] = AuditState(values["state"])
        values["differences"] = tuple(
            Difference(BookPart(each["part"]), int(each["row"]), each["column"], each["expected"], each["found"])
            for each in values.get("differences", ())
        )
        values["notes"] = tuple(values.get("notes", ()))
        return cls(**values)
