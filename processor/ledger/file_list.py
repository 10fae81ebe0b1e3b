"""Lists of files, the newest first, and the story of one file: one read a page, however many files there are."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from processor.domain.actions import ACTION_PREFIX, ActionEntry
from processor.domain.audits import AUDIT_ENTRY, AuditEntry
from processor.domain.entries import FILE_ENTRY, FILE_KIND, RUN_PREFIX, FileEntry, RunEntry, from_iso, to_iso
from processor.domain.file_states import FileState
from processor.domain.object_keys import INBOX
from processor.ledger.batch_get import batch_get
from processor.ledger.forgotten_files import is_known
from processor.ledger.index_pages import MOST_SEARCHED, cursor_behind, read_index_page
from processor.ledger.table import FilesTable, deserialise, item_key

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mypy_boto3_dynamodb import DynamoDBClient

_MOST_READS = 5


def cursor_behind_file(entry: FileEntry) -> str:
    """Return the cursor of the page of files older than this one."""
    return cursor_behind(entry.received_at, entry.file_id, FILE_ENTRY)


@dataclass(frozen=True, slots=True)
class FileFilter:
    """A filter; an empty field accepts every file. Times are aware, in ISO 8601."""

    state: FileState | None = None
    since: str = ""
    until: str = ""
    """Both bounds are on ``received_at``, and included."""
    name: str = ""
    """Part of the object key below the inbox, in any case, or the whole file id."""
    cause: str = ""
    rejected: bool = False
    """Only files with rejected rows."""

    @property
    def span(self) -> tuple[str, str]:
        """The bounds to the microsecond, as the table has its times: they are compared as text."""
        since, until = (to_iso(from_iso(bound)) if bound else "" for bound in (self.since, self.until))
        return since, until

    @property
    def needs_search(self) -> bool:
        """Whether files must be searched one by one: DynamoDB finds them by state and time only."""
        return bool(self.name or self.cause or self.rejected)

    def accepts(self, item: dict[str, Any]) -> bool:
        """Tell whether a file's item passes, apart from its state and time."""
        part = self.name.strip().casefold()
        named = part in item["object_key"].removeprefix(INBOX).casefold() or part == item["file_id"]
        caused = not self.cause or self.cause == item.get("cause", "")
        return named and caused and (not self.rejected or item.get("rejected_rows", 0) > 0)


@dataclass(frozen=True, slots=True)
class FilePage:
    """One page of a list, with the cursors of the pages around it ("" where there is none)."""

    files: tuple[FileEntry, ...]
    older: str
    newer: str
    searched_to: str = ""
    """The ``received_at`` of the last file searched, if a filtered search ended early."""


@dataclass(frozen=True, slots=True)
class FileStory:
    """Everything in the ledger about one file; runs and actions the oldest first."""

    entry: FileEntry
    runs: tuple[RunEntry, ...]
    """Runs that have ended."""
    actions: tuple[ActionEntry, ...]
    audit: AuditEntry | None = None
    """The newest audit."""

    def with_current_run(self) -> list[RunEntry]:
        """List the runs, the oldest first, including the one under way as far as the file's entry describes it."""
        entry = self.entry
        runs = sorted(self.runs, key=lambda run: run.started_at)
        if entry.state is FileState.PROCESSING and all(run.run_id != entry.run_id for run in runs):
            runs.append(RunEntry.of_current(entry, FileState.PROCESSING))
        return runs


@dataclass(frozen=True, slots=True)
class Total:
    """A number of files; unless ``complete``, there may be more."""

    files: int
    complete: bool


class FileList:
    """The files, as the console lists them."""

    def __init__(self, client: DynamoDBClient, table: str, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self._table = FilesTable(client, table)
        self._sleep = sleep

    def list_files(
        self, file_filter: FileFilter, *, cursor: str = "", limit: int = 50, from_oldest: bool = False
    ) -> FilePage:
        """List one page, by one read. Without a cursor it is the newest end of the list, or the oldest.

        Raises :class:`processor.domain.cursors.CursorError`.
        """
        since, until = file_filter.span
        if since and until and since > until:  # DynamoDB refuses such bounds.
            return FilePage((), "", "")
        page = read_index_page(
            self._table,
            "by_state" if file_filter.state else "by_kind",
            ("state", file_filter.state) if file_filter.state else ("kind", FILE_KIND),
            cursor=cursor,
            limit=limit,
            span=(since, until),
            passes=file_filter.accepts if file_filter.needs_search else None,
            from_oldest=from_oldest,
        )
        return FilePage(tuple(map(FileEntry.from_item, page.items)), page.older, page.newer, page.searched_to)

    def read_files(self, file_ids: Sequence[str]) -> list[FileEntry]:
        """Read these files as last written, in the order given, each once; those that do not exist are left out.

        Raises :class:`LookupThrottledError`.
        """
        unique = dict.fromkeys(file_ids)
        keys = [item_key(file_id, FILE_ENTRY) for file_id in unique]
        items = batch_get(self._table.client, self._table.name, keys, things="files", sleep=self._sleep)
        found = (FileEntry.from_item(item) for item in map(deserialise, items) if is_known(item))
        entries = {entry.file_id: entry for entry in found}
        return [entries[file_id] for file_id in unique if file_id in entries]

    def read_story(self, file_id: str) -> FileStory | None:
        """Read a file with its runs and actions as last written, by one query; None if there is no such file."""
        items = self._table.list_items(file_id)
        files = (item for item in items if item["entry"] == FILE_ENTRY and is_known(item))
        entry = next(map(FileEntry.from_item, files), None)
        if entry is None:
            return None
        runs = (RunEntry.from_item(item) for item in items if item["entry"].startswith(RUN_PREFIX))
        actions = (ActionEntry.from_item(item) for item in items if item["entry"].startswith(ACTION_PREFIX))
        audit = next((AuditEntry.from_item(item) for item in items if item["entry"] == AUDIT_ENTRY), None)
        return FileStory(entry, tuple(runs), tuple(actions), audit)

    def count_files(self, file_filter: FileFilter) -> Total:
        """Count the files that a filter accepts, searching some thousand files at most."""
        files, cursor = 0, ""
        for _ in range(_MOST_READS):
            page = self.list_files(file_filter, cursor=cursor, limit=MOST_SEARCHED)
            files, cursor = files + len(page.files), page.older
            if not cursor:
                return Total(files, complete=True)
        return Total(files, complete=False)
