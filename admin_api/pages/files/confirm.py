"""The question before something is done to files, and the answer: says what and to how many, then does it once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Form, Query, Request, Response
from pydantic import Field

from admin_api.actions.available import OFFERS, AvailableAction, allowed, why_not
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


class Target(FileQuery):
    """What an action is to be done to: the files that were ticked, or all that the filter lets through."""

    kind: ActionKind
    file_id: Annotated[list[_FileId], Field(default_factory=list, max_length=MOST_CHOSEN)]
    all: bool = False
    next: Annotated[str, Field(max_length=2_000)] = ""
    """Where to go on afterwards, if it is one file."""


class Answer(Target):
    """The posted form: the target as it was shown, and the words that go with it."""

    action_id: Annotated[str, Field(max_length=40)]
    reason: Annotated[str, Field(max_length=500)] = ""
    expected: Annotated[int, Field(ge=0)] = 0
    rate: Annotated[int, Field(ge=0, le=1_000)] = _USUAL_PACE


@dataclass(frozen=True, slots=True)
class Question:
    """What will be done, to how many, and what not."""

    offer: AvailableAction
    target: Target
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
        return f"{self.offer.verb} {number} {files}?"

    @property
    def button(self) -> str:
        """Name what the button does."""
        if self.complete:
            return self.offer.button(self.number)
        return f"{self.offer.verb} all that match"


@router.get("/files/actions")
def ask_before(request: Request, _: Operator, console: ConsoleDep, target: Annotated[Target, Query()]) -> Response:
    """Say what will be done, and to how many, before it is done."""
    return page(request, "files/confirm.html", question_of(console, target), section="files")


def question_of(console: Console, target: Target) -> Question:
    """Look up what the action would be done to. Raises what the pages refuse."""
    now = console.now()
    offer = OFFERS.get(target.kind)
    if offer is None:
        raise InvalidError(f"Files cannot be asked to {target.kind}.", "Choose the action on the list of files.")
    if target.all:
        return _all_matching(console, offer, target, now)
    if not target.file_id:
        raise InvalidError("No file is ticked.", "Tick files in the list first, then choose what to do with them.")
    found = console.files.read(target.file_id)
    able = tuple(entry for entry in found if allowed(offer.kind, entry, now))
    refused = tuple((entry, why_not(offer.kind, entry)) for entry in found if entry not in able)
    if not found:
        raise NotFoundError("None of these files exists.", "Tick files in the list, then choose what to do with them.")
    if not able:
        raise RefusedError(refused[0][1], "" if len(refused) == 1 else "The others cannot be helped that way, either.")
    return Question(
        offer=offer,
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


def _all_matching(console: Console, offer: AvailableAction, target: Target, now: datetime) -> Question:
    fixed = target.fixed(now)
    wanted = fixed.filter(now)
    number, complete = _number_of(console, target, now)
    sample = console.files.page(wanted, limit=_SAMPLE).files
    if not number and complete:
        raise RefusedError("No file matches this filter any more.", "Go back to the list and change the filter.")
    return Question(
        offer=offer,
        target=target.model_copy(update=dict(fixed)),
        action_id=new_action_id(now),
        number=number,
        complete=complete,
        sample=sample,
        refused=(),
        missing=0,
        words=_sentence(target.in_words() or "all files"),
        back=target.address(),
    )


def _sentence(words: str) -> str:
    return words[0].upper() + words[1:]


def _number_of(console: Console, target: Target, now: datetime) -> tuple[int, bool]:
    """Count what the filter takes: by the counters, where they know it, or by looking through some thousand files."""
    if target.state and dict(target.fields()).keys() == {"state"}:
        counted = console.counters.read().at_rest.get(target.state)
        if counted is not None:
            return counted, True
    total = console.files.count(target.filter(now))
    return total.files, total.complete


@router.post("/files/actions")
def act(request: Request, user: Operator, console: ConsoleDep, answer: Annotated[Answer, Form()]) -> Response:
    """Do it, once, and go on to where its result is seen."""
    if not is_action_id(answer.action_id):
        raise InvalidError("The form has no action id.", "Go back to the list and choose the action again.")
    offer = OFFERS.get(answer.kind)
    if offer is None:
        raise InvalidError(f"Files cannot be asked to {answer.kind}.", "Choose the action on the list of files.")
    reason = " ".join(answer.reason.split())
    if offer.asks_reason and not reason:
        raise InvalidError("A reason is needed.", "Go back and say in a few words why; others will read it later.")
    asked = ActionRequest(user, answer.kind, answer.action_id, reason)
    if not answer.all and len(answer.file_id) == 1:
        return _one(request, console, asked, answer)
    return _many(request, console, asked, answer)


def _one(request: Request, console: Console, asked: ActionRequest, answer: Answer) -> Response:
    action = act_on_file(console, asked, answer.file_id[0])
    done = OFFERS[action.kind].done
    say = (
        f"{action.subject} was {done}."
        if action.done
        else f"{action.subject} was {done} before; nothing had to be done."
    )
    if action.error:
        say = f"{action.subject}: {action.error}"
    return redirect(request, safe_path(answer.next) if answer.next else f"/files/{answer.file_id[0]}", say=say)


def _many(request: Request, console: Console, asked: ActionRequest, answer: Answer) -> Response:
    if answer.all:
        if answer.until is None:
            raise InvalidError("The form does not say until when.", "Go back to the list and choose the action again.")
        subject = (
            f"Files {answer.model_copy(update={'until': None}).in_words()}".strip() if answer.fields() else "Files"
        )
        selection = selection_of(answer.filter(console.now()))
    else:
        if not answer.file_id:
            raise InvalidError("No file is ticked.", "Tick files in the list first.")
        subject, selection = f"{len(answer.file_id):,} chosen files", {"file_ids": answer.file_id}
    act_on_many(
        console,
        asked,
        selection=selection,
        subject=subject,
        expected=answer.expected or len(answer.file_id),
        rate_per_s=answer.rate,
    )
    return redirect(request, f"/activity/{answer.action_id}")
