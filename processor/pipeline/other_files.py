"""The other files of a sender that have some of a file's orders, and what became of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from processor.domain.file_states import MOVING, FileState
from processor.domain.same_uploads import is_same_upload
from processor.pipeline.same_orders import EarlierFile, look_up_orders

if TYPE_CHECKING:
    from processor.domain.entries import FileEntry
    from processor.domain.order_sample import Overlap
    from processor.ledger.order_register import RegisteredFile
    from processor.parsing.whole_file import Reading
    from processor.pipeline.run import Run


class OtherFiles(NamedTuple):
    """The other files that have some of the same orders: those that have stored them, and one that may yet do so."""

    stored: tuple[EarlierFile, ...] = ()
    under_way: FileEntry | None = None
    same_upload: FileEntry | None = None


def find_other_files(run: Run, reading: Reading) -> OtherFiles:
    """Find the sender's other files with some of the same orders, and what became of them."""
    stored, under_way = [], None
    for overlap, other in _overlaps(run, reading):
        entry = run.services.ledger.read_file(other.file_id)
        if entry is None:
            continue
        # Only beside what is stored is a file forgotten: two under way could each leave the orders to the other.
        if entry.has_orders and other.rows_sha256 == reading.rows_sha256 and is_same_upload(run.entry, entry):
            return OtherFiles(same_upload=entry)
        if entry.has_orders or _may_have_orders(run, entry, other):
            stored.append(EarlierFile(entry, overlap.orders, overlap.order_ids))
        elif _may_be_stored(run, entry, other):
            under_way = under_way or entry
    return OtherFiles(look_up_orders(run, stored), under_way)


def _overlaps(run: Run, reading: Reading) -> list[tuple[Overlap, RegisteredFile]]:
    """Compare the orders with those of the sender's other files; returns those that have some, the most first.

    There may be many that were held, and one that is stored: none is left out.
    """
    others = run.services.register.list_others(run.entry, run.services.now())
    overlaps = ((reading.orders.shared_with(other.orders), other) for other in others)
    return sorted((pair for pair in overlaps if pair[0].hashes), key=lambda pair: -pair[0].orders)


def _may_have_orders(run: Run, entry: FileEntry, other: RegisteredFile) -> bool:
    """Tell whether a file at rest may have stored some orders before its run died, such as that of a dead letter."""
    return entry.is_unfinished and _is_admitted(run, other)


def _may_be_stored(run: Run, entry: FileEntry, other: RegisteredFile) -> bool:
    """Tell whether a file under way may be stored before this one, so that this one has to wait.

    An earlier one is. A later one may have compared before this one had registered, if its run has not ended; if it
    begins another run, it will see this file and wait.
    """
    if entry.state not in MOVING:
        return False
    if entry.arrival_order < run.entry.arrival_order:
        return True
    now = run.services.now()
    return (entry.state is FileState.PROCESSING and not entry.lease_ended(now)) or _is_admitted(run, other)


def _is_admitted(run: Run, other: RegisteredFile) -> bool:
    claim = run.services.claims.read_claim(other.rows_sha256)
    return claim is not None and claim.owner == other.file_id
