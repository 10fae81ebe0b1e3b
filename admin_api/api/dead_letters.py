"""Dead letters for scripts: what the queue holds, and redriving or deleting some or all."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field

from admin_api.actions.begin import ActionRequest
from admin_api.actions.dead_letters import MOST_LETTERS, MessageId, select_all_letters, select_letters
from admin_api.actions.perform import act_on_many
from admin_api.actions.resume import action_or_404
from admin_api.api.files import REQUEST_ID
from admin_api.api.models import ActionOut, DeadLetterOut, DeadLettersOut, problems
from admin_api.web.auth import Operator
from admin_api.web.errors import InvalidError
from admin_api.wiring.services import ConsoleDep
from processor.domain.actions import ActionKind, new_action_id

router = APIRouter(prefix="/api", tags=["Dead letters"])


class LettersActionIn(BaseModel):
    """An action on the letters named, or on all that are in the queue now."""

    do: Literal["redrive", "delete"]
    message_ids: list[MessageId] = Field(default_factory=list, max_length=MOST_LETTERS)
    all: bool = Field(default=False, description="All letters, instead of message_ids.")
    rate_per_s: int = Field(default=5, ge=1, le=500, description="Letters redriven a second.")
    action_id: Annotated[str, Field(pattern=REQUEST_ID)] = Field(
        default="", description="Your own id of this request: sent twice, it is done once."
    )


@router.get("/dead-letters", responses=problems())
def list_dead_letters(console: ConsoleDep) -> DeadLettersOut:
    """List the dead letters, up to 1,000; each stays in the queue."""
    snapshot = console.dead_letters.take_snapshot(MOST_LETTERS)
    letters = [DeadLetterOut.model_validate(letter) for letter in snapshot.letters]
    return DeadLettersOut(dead_letters=letters, about=snapshot.about, complete=snapshot.complete)


@router.post("/dead-letters/actions", status_code=202, responses=problems(409))
def act_on_letters(body: LettersActionIn, console: ConsoleDep, user: Operator) -> ActionOut:
    """Begin to redrive or delete letters; follow the progress at `/api/actions/{action_id}`."""
    if body.all == bool(body.message_ids):
        raise InvalidError("Exactly one of message_ids and all is needed.")
    kind = ActionKind(body.do)
    ids = list(dict.fromkeys(body.message_ids))
    chosen = select_all_letters(console, console.now()) if body.all else select_letters(ids)
    action_request = ActionRequest(user, kind, body.action_id or new_action_id(console.now()))
    act_on_many(
        console,
        action_request,
        selection=chosen.selection,
        subject=chosen.words,
        expected=chosen.expected,
        rate_per_s=body.rate_per_s if kind is ActionKind.REDRIVE else 0,
        asked_for=["all"] if body.all else sorted(ids),
    )
    return ActionOut.of(action_or_404(console, action_request.action_id), console.now())
