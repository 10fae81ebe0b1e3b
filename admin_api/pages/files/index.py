"""The list of files: tabs of states with counts, a filter in the URL, older and newer pages, CSV export."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from admin_api.actions.access import record_access
from admin_api.actions.available import AVAILABLE_ACTIONS, AvailableAction, available_actions
from admin_api.actions.lost_messages import find_lost
from admin_api.pages.files.export import HEADER, file_rows
from admin_api.pages.files.filters import RECEIVED_OPTIONS, FileQuery, cause_options
from admin_api.pages.files.progress import Progress, progress_of
from admin_api.pages.parts import PagePart, start_call, start_part
from admin_api.rendering.csv_export import csv_response, write_csv
from admin_api.rendering.urls import EXPORT, LONGEST_ID, NAMES
from admin_api.rendering.views import page, part
from admin_api.web.auth import Viewer
from admin_api.web.errors import InvalidError
from admin_api.wiring.services import ConsoleDep
from processor.domain.actions import ActionKind
from processor.domain.cursors import CursorError
from processor.domain.file_states import MOVING, NEEDS_PERSON, FileState
from processor.ledger.counters import MOST_MOVING, Counts

if TYPE_CHECKING:
    from datetime import datetime

    from admin_api.wiring.services import Console
    from processor.domain.entries import FileEntry
    from processor.ledger.file_list import FilePage

router = APIRouter()

type ShownId = Annotated[str, Field(min_length=1, max_length=LONGEST_ID)]

_ALWAYS_SHOWN = (
    FileState.PROCESSING,
    FileState.PROCESSED,
    FileState.PARTIAL,
    FileState.FAILED,
    FileState.HELD,
    FileState.DEAD_LETTERED,
    FileState.DUPLICATE,
)
_SHOWN_IF_ANY = (FileState.QUEUED, FileState.REPROCESSING, FileState.REPAIRED, FileState.DISMISSED, FileState.VOIDED)
_GRAVE = {FileState.FAILED, FileState.DEAD_LETTERED}
_TAB_WORDS = {FileState.DEAD_LETTERED: "Dead letter"}
_OLDEST = "oldest"


class FileListQuery(FileQuery):
    """The filter, and the position and direction in the list."""

    cursor: Annotated[str, Field(max_length=2_000)] = ""
    direction: Annotated[str, Field(alias="order", pattern=f"^({_OLDEST})?$")] = ""


@dataclass(frozen=True, slots=True)
class StateTab:
    """The tab of one state, and how many files are in it."""

    words: str
    href: str
    count: str | None
    """None if unknown; "1,000+" if there are too many to count."""
    current: bool
    tone: str


@dataclass(frozen=True, slots=True)
class FileRow:
    """One file in the list."""

    file: FileEntry
    progress: Progress | None
    is_stuck: bool
    """Whether its run died, or its message is lost, and no other run is due."""

    @property
    def duration_ms(self) -> int | None:
        """The duration of the run that settled it."""
        return self.file.duration_ms or None

    @property
    def accepted_share(self) -> int:
        """The percentage of its rows that were accepted."""
        return 100 * self.file.accepted_rows // self.file.rows if self.file.rows else 0

    @property
    def cause_words(self) -> str:
        """Its error, reasons or warnings, on one line."""
        if self.file.waits_for and self.file.state is FileState.QUEUED:
            return "Waits for another file with the same orders"
        if self.file.state is FileState.DUPLICATE:
            return "The same content came before, in another file"  # Its error tells what that file was then.
        return self.file.error or "; ".join(self.file.reasons) or "; ".join(self.file.warnings)


@dataclass(frozen=True, slots=True)
class FilesPage:
    """The page's context."""

    query: FileListQuery
    tabs: tuple[StateTab, ...]
    rows: PagePart[tuple[FileRow, ...]]
    newer: str
    older: str
    """Addresses of the pages around this one, "" if there is none."""
    searched_to: str
    match_count: str
    """The number of files that match, "" if unknown."""
    live_url: str
    available_actions: tuple[AvailableAction, ...]
    """The actions available for at least one of the files shown."""
    received_options: list[tuple[str, str]]
    cause_options: list[tuple[str, str]]

    @property
    def is_filtered(self) -> bool:
        """Whether the list is filtered."""
        return bool(self.query.fields())

    @property
    def is_oldest_first(self) -> bool:
        """Whether the list begins with the oldest file."""
        return self.query.direction == _OLDEST

    @property
    def sort_href(self) -> str:
        """The address of the list in the other direction."""
        return self.query.address(order="" if self.is_oldest_first else _OLDEST)

    @property
    def export_href(self) -> str:
        """The address of the same files as CSV."""
        return self.query.address(f"/files/{EXPORT}")

    @property
    def without_name(self) -> list[tuple[str, str]]:
        """The fields that the filter bar keeps without showing them."""
        return [(name, value) for name, value in self.query.fields() if name in {"state", "since", "until"}]


@router.get("/files")
def list_files(request: Request, _: Viewer, console: ConsoleDep, query: Annotated[FileListQuery, Query()]) -> Response:
    """Show a page of files, the newest first."""
    return page(request, "files/index.html", file_list_page(console, query), partial="files/_list.html")


@router.get(f"/files/{EXPORT}")
def export_files(user: Viewer, console: ConsoleDep, query: Annotated[FileQuery, Query()]) -> Response:
    """Download the files that match as CSV, up to a bound that the download's name tells."""
    name = f"files {query.describe()}" if query.fields() else "files"
    record_access(console, user, ActionKind.EXPORT, name, dict(query.fields()))
    return csv_response(name, write_csv(HEADER, file_rows(console.files, query.to_file_filter(console.now()))))


@router.get(NAMES)
def name_files(
    _: Viewer, console: ConsoleDep, ids: Annotated[list[ShownId], Query(alias="id", max_length=100)]
) -> Response:
    """Return the names of files as a fragment, which pages that show only ids load afterwards."""
    return part("files/_names.html", console.files.read_files(ids))


def file_list_page(console: Console, query: FileListQuery) -> FilesPage:
    """Load a page of files, and at the same time the counts of all states, unless they are known from a moment ago."""
    now = console.now()
    file_filter = query.to_file_filter(now)
    files, status = console.files, console.status
    page_call = start_part(
        "The list of files",
        lambda: files.list_files(file_filter, cursor=query.cursor, from_oldest=query.direction == _OLDEST),
    )
    moving = start_call(status.count_moving_files)
    counts, under_way = status.read_status().counts, moving.result()
    try:
        page_part = page_call.result()
    except CursorError as error:
        raise InvalidError("This position is no longer in the list.", "Open Files to begin at the newest.") from error
    lost = _lost_among(console, page_part)
    rows = page_part.then(lambda value: tuple(_file_row(entry, now, lost) for entry in value.files))
    if query.direction == _OLDEST:
        rows = rows.then(lambda shown: shown[::-1])
    file_page = page_part.value
    # A search reads the list again each time, which is too expensive every few seconds.
    lives = not query.cursor and not file_filter.needs_search and query.direction != _OLDEST
    shown = [row.file for row in rows.value or ()]
    return FilesPage(
        query=query,
        tabs=state_tabs(query, counts, under_way),
        rows=rows,
        newer=query.address(cursor=file_page.newer, order=query.direction) if file_page and file_page.newer else "",
        older=query.address(cursor=file_page.older, order=query.direction) if file_page and file_page.older else "",
        searched_to=file_page.searched_to if file_page else "",
        match_count=_match_count(query, counts, under_way),
        live_url=query.address() if lives else "",
        available_actions=_actions_for_any(shown, now, lost),
        received_options=RECEIVED_OPTIONS,
        cause_options=cause_options(query.cause),
    )


def state_tabs(query: FileQuery, counts: Counts | None, moving: dict[FileState, int | None]) -> tuple[StateTab, ...]:
    """Make a tab with a count for each state; rare states only if there are such files."""
    numbers: dict[FileState, int | None] = {**(counts.at_rest if counts else {}), **moving}
    shown = [*_ALWAYS_SHOWN, *(state for state in _SHOWN_IF_ANY if numbers.get(state) or state is query.state)]
    other = query.model_copy(update={"state": None})
    whole = _total_in_words(numbers) if counts else None
    tabs = [StateTab("All", other.address(), whole, query.state is None, "")]
    for state in shown:
        words = _TAB_WORDS.get(state, state.capitalize())
        tone = _tone(state) if numbers.get(state) else ""
        href = other.model_copy(update={"state": state}).address()
        tabs.append(StateTab(words, href, _count_in_words(state, numbers.get(state)), query.state is state, tone))
    return tuple(tabs)


def _tone(state: FileState) -> str:
    if state not in NEEDS_PERSON:
        return ""
    return "fail" if state in _GRAVE else "warn"


def _count_in_words(state: FileState, number: int | None) -> str | None:
    if number is None:
        return None
    return f"{number:,}+" if state in MOVING and number >= MOST_MOVING else f"{number:,}"


def _total_in_words(numbers: dict[FileState, int | None]) -> str:
    open_ended = any(state in MOVING and (number is None or number >= MOST_MOVING) for state, number in numbers.items())
    return f"{sum(number or 0 for number in numbers.values()):,}{'+' if open_ended else ''}"


def _match_count(query: FileQuery, counts: Counts | None, moving: dict[FileState, int | None]) -> str:
    """Count the files that match, if the filter is by state alone, which the counters know."""
    only_state = query.model_copy(update={"state": None}).fields() == []
    if not only_state or not counts:
        return ""
    numbers = {**counts.at_rest, **moving}
    return (
        _total_in_words(numbers)
        if query.state is None
        else _count_in_words(query.state, numbers.get(query.state)) or ""
    )


def _lost_among(console: Console, page_part: PagePart[FilePage]) -> set[str]:
    """Find the files whose message is lost; none if SQS cannot be asked, as the list does without."""
    entries = page_part.value.files if page_part.value else ()
    return start_part("The queue", lambda: find_lost(console, entries)).result().value or set()


def _file_row(entry: FileEntry, now: datetime, lost: set[str]) -> FileRow:
    is_stuck = entry.lease_ended(now) or entry.file_id in lost
    reading = entry.state is FileState.PROCESSING and not is_stuck
    return FileRow(entry, progress_of(entry, now) if reading else None, is_stuck)


def _actions_for_any(entries: list[FileEntry], now: datetime, lost: set[str]) -> tuple[AvailableAction, ...]:
    kinds = {
        action.kind for entry in entries for action in available_actions(entry, now, is_lost=entry.file_id in lost)
    }
    return tuple(action for kind, action in AVAILABLE_ACTIONS.items() if kind in kinds and not action.is_for_one)
