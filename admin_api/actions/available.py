"""The actions that a file's state allows, with the words of their buttons and confirmations. Pure.

They follow ``processor.domain.file_states.TRANSITIONS``; what is not available here is refused, too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from processor.domain.actions import ActionKind
from processor.domain.file_states import SETTLED, FileState, states_before

if TYPE_CHECKING:
    from datetime import datetime

    from processor.domain.entries import FileEntry

_RUNNABLE = frozenset(states_before(FileState.REPROCESSING)) - {FileState.DUPLICATE}
_DISMISSABLE = frozenset(states_before(FileState.DISMISSED))
_REFUSALS = {
    FileState.PROCESSING: "is being processed. Wait until its run has ended.",
    FileState.QUEUED: "is waiting in the queue. Its next run begins by itself; if its message is lost, it can be "
    "reprocessed two minutes after the queue is empty, or after 12 hours.",
    FileState.REPROCESSING: "is due for a new run already. It begins in a moment; if its message is lost, it can "
    "be reprocessed two minutes after the queue is empty, or after 12 hours.",
    FileState.DISMISSED: "has been dismissed already.",
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

    def button(self, number: int) -> str:
        """Return the text of its button for so many files."""
        return f"{self.verb} {number:,} files" if number != 1 else f"{self.verb} 1 file"


AVAILABLE_ACTIONS: dict[ActionKind, AvailableAction] = {
    ActionKind.REPROCESS: AvailableAction(
        ActionKind.REPROCESS,
        "Reprocess",
        "reprocess",
        "A new run reads the stored file again from its beginning. Orders that were stored before are written again "
        "under the same keys, so nothing is stored twice; the old error stays in the list of runs.",
        "asked to run again",
    ),
    ActionKind.PROCESS_ANYWAY: AvailableAction(
        ActionKind.PROCESS_ANYWAY,
        "Process anyway",
        "play",
        "A run stores the file's rows as orders although an earlier file had the same content: the orders of both "
        "will exist side by side until one of them is voided.",
        "asked to run despite the same content",
        is_grave=True,
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
    match kind:
        case ActionKind.REPROCESS:
            return entry.state in _RUNNABLE or entry.lease_ended(now) or is_lost
        case ActionKind.PROCESS_ANYWAY:
            return entry.state is FileState.DUPLICATE
        case ActionKind.DISMISS:
            return entry.state in _DISMISSABLE
        case ActionKind.VERIFY:
            return entry.state in SETTLED
    return False


def available_actions(entry: FileEntry, now: datetime, *, is_lost: bool = False) -> tuple[AvailableAction, ...]:
    """List the actions that the file's state allows now, the likeliest first."""
    allowed = (kind for kind in AVAILABLE_ACTIONS if is_allowed(kind, entry, now, is_lost=is_lost))
    return tuple(AVAILABLE_ACTIONS[kind] for kind in allowed)


def explain_refusal(kind: ActionKind, entry: FileEntry) -> str:
    """Say why an action is refused, and what is possible instead."""
    if entry.state is FileState.DUPLICATE and kind is ActionKind.REPROCESS:
        return f"{entry.name} is held as a duplicate. Process it anyway, or dismiss it."
    if kind is ActionKind.VERIFY:
        return f"{entry.name} is not settled: its orders are not all written. Verify it once its run has ended."
    if entry.state in _REFUSALS:
        return f"{entry.name} {_REFUSALS[entry.state]}"
    if kind is ActionKind.PROCESS_ANYWAY:
        return f"{entry.name} is not held as a duplicate. Reprocess it instead."
    return f"{entry.name} is {entry.state.replace('_', ' ')}: there is nothing to dismiss."
