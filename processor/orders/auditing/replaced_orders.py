"""The orders of a file that later files have replaced: their lines are missing, and rightly so.

Which ones these are is told by the accepted rows of the later files. The ledger knows how many there are, so a line
that is missing for another reason makes one too many.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from processor.orders.order_ids import OrderIds
from processor.storage.accepted_reader import (
    AcceptedRowsGoneError,
    AcceptedRowsUnreadableError,
    iterate_order_keys,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from processor.domain.entries import FileEntry
    from processor.orders.auditing.findings import Findings
    from processor.storage.objects import Objects

_ROWS_BETWEEN_CHECKS = 10_000


@dataclass(eq=False, repr=False)
class ReplacedOrders:
    """What may be missing of one file."""

    ids: OrderIds = field(default_factory=OrderIds)
    is_known: bool = True
    """Whether all later files still tell their orders; if not, whatever is missing may be replaced."""
    missing: int = 0
    """Lines that are missing for this reason."""

    def explain(self, order_id: str) -> bool:
        """Tell whether a missing line of this order was replaced, and count it."""
        if self.is_known and order_id not in self.ids:
            return False
        self.missing += 1
        return True


def find_replaced(
    objects: Objects, later: Iterable[FileEntry | None], findings: Findings, check_time: Callable[[], None]
) -> ReplacedOrders:
    """Read the order ids of the files that have replaced orders."""
    replaced = ReplacedOrders()
    for entry in later:
        if entry is None or not _add_ids(replaced.ids, objects, entry, check_time):
            replaced.is_known = False
            name = entry.name if entry else "a file"
            findings.note_gap(
                f"The accepted rows of {name}, which has replaced orders, are gone: what is missing was only counted."
            )
    return replaced


def _add_ids(ids: OrderIds, objects: Objects, entry: FileEntry, check_time: Callable[[], None]) -> bool:
    """Add the ids of a file's orders; False if its accepted rows cannot be read."""
    if not entry.accepted_key:
        return False
    try:
        for number, (order_id, _) in enumerate(iterate_order_keys(objects, entry, None)):
            ids.add(order_id)
            if number % _ROWS_BETWEEN_CHECKS == 0:
                check_time()
    except (AcceptedRowsGoneError, AcceptedRowsUnreadableError):
        return False
    return True
