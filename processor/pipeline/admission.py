"""Admission: whether a file may be stored, as its orders or its very content may have come before.

1. Register its orders. 2. Compare them with those of the sender's other files. 3. Claim its rows.

Of two files at the same moment each registers before it compares, so that at least one of them sees the other. It waits
until that one has settled, or has begun to wait itself. So at most one of them is stored unless a person or the policy
wants both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from processor.domain.columns import is_correction
from processor.domain.errors import LeaseLostError
from processor.domain.file_states import MOVING, FileState
from processor.domain.holds import HoldCause, Reject, SameOrders, SameOrdersFound
from processor.domain.object_keys import ARCHIVE
from processor.domain.same_uploads import is_same_upload
from processor.ledger.content_claims import Claim
from processor.pipeline.former_release import former_keys
from processor.pipeline.other_files import OtherFiles, find_other_files
from processor.pipeline.run import Settlement
from processor.pipeline.same_orders import EarlierFile, describe_same_orders, look_up_orders
from processor.pipeline.verdict import Announced, judge

if TYPE_CHECKING:
    from processor.domain.entries import FileEntry
    from processor.domain.holds import Policy
    from processor.parsing.whole_file import Reading
    from processor.pipeline.loader import Source
    from processor.pipeline.run import Run
    from processor.storage.objects import ObjectFacts


class Admission(NamedTuple):
    """The decision: the file is stored (the default), is held or a duplicate, or waits for another file."""

    settlement: Settlement | None = None
    waits_for: FileEntry | None = None
    same_as: FileEntry | None = None
    """The file of which this one is the same upload: the object was copied onto itself."""
    replaces: tuple[str, ...] = ()
    """The ids of the earlier files whose lines of the same orders are taken back once this file is stored."""

    def complete(self, settlement: Settlement, facts: ObjectFacts, reading: Reading) -> Settlement:
        """Add what was read and announced, and what is to be replaced, to the settlement of a file that was stored."""
        return settlement._replace(announced=Announced.of(facts.metadata), reading=reading, replaces=self.replaces)


def decide(source: Source, reading: Reading) -> Admission:
    """Give the verdict on a file that was read: by itself, then by what came before. A person's wish overrules both."""
    run, entry = source.run, source.run.entry
    announced = Announced.of(source.facts.metadata)
    hold = None if _wish(entry) or entry.has_orders else judge(reading, announced, run.services.config.policy)
    if hold and not _was_admitted(source, reading):  # The policy may have changed since.
        admission = Admission(Settlement.of_hold(hold.cause, hold.error, source.facts, reading))
    else:
        admission = _admit(source, reading)
    if admission.settlement:
        return admission._replace(settlement=admission.settlement._replace(announced=announced))
    return admission


def _admit(source: Source, reading: Reading) -> Admission:
    """Decide whether the file may be stored. Once it may, it may at every later run of the same wish."""
    run, entry = source.run, source.run.entry
    wish = _wish(entry)
    if not wish and _was_admitted(source, reading):
        return Admission(replaces=_find_replaced(run))
    mode = SameOrders(wish) if wish else _mode(run.services.config.policy, reading)
    stored_already = entry.has_orders and not entry.replaced_rows
    if reading.orders.count and (wish or mode is not SameOrders.STORE):
        run.services.register.register(entry, reading.orders, reading.rows_sha256, run.services.now())
    if wish == SameOrders.STORE or (stored_already and not wish):
        run.services.claims.claim(reading.rows_sha256, _claim_of(run, reading))
        return Admission(replaces=_find_replaced(run))
    others = OtherFiles() if mode is SameOrders.STORE else find_other_files(run, reading)
    if others.same_upload:
        return Admission(same_as=others.same_upload)
    if others.under_way and not (others.stored and mode is SameOrders.HOLD):
        return Admission(waits_for=others.under_way)
    if others.stored:
        return _admit_again(source, reading, others.stored, mode)
    return _admit_first(source, reading)


def _find_replaced(run: Run) -> tuple[str, ...]:
    """Return the files that this one has replaced, but for those that a person has had stored beside it since."""
    entry = run.entry
    if not entry.has_orders:  # Its first run died: what it noted to replace is still to go back.
        return entry.replaces
    others = map(run.services.ledger.read_file, entry.replaces)
    replaces = tuple(other.file_id for other in others if other and other.settled_at <= entry.settled_at)
    if replaces != entry.replaces:
        run.services.ledger.note_replaces(entry, replaces)  # For the run of a large file, which settles elsewhere.
    return replaces


def _mode(policy: Policy, reading: Reading) -> SameOrders:
    """Return what becomes of a file with the same orders.

    Under ``reject=row`` corrected rows belong to orders of which other rows are stored.
    """
    is_compared = policy.reject is not Reject.ROW or not is_correction(reading.unknown_columns)
    return policy.same_orders if is_compared else SameOrders.STORE


def _wish(entry: FileEntry) -> str:
    """Return the way in which a person asked for the file to be stored, or ""."""
    if entry.asked_again and entry.duplicate_of and not entry.asked_for:  # Asked for before an upgrade.
        return SameOrders.STORE
    return entry.asked_for


def _was_admitted(source: Source, reading: Reading) -> bool:
    """Tell whether an earlier run of the file has begun to store it, and died: no other file has been stored since."""
    run, entry = source.run, source.run.entry
    if entry.in_first_run or entry.voided_at or entry.replaced_rows:
        return False
    claim = run.services.claims.read_claim(reading.rows_sha256)
    is_ours = claim is not None and claim.owner == entry.file_id
    return is_ours or source.was_begun_before


def _claim_of(run: Run, reading: Reading) -> Claim:
    return Claim(run.entry.file_id, reading.content.text_sha256)


def _admit_first(source: Source, reading: Reading) -> Admission:
    """Claim the rows of a file whose orders are new; a file of another sender may have brought the same rows."""
    run = source.run
    other = run.services.claims.claim(reading.rows_sha256, _claim_of(run, reading))
    if other:
        return _yield_to(source, reading, other)
    former = run.services.claims.find_former_owner(former_keys(source.facts, source.encoding))
    if former and former.file_id != run.entry.file_id:
        return Admission(_duplicate(source, reading, former.duplicate_of or former.file_id))
    return Admission()


def _yield_to(source: Source, reading: Reading, other: Claim) -> Admission:
    """Wait for the file that holds the rows, or leave the decision to a person."""
    owner = source.run.services.ledger.read_file(other.owner)
    if owner is None:
        raise LeaseLostError(source.run.entry.file_id, source.run.entry.run_id)
    if owner.has_orders and is_same_upload(source.run.entry, owner):
        return Admission(same_as=owner)
    if owner.state in MOVING and not owner.has_orders:
        return Admission(waits_for=owner)
    earlier = EarlierFile(owner, reading.orders.count, reading.orders.order_ids)
    return _hold_or_duplicate(source, reading, look_up_orders(source.run, [earlier]) or (earlier,), other)


def _admit_again(source: Source, reading: Reading, stored: tuple[EarlierFile, ...], mode: SameOrders) -> Admission:
    """Decide about a file of which other files have stored orders."""
    run = source.run
    claim = run.services.claims.read_claim(reading.rows_sha256)
    is_barred = any(_is_newer(each, run) or each.entry.is_unfinished for each in stored)
    # The owner's orders may be about to be taken back, if another file has brought some of them since.
    is_repeated = len(stored) == 1 and _owner_of_text(source, reading, stored, claim)
    if mode is not SameOrders.REPLACE or is_barred or is_repeated:
        return _hold_or_duplicate(source, reading, stored, claim)
    replaces = tuple(each.entry.file_id for each in stored)
    run.services.ledger.note_replaces(run.entry, replaces)  # First: with the claim, a later run asks no more.
    run.services.claims.claim(reading.rows_sha256, _claim_of(run, reading), by_force=True)
    return Admission(replaces=replaces)


def _is_newer(other: EarlierFile, run: Run) -> bool:
    return other.entry.arrival_order > run.entry.arrival_order


def _hold_or_duplicate(
    source: Source, reading: Reading, stored: tuple[EarlierFile, ...], claim: Claim | None
) -> Admission:
    owner = _owner_of_text(source, reading, stored, claim)
    if owner:
        return Admission(_duplicate(source, reading, owner.file_id))
    found = describe_same_orders(source, reading, stored)
    return Admission(_held(source, reading, stored, found))


def _owner_of_text(
    source: Source, reading: Reading, stored: tuple[EarlierFile, ...], claim: Claim | None
) -> FileEntry | None:
    """Return the file that has stored this very text and kept all of it, unless a person has asked for this one."""
    if claim is None or claim.text_sha256 != reading.content.text_sha256 or source.run.entry.asked_for:
        return None
    owner = next((each.entry for each in stored if each.entry.file_id == claim.owner), None)
    return owner if owner and owner.is_whole else None


def _held(source: Source, reading: Reading, stored: tuple[EarlierFile, ...], found: SameOrdersFound) -> Settlement:
    about = "" if found.is_exact else "About "
    names = ", ".join(each.entry.name for each in stored[:3]) + (" and others" if len(stored) > 3 else "")
    error = (
        f"{about}{found.known:,} of its {found.orders:,} orders came before, in {names}: "
        f"{found.same:,} the same, {found.changed:,} changed, {found.new:,} new."
    )
    if any(_is_newer(each, source.run) for each in stored):
        error += " A newer file has brought some of them, which an older one cannot replace."
    if unfinished := ", ".join(each.entry.name for each in stored if each.entry.is_unfinished):
        error += f" Of {unfinished} only some may be stored: run that again before this file replaces them."
    return Settlement.of_hold(HoldCause.SAME_ORDERS, error, source.facts, reading)._replace(same_orders=found)


def _duplicate(source: Source, reading: Reading, first_file_id: str) -> Settlement:
    """Hold the file as the duplicate of another, which has stored its rows."""
    first = source.run.services.ledger.read_file(first_file_id)
    name = first.name if first else f"file {first_file_id}"
    error = f"The same content came before, as {name}. Nothing of this file was stored."
    settlement = Settlement.of_hold("duplicate", error, source.facts, reading, state=FileState.DUPLICATE)
    return settlement._replace(original_prefix=ARCHIVE, duplicate_of=first_file_id)
