"""The question before something is done to files, and the form: says what and to how many, then does it once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Form, Query, Request, Response
from pydantic import Field

from admin_api.actions.available import AVAILABLE_ACTIONS, AvailableAction, explain_refusal, is_allowed
from admin_api.actions.bulk_files import selection_of
from admin_api.actions.perform import ActionRequest, act_on_file, act_on_many
from admin_api.pages.files.filters import FileQuery
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
type _FileId = Annotated[str, Field(max_length=64)]
PACES = ((5, "5 files a second"), (20, "20 files a second"), (0, "as fast as possible"))
_USUAL_PACE = 20


class ActionTarget(FileQuery):
    """What an action is to be done to: the files that were ticked, or all that the filter lets through."""

    kind: ActionKind
    file_id: Annotated[list[_FileId], Field(default_factory=list, max_length=MOST_CHOSEN)]
    all: bool = False
    next: Annotated[str, Field(max_length=2_000)] = ""
    """Where to go on afterwards, if it is one file."""


class ActionForm(ActionTarget):
    """The posted form: the target as it was shown, and the words that go with it."""

    action_id: Annotated[str, Field(max_length=40)]
    reason: Annotated[str, Field(max_length=500)] = ""
    expected: Annotated[int, Field(ge=0)] = 0
    rate: Annotated[int, Field(ge=0, le=1_000)] = _USUAL_PACE


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What will be done, to how many, and what not."""

    action: AvailableAction
    target: ActionTarget
    action_id: str
    number: int
    complete: bool
    """Whether the number is exact; otherwise there may be more."""
    sample: tuple[FileEntry, ...]
    """Some of them, or all if they are few."""
    refused: tuple[tuple[FileEntry, str], ...]
    """Those that were ticked and to which it cannot be done, each with why."""
    missing: int
    """How many of those that were ticked do not exist."""
    words: str
    """To which files, where that can be said in words."""
    back: str
    """Where the person came from."""
    paces: tuple[tuple[int, str], ...] = PACES

    @property
    def is_many(self) -> bool:
        """Whether it is done by the worker, with a page of its own for its progress."""
        return self.target.all or self.number > 1

    @property
    def title(self) -> str:
        """The question in one line."""
        number = f"{self.number:,}{'' if self.complete else ' or more'}"
        files = "file" if self.number == 1 and self.complete else "files"
        return f"{self.action.verb} {number} {files}?"

    @property
    def button(self) -> str:
        """Name what the button does."""
        if self.complete:
            return self.action.button(self.number)
        return f"{self.action.verb} all that match"


@router.get("/files/actions")
def show_confirmation(
    request: Request, _: Operator, console: ConsoleDep, target: Annotated[ActionTarget, Query()]
) -> Response:
    """Say what will be done, and to how many, before it is done."""
    return page(request, "files/confirm.html", confirmation_of(console, target), section="files")


def confirmation_of(console: Console, target: ActionTarget) -> Confirmation:
    """Look up what the action would be done to. Raises what the pages refuse."""
    now = console.now()
    action = AVAILABLE_ACTIONS.get(target.kind)
    if action is None:
        raise InvalidError(f"Files cannot be asked to {target.kind}.", "Choose the action on the list of files.")
    if target.all:
        return _confirmation_of_all(console, action, target, now)
    if not target.file_id:
        raise InvalidError("No file is ticked.", "Tick files in the list first, then choose what to do with them.")
    found = console.files.read_files(target.file_id)
    able = tuple(entry for entry in found if is_allowed(action.kind, entry, now))
    refused = tuple((entry, explain_refusal(action.kind, entry)) for entry in found if entry not in able)
    if not found:
        raise NotFoundError("None of these files exists.", "Tick files in the list, then choose what to do with them.")
    if not able:
        raise RefusedError(refused[0][1], "" if len(refused) == 1 else "The others cannot be helped that way, either.")
    return Confirmation(
        action=action,
        target=target.model_copy(update={"file_id": [entry.file_id for entry in able]}),
        action_id=new_action_id(now),
        number=len(able),
        complete=True,
        sample=able[:_SAMPLE],
        refused=refused,
        missing=len(set(target.file_id)) - len(found),
        words=able[0].name if len(able) == 1 else "",
        back=safe_path(target.next) if target.next else "/files",
    )


def _confirmation_of_all(
    console: Console, action: AvailableAction, target: ActionTarget, now: datetime
) -> Confirmation:
    fixed = target.fixed(now)
    wanted = fixed.filter(now)
    number, complete = _count_files(console, target, now)
    sample = console.files.list_files(wanted, limit=_SAMPLE).files
    if not number and complete:
        raise RefusedError("No file matches this filter any more.", "Go back to the list and change the filter.")
    return Confirmation(
        action=action,
        target=target.model_copy(update=dict(fixed)),
        action_id=new_action_id(now),
        number=number,
        complete=complete,
        sample=sample,
        refused=(),
        missing=0,
        words=_capitalised(target.in_words() or "all files"),
        back=target.address(),
    )


def _capitalised(words: str) -> str:
    return words[0].upper() + words[1:]


def _count_files(console: Console, target: ActionTarget, now: datetime) -> tuple[int, bool]:
    """Count what the filter takes: by the counters, where they know it, or by looking through some thousand files."""
    if target.state and dict(target.fields()).keys() == {"state"}:
        counted = console.counters.read_counts().at_rest.get(target.state)
        if counted is not None:
            return counted, True
    total = console.files.count_files(target.filter(now))
    return total.files, total.complete


@router.post("/files/actions")
def act_on_files(
    request: Request, user: Operator, console: ConsoleDep, form: Annotated[ActionForm, Form()]
) -> Response:
    """Do it, once, and go on to where its result is seen."""
    if not is_action_id(form.action_id):
        raise InvalidError("The form has no action id.", "Go back to the list and choose the action again.")
    action = AVAILABLE_ACTIONS.get(form.kind)
    if action is None:
        raise InvalidError(f"Files cannot be asked to {form.kind}.", "Choose the action on the list of files.")
    reason = " ".join(form.reason.split())
    if action.asks_reason and not reason:
        raise InvalidError("A reason is needed.", "Go back and say in a few words why; others will read it later.")
    asked = ActionRequest(user, form.kind, form.action_id, reason)
    if not form.all and len(form.file_id) == 1:
        return _act_on_one(request, console, asked, form)
    return _act_on_many(request, console, asked, form)


def _act_on_one(request: Request, console: Console, asked: ActionRequest, form: ActionForm) -> Response:
    action = act_on_file(console, asked, form.file_id[0])
    done = AVAILABLE_ACTIONS[action.kind].done_words
    say = (
        f"{action.subject} was {done}."
        if action.done
        else f"{action.subject} was {done} before; nothing had to be done."
    )
    if action.error:
        say = f"{action.subject}: {action.error}"
    return redirect(request, safe_path(form.next) if form.next else f"/files/{form.file_id[0]}", say=say)


def _act_on_many(request: Request, console: Console, asked: ActionRequest, form: ActionForm) -> Response:
    if form.all:
        if form.until is None:
            raise InvalidError("The form does not say until when.", "Go back to the list and choose the action again.")
        subject = f"Files {form.model_copy(update={'until': None}).in_words()}".strip() if form.fields() else "Files"
        selection = selection_of(form.filter(console.now()))
    else:
        if not form.file_id:
            raise InvalidError("No file is ticked.", "Tick files in the list first.")
        subject, selection = f"{len(form.file_id):,} chosen files", {"file_ids": form.file_id}
    act_on_many(
        console,
        asked,
        selection=selection,
        subject=subject,
        expected=form.expected or len(form.file_id),
        rate_per_s=form.rate,
    )
    return redirect(request, f"/activity/{form.action_id}")
