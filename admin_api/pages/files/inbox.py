"""The inbox: objects that no entry of the ledger knows, and the action that has them processed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query, Request, Response
from pydantic import BaseModel, Field

from admin_api.actions.begin import ActionRequest
from admin_api.actions.inbox import (
    MOST_LISTED,
    InboxObject,
    InboxStretch,
    read_inbox,
    start_processing,
)
from admin_api.pages.parts import PagePart, start_part
from admin_api.rendering.views import page, redirect
from admin_api.web.auth import Operator, Viewer
from admin_api.web.errors import InvalidError
from admin_api.wiring.services import ConsoleDep
from processor.domain.actions import ActionKind, is_action_id, new_action_id
from processor.domain.object_keys import INBOX

if TYPE_CHECKING:
    from datetime import datetime

router = APIRouter()

type Choice = Annotated[str, Field(pattern=f"^[^ ]{{0,1024}} {INBOX}", max_length=5_000)]
"""An object's version and key."""


class InboxQuery(BaseModel):
    """The place in the inbox."""

    after: Annotated[str, Field(pattern=f"^([^ ]{{0,1024}} {INBOX}.*)?$", max_length=5_000)] = ""


class InboxForm(BaseModel):
    """The objects to process."""

    action_id: Annotated[str, Field(max_length=40)]
    object: Annotated[list[Choice], Field(default_factory=list, max_length=MOST_LISTED)]


@dataclass(frozen=True, slots=True)
class InboxPage:
    """A stretch of the inbox."""

    inbox: PagePart[InboxStretch]
    now: datetime

    def form_id(self) -> str:
        """Make the id of the form, whose action is done once however often it is sent."""
        return new_action_id(self.now)

    @property
    def older(self) -> str:
        """The address of the next stretch, "" at the end."""
        found = self.inbox.value
        return f"/files/inbox?{urlencode({'after': found.following})}" if found and found.following else ""


@router.get("/files/inbox")
def show_inbox(request: Request, _: Viewer, console: ConsoleDep, query: Annotated[InboxQuery, Query()]) -> Response:
    """Show the objects in the inbox that no run has begun with."""
    part = start_part("The inbox", lambda: read_inbox(console, query.after)).result()
    return page(request, "files/inbox.html", InboxPage(part, console.now()), section="files")


@router.post("/files/inbox")
def process_objects(
    request: Request, user: Operator, console: ConsoleDep, form: Annotated[InboxForm, Form()]
) -> Response:
    """Let the worker send a message for each object, as S3's event would have been."""
    if not is_action_id(form.action_id):
        raise InvalidError("This form does not come from the page of the inbox.", "Open the page again.")
    if not form.object:
        raise InvalidError("No object is ticked.", "Go back, tick objects, and press the button again.")
    objects = [InboxObject.from_text(text) for text in form.object]
    start_processing(console, ActionRequest(user, ActionKind.PROCESS, form.action_id), objects)
    return redirect(request, f"/activity/{form.action_id}")
