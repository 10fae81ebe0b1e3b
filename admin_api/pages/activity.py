"""The activity: the list of people's actions, and the page of one action on many things with its progress."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, Field

from admin_api.actions import bulk
from admin_api.pages.parts import PagePart, start_part
from admin_api.rendering.views import page, redirect
from admin_api.web.auth import Operator, Viewer
from admin_api.web.errors import InvalidError, NotFoundError, RefusedError
from admin_api.wiring.services import ConsoleDep
from processor.domain.actions import is_action_id
from processor.domain.cursors import CursorError
from processor.domain.entries import from_iso

if TYPE_CHECKING:
    from admin_api.wiring.services import Console
    from processor.domain.actions import ActionEntry
    from processor.ledger.action_log import ActionPage

router = APIRouter(prefix="/activity")

QUIET_FOR = timedelta(seconds=60)
"""A worker saves its progress every second; one that is silent for this time is gone."""

type ActionId = Annotated[str, Path(max_length=64)]


class ActivityQuery(BaseModel):
    """The position in the list."""

    cursor: Annotated[str, Field(max_length=2_000)] = ""


@dataclass(frozen=True, slots=True)
class ActivityPage:
    """Actions, the newest first."""

    actions: PagePart[ActionPage]
    live_url: str

    @property
    def newer(self) -> str:
        """The address of the next newer page."""
        return f"/activity?cursor={self.actions.value.newer}" if self.actions.value and self.actions.value.newer else ""

    @property
    def older(self) -> str:
        """The address of the next older page."""
        return f"/activity?cursor={self.actions.value.older}" if self.actions.value and self.actions.value.older else ""


@dataclass(frozen=True, slots=True)
class ActionProgress:
    """An action on many things, and how far it is."""

    action: ActionEntry
    seconds: float
    """Its duration so far, or in all."""
    is_quiet: bool
    """Whether it runs without progress: its worker is gone."""

    @property
    def address(self) -> str:
        """The page's own address."""
        return f"/activity/{self.action.action_id}"

    @property
    def live_url(self) -> str:
        """The address for updates, "" once it has ended."""
        return "" if self.action.is_finished else self.address

    @property
    def total(self) -> int:
        """The end of the progress bar, never less than the number handled."""
        return max(self.action.expected, self.action.handled)

    @property
    def seconds_left(self) -> int | None:
        """The time left at the rate so far; None while it cannot be estimated."""
        action = self.action
        if action.is_finished or not action.handled or self.seconds < 1 or action.handled >= self.total:
            return None
        return round(self.seconds * (self.total - action.handled) / action.handled)


@router.get("")
def list_actions(
    request: Request, _: Viewer, console: ConsoleDep, query: Annotated[ActivityQuery, Query()]
) -> Response:
    """Show people's actions, the newest first."""
    actions = console.actions
    try:
        part = start_part("The activity", lambda: actions.list_actions(query.cursor)).result()
    except CursorError as error:
        raise InvalidError("This position is not in the list.", "Open Activity to begin at the newest.") from error
    context = ActivityPage(part, live_url="" if query.cursor else "/activity")
    return page(request, "activity/index.html", context, partial="activity/_list.html")


@router.get("/{action_id}")
def show_action(request: Request, _: Viewer, console: ConsoleDep, action_id: ActionId) -> Response:
    """Show an action's progress or result."""
    action = _bulk_action(console, action_id)
    return page(request, "activity/detail.html", action_progress(console, action), partial="activity/_action.html")


@router.post("/{action_id}/stop")
def stop_action(request: Request, user: Operator, console: ConsoleDep, action_id: ActionId) -> Response:
    """Ask the worker to stop; what it has done stays done."""
    action = _bulk_action(console, action_id)
    is_stopping = console.actions.request_stop(action.action_id, user.name)
    say = "It stops within a second or two." if is_stopping else "It had ended already."
    return redirect(request, f"/activity/{action.action_id}", say=say)


@router.post("/{action_id}/carry-on")
def resume_action(request: Request, _: Operator, console: ConsoleDep, action_id: ActionId) -> Response:
    """Call a new worker for an action whose worker is gone; it goes on where that one stopped."""
    progress = action_progress(console, _bulk_action(console, action_id))
    if not progress.is_quiet:
        raise RefusedError(
            "The action is running or has ended, so it cannot be resumed.", "Its page shows how far it is."
        )
    bulk.call_worker(console, action_id)
    return redirect(request, progress.address, say="A new worker goes on where the last one stopped.")


def action_progress(console: Console, action: ActionEntry) -> ActionProgress:
    """Compute how long an action has taken, and whether it still makes progress."""
    now = console.now()
    until = from_iso(action.finished_at) if action.finished_at else now
    last_progress = from_iso(action.progressed_at or action.at)
    return ActionProgress(
        action=action,
        seconds=max(0.0, (until - from_iso(action.at)).total_seconds()),
        is_quiet=not action.is_finished and now - last_progress > QUIET_FOR,
    )


def _bulk_action(console: Console, action_id: str) -> ActionEntry:
    action = console.actions.read_action(action_id) if is_action_id(action_id) else None
    if action is None:
        raise NotFoundError(
            f"There is no action {action_id!r:.60} on many things.",
            "An action on one file is on that file's page; Activity lists all of them.",
        )
    return action
