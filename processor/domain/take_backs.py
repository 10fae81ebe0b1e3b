"""Take-backs: how far the orders of a file were taken back, as it was voided or another file replaced them. Pure.

``processor.orders.taking_back`` takes orders back, ``processor.ledger.take_backs`` keeps how far it came.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Self

from processor.domain.actions import derived_action_id
from processor.domain.entries import from_iso, known_values

if TYPE_CHECKING:
    from collections.abc import Mapping

    from processor.domain.entries import FileEntry

TAKE_BACK_ENTRY = "take_back"
"""The sort key of a file's newest take-back, in the file's partition of the ledger."""


class TakeBack(NamedTuple):
    """The newest take-back of one file's orders. Each of its counts is written with the deletes that it counts."""

    file_id: str
    action_id: str
    """The action that carries it out; another one may go on where that was stopped."""
    replaced_by: str = ""
    """The id of the file that has replaced the orders; "" where the file is voided, and all of them go."""
    rows: int = 0
    """The accepted rows of the file."""
    position: int = 0
    """The accepted rows that were gone through."""
    taken_back: int = 0
    """Orders that were deleted."""
    kept: int = 0
    """Orders of other files under its keys."""
    absent: int = 0
    """Rows whose order was gone already."""
    finished_at: str = ""

    @property
    def left_alone(self) -> int:
        """Rows that were gone through and have not been deleted."""
        return self.position - self.taken_back

    def to_item(self) -> dict[str, Any]:
        """Lay the entry out as an item, without what is empty."""
        return {"entry": TAKE_BACK_ENTRY, **{name: value for name, value in self._asdict().items() if value != ""}}

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> Self:
        """Build the entry from a deserialised item."""
        return cls(**known_values(item, cls._fields))


def replacement_id(entry: FileEntry) -> str:
    """Return the id of the action that takes back what a file's newest run has replaced, equal at every call."""
    return derived_action_id(from_iso(entry.run_started_at), "take_back", entry.file_id, entry.run_id)
