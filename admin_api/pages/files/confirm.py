"""The confirmation of an action on files: says what it will do and to how many, and performs it once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Form, Query, Request, Response
from pydantic import Field

from admin_api.actions.available import AVAILABLE_ACTIONS, AvailableAction, explain_refusal, is_allowed
from admin_api.actions.begin import ActionRequest
from admin_api.actions.bulk_files import selection_of
from admin_api.actions.lost_messages import find_lost
from admin_api.actions.perform import act_on_file, act_on_many
from admin_api.pages.files.effects import effect_in_numbers
from admin_api.pages.files.filters import FileQuery
from admin_api.pages.files.others import read_others
from admin_api.rendering.urls import LONGEST_ID
from admin_api.rendering.views import page, redirect
from admin_api.web.auth import Operator, safe_path
from admin_api.web.errors import InvalidError, NotFoundError, RefusedError
from admin_api.wiring.services import ConsoleDep
from processor.domain.actions import ActionKind, is_action_id, new_action_id

if TYPE_CHECKING:
    from datetime import datetime

    from admin_api.wiring.services import Console
    from processor.domain.entries import FileEntry

router = APIRouter()

MOST_CHOSEN = 100
_SAMPLE = 8
type _FileId = Annotated[str, Field(min_length=1, max_length=LONGEST_ID)]
PACES = ((5, "5 files a second"), (20, "20 files a second"), (0, "as fast as possible"))
_USUAL_PACE = 20


class ActionTarget(FileQuery):
    """The files of an action: those that were ticked, or all that match the filter."""

    kind: ActionKind
    file_id: Annotated[list[_FileId], Field(default_factory=list, max_length=MOST_CHOSEN)]
    all: bool = False
    next: Annotated[str, Field(max_length=2_000)] = ""
    """The page to return to afterwards, if it is one file."""


class ActionForm(ActionTarget):
    """The posted form: the files as they were shown, and the reason."""

    action_id: Annotated[str, Field(max_length=40)]
    reason: Annotated[str, Field(max_length=500)] = ""
    expected: Annotated[int, Field(ge=0)] = 0
    rate: Annotated[int, Field(ge=0, le=1_000)] = _USUAL_PACE


@dataclass(frozen=True, slots=True)
class Confirmation:
    """The page: the action, its files, and those that it cannot be done to."""

    action: AvailableAction
    target: ActionTarget
    action_id: str
    number: int
    complete: bool
    """Whether the number is exact; if not, there may be more."""
    sample: tuple[FileEntry, ...]
    """Some of the files, or all if they are few."""
    refused: tuple[tuple[FileEntry, str], ...]
    """The ticked files whose state does not allow the action, each with the reason."""
    missing: int
    """The number of ticked files that do not exist."""
    words: str
    """The files in words, "" if they are only listed."""
    back: str
    """The page that the person came from."""
    in_numbers: str = ""
    """What it does to the one file, in its numbers."""
    paces: tuple[tuple[int, str], ...] = PACES

    @property
    def is_many(self) -> bool:
        """Whether the worker performs it, with a page for its progress."""
        return self.target.all or self.number > 1

    @property
    def title(self) -> str:
        """The heading, a question."""
        number = f"{self.number:,}{'' if self.complete else ' or more'}"
        files = "file" if self.number == 1 and self.complete else "files"
        return f"{self.action.verb} {number} {files}?"

    @property
    def button(self) -> str:
        """The text of the button."""
        if self.complete:
            return self.action.button(self.number)
        return f"{self.action.verb} all that match"


@router.get("/files/actions")
def show_confirmation(
    request: Request, _: Operator, console: ConsoleDep, target: Annotated[ActionTarget, Query()]
) -> Response:
    """Show what an action will do, and to how many files."""
    return page(request, "files/confirm.html", confirmation_of(console, target), section="files")


def confirmation_of(console: Console, target: ActionTarget) -> Confirmation:
    """Look up the files of an action. Raises errors of ``admin_api.web.errors``."""
    now = console.now()
    action = AVAILABLE_ACTIONS.get(target.kind)
    if action is None:
        raise InvalidError(f"{target.kind} is not an action on files.", "Choose the action on the list of files.")
    if action.is_for_one and (target.all or len(target.file_id) > 1):
        raise RefusedError(f"{action.verb} takes one file at a time.", "Open each file's page.")
    if target.all:
        return _confirmation_of_all(console, action, target, now)
    if not target.file_id:
        raise InvalidError("No file is ticked.", "Tick files in the list, then choose an action.")
    entries = console.files.read_files(target.file_id)
    lost = find_lost(console, entries)
    able = tuple(entry for entry in entries if is_allowed(action.kind, entry, now, is_lost=entry.file_id in lost))
    refused = tuple((entry, explain_refusal(action.kind, entry)) for entry in entries if entry not in able)
    if not entries:
        raise NotFoundError("None of these files exists.", "Tick files in the list, then choose an action.")
    if not able:
        raise RefusedError(refused[0][1], "" if len(refused) == 1 else "Nor is it possible for the others.")
    return Confirmation(
        action=action,
        target=target.model_copy(update={"file_id": [entry.file_id for entry in able]}),
        action_id=new_action_id(now),
        number=len(able),
        complete=True,
        sample=able[:_SAMPLE],
        refused=refused,
        missing=len(set(target.file_id)) - len(entries),
        words=able[0].name if len(able) == 1 else "",
        back=safe_path(target.next) if target.next else "/files",
        in_numbers=effect_in_numbers(action.kind, able[0], read_others(console, able[0])) if len(able) == 1 else "",
    )


def _confirmation_of_all(
    console: Console, action: AvailableAction, target: ActionTarget, now: datetime
) -> Confirmation:
    bounded = target.with_exact_bounds(now)
    file_filter = bounded.to_file_filter(now)
    number, complete = _count_files(console, target, now)
    sample = console.files.list_files(file_filter, limit=_SAMPLE).files
    if not number and complete:
        raise RefusedError("No file matches this filter any more.", "Go back to the list and change the filter.")
    return Confirmation(
        action=action,
        target=target.model_copy(update=dict(bounded)),
        action_id=new_action_id(now),
        number=number,
        complete=complete,
        sample=sample,
        refused=(),
        missing=0,
        words=_capitalised(target.describe() or "all files"),
        back=target.address(),
    )


def _capitalised(words: str) -> str:
    return words[0].upper() + words[1:]


def _count_files(console: Console, target: ActionTarget, now: datetime) -> tuple[int, bool]:
    """Count the files that match, by the counters if they can tell, or by reading some thousand files."""
    if target.state and dict(target.fields()).keys() == {"state"}:
        count = console.counters.read_counts().at_rest.get(target.state)
        if count is not None:
            return count, True
    total = console.files.count_files(target.to_file_filter(now))
    return total.files, total.complete


@router.post("/files/actions")
def act_on_files(
    request: Request, user: Operator, console: ConsoleDep, form: Annotated[ActionForm, Form()]
) -> Response:
    """Perform the action once, and show its result."""
    if not is_action_id(form.action_id):
        raise InvalidError("The form has no action id.", "Go back to the list and choose the action again.")
    action = AVAILABLE_ACTIONS.get(form.kind)
    if action is None:
        raise InvalidError(f"{form.kind} is not an action on files.", "Choose the action on the list of files.")
    reason = " ".join(form.reason.split())
    if action.asks_reason and not reason:
        raise InvalidError(
            "A reason is required.", "Go back and give the reason in a few words, for those who read it later."
        )
    action_request = ActionRequest(user, form.kind, form.action_id, reason)
    if not form.all and len(form.file_id) == 1:
        return _act_on_one(request, console, action_request, form)
    return _act_on_many(request, console, action_request, form)


def _act_on_one(request: Request, console: Console, action_request: ActionRequest, form: ActionForm) -> Response:
    action = act_on_file(console, action_request, form.file_id[0])
    if action.kind is ActionKind.VOID:
        return redirect(request, f"/activity/{action.action_id}")
    if action.kind is ActionKind.VERIFY:
        return redirect(request, f"/files/{form.file_id[0]}?verifying={action.action_id}#books")
    done = AVAILABLE_ACTIONS[action.kind].done_words
    say = (
        f"{action.subject} was {done}."
        if action.done
        else f"{action.subject} had been {done} before; nothing was left to do."
    )
    if action.error:
        say = f"{action.subject}: {action.error}"
    return redirect(request, safe_path(form.next) if form.next else f"/files/{form.file_id[0]}", say=say)


def _act_on_many(request: Request, console: Console, action_request: ActionRequest, form: ActionForm) -> Response:
    if form.all:
        if form.until is None:
            raise InvalidError(
                "The form lacks the end of its time span.", "Go back to the list and choose the action again."
            )
        subject = f"Files {form.model_copy(update={'until': None}).describe()}".strip() if form.fields() else "Files"
        selection = selection_of(form.to_file_filter(console.now()))
    else:
        if not form.file_id:
            raise InvalidError("No file is ticked.", "Tick files in the list first.")
        subject, selection = f"{len(form.file_id):,} chosen files", {"file_ids": form.file_id}
    act_on_many(
        console,
        action_request,
        selection=selection,
        subject=subject,
        expected=form.expected or len(form.file_id),
        rate_per_s=form.rate,
        asked_for=sorted(form.fields()) if form.all else sorted(form.file_id),
    )
    return redirect(request, f"/activity/{form.action_id}")
