"""Resuming and stopping an action whose worker may be gone; who did it is kept."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from admin_api.actions.bulk import call_worker
from admin_api.web.errors import NotFoundError, RefusedError
from processor.domain.actions import ActionEntry, ActionKind, ActionState, derived_action_id, new_action_id
from processor.domain.entries import from_iso, to_iso
from processor.ledger.action_log import ActionTakenOverError

if TYPE_CHECKING:
    from admin_api.web.users import User
    from admin_api.wiring.services import Console


_TAKES_BACK = frozenset({ActionKind.VOID, ActionKind.TAKE_BACK})


def resume_action(console: Console, user: User, action_id: str) -> ActionEntry:
    """Call a new worker for an action whose worker is gone, and record who did; it goes on where that one stopped.

    Orders that were being taken back when somebody stopped it go on as a new action, which is returned. Raises
    :class:`NotFoundError`, or :class:`RefusedError` for one that is over or makes progress.
    """
    action = action_or_404(console, action_id)
    if is_unfinished(console, action):
        return _go_on(console, user, action)
    if not action.is_stalled(console.now()):
        raise RefusedError(
            "The action is running or has ended, so it cannot be resumed.", "Its page shows how far it is."
        )
    record_resumption(console, user, action)
    call_worker(console, action.action_id)
    return action


def is_unfinished(console: Console, action: ActionEntry) -> bool:
    """Tell whether an action has ended although orders are still to be taken back: stopped, or with a failure."""
    if not action.is_finished or action.kind not in _TAKES_BACK:
        return False
    if action.kind is ActionKind.TAKE_BACK:
        return bool(action.state is ActionState.STOPPED or action.failed)
    entry = console.ledger.read_file(action.file_id)
    return entry is not None and entry.taking_back == action.action_id


def _go_on(console: Console, user: User, ended: ActionEntry) -> ActionEntry:
    """Begin the one action that goes on behind an ended one, or return it; the ledger has the counts."""
    again: dict[str, Any] = {"resume": "", "done": 0, "skipped": 0} if ended.failed else {}
    action = replace(
        ended,
        action_id=derived_action_id(from_iso(ended.finished_at), "go on", ended.action_id),
        at=to_iso(console.now()),
        who=user.name,
        sub=user.subject,
        state=ActionState.RUNNING,
        failed=0,
        error="",
        stop_asked=False,
        stop_asked_by="",
        progressed_at="",
        finished_at="",
        finished_by="",
        **again,
    )
    if console.actions.begin_action(action):
        call_worker(console, action.action_id)
    return action


def record_resumption(console: Console, user: User, action: ActionEntry) -> None:
    """Record as an action of its own that somebody carries on with another one."""
    at = to_iso(console.now())
    console.actions.begin_action(
        ActionEntry(
            action_id=new_action_id(console.now()),
            kind=ActionKind.CARRY_ON,
            at=at,
            who=user.name,
            sub=user.subject,
            state=ActionState.DONE,
            subject=f"{action.kind.replace('_', ' ')}: {action.subject}",
            selection={"action_id": action.action_id},
            expected=1,
            done=1,
            finished_at=at,
        )
    )


def stop_action(console: Console, user: User, action_id: str) -> bool:
    """Ask an action's worker to stop, or stop it at once if the worker is gone; False if it is over.

    Raises :class:`NotFoundError`.
    """
    action = action_or_404(console, action_id)
    if not console.actions.request_stop(action.action_id, user.name):
        return False
    if action.is_stalled(console.now()):
        try:
            console.actions.finish_action(action, ActionState.STOPPED)
        except ActionTakenOverError:
            return True  # Its worker is back, and stops by itself.
    return True


def action_or_404(console: Console, action_id: str) -> ActionEntry:
    """Read an action; raises :class:`NotFoundError`."""
    action = console.actions.read_action(action_id)
    if action is None:
        raise NotFoundError(f"There is no action {action_id!r:.60}.", "Activity lists all of them.")
    return action
