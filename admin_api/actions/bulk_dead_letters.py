"""Executors that redrive and delete dead letters one by one, and note each in its file's story.

A selection is ``{"message_ids": [...]}``, or ``{"all": true, "before": …}``, where ``before`` leaves out letters that
came in since. Redriving all of them is left to SQS's own move task where the service has it.
"""

from __future__ import annotations

import time
from contextlib import closing
from typing import TYPE_CHECKING, Any

from admin_api.actions.bulk import BulkStep
from processor.domain.entries import from_iso
from processor.messaging.move_tasks import MoveTasks, MoveUnsupportedError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from admin_api.wiring.services import Console
    from processor.domain.actions import ActionEntry
    from processor.messaging.dead_letters import MoveResult

_LOOK_EVERY_S = 1.0


def redrive_letters(console: Console, action: ActionEntry) -> Iterator[BulkStep]:
    """Send letters back to the ingest queue; an executor of ``admin_api.actions.bulk``."""
    if action.selection.get("all"):
        try:
            yield from _redrive_by_move_task(MoveTasks(console.sqs, console.config.dead_letter_queue_url), action)
        except MoveUnsupportedError:
            pass
        else:
            return
    yield from _move_letters(console, action, console.dead_letters.redrive)


def delete_letters(console: Console, action: ActionEntry) -> Iterator[BulkStep]:
    """Delete letters for good; an executor of ``admin_api.actions.bulk``."""
    yield from _move_letters(console, action, console.dead_letters.delete)


def _move_letters(
    console: Console, action: ActionEntry, move: Callable[..., Generator[MoveResult]]
) -> Iterator[BulkStep]:
    """Move the letters of the selection; those that are no longer there count as skipped."""
    selection: dict[str, Any] = action.selection
    ids = None if selection.get("all") else selection["message_ids"]
    before = from_iso(selection.get("before") or action.at)
    count = 0
    # Closed as soon as the worker stops, so that others can receive the letters that it holds.
    with closing(move(ids, before=before)) as results:
        for result in results:
            count += 1
            if result.error:
                yield BulkStep(failed=1, error=result.error)
                continue
            for file_id in result.letter.file_ids:
                console.actions.note_on_file(action, file_id, f"dead letter {result.letter.message_id}")
            yield BulkStep(done=1)
    if ids is not None:
        yield BulkStep(skipped=max(0, len(ids) - action.handled - count))


def _redrive_by_move_task(tasks: MoveTasks, action: ActionEntry) -> Iterator[BulkStep]:
    """Let SQS move everything, and report its progress; closing the generator cancels the task."""
    task = earlier = tasks.read_newest()
    reported = 0
    if earlier and earlier.is_running:
        reported, earlier = action.done, None  # Begun by a worker that died; so many are counted.
    else:
        tasks.start_task(action.rate_per_s)
    try:
        while task := tasks.read_newest():
            if earlier and task.started_ms == earlier.started_ms:
                time.sleep(_LOOK_EVERY_S)  # The new one is not listed yet.
                continue
            yield BulkStep(done=max(0, task.moved - reported), error=task.failure)
            if task.is_over:
                return
            if task.moved <= reported:
                time.sleep(_LOOK_EVERY_S)  # Otherwise the action's rate is pause enough.
            reported = max(reported, task.moved)
    finally:
        if task and task.is_running:
            tasks.cancel(task)
