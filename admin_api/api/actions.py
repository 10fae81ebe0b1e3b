"""The activity for scripts: the actions of people and scripts, with their results."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query

from admin_api.api.models import ActionOut, ActionsOut, problems
from admin_api.web.auth import Operator
from admin_api.web.errors import InvalidError, NotFoundError, RefusedError
from admin_api.wiring.services import ConsoleDep
from processor.domain.cursors import CursorError

router = APIRouter(prefix="/api", tags=["Activity"])

ActionId = Annotated[str, Path(pattern=r"^\d{8}T\d{6}Z-[0-9a-f]{8}$", examples=["20261125T184400Z-0123abcd"])]


@router.get("/actions", responses=problems())
def list_actions(
    console: ConsoleDep,
    cursor: Annotated[str, Query(max_length=2000, description="`older` or `newer` of another page.")] = "",
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
) -> ActionsOut:
    """List actions, the newest first."""
    try:
        found = console.actions.list_actions(cursor, limit)
    except CursorError as error:
        raise InvalidError(str(error)) from error
    actions = [ActionOut.model_validate(action) for action in found.actions]
    return ActionsOut(actions=actions, older=found.older, newer=found.newer)


@router.get("/actions/{action_id}", responses=problems(404))
def read_action(action_id: ActionId, console: ConsoleDep) -> ActionOut:
    """Read an action on many files or dead letters, with its progress."""
    action = console.actions.read_action(action_id)
    if action is None:
        raise NotFoundError(f"There is no action {action_id} on many things.", "See /api/actions.")
    return ActionOut.model_validate(action)


@router.post("/actions/{action_id}/stop", responses=problems(404, 409))
def stop_action(action_id: ActionId, console: ConsoleDep, user: Operator) -> ActionOut:
    """Stop an action on many files or dead letters; what it has done stays done."""
    if not console.actions.request_stop(action_id, user.name):
        read_action(action_id, console)
        raise RefusedError("The action is over already.", f"Read its result at /api/actions/{action_id}.")
    return read_action(action_id, console)
