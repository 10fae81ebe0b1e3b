"""The inbox for scripts: objects that no run has begun with, and processing them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from admin_api.actions.begin import ActionRequest
from admin_api.actions.inbox import MOST_LISTED, InboxObject, read_inbox, start_processing
from admin_api.actions.resume import action_or_404
from admin_api.api.files import REQUEST_ID
from admin_api.api.models import ActionOut, problems
from admin_api.web.auth import Operator
from admin_api.wiring.services import ConsoleDep
from processor.domain.actions import ActionKind, new_action_id
from processor.domain.object_keys import INBOX, file_id

router = APIRouter(prefix="/api", tags=["Files"])


class InboxObjectOut(BaseModel):
    """An object version under raw-data/ that no entry of the ledger knows."""

    object_key: str
    version_id: str
    file_id: str
    size_bytes: int
    put_at: datetime
    is_temporary: bool = Field(
        description="Whether it has a temporary name, so that it is left alone until its client has finished it."
    )


class InboxOut(BaseModel):
    """The unknown objects of one stretch; ``following`` is the ``after`` of the next, "" at the end.

    ``waiting`` is about how many messages the queue holds, which may be about these objects.
    """

    objects: list[InboxObjectOut]
    looked_through: int
    following: str
    waiting: int


class InboxObjectIn(BaseModel):
    """An object of the inbox."""

    object_key: str = Field(pattern=f"^{INBOX}", max_length=1_024)
    version_id: str = Field(pattern="^[^ ]*$", max_length=1_024)


class InboxActionIn(BaseModel):
    """The objects to process."""

    objects: list[InboxObjectIn] = Field(min_length=1, max_length=MOST_LISTED)
    action_id: Annotated[str, Field(pattern=REQUEST_ID)] = Field(
        default="", description="Your own id of this request: sent twice, it is done once."
    )


@router.get("/inbox", responses=problems())
def list_inbox(
    console: ConsoleDep,
    after: Annotated[str, Query(max_length=5_000, description="`following` of another stretch.")] = "",
) -> InboxOut:
    """List objects that have lain under raw-data/ for two minutes and that no run has begun with."""
    found = read_inbox(console, after)
    objects = [
        InboxObjectOut(
            object_key=each.version.key,
            version_id=each.version.version_id,
            file_id=file_id(each.version),
            size_bytes=each.size_bytes,
            put_at=each.put_at,
            is_temporary=each.is_temporary,
        )
        for each in found.objects
    ]
    return InboxOut(
        objects=objects, looked_through=found.looked_through, following=found.following, waiting=found.waiting
    )


@router.post("/inbox/actions", status_code=202, responses=problems(409))
def act_on_inbox(body: InboxActionIn, console: ConsoleDep, user: Operator) -> ActionOut:
    """Begin to process objects of the inbox; follow the progress at `/api/actions/{action_id}`."""
    action_request = ActionRequest(user, ActionKind.PROCESS, body.action_id or new_action_id(console.now()))
    start_processing(console, action_request, [InboxObject(each.version_id, each.object_key) for each in body.objects])
    return ActionOut.of(action_or_404(console, action_request.action_id), console.now())
