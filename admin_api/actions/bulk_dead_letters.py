"""Executors that redrive and delete dead letters one by one, and note each in its file's story before it is moved.

A selection is ``{"message_ids": [...]}``, or ``{"all": true, "before": …}`` where there are more than a snapshot holds;
``before`` leaves out letters that came in since.
"""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

from admin_api.actions.bulk import BulkStep
from processor.domain.entries import from_iso

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from admin_api.wiring.services import Console
    from processor.domain.actions import ActionEntry
    from processor.messaging.dead_letters import DeadLetter, MoveResult


def redrive_letters(console: Console, action: ActionEntry) -> Iterator[BulkStep]:
    """Send letters back to the ingest queue; an executor of ``admin_api.actions.bulk``."""
    return _move_letters(console, action, console.dead_letters.redrive)


def delete_letters(console: Console, action: ActionEntry) -> Iterator[BulkStep]:
    """Delete letters for good; an executor of ``admin_api.actions.bulk``."""
    return _move_letters(console, action, console.dead_letters.delete)


def _move_letters(
    console: Console, action: ActionEntry, move: Callable[..., Generator[MoveResult]]
) -> Iterator[BulkStep]:
    """Move the letters of the selection; those that are no longer there count as skipped."""
    selection: dict[str, Any] = action.selection
    ids = None if selection.get("all") else selection["message_ids"]
    before = from_iso(selection.get("before") or action.at)
    count = 0

    def note(letter: DeadLetter) -> None:
        for file_id in letter.file_ids:
            console.actions.note_on_file(action, file_id, f"dead letter {letter.message_id}")

    # Closed as soon as the worker stops, so that others can receive the letters that it holds.
    with closing(move(ids, before=before, prepare=note)) as results:
        for result in results:
            count += 1
            yield BulkStep(failed=1, error=result.error) if result.error else BulkStep(done=1)
    if ids is not None:
        yield BulkStep(skipped=max(0, len(ids) - action.handled - count))
