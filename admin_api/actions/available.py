"""The actions that a file's state allows, with the words of their buttons and confirmations. Pure.

They follow ``processor.domain.file_states.TRANSITIONS``; what is not available here is refused, too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from processor.domain.actions import ActionKind
from processor.domain.errors import OrdersGoingBackError
from processor.domain.file_states import SETTLED, FileState, states_before

if TYPE_CHECKING:
    from datetime import datetime

    from processor.domain.entries import FileEntry

_STATES: dict[ActionKind, frozenset[FileState]] = {
    ActionKind.REPROCESS: frozenset(states_before(FileState.REPROCESSING)) - {FileState.DUPLICATE},
    ActionKind.PROCESS_ANYWAY: frozenset({FileState.DUPLICATE}),
    ActionKind.STORE: frozenset({FileState.HELD}),
    ActionKind.REPLACE: frozenset({FileState.HELD}),
    ActionKind.DISMISS: frozenset(states_before(FileState.DISMISSED)),
    ActionKind.VOID: frozenset(states_before(FileState.VOIDED)),
    ActionKind.VERIFY: SETTLED,
}
_REFUSALS = {
    FileState.PROCESSING: "is being processed. Wait until its run has ended.",
    FileState.QUEUED: "is waiting in the queue. Its next run begins by itself; if its message is lost, it can be "
    "reprocessed two minutes after the queue is empty, or after 12 hours.",
    FileState.REPROCESSING: "is due for a new run already. It begins in a moment; if its message is lost, it can "
    "be reprocessed two minutes after the queue is empty, or after 12 hours.",
}
_ALREADY = {
    (ActionKind.DISMISS, FileState.DISMISSED): "has been dismissed already.",
    (ActionKind.VOID, FileState.VOIDED): "has been voided already. Its orders come back if it is reprocessed.",
}
_NOTHING_TO_DO = {
    ActionKind.PROCESS_ANYWAY: "is not held as a duplicate. Reprocess it instead.",
    ActionKind.STORE: "is not held, so there is nothing to decide.",
    ActionKind.REPLACE: "is not held, so there is nothing to decide.",
}


@dataclass(frozen=True, slots=True)
class AvailableAction:
    """An action, its words, and whether it can be undone."""

    kind: ActionKind
    verb: str
    symbol: str
    effect: str
    """Sentences that say what it does to each file."""
    done_words: str
    """The participle after "2 files were"."""
    asks_reason: bool = False
    is_grave: bool = False
    """It cannot be undone."""
    is_for_one: bool = False
    """It is not offered for many files at once."""

    def button(self, number: int) -> str:
        """Return the text of its button for so many files."""
        return f"{self.verb} {number:,} files" if number != 1 else f"{self.verb} 1 file"


AVAILABLE_ACTIONS: dict[ActionKind, AvailableAction] = {
    ActionKind.REPLACE: AvailableAction(
        ActionKind.REPLACE,
        "Replace",
        "replace",
        "A run stores the file's rows as orders. When all are stored, the lines of the same orders that earlier files "
        "of this sender have brought are taken back; no order is missing meanwhile. Orders that this file does not "
        "have stay. To undo it, void this file and reprocess the earlier ones.",
        "asked to replace the same orders of earlier files",
        is_for_one=True,
    ),
    ActionKind.STORE: AvailableAction(
        ActionKind.STORE,
        "Store beside",
        "store",
        "A run stores the file's rows as orders although it is held. Where earlier files have brought the same orders, "
        "the lines of both exist side by side. To undo it, void the file.",
        "asked to be stored",
    ),
    ActionKind.REPROCESS: AvailableAction(
        ActionKind.REPROCESS,
        "Reprocess",
        "reprocess",
        "A new run reads the stored file again from its beginning. Orders that it has stored before are written again "
        "under the same keys; the old error stays in the list of runs.",
        "asked to run again",
    ),
    ActionKind.PROCESS_ANYWAY: AvailableAction(
        ActionKind.PROCESS_ANYWAY,
        "Process anyway",
        "play",
        "A run stores the file's rows as orders although an earlier file had the same content. Where that one's orders "
        "are stored, the orders of both exist side by side. To undo it, void the file.",
        "asked to run despite the same content",
    ),
    ActionKind.DISMISS: AvailableAction(
        ActionKind.DISMISS,
        "Dismiss",
        "dismiss",
        "A dismissed file no longer needs attention, and its objects in failed-data/ move to archive/. Its stored "
        "orders stay. It can still be reprocessed.",
        "dismissed",
        asks_reason=True,
    ),
    ActionKind.VOID: AvailableAction(
        ActionKind.VOID,
        "Void",
        "void",
        "Every order that the file has stored is taken back from the orders table, except those that another file has "
        "replaced, and its accepted rows leave processed-data/. The original stays: the same content may come again, "
        "and reprocessing the file brings its orders back. What it had replaced of earlier files stays away until "
        "those are reprocessed, too.",
        "asked to be voided",
        asks_reason=True,
        is_for_one=True,
    ),
    ActionKind.VERIFY: AvailableAction(
        ActionKind.VERIFY,
        "Verify",
        "check",
        "The stored original is read again, and the ledger's counts, the stored orders and both outputs are compared "
        "with it, to the value. Nothing is changed. A million rows take some minutes and 13 cents.",
        "asked to be verified",
    ),
}


def is_allowed(kind: ActionKind, entry: FileEntry, now: datetime, *, is_lost: bool = False) -> bool:
    """Tell whether the file's state allows an action now; ``is_lost`` if the message that it waits for is gone."""
    if entry.taking_back and kind is not ActionKind.VERIFY:
        return kind is ActionKind.VOID and entry.state is FileState.VOIDED  # It goes on where it was stopped.
    is_in_state = entry.state in _STATES.get(kind, ())
    if kind is ActionKind.REPROCESS:
        return is_in_state or entry.lease_ended(now) or is_lost
    return is_in_state and (kind is not ActionKind.VOID or bool(entry.accepted_key))


def available_actions(entry: FileEntry, now: datetime, *, is_lost: bool = False) -> tuple[AvailableAction, ...]:
    """List the actions that the file's state allows now, the likeliest first."""
    allowed = (kind for kind in AVAILABLE_ACTIONS if is_allowed(kind, entry, now, is_lost=is_lost))
    return tuple(AVAILABLE_ACTIONS[kind] for kind in allowed)


def explain_refusal(kind: ActionKind, entry: FileEntry) -> str:
    """Say why an action is refused, and what is possible instead."""
    if kind is ActionKind.VERIFY:
        return f"{entry.name} is not settled: its orders are not all written. Verify it once its run has ended."
    if entry.taking_back:
        return f"{entry.name}: {OrdersGoingBackError(entry.taking_back)}"
    if entry.state is FileState.DUPLICATE and kind in {ActionKind.REPROCESS, ActionKind.STORE, ActionKind.REPLACE}:
        return f"{entry.name} is held as a duplicate. Process it anyway, or dismiss it."
    words = _ALREADY.get((kind, entry.state)) or _REFUSALS.get(entry.state) or _NOTHING_TO_DO.get(kind)
    if words:
        return f"{entry.name} {words}"
    if kind is ActionKind.VOID:
        return f"{entry.name} has stored no orders that could be taken back."
    return f"{entry.name} is {entry.state.replace('_', ' ')}: there is nothing to dismiss."
