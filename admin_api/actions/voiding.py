"""Voids a file: the worker takes back every order that it has stored, then clears away what was made of it.

The ledger counts with each delete, so a worker that died, or was stopped, is followed by one that goes on behind it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from admin_api.actions.bulk import BulkStep
from admin_api.actions.going_back import Account, clear_away, count_void, orders_taker
from admin_api.web.errors import RefusedError
from processor.domain.actions import ActionState
from processor.domain.entries import to_iso
from processor.domain.errors import IllegalTransitionError, ObjectGoneError, OrdersGoingBackError
from processor.domain.object_keys import ObjectVersion
from processor.observability.telemetry import logger
from processor.storage.accepted_reader import AcceptedRowsGoneError, AcceptedRowsUnreadableError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from admin_api.wiring.services import Console
    from processor.domain.actions import ActionEntry
    from processor.domain.entries import FileEntry
    from processor.domain.take_backs import TakeBack


def refuse_void(console: Console, entry: FileEntry) -> None:
    """Raise :class:`RefusedError` if the file's orders cannot be taken back now, whatever its state says."""
    if entry.taking_back:
        other = console.actions.read_action(entry.taking_back)
        if other and not other.is_finished and not other.is_stalled(console.now()):
            raise RefusedError(f"{entry.name} is being voided already.", f"Follow it at /activity/{other.action_id}.")
    try:
        console.objects.read_facts(ObjectVersion(entry.bucket, entry.accepted_key))
    except ObjectGoneError as error:
        raise RefusedError(
            f"{entry.accepted_key}, which tells the file's orders, is no longer in the bucket.",
            "Reprocess the file to have it written again, then void the file.",
        ) from error


def void_file(console: Console, action: ActionEntry) -> Iterator[BulkStep]:
    """Void the action's file, or go on with that; an executor of ``admin_api.actions.bulk``."""
    note = console.actions.note_update(action, action.file_id, action.subject)
    try:
        progress = console.take_backs.begin_void(action.file_id, action.action_id, to_iso(console.now()), note)
    except (IllegalTransitionError, OrdersGoingBackError) as error:
        console.actions.note_on_file(action, action.file_id, action.subject, ActionState.FAILED, str(error))
        yield BulkStep(failed=1, error=f"{action.subject}: {error}")
        return
    entry = console.ledger.read_file(action.file_id)
    if entry is None or progress.finished_at:
        yield from Account.of(action).tell(progress)  # An earlier worker died at its end.
        return
    yield from _void(console, action, entry, progress)


def _void(console: Console, action: ActionEntry, entry: FileEntry, progress: TakeBack) -> Iterator[BulkStep]:
    account = Account.of(action)
    yield from account.tell(progress)
    try:
        for progress in orders_taker(console, entry).take_back(progress):  # noqa: B020, PLR1704  The same, further on.
            yield from account.tell(progress)
    except (AcceptedRowsGoneError, AcceptedRowsUnreadableError):
        yield BulkStep(
            failed=1,
            error=f"{entry.accepted_key} does not hold all of this file's accepted rows. Bring its former version back "
            "in the bucket, then void the file again: it goes on.",
        )
        return
    rejected_key = clear_away(console, entry)
    if console.take_backs.finish(progress, to_iso(console.now()), rejected_key=rejected_key):
        count_void(console, progress)
        counts = {"taken_back": progress.taken_back, "kept": progress.kept, "absent": progress.absent}
        logger.info("file_voided", extra={"file_id": entry.file_id, **counts})
