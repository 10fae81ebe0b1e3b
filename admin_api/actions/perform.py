"""Performs actions: at once on one file, by the worker on many things; each stands in the action log.

An action has the id of the form that asked for it, so that posting a form twice performs it once. An action that died
on the way is completed by posting the form again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from admin_api.actions import bulk
from admin_api.actions.available import explain_refusal, is_allowed
from admin_api.actions.dismissal import Dismissal
from admin_api.actions.files import file_or_404
from admin_api.web.errors import RefusedError
from processor.domain.actions import ActionEntry, ActionKind, ActionState
from processor.domain.entries import to_iso
from processor.domain.errors import IllegalTransitionError
from processor.domain.file_states import FileState
from processor.ledger.action_log import ActionTakenOverError
from processor.observability.telemetry import logger

if TYPE_CHECKING:
    from typing import Any

    from admin_api.web.users import User
    from admin_api.wiring.services import Console
    from processor.domain.entries import FileEntry


@dataclass(frozen=True, slots=True)
class ActionRequest:
    """An action that a user asks for, and why; ``action_id`` is the id of the form."""

    user: User
    kind: ActionKind
    action_id: str
    reason: str = ""


def act_on_file(console: Console, action_request: ActionRequest, file_id: str) -> ActionEntry:
    """Act on one file now; returns the finished action, also if it was asked for before.

    Raises :class:`NotFoundError`, :class:`RefusedError` and AWS's errors; the action log has the outcome in any case.
    """
    entry = file_or_404(console, file_id)
    action = _action_entry(console, action_request, file_id=file_id, subject=entry.name, expected=1)
    if not console.actions.begin_action(action):
        action = console.actions.read_action(action.action_id, file_id) or action
        if action.is_finished:
            return action
    try:
        fresh = apply_action(console, action_request.kind, entry)
    except (RefusedError, ClientError, BotoCoreError) as error:
        _finish(console, action, ActionState.FAILED, failed=1, error=str(error))
        raise
    return _finish(console, action, ActionState.DONE, done=int(fresh), skipped=int(not fresh))


def act_on_many(
    console: Console,
    action_request: ActionRequest,
    *,
    selection: dict[str, Any],
    subject: str,
    expected: int,
    rate_per_s: int = 0,
) -> None:
    """Let the worker act on the things of a selection (see ``bulk_files``, ``bulk_dead_letters``)."""
    action = _action_entry(
        console, action_request, selection=selection, subject=subject, expected=expected, rate_per_s=rate_per_s
    )
    if bulk.start_bulk_action(console, action):
        logger.info("action_begun", extra={"action_id": action.action_id, "kind": action.kind, "expected": expected})


def state_after(kind: ActionKind) -> FileState:
    """Return the state in which an action leaves a file."""
    return FileState.DISMISSED if kind is ActionKind.DISMISS else FileState.REPROCESSING


def apply_action(console: Console, kind: ActionKind, entry: FileEntry) -> bool:
    """Apply an action to one file; False if it had been applied before, and was only completed.

    Raises :class:`RefusedError`.
    """
    fresh = entry.state is not state_after(kind)
    now = console.now()
    if fresh and not is_allowed(kind, entry, now):
        raise RefusedError(explain_refusal(kind, entry))
    try:
        if kind is ActionKind.DISMISS:
            Dismissal(console.ledger, console.objects, console.now).dismiss(entry.file_id)
            return fresh
        if not entry.lease_ended(now):  # The next message takes over from a dead run as it is.
            console.ledger.request_reprocess(entry.file_id)
    except IllegalTransitionError as error:
        raise RefusedError(f"{entry.name}: {error} A run or somebody else was faster.") from error
    console.queue.send_reprocess(entry.file_id)
    return fresh


def _action_entry(console: Console, action_request: ActionRequest, **more: Any) -> ActionEntry:
    return ActionEntry(
        action_id=action_request.action_id,
        kind=action_request.kind,
        at=to_iso(console.now()),
        who=action_request.user.name,
        state=ActionState.RUNNING,
        reason=action_request.reason,
        **more,
    )


def _finish(console: Console, action: ActionEntry, state: ActionState, **more: Any) -> ActionEntry:
    console.status.forget()
    try:
        ended = console.actions.finish_action(action, state, **more)
    except ActionTakenOverError:  # A double click: the other request was faster.
        ended = console.actions.read_action(action.action_id, action.file_id) or action
    fields = {"action_id": action.action_id, "kind": action.kind, "file_id": action.file_id, "state": ended.state}
    logger.info("action_finished", extra=fields)
    return ended
