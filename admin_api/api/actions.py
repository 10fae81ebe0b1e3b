"""The activity for scripts: the actions of people and scripts, with their results."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query

from admin_api.actions import resume
from admin_api.api.models import ActionOut, ActionsOut, problems
from admin_api.web.auth import Operator
from admin_api.web.errors import InvalidError, RefusedError
from admin_api.wiring.services import ConsoleDep
from processor.domain.actions import ACCESS_KIND, ACTION_KIND, ANY_ACTION_ID
from processor.domain.cursors import CursorError

router = APIRouter(prefix="/api", tags=["Activity"])

ActionId = Annotated[str, Path(pattern=f"^{ANY_ACTION_ID}$", examples=["20261125T184400Z-0123abcd"])]


@router.get("/actions", responses=problems())
def list_actions(
    console: ConsoleDep,
    cursor: Annotated[str, Query(max_length=2000, description="`older` or `newer` of another page.")] = "",
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
    show: Annotated[
        Literal["actions", "downloads"], Query(description="Actions and uploads, or downloads and exports.")
    ] = "actions",
) -> ActionsOut:
    """List actions, the newest first."""
    try:
        found = console.actions.list_actions(cursor, limit, ACCESS_KIND if show == "downloads" else ACTION_KIND)
    except CursorError as error:
        raise InvalidError(str(error)) from error
    now = console.now()
    actions = [ActionOut.of(action, now) for action in found.actions]
    return ActionsOut(actions=actions, older=found.older, newer=found.newer)


@router.get("/actions/{action_id}", responses=problems(404))
def read_action(action_id: ActionId, console: ConsoleDep) -> ActionOut:
    """Read an action, with its progress."""
    return ActionOut.of(resume.action_or_404(console, action_id), console.now())


@router.post("/actions/{action_id}/stop", responses=problems(404, 409))
def stop_action(action_id: ActionId, console: ConsoleDep, user: Operator) -> ActionOut:
    """Stop an action on many files or dead letters; what it has done stays done."""
    if not resume.stop_action(console, user, action_id):
        raise RefusedError("The action is over already.", f"Read its result at /api/actions/{action_id}.")
    return read_action(action_id, console)


@router.post("/actions/{action_id}/carry-on", status_code=202, responses=problems(404, 409))
def carry_on(action_id: ActionId, console: ConsoleDep, user: Operator) -> ActionOut:
    """Resume a stalled action, whose worker is gone; nothing is done twice."""
    return ActionOut.of(resume.resume_action(console, user, action_id), console.now())
