"""The Lambda entry point of the state machine: one step of a large file's run."""

from __future__ import annotations

import gc

gc.disable()  # As in processor.handler.

import json
from typing import TYPE_CHECKING, Any

from processor.domain.errors import StepFailedError
from processor.large_files import steps
from processor.large_files.plan import Folder
from processor.large_files.splitting import Range
from processor.large_files.store_range import store_range
from processor.observability.telemetry import logger, span
from processor.pipeline.handover import Task
from processor.wiring.invocation import invocation_of, report_invocation
from processor.wiring.runtime import services

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from processor.wiring.invocation import Invocation


@logger.inject_lambda_context(clear_state=True)
def handle(event: dict[str, Any], context: LambdaContext) -> Any:
    """Do one step; the state machine hands its answer to the next ones."""
    invocation = invocation_of(context)
    task = Task(**{name: event["task"][name] for name in Task._fields})
    logger.append_keys(file_id=task.file_id, run_id=task.run_id, step=event["step"])
    reporting = report_invocation(invocation, services, messages=0, memory="RangesPeakMemory")
    with reporting, span(event["step"]) as trace:
        trace.annotate(file_id=task.file_id, run_id=task.run_id, environment=services.config.environment)
        invocation.metrics.note("file_id", task.file_id)
        return _STEPS[event["step"]](task, event, invocation)


def _plan(task: Task, _event: dict[str, Any], invocation: Invocation) -> dict[str, Any]:
    return steps.plan_ranges(task, services, invocation)


def _store_range(task: Task, event: dict[str, Any], invocation: Invocation) -> None:
    plan = event["plan"]
    store_range(
        task,
        Range(**event["range"]),
        Folder(plan["folder"]),
        header_bytes=plan["header_bytes"],
        encoding=plan["encoding"],
        # A file that was split by an earlier release has none.
        has_rejected_orders=plan.get("has_rejected_orders", False),
        services=services,
        invocation=invocation,
    )


def _settle(task: Task, event: dict[str, Any], invocation: Invocation) -> None:
    steps.settle_ranges(task, Folder(event["plan"]["folder"]), services, invocation)


def _give_back(task: Task, event: dict[str, Any], invocation: Invocation) -> None:
    steps.give_back_file(task, _failure(event["failure"]), services, invocation)


def _failure(failure: dict[str, str]) -> StepFailedError:
    """Read what the state machine has caught; the cause of a function's own error is JSON."""
    cause = failure.get("Cause", "")
    try:
        words = json.loads(cause)["errorMessage"]
    except (ValueError, KeyError, TypeError):
        words = cause
    return StepFailedError(failure["Error"], str(words))


_STEPS = {"plan": _plan, "store": _store_range, "settle": _settle, "give back": _give_back}
