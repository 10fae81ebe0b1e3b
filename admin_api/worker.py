"""Lambda entry point of the worker, which the console invokes asynchronously: actions on many files or letters."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from admin_api.actions import bulk_dead_letters, bulk_files, inbox, voiding
from admin_api.actions.audit_schedule import begin_scheduled_audit, is_schedule
from admin_api.actions.audits import AUDIT_RESERVE_S, AuditWork, fail_if_books_differ
from admin_api.actions.bulk import RESERVE_S, BulkWork
from admin_api.actions.replacing import Replacement, begin_take_back, is_take_back
from admin_api.actions.unfinished_uploads import look_for_unfinished_uploads
from admin_api.wiring.config import Config
from admin_api.wiring.services import Console
from processor.domain.actions import ActionKind
from processor.ledger.action_log import ActionTakenOverError
from processor.observability.telemetry import logger, span
from processor.orders.taking_back import TakenOverError

if TYPE_CHECKING:
    from collections.abc import Callable

    from aws_lambda_powertools.utilities.typing import LambdaContext

    from admin_api.actions.bulk import Executor
    from processor.domain.actions import ActionEntry

EXECUTORS: dict[ActionKind, Executor] = {
    ActionKind.REPROCESS: bulk_files.act_on_files,
    ActionKind.PROCESS_ANYWAY: bulk_files.act_on_files,
    ActionKind.DISMISS: bulk_files.act_on_files,
    ActionKind.STORE: bulk_files.act_on_files,
    ActionKind.REPLACE: bulk_files.act_on_files,
    ActionKind.VOID: voiding.void_file,
    ActionKind.TAKE_BACK: Replacement().take_back,
    ActionKind.PROCESS: inbox.process_objects,
    ActionKind.REDRIVE: bulk_dead_letters.redrive_letters,
    ActionKind.DELETE: bulk_dead_letters.delete_letters,
}

console = Console.connect(Config.from_environment(os.environ))


def read_action(event: dict[str, Any]) -> ActionEntry | None:
    """Read the action that the event names, or begin the one that the schedule or the processor calls for."""
    if is_schedule(event):
        return begin_scheduled_audit(console, event)
    if is_take_back(event):
        return begin_take_back(console, event)
    return console.actions.read_action(event["action_id"])


def work_on(action: ActionEntry, remaining_s: Callable[[], float]) -> BulkWork:
    """Prepare the work; before an audit there must be more time left than before other steps."""
    if action.kind is ActionKind.VERIFY:
        return BulkWork(console, AuditWork(console, remaining_s).execute, remaining_s, reserve_s=AUDIT_RESERVE_S)
    return BulkWork(console, EXECUTORS[action.kind], remaining_s, reserve_s=RESERVE_S)


@logger.inject_lambda_context(clear_state=True)
def handle(event: dict[str, Any], context: LambdaContext) -> None:
    """Carry out the rest of the action that the event is about; a finished one is left alone."""
    if is_schedule(event):
        look_for_unfinished_uploads(console)
    action = read_action(event)
    if action is None or action.is_finished:
        logger.info("action_ignored", extra={"action_id": action.action_id if action else ""})
    else:
        carry_out(action, context)
    if action:
        fail_if_books_differ(console, action.action_id)


def carry_out(action: ActionEntry, context: LambdaContext) -> None:
    """Carry out the rest of an action, unless another worker is ahead."""
    with span("action") as trace:
        trace.annotate(action_id=action.action_id, kind=action.kind)
        try:
            work_on(action, lambda: context.get_remaining_time_in_millis() / 1000).carry_out(action)
        except (ActionTakenOverError, TakenOverError):
            # Lambda may invoke twice for one action: the other worker is ahead, and goes on.
            logger.info("action_taken_over", extra={"action_id": action.action_id})
        except Exception as error:
            # Lambda tries again; the action's page says why it stands still if that fails, too.
            logger.exception("action_interrupted", extra={"action_id": action.action_id})
            console.actions.note_interruption(action.action_id, f"Its worker failed: {type(error).__name__}: {error}")
            raise
