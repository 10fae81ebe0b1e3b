"""Files that wait for a message that no longer exists: SQS dropped it at the end of its retention, or it was deleted.

SQS cannot be asked for one message. A message is taken for lost if the queue holds none at all, visible or hidden, or
if the file has waited for longer than SQS can hide one. Neither is a proof on a busy queue, and none is needed: a
second message of a file changes nothing.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from processor.domain.entries import from_iso
from processor.domain.file_states import AT_REST, FileState

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from admin_api.wiring.services import Console
    from processor.domain.actions import ActionEntry
    from processor.domain.entries import FileEntry

COUNTED_AFTER = timedelta(minutes=2)
"""SQS counts a message about a minute after it was sent."""
LONGEST_HIDDEN = timedelta(hours=12)
"""SQS's limit of a message's visibility timeout."""
QUEUE_WAS_EMPTY = "queue_was_empty"
"""In the selection of an action on many files: its own messages say nothing of the files that come after."""
_WAITING = frozenset({FileState.QUEUED, FileState.REPROCESSING})


def is_message_lost(console: Console, entry: FileEntry) -> bool:
    """Tell whether a file waits for a message that is gone, so that it has to be reprocessed by hand."""
    return entry.file_id in find_lost(console, [entry])


def was_message_lost(action: ActionEntry, entry: FileEntry) -> bool:
    """Tell whether a file's message was lost when an action on many files began, and nobody has sent one since."""
    if not action.selection.get(QUEUE_WAS_EMPTY) or entry.state not in _WAITING:
        return False
    return from_iso(action.at) - _waits_since(entry) > COUNTED_AFTER


def find_lost(console: Console, entries: Iterable[FileEntry]) -> set[str]:
    """Return the ids of the files whose message is lost; asks SQS once, and only if a file has waited for long."""
    now = console.now()
    waiting = [entry for entry in entries if entry.state in _WAITING and now - _waits_since(entry) > COUNTED_AFTER]
    waited = {entry.file_id: now - since for entry, since in _without_patient(console, waiting)}
    doubtful = {file_id for file_id, time in waited.items() if time > COUNTED_AFTER}
    if not doubtful:
        return set()
    if console.queue.count_messages() == 0:
        return doubtful
    return {file_id for file_id in doubtful if waited[file_id] > LONGEST_HIDDEN}


def _without_patient(console: Console, waiting: list[FileEntry]) -> Iterator[tuple[FileEntry, datetime]]:
    """Leave out files that wait for another one, which is under way: their messages are sent when that is settled."""
    ids = list(dict.fromkeys(entry.waits_for for entry in waiting if entry.waits_for))
    others = {other.file_id: other for other in console.files.read_files(ids)} if ids else {}
    for entry in waiting:
        other = others.get(entry.waits_for)
        if other is None or other.state in AT_REST:
            settled = [from_iso(other.settled_at)] if other and other.settled_at else []
            yield entry, max([_waits_since(entry), *settled])


def _waits_since(entry: FileEntry) -> datetime:
    """Return the moment at which it was asked to run again, or its last run began."""
    return max(from_iso(text) for text in (entry.asked_at, entry.run_started_at, entry.received_at) if text)
