"""The activity: the list of people's actions, and the page of one action with its progress."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, Field

from admin_api.actions import resume
from admin_api.pages.parts import PagePart, start_part
from admin_api.rendering.views import page, redirect
from admin_api.web.auth import Operator, Viewer
from admin_api.web.errors import InvalidError
from admin_api.wiring.services import ConsoleDep
from processor.domain.actions import ACCESS_KIND, ACTION_KIND, ANY_ACTION_ID, ActionKind
from processor.domain.cursors import CursorError
from processor.domain.entries import from_iso

if TYPE_CHECKING:
    from datetime import datetime

    from admin_api.wiring.services import Console
    from processor.domain.actions import ActionEntry
    from processor.ledger.action_log import ActionPage

router = APIRouter(prefix="/activity")

type ActionId = Annotated[str, Path(pattern=f"^{ANY_ACTION_ID}$")]


class ActivityQuery(BaseModel):
    """The position in the list."""

    cursor: Annotated[str, Field(max_length=2_000)] = ""
    show: Literal["actions", "downloads"] = "actions"

    def address(self, cursor: str = "", show: str = "") -> str:
        """Return the address of a place in a list: this one, or the other."""
        fields = {"show": "downloads" if (show or self.show) == "downloads" else "", "cursor": cursor}
        query = urlencode({name: value for name, value in fields.items() if value})
        return f"/activity?{query}" if query else "/activity"


@dataclass(frozen=True, slots=True)
class ActivityPage:
    """Actions, the newest first."""

    query: ActivityQuery
    actions: PagePart[ActionPage]
    live_url: str
    now: datetime

    @property
    def newer(self) -> str:
        """The address of the next newer page."""
        found = self.actions.value
        return self.query.address(found.newer) if found and found.newer else ""

    @property
    def older(self) -> str:
        """The address of the next older page."""
        found = self.actions.value
        return self.query.address(found.older) if found and found.older else ""

    @property
    def tabs(self) -> list[tuple[str, str, None, bool]]:
        """The two lists, for the template's macro."""
        shows = self.query.show
        return [
            ("Actions", self.query.address(show="actions"), None, shows == "actions"),
            ("Downloads and exports", self.query.address(show="downloads"), None, shows == "downloads"),
        ]


@dataclass(frozen=True, slots=True)
class ActionProgress:
    """An action, and how far it is."""

    action: ActionEntry
    seconds: float
    """Its duration so far, or in all."""
    is_stalled: bool
    """Whether it runs without progress: its worker is gone."""
    is_unfinished: bool = False
    """Whether it has ended although orders are still to be taken back."""

    @property
    def address(self) -> str:
        """The page's own address."""
        return f"/activity/{self.action.action_id}"

    @property
    def live_url(self) -> str:
        """The address for updates, "" once it has ended."""
        return "" if self.action.is_finished else self.address

    @property
    def takes_back(self) -> bool:
        """Whether it counts orders that are taken back, and not files."""
        return self.action.kind in {ActionKind.VOID, ActionKind.TAKE_BACK}

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
    actions, kind = console.actions, ACCESS_KIND if query.show == "downloads" else ACTION_KIND
    try:
        part = start_part("The activity", lambda: actions.list_actions(query.cursor, kind=kind)).result()
    except CursorError as error:
        raise InvalidError("This position is not in the list.", "Open Activity to begin at the newest.") from error
    context = ActivityPage(query, part, live_url="" if query.cursor else query.address(), now=console.now())
    return page(request, "activity/index.html", context, partial="activity/_list.html")


@router.get("/{action_id}")
def show_action(request: Request, _: Viewer, console: ConsoleDep, action_id: ActionId) -> Response:
    """Show an action's progress or result."""
    context = action_progress(console, resume.action_or_404(console, action_id))
    return page(request, "activity/detail.html", context, partial="activity/_action.html")


@router.post("/{action_id}/stop")
def stop_action(request: Request, user: Operator, console: ConsoleDep, action_id: ActionId) -> Response:
    """Ask the worker to stop; what it has done stays done."""
    is_stopping = resume.stop_action(console, user, action_id)
    say = "It stops within a second or two." if is_stopping else "It had ended already."
    return redirect(request, f"/activity/{action_id}", say=say)


@router.post("/{action_id}/carry-on")
def carry_on(request: Request, user: Operator, console: ConsoleDep, action_id: ActionId) -> Response:
    """Call a new worker for an action whose worker is gone; it goes on where that one stopped."""
    action = resume.resume_action(console, user, action_id)
    return redirect(request, f"/activity/{action.action_id}", say="A new worker goes on where the last one stopped.")


def action_progress(console: Console, action: ActionEntry) -> ActionProgress:
    """Compute how long an action has taken, and whether it still makes progress."""
    now = console.now()
    until = from_iso(action.finished_at) if action.finished_at else now
    return ActionProgress(
        action=action,
        seconds=max(0.0, (until - from_iso(action.at)).total_seconds()),
        is_stalled=action.is_stalled(now),
        is_unfinished=resume.is_unfinished(console, action),
    )
