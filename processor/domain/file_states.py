"""The states of a file, the moves between them, and which of them need a person. Pure.

The ledger refuses every move that :data:`TRANSITIONS` does not list.
"""

from __future__ import annotations

from enum import StrEnum

from processor.domain.errors import IllegalTransitionError


class FileState(StrEnum):
    """The state of a file, docs/how-it-works.md#states-of-a-file."""

    QUEUED = "queued"
    PROCESSING = "processing"
    PROCESSED = "processed"
    PARTIAL = "partial"
    FAILED = "failed"
    HELD = "held"
    """Nothing of it is stored: a person decides (``processor.domain.holds``)."""
    DUPLICATE = "duplicate"
    DEAD_LETTERED = "dead_lettered"
    REPROCESSING = "reprocessing"
    REPAIRED = "repaired"
    DISMISSED = "dismissed"
    VOIDED = "voided"
    """Its orders were taken back."""


_S = FileState
_SETTLED_BY_RUN = frozenset({_S.PROCESSED, _S.PARTIAL, _S.FAILED, _S.HELD, _S.DUPLICATE})

TRANSITIONS: dict[FileState | None, frozenset[FileState]] = {
    None: frozenset({_S.PROCESSING}),
    # A failed run waits in the queue; SQS delivers it again.
    _S.QUEUED: frozenset({_S.PROCESSING}),
    # processing → processing: the function died and the next delivery takes over when its lease has ended.
    _S.PROCESSING: _SETTLED_BY_RUN | {_S.PROCESSING, _S.QUEUED, _S.DEAD_LETTERED},
    # dead_lettered → processing: a person redrove the message, unchanged.
    _S.DEAD_LETTERED: frozenset({_S.PROCESSING, _S.REPROCESSING, _S.DISMISSED}),
    _S.REPROCESSING: frozenset({_S.PROCESSING}),
    _S.PROCESSED: frozenset({_S.REPROCESSING, _S.VOIDED}),
    _S.PARTIAL: frozenset({_S.REPROCESSING, _S.REPAIRED, _S.DISMISSED, _S.VOIDED}),
    _S.FAILED: frozenset({_S.REPROCESSING, _S.REPAIRED, _S.DISMISSED}),
    _S.HELD: frozenset({_S.REPROCESSING, _S.DISMISSED}),
    _S.DUPLICATE: frozenset({_S.REPROCESSING, _S.DISMISSED}),
    _S.REPAIRED: frozenset({_S.REPROCESSING, _S.VOIDED}),
    _S.DISMISSED: frozenset({_S.REPROCESSING, _S.VOIDED}),
    _S.VOIDED: frozenset({_S.REPROCESSING}),
}

SETTLED: frozenset[FileState] = _SETTLED_BY_RUN | {_S.REPAIRED, _S.DISMISSED, _S.VOIDED}
"""No run is due; another delivery only finishes the clean-up."""

AT_REST: frozenset[FileState] = SETTLED | {_S.DEAD_LETTERED}
"""Nothing happens to the file until a person acts."""

MOVING: tuple[FileState, ...] = (_S.QUEUED, _S.PROCESSING, _S.REPROCESSING)
"""The file is under way: everything that is not at rest, in the order of its life."""

NEEDS_PERSON: frozenset[FileState] = frozenset({_S.FAILED, _S.DEAD_LETTERED, _S.PARTIAL, _S.HELD, _S.DUPLICATE})
"""The file is at rest, and a person has to decide about it."""


def check_transition(old: FileState | None, new: FileState) -> None:
    """Raise :class:`IllegalTransitionError` unless a file that is ``old`` may become ``new``."""
    if new not in TRANSITIONS[old]:
        raise IllegalTransitionError(old, new)


def states_before(new: FileState) -> list[FileState]:
    """List the states from which a file may become ``new``."""
    return [old for old, following in TRANSITIONS.items() if old is not None and new in following]
