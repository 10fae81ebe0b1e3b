"""Performs actions: at once on one file, by the worker on many things; each stands in the action log.

An action has the id of the form that asked for it, so that posting a form twice performs it once. On a file it takes
effect in one transaction with its note in the file's story, so that an action that died on the way is completed, and
never done twice or called a failure, when it is asked for again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from admin_api.actions import bulk
from admin_api.actions.available import AVAILABLE_ACTIONS, explain_refusal, is_allowed
from admin_api.actions.begin import ActionRequest, begin_once, digest_of, is_same_person, new_entry
from admin_api.actions.dismissal import Dismissal
from admin_api.actions.files import file_or_404
from admin_api.actions.lost_messages import QUEUE_WAS_EMPTY, is_message_lost, was_message_lost
from admin_api.actions.resume import record_resumption
from admin_api.actions.voiding import refuse_void
from admin_api.web.errors import RefusedError
from processor.domain.actions import ActionEntry, ActionKind, ActionState
from processor.domain.entries import to_iso
from processor.domain.errors import IllegalTransitionError, OrdersGoingBackError
from processor.domain.file_states import FileState
from processor.ledger.action_log import ActionTakenOverError
from processor.observability.telemetry import logger

if TYPE_CHECKING:
    from typing import Any

    from admin_api.wiring.services import Console
    from processor.domain.entries import FileEntry


_OF_WORKER = frozenset({ActionKind.VERIFY, ActionKind.VOID})
_ASKS_FOR = {ActionKind.STORE: "store", ActionKind.PROCESS_ANYWAY: "store", ActionKind.REPLACE: "replace"}


def act_on_file(console: Console, action_request: ActionRequest, file_id: str) -> ActionEntry:
    """Act on one file now; returns the finished action, also if it was asked for before.

    To verify or to void takes longer than a request may: the worker does it, and the action is still running.

    Raises :class:`NotFoundError`, :class:`RefusedError` and AWS's errors; the action log has the outcome in any case.
    """
    entry = file_or_404(console, file_id)
    if action_request.kind in _OF_WORKER:
        return _let_worker_act_on_file(console, action_request, entry)
    asked = new_entry(console, action_request, file_id=file_id, subject=entry.name, expected=1)
    action, _ = begin_once(console, asked)
    if action.state is ActionState.FAILED:  # An answer that was lost may be asked for again: it was no success.
        raise RefusedError(f"This action has failed: {action.error}", "Ask for it once more, with a new id.")
    if action.is_finished:
        return action
    helper = "" if is_same_person(action, asked) else asked.who
    try:
        fresh = apply_action(console, action, entry)
    except RefusedError as error:
        _fail(console, action, entry, str(error), helper)
        raise
    except (ClientError, BotoCoreError) as error:
        if not _may_have_taken_effect(console, action, file_id):
            _fail(console, action, entry, str(error), helper)
        raise
    return _finish(console, action, ActionState.DONE, done=int(fresh), skipped=int(not fresh), finished_by=helper)


def _let_worker_act_on_file(console: Console, action_request: ActionRequest, entry: FileEntry) -> ActionEntry:
    kind = action_request.kind
    if console.actions.read_action(action_request.action_id) is None:
        if not is_allowed(kind, entry, console.now()):
            raise RefusedError(explain_refusal(kind, entry))
        if kind is ActionKind.VOID:
            refuse_void(console, entry)
    expected = entry.accepted_rows if kind is ActionKind.VOID else 1
    asked = new_entry(console, action_request, file_id=entry.file_id, subject=entry.name, expected=expected)
    return _let_worker_act(console, action_request, asked)


def act_on_many(
    console: Console,
    action_request: ActionRequest,
    *,
    selection: dict[str, Any],
    subject: str,
    expected: int,
    asked_for: Any,
    rate_per_s: int = 0,
) -> None:
    """Let the worker act on the things of a selection (see ``bulk_files``, ``bulk_dead_letters``).

    ``asked_for`` is what the request itself named, in JSON's types, and equal when it is sent again. Raises
    :class:`RefusedError` if the id is another request's, or the action is for one file at a time.
    """
    available = AVAILABLE_ACTIONS.get(action_request.kind)
    if available and available.is_for_one:
        raise RefusedError(f"{available.verb} takes one file at a time.", "Open each file's page.")
    is_empty = action_request.kind is ActionKind.REPROCESS and console.queue.count_messages() == 0
    asked = new_entry(
        console,
        action_request,
        selection=selection | {QUEUE_WAS_EMPTY: True} if is_empty else selection,
        subject=subject,
        expected=expected,
        rate_per_s=rate_per_s,
        asked_for=digest_of(asked_for),
    )
    _let_worker_act(console, action_request, asked)


def _let_worker_act(console: Console, action_request: ActionRequest, asked: ActionEntry) -> ActionEntry:
    """Begin an action and call the worker; one whose worker is gone gets a new one."""
    action, is_new = begin_once(console, asked)
    if is_new:
        fields = {"action_id": action.action_id, "kind": action.kind, "expected": action.expected}
        logger.info("action_begun", extra=fields)
        bulk.call_worker(console, action.action_id)
    elif action.is_stalled(console.now()):
        record_resumption(console, action_request.user, action)
        bulk.call_worker(console, action.action_id)
    return action


def state_after(kind: ActionKind) -> FileState:
    """Return the state in which an action leaves a file."""
    return FileState.DISMISSED if kind is ActionKind.DISMISS else FileState.REPROCESSING


def _is_asked_for(kind: ActionKind, entry: FileEntry) -> bool:
    """Tell whether the file is already in the state in which the action leaves it, and its run due in the same way."""
    if entry.state is not state_after(kind):
        return False
    return kind not in _ASKS_FOR or entry.asked_for == _ASKS_FOR[kind]


def apply_action(console: Console, action: ActionEntry, entry: FileEntry) -> bool:
    """Apply an action to one file, once; False if it was so already by another action, and was only completed.

    Raises :class:`RefusedError`.
    """
    now = console.now()
    was_applied = console.actions.is_noted(action.action_id, entry.file_id)
    is_so = _is_asked_for(action.kind, entry)
    is_lost = action.kind is ActionKind.REPROCESS and (
        was_message_lost(action, entry) or is_message_lost(console, entry)
    )
    if not was_applied and not is_so and not is_allowed(action.kind, entry, now, is_lost=is_lost):
        raise RefusedError(explain_refusal(action.kind, entry))
    if action.kind is ActionKind.REPLACE and not was_applied and not is_so:
        _refuse_to_replace(console, entry)
    is_stuck = is_lost or entry.lease_ended(now)
    if was_applied and not is_so and not is_stuck:
        return True  # The file has moved on since.
    try:
        if action.kind is ActionKind.DISMISS:
            _dismiss(console, action, entry)
        else:
            _reprocess(console, action, entry, is_stuck=is_stuck)
    except OrdersGoingBackError as error:
        raise RefusedError(f"{entry.name}: {error}") from error
    except IllegalTransitionError as error:
        raise RefusedError(f"{entry.name}: {error} A run or somebody else was faster.") from error
    return was_applied or ((is_stuck or not is_so) and console.actions.is_noted(action.action_id, entry.file_id))


def _dismiss(console: Console, action: ActionEntry, entry: FileEntry) -> None:
    note = console.actions.note_update(action, entry.file_id, entry.name)
    Dismissal(console.ledger, console.objects, console.now).dismiss(entry.file_id, note)


def _reprocess(console: Console, action: ActionEntry, entry: FileEntry, *, is_stuck: bool) -> None:
    if is_stuck:  # The next message takes the file as it is: from a dead run, or in place of a lost message.
        console.actions.note_on_file(action, entry.file_id, entry.name)
        console.queue.send_reprocess(entry.file_id)
        console.ledger.note_asked_again(entry, to_iso(console.now()))
    else:
        note = console.actions.note_update(action, entry.file_id, entry.name)
        asked_for = _ASKS_FOR.get(action.kind, "")
        console.ledger.request_reprocess(entry.file_id, to_iso(console.now()), note, asked_for=asked_for)
        console.queue.send_reprocess(entry.file_id)


def _refuse_to_replace(console: Console, entry: FileEntry) -> None:
    """Raise :class:`RefusedError` if a newer file has some of the orders, or one of which only some may be stored."""
    found = entry.same_orders_found
    for other in console.files.read_files(found.files) if found else ():
        if other.arrival_order > entry.arrival_order and other.has_orders:
            raise RefusedError(
                f"{other.name} came later than {entry.name} and has brought some of the same orders.",
                "Dismiss this file; or void the later one first, if it is the wrong one.",
            )
        if other.is_unfinished:
            raise RefusedError(
                f"The runs of {other.name} have not ended: some of its orders may be stored, and nothing tells which.",
                "Reprocess that file first, or redrive its message; then let this one replace its orders.",
            )


def _may_have_taken_effect(console: Console, action: ActionEntry, file_id: str) -> bool:
    """Tell whether an action that AWS interrupted has to be completed. One that cannot be looked up may have to be."""
    try:
        return console.actions.is_noted(action.action_id, file_id)
    except (ClientError, BotoCoreError):
        return True


def _fail(console: Console, action: ActionEntry, entry: FileEntry, error: str, helper: str) -> None:
    _finish(console, action, ActionState.FAILED, failed=1, error=error, finished_by=helper)
    console.actions.note_on_file(action, entry.file_id, entry.name, ActionState.FAILED, error)


def _finish(console: Console, action: ActionEntry, state: ActionState, **more: Any) -> ActionEntry:
    console.status.forget()
    try:
        ended = console.actions.finish_action(action, state, **more)
    except ActionTakenOverError:  # A double click: the other request was faster.
        ended = console.actions.read_action(action.action_id) or action
    fields = {"action_id": action.action_id, "kind": action.kind, "file_id": action.file_id, "state": ended.state}
    logger.info("action_finished", extra=fields)
    return ended
