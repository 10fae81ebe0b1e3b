"""The page of one file: its state, timeline and available actions, and in tabs its rows, runs, objects and activity."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, Field

from admin_api.actions.access import record_access
from admin_api.actions.available import AvailableAction, available_actions
from admin_api.actions.files import file_or_404, story_or_404
from admin_api.actions.lost_messages import is_message_lost
from admin_api.pages.announced import AnnouncedFigure, announced_figures, tell_announced
from admin_api.pages.files.books import FileBooks, books_of
from admin_api.pages.files.effects import effect_in_numbers, offered_actions, verb_of
from admin_api.pages.files.explanation import Explanation, explain_state
from admin_api.pages.files.going_back import GoingBack, read_going_back
from admin_api.pages.files.held import HeldFile, read_held
from admin_api.pages.files.objects import FileObject, ObjectKind, download_url, objects_of, version_of
from admin_api.pages.files.others import is_replacement_voided, read_others
from admin_api.pages.files.progress import Progress, progress_of
from admin_api.pages.files.timeline import TimelineEvent, timeline_of
from admin_api.pages.parts import PagePart, start_part
from admin_api.rendering.urls import order_href
from admin_api.rendering.views import page, redirect
from admin_api.web.auth import Viewer
from admin_api.web.errors import NotFoundError
from admin_api.wiring.services import ConsoleDep
from processor.domain.actions import ActionEntry, ActionKind, is_action_id, new_action_id
from processor.domain.columns import NAMES
from processor.domain.file_states import AT_REST, FileState
from processor.storage.accepted_reader import run_with_offsets
from processor.storage.rejected_reader import RejectedRowsError, RejectedStretch, read_rejected_stretch

if TYPE_CHECKING:
    from collections.abc import Mapping

    from admin_api.wiring.services import Console
    from processor.domain.entries import FileEntry, RunEntry
    from processor.ledger.file_list import FileStory
    from processor.orders.lookup import FileOrders

router = APIRouter()

type FileId = Annotated[str, Path(max_length=64)]


class FileTab(StrEnum):
    """The tabs of a file's page."""

    REJECTED = "rejected"
    ORDERS = "orders"
    RUNS = "runs"
    OBJECTS = "objects"
    ACTIVITY = "activity"


_FIRST_TAB = {
    FileState.PARTIAL: FileTab.REJECTED,
    FileState.PROCESSED: FileTab.ORDERS,
    FileState.REPAIRED: FileTab.ORDERS,
}


class TabPosition(BaseModel):
    """The open tab and the position in it; without a tab, the one that fits the file's state."""

    tab: FileTab | None = None
    first: Annotated[int, Field(ge=0, le=10**9)] = 0
    """The first accepted row shown in the orders tab."""
    byte: Annotated[int, Field(ge=0, le=10**12)] = 0
    """The offset in the object of rejected rows at which their tab begins."""
    verifying: Annotated[str, Field(max_length=40)] = ""
    """The action that verifies the file's books, whose end the page waits for."""


@dataclass(frozen=True, slots=True)
class FileDetailPage:
    """One file; of the tabs only the open one is loaded."""

    entry: FileEntry
    tab: FileTab
    position: TabPosition
    timeline: tuple[TimelineEvent, ...]
    explanation: Explanation | None
    available_actions: tuple[AvailableAction, ...]
    action_id: str
    progress: Progress | None
    is_stuck: bool
    others: Mapping[str, FileEntry]
    """The files that its entry names, by id, as they are now."""
    runs: tuple[RunEntry, ...]
    """The newest first, including the current one."""
    actions: tuple[ActionEntry, ...]
    """The newest first."""
    rejected: PagePart[RejectedStretch]
    orders: PagePart[FileOrders]
    objects: tuple[FileObject, ...]
    books: FileBooks
    held: HeldFile | None
    """What a person needs to decide, if it is held."""
    going_back: GoingBack | None
    figures: tuple[AnnouncedFigure, ...]
    """What was announced beside what was read."""
    column_names: tuple[str, ...] = NAMES

    @property
    def address(self) -> str:
        """The page's own address."""
        return f"/files/{self.entry.file_id}"

    @property
    def tabs(self) -> list[tuple[str, str, str | None, bool]]:
        """The tabs with their counts, for the template's macro."""
        entry = self.entry
        numbers = [
            (FileTab.REJECTED, "Rejected rows", entry.rejected_rows),
            (FileTab.ORDERS, "Orders", 0 if entry.state is FileState.VOIDED else entry.accepted_rows),
            (FileTab.RUNS, "Runs", len(self.runs)),
            (FileTab.OBJECTS, "Objects", None),
            (FileTab.ACTIVITY, "Activity", len(self.actions)),
        ]
        return [
            (words, f"{self.address}?tab={tab}", None if number is None else f"{number:,}", tab is self.tab)
            for tab, words, number in numbers
        ]

    @property
    def live_url(self) -> str:
        """The address for updates while something may change by itself, else ""."""
        if self.books.is_running:
            return f"{self.address}?tab={self.tab}&verifying={self.position.verifying}"
        is_at_rest = self.entry.state in AT_REST and not (self.going_back and self.going_back.is_live)
        return "" if is_at_rest or self.is_stuck else f"{self.address}?tab={self.tab}"

    @property
    def announced_words(self) -> str:
        """What was announced, and whether that was read."""
        return tell_announced(self.figures)

    @property
    def is_replacement_voided(self) -> bool:
        """Whether the files that have replaced its orders were voided since."""
        return is_replacement_voided(self.entry, self.others)

    def verb(self, action: AvailableAction) -> str:
        """Return the word of an action's button, which may depend on the cause of the hold."""
        return verb_of(action.kind, self.entry, action.verb)

    def effect(self, action: AvailableAction) -> str:
        """Say what an action would do to this file, in its numbers."""
        return effect_in_numbers(action.kind, self.entry, self.others)

    @staticmethod
    def order_href(order_id: str) -> str:
        """Return the address of an order's page."""
        return order_href(order_id)

    @property
    def cost(self) -> Decimal:
        """The cost of all its runs, in US dollars."""
        return sum((Decimal(run.estimated_cost) for run in self.runs), Decimal(0))


@router.get("/files/{file_id}")
def show_file(
    request: Request, _: Viewer, console: ConsoleDep, file_id: FileId, position: Annotated[TabPosition, Query()]
) -> Response:
    """Show one file."""
    context = file_detail_page(console, story_or_404(console, file_id), position)
    return page(request, "files/detail.html", context, partial="files/_file.html", section="files")


@router.get("/files/{file_id}/objects/{kind}")
def download_object(request: Request, user: Viewer, console: ConsoleDep, file_id: FileId, kind: ObjectKind) -> Response:
    """Redirect to a download URL that is valid for a minute."""
    entry = file_or_404(console, file_id)
    version = version_of(entry, kind)
    if version is None:
        raise NotFoundError(f"{entry.name} has no {kind} object.", "Its page lists its objects.")
    what = {"file_id": entry.file_id, "object": str(kind), "key": version.key}
    record_access(console, user, ActionKind.DOWNLOAD, f"{entry.name}: {kind}", what)
    return redirect(request, download_url(console, version))


def file_detail_page(console: Console, story: FileStory, position: TabPosition) -> FileDetailPage:
    """Load the page with its open tab."""
    now, entry = console.now(), story.entry
    tab = position.tab or _FIRST_TAB.get(entry.state, FileTab.RUNS)
    is_lost = bool(start_part("The queue", lambda: is_message_lost(console, entry)).result().value)
    is_stuck = entry.lease_ended(now) or is_lost
    reading = entry.state is FileState.PROCESSING and not is_stuck
    others = read_others(console, entry)
    held, going_back = read_held(console, entry, others), read_going_back(console, entry, others)
    return FileDetailPage(
        entry=entry,
        tab=tab,
        position=position,
        timeline=timeline_of(story, now, is_lost=is_lost),
        explanation=explain_state(story, now, is_lost=is_lost, others=others),
        available_actions=offered_actions(available_actions(entry, now, is_lost=is_lost), held, going_back),
        action_id=new_action_id(now),
        progress=progress_of(entry, now) if reading else None,
        is_stuck=is_stuck,
        others=others,
        runs=tuple(reversed(story.with_current_run())),
        actions=tuple(reversed(story.actions)),
        rejected=_rejected(console, entry, position.byte) if tab is FileTab.REJECTED else PagePart(None),
        orders=_orders(console, story, position.first) if tab is FileTab.ORDERS else PagePart(None),
        objects=objects_of(console, entry) if tab is FileTab.OBJECTS else (),
        held=held,
        going_back=going_back,
        figures=announced_figures(entry),
        books=books_of(story, _verification(console, position.verifying)),
    )


def _verification(console: Console, action_id: str) -> ActionEntry | None:
    """Read the action that verifies the file, if the address names one."""
    return console.actions.read_action(action_id) if is_action_id(action_id) else None


def _rejected(console: Console, entry: FileEntry, first_byte: int) -> PagePart[RejectedStretch]:
    if not entry.rejected_key:
        return PagePart(None)
    s3 = console.s3

    def read() -> RejectedStretch:
        return read_rejected_stretch(s3, entry.bucket, entry.rejected_key, first_byte=first_byte)

    try:
        return start_part("S3", read).result()
    except RejectedRowsError as error:
        return PagePart(None, str(error))


def _orders(console: Console, story: FileStory, first: int) -> PagePart[FileOrders]:
    if not story.entry.accepted_key:
        return PagePart(None)
    lookup, run = console.orders, run_with_offsets(story.runs)
    return start_part("The orders", lambda: lookup.list_file_orders(story.entry, run, first=first)).result()
