"""Executor of actions on many files: one by one, each noted in its file's story.

A selection is ``{"file_ids": [...]}``, or a filter, whose ``until`` leaves out files that came in since.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from admin_api.actions.bulk import BulkStep
from admin_api.actions.lost_messages import QUEUE_WAS_EMPTY
from admin_api.actions.perform import apply_action
from admin_api.web.errors import RefusedError
from processor.domain.file_states import FileState
from processor.ledger.file_list import FileFilter, cursor_behind_file
from processor.ledger.index_pages import MOST_SEARCHED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from admin_api.wiring.services import Console
    from processor.domain.actions import ActionEntry
    from processor.domain.entries import FileEntry

_AT_ONCE = 25

type Act = Callable[[ActionEntry, FileEntry], BulkStep]
"""What an action does to one file."""


def selection_of(wanted: FileFilter) -> dict[str, Any]:
    """Write a filter as the action log stores it."""
    values = {
        "state": str(wanted.state or ""),
        "since": wanted.since,
        "until": wanted.until,
        "name": wanted.name,
        "cause": wanted.cause,
        "rejected": wanted.rejected,
    }
    return {name: value for name, value in values.items() if value}


def filter_of(selection: dict[str, Any]) -> FileFilter:
    """Read back what :func:`selection_of` wrote."""
    state = selection.get("state")
    filters = {name: value for name, value in selection.items() if name != QUEUE_WAS_EMPTY}
    return FileFilter(**filters | {"state": FileState(state) if state else None})


def act_on_files(console: Console, action: ActionEntry, act: Act | None = None) -> Iterator[BulkStep]:
    """Act on one file after the other; an executor of ``admin_api.actions.bulk``.

    ``act`` is what is done to each file, if it is not a change of its state.
    """
    act = act or _change_state(console)
    if action.file_id:  # An action on one file that was interrupted, or is the worker's.
        return _act_on_chosen(console, action, [action.file_id], act)
    if "file_ids" in action.selection:
        return _act_on_chosen(console, action, action.selection["file_ids"], act)
    return _act_on_matching(console, action, act)


def _change_state(console: Console) -> Act:
    return lambda action, entry: _act_on_entry(console, action, entry)


def _act_on_chosen(console: Console, action: ActionEntry, file_ids: list[str], act: Act) -> Iterator[BulkStep]:
    for start in range(int(action.resume or 0), len(file_ids), _AT_ONCE):
        stretch = file_ids[start : start + _AT_ONCE]
        found = {entry.file_id: entry for entry in console.files.read_files(stretch)}
        for number, file_id in enumerate(stretch, start + 1):
            entry = found.get(file_id)
            step = act(action, entry) if entry else BulkStep(skipped=1)
            yield step._replace(resume=str(number))


def _act_on_matching(console: Console, action: ActionEntry, act: Act) -> Iterator[BulkStep]:
    """Act on the files that the filter finds, some at a time.

    Their ids are stored before the first is touched: a file that has changed its state no longer matches the filter,
    and would be left half done if the worker died.
    """
    wanted = filter_of(action.selection)
    cursor, _, due = action.resume.partition(" ")
    yield from _act_on_entries(console, action, cursor, due.split(",") if due else [], act)
    while True:
        page = console.files.list_files(wanted, cursor=cursor, limit=MOST_SEARCHED)
        for start in range(0, len(page.files), _AT_ONCE):
            stretch = page.files[start : start + _AT_ONCE]
            file_ids, behind = [entry.file_id for entry in stretch], cursor_behind_file(stretch[-1])
            yield BulkStep(resume=f"{behind} {','.join(file_ids)}", save=True)
            yield from _act_on_entries(console, action, behind, file_ids, act)
        cursor = page.older
        if not cursor:
            return
        yield BulkStep(resume=cursor)


def _act_on_entries(
    console: Console, action: ActionEntry, cursor: str, file_ids: list[str], act: Act
) -> Iterator[BulkStep]:
    """Act on these files as they are now; those that have left the filter's state are skipped."""
    state = filter_of(action.selection).state
    due = list(file_ids)
    for entry in console.files.read_files(file_ids) if file_ids else []:
        is_meant = state in {None, entry.state} or console.actions.is_noted(action.action_id, entry.file_id)
        step = act(action, entry) if is_meant else BulkStep(skipped=1)
        due.remove(entry.file_id)
        yield step._replace(resume=f"{cursor} {','.join(due)}")


def _act_on_entry(console: Console, action: ActionEntry, entry: FileEntry) -> BulkStep:
    try:
        fresh = apply_action(console, action, entry)
    except RefusedError:
        return BulkStep(skipped=1)
    except (ClientError, BotoCoreError) as error:
        return BulkStep.of_error(entry.name, error)
    return BulkStep(done=1) if fresh else BulkStep(skipped=1)
