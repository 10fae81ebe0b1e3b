"""What a person may do to a file in its state, and what that will do: the words of buttons and questions. Pure.

The moves themselves are those of ``processor.domain.object_keys``; what is not offered here is refused, too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from processor.domain.actions import ActionKind
from processor.domain.file_states import FileState, states_before

if TYPE_CHECKING:
    from datetime import datetime

    from processor.domain.entries import FileEntry

_RUNNABLE = frozenset(states_before(FileState.REPROCESSING)) - {FileState.DUPLICATE}
_DISMISSABLE = frozenset(states_before(FileState.DISMISSED))
_UNDER_WAY = {
    FileState.PROCESSING: "is being read by a run now. Wait for its end.",
    FileState.QUEUED: "waits in the queue: its next run comes by itself.",
    FileState.REPROCESSING: "was asked to run again already. Its run begins in a moment.",
    FileState.DISMISSED: "was dismissed already.",
}


@dataclass(frozen=True, slots=True)
class AvailableAction:
    """One thing that may be asked for: its words, and how loud it is."""

    kind: ActionKind
    verb: str
    symbol: str
    effect: str
    """What it will do to each file, in whole sentences."""
    done: str
    """What has been done to "2 files", for the word after it."""
    asks_reason: bool = False
    is_grave: bool = False
    """Its result cannot be taken back."""

    def button(self, number: int) -> str:
        """Name the effect on so many files."""
        return f"{self.verb} {number:,} files" if number != 1 else f"{self.verb} 1 file"


AVAILABLE_ACTIONS: dict[ActionKind, AvailableAction] = {
    ActionKind.REPROCESS: AvailableAction(
        ActionKind.REPROCESS,
        "Reprocess",
        "reprocess",
        "A new run reads the stored file again from its beginning. Orders that it has stored before are written again "
        "under the same keys, so nothing is stored twice; the old error stays in the list of runs.",
        "asked to run again",
    ),
    ActionKind.PROCESS_ANYWAY: AvailableAction(
        ActionKind.PROCESS_ANYWAY,
        "Process anyway",
        "play",
        "A run stores the file's rows as orders although the same content came before: the orders of both files will "
        "stand side by side. Orders are not deleted from here.",
        "asked to run although their content came before",
        is_grave=True,
    ),
    ActionKind.DISMISS: AvailableAction(
        ActionKind.DISMISS,
        "Dismiss",
        "dismiss",
        "A dismissed file no longer counts among what waits for a person, and what lies of it in failed-data/ moves to "
        "archive/. Orders that it has stored stay. It can still be reprocessed.",
        "dismissed",
        asks_reason=True,
    ),
}


def is_allowed(kind: ActionKind, entry: FileEntry, now: datetime) -> bool:
    """Tell whether this may be asked for now."""
    match kind:
        case ActionKind.REPROCESS:
            return entry.state in _RUNNABLE or entry.lease_ended(now)
        case ActionKind.PROCESS_ANYWAY:
            return entry.state is FileState.DUPLICATE
        case ActionKind.DISMISS:
            return entry.state in _DISMISSABLE
    return False


def available_actions(entry: FileEntry, now: datetime) -> tuple[AvailableAction, ...]:
    """List what may be asked for now, the likeliest first."""
    return tuple(action for kind, action in AVAILABLE_ACTIONS.items() if is_allowed(kind, entry, now))


def explain_refusal(kind: ActionKind, entry: FileEntry) -> str:
    """Say why this cannot be done to the file, and what can."""
    if entry.state is FileState.DUPLICATE and kind is ActionKind.REPROCESS:
        return f"{entry.name} is held as a duplicate. Process it anyway, if that is what you want, or dismiss it."
    if entry.state in _UNDER_WAY:
        return f"{entry.name} {_UNDER_WAY[entry.state]}"
    if kind is ActionKind.PROCESS_ANYWAY:
        return f"{entry.name} is not held as a duplicate. Reprocess it instead."
    return f"{entry.name} is {entry.state.replace('_', ' ')}: there is nothing to dismiss."
