"""The page of dead letters: what the queue holds, grouped by cause, and the actions on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

from fastapi import APIRouter, Form, Query, Request, Response
from pydantic import AwareDatetime, BaseModel, Field

from admin_api.actions.begin import ActionRequest
from admin_api.actions.dead_letter_groups import SETTLED_SINCE, GroupedLetter, LetterGroup
from admin_api.actions.dead_letters import (
    MOST_LETTERS,
    LetterGroups,
    LetterSelection,
    MessageId,
    read_letter_groups,
    select_all_letters,
    select_letters,
)
from admin_api.actions.perform import act_on_many
from admin_api.pages.activity import ActionProgress, action_progress
from admin_api.pages.parts import PagePart, start_part
from admin_api.rendering.views import page, redirect
from admin_api.web.auth import Operator, Viewer
from admin_api.web.errors import InvalidError, RefusedError
from admin_api.wiring.services import Console, ConsoleDep
from processor.domain.actions import ActionKind, is_action_id, new_action_id

if TYPE_CHECKING:
    from datetime import datetime

router = APIRouter(prefix="/dead-letters", include_in_schema=False)

_IN_A_GROUP = 10
_ON_A_PAGE = 50
PACES = ((1, "1 a second"), (5, "5 a second"), (20, "20 a second"), (50, "50 a second"))
_USUAL_PACE = 5


class LettersQuery(BaseModel):
    """The letters to show (all groups, or one from a letter on), and the action whose progress is shown."""

    cause: Annotated[str, Field(max_length=200)] = ""
    first: Annotated[int, Field(ge=0, le=MOST_LETTERS)] = 0
    action: Annotated[str, Field(max_length=40)] = ""


class LettersForm(BaseModel):
    """An action on letters."""

    action_id: Annotated[str, Field(max_length=40)]
    do: Literal["redrive", "delete"] = "redrive"
    scope: Literal["selected", "group", "all"]
    ids: Annotated[list[MessageId], Field(default_factory=list, max_length=MOST_LETTERS)]
    only: MessageId | None = None
    """A single letter, whatever else is ticked."""
    cause: Annotated[str, Field(max_length=200)] = ""
    rate: Annotated[int, Field(ge=1, le=500)] = _USUAL_PACE
    before: AwareDatetime | None = None
    """The moment at which the page was loaded: "all" means those that were sent before."""
    shown: Annotated[str, Field(pattern=r"^[0-9A-Za-z -]*$", max_length=MOST_LETTERS * 101)] = ""
    """The ids of the letters of the group, or of all if the page had all of them: nothing else is moved."""


@dataclass(frozen=True, slots=True)
class LettersPage:
    """The dead letters, or the progress of an action on them."""

    query: LettersQuery
    letters: PagePart[LetterGroups] | None
    """None while an action is under way: looking would hide letters from it."""
    action: ActionProgress | None
    now: datetime
    paces: tuple[tuple[int, str], ...] = PACES
    usual_pace: int = _USUAL_PACE

    @property
    def live_url(self) -> str:
        """The address for updates while letters are being moved, else ""."""
        return f"/dead-letters?action={self.query.action}" if self.letters is None else ""

    def form_id(self) -> str:
        """Make the id of a form, whose action is done once however often it is sent."""
        return new_action_id(self.now)

    @property
    def groups(self) -> tuple[LetterGroup, ...]:
        """The groups to show: all, or the one asked for."""
        groups = self.letters.value.groups if self.letters and self.letters.value else ()
        return tuple(group for group in groups if group.cause == self.query.cause) if self.query.cause else groups

    def rows(self, group: LetterGroup) -> tuple[GroupedLetter, ...]:
        """Return the letters of a group that the page lists."""
        if not self.query.cause:
            return group.letters[:_IN_A_GROUP]
        return group.letters[self.query.first : self.query.first + _ON_A_PAGE]

    @property
    def settled(self) -> LetterGroup | None:
        """The group of settled letters, which only need clearing."""
        return next((group for group in self.groups if group.is_settled), None)


@router.get("")
def list_letters(request: Request, _: Viewer, console: ConsoleDep, query: Annotated[LettersQuery, Query()]) -> Response:
    """Show the queue's letters by cause; while letters are being moved, the progress instead."""
    action = console.actions.read_action(query.action) if is_action_id(query.action) else None
    busy = action is not None and not action.is_finished
    context = LettersPage(
        query=query,
        letters=None if busy else start_part("The dead-letter queue", lambda: read_letter_groups(console)).result(),
        action=action_progress(console, action) if action else None,
        now=console.now(),
    )
    return page(
        request, "dead_letters/index.html", context, partial="dead_letters/_letters.html", section="dead-letters"
    )


@router.post("/actions")
def act_on_letters(
    request: Request, user: Operator, console: ConsoleDep, form: Annotated[LettersForm, Form()]
) -> Response:
    """Let the worker redrive or delete letters, and show its progress."""
    if not is_action_id(form.action_id):
        raise InvalidError(
            "This form does not come from the page of dead letters.", "Open the page again and use its buttons."
        )
    kind = ActionKind.REDRIVE if form.do == "redrive" else ActionKind.DELETE
    begun = console.actions.read_action(form.action_id)  # A double click: the letters may have been moved by now.
    chosen = LetterSelection.of(begun) if begun else _choose_letters(console, form)
    if not chosen.expected:
        return redirect(request, "/dead-letters", say="None of these letters is in the queue any more.")
    act_on_many(
        console,
        ActionRequest(user, kind, form.action_id),
        selection=chosen.selection,
        subject=chosen.words,
        expected=chosen.expected,
        rate_per_s=form.rate if kind is ActionKind.REDRIVE else 0,
        asked_for=[form.scope, form.cause, form.only, sorted(form.ids), form.shown],
    )
    console.status.forget()
    return redirect(request, f"/dead-letters?action={form.action_id}")


def _choose_letters(console: Console, form: LettersForm) -> LetterSelection:
    """Choose the letters that the form means, as far as they are in the queue."""
    shown = frozenset(form.shown.split())
    if form.scope == "all":
        return select_all_letters(console, min(form.before or console.now(), console.now()), shown)
    if form.scope == "group":
        group = next((each for each in read_letter_groups(console).groups if each.cause == form.cause), None)
        why = " of files that were settled since" if form.cause == SETTLED_SINCE else f": {form.cause}"
        found = group.message_ids if group else []
        return select_letters([each for each in found if each in shown] if shown else found, why)
    ids = [form.only] if form.only else list(dict.fromkeys(form.ids))
    if not ids:
        raise RefusedError("No letter is ticked.", "Go back, tick the letters, and press the button again.")
    return select_letters(ids)
