"""Actions on many files, as the worker carries them out: file by file, each one noted in its own story.

A selection is ``{"file_ids": [...]}``, or a filter, whose ``until`` keeps out what came in after it was asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from admin_api.errors import RefusedError
from admin_api.file_actions import apply
from admin_api.jobs import Step
from processor.files import FileState
from processor.listing import FileFilter, behind
from processor.paging import MOST_SEARCHED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from admin_api.services import Console
    from processor.actions import ActionEntry
    from processor.entries import FileEntry

_AT_ONCE = 100  # BatchGetItem's limit.


def selection_of(wanted: FileFilter) -> dict[str, Any]:
    """Write a filter down as the audit log keeps it."""
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
    return FileFilter(**selection | {"state": FileState(state) if state else None})


def carry_out(console: Console, action: ActionEntry) -> Iterator[Step]:
    """Do what was asked for to one file after the other; the executor of ``admin_api.jobs``."""
    if "file_ids" in action.selection:
        for entry, resume in _chosen(console, action.selection["file_ids"], int(action.resume or 0)):
            yield _step(console, action, entry, resume) if entry else Step(skipped=1, resume=resume)
        return
    for entry, resume in _matching(console, filter_of(action.selection), action.resume):
        yield _step(console, action, entry, resume) if entry else Step(resume=resume)


def _chosen(console: Console, file_ids: list[str], first: int) -> Iterator[tuple[FileEntry | None, str]]:
    """Yield the files, each with where to go on behind it; None for one that does not exist."""
    for start in range(first, len(file_ids), _AT_ONCE):
        stretch = file_ids[start : start + _AT_ONCE]
        found = {entry.file_id: entry for entry in console.files.read(stretch)}
        for number, file_id in enumerate(stretch, start + 1):
            yield found.get(file_id), str(number)


def _matching(console: Console, wanted: FileFilter, cursor: str) -> Iterator[tuple[FileEntry | None, str]]:
    """Yield the files, each with where to go on behind it; None after each stretch that was looked through."""
    while True:
        page = console.files.page(wanted, cursor=cursor, limit=MOST_SEARCHED)
        for entry in page.files:
            yield entry, behind(entry)
        cursor = page.older
        if not cursor:
            return
        yield None, cursor


def _step(console: Console, action: ActionEntry, entry: FileEntry, resume: str) -> Step:
    try:
        fresh = apply(console, action.kind, entry)
        console.actions.note(action, entry.file_id, entry.name)
    except RefusedError:
        return Step(skipped=1, resume=resume)
    except ClientError as error:
        why = f"{entry.name}: {error.operation_name} failed: {error.response['Error']['Code']}."
        return Step(failed=1, resume=resume, error=why)
    except BotoCoreError as error:
        return Step(failed=1, resume=resume, error=f"{entry.name}: AWS could not be reached: {type(error).__name__}.")
    return Step(done=1, resume=resume) if fresh else Step(skipped=1, resume=resume)
