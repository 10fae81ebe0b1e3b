"""Actions on many things: begun by a request, carried out by the worker step by step until done or stopped.

An *executor* carries out one kind of action and yields a :class:`BulkStep` for each thing it has handled. Rate,
progress, stopping and the worker's time limit are here, once for all kinds.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from botocore.exceptions import ClientError

from processor.domain.actions import ActionState
from processor.observability.telemetry import logger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from botocore.exceptions import BotoCoreError

    from admin_api.wiring.services import Console
    from processor.domain.actions import ActionEntry

SAVE_EVERY_S = 1.0
RESERVE_S = 20.0
"""The worker calls its successor while this much of its time is left."""


class BulkStep(NamedTuple):
    """The outcome of one thing, or of a few; ``resume`` is where a new worker goes on after it."""

    done: int = 0
    skipped: int = 0
    """Nothing had to be done: it was so already, or somebody else was faster."""
    failed: int = 0
    resume: str = ""
    error: str = ""
    save: bool = False
    """Whether this must be stored before the executor goes on, so that it outlives the worker."""

    @classmethod
    def of_error(cls, name: str, error: ClientError | BotoCoreError) -> BulkStep:
        """Tell that AWS did not do one thing, which is named, and why."""
        if isinstance(error, ClientError):
            return cls(failed=1, error=f"{name}: {error.operation_name} failed: {error.response['Error']['Code']}.")
        return cls(failed=1, error=f"{name}: AWS could not be reached: {type(error).__name__}.")


type Executor = Callable[[Console, ActionEntry], Iterator[BulkStep]]
"""Carries out an action from ``action.resume`` on; must be idempotent."""


def call_worker(console: Console, action_id: str) -> None:
    """Invoke a worker for the rest of an action. Lambda queues the call, and repeats it if the worker fails."""
    console.worker.invoke(
        FunctionName=console.config.worker_function,
        InvocationType="Event",
        Payload=json.dumps({"action_id": action_id}).encode(),
    )


@dataclass
class BulkWork:
    """One worker's share of an action."""

    console: Console
    executor: Executor
    remaining_s: Callable[[], float]
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    reserve_s: float = RESERVE_S
    _unsaved: list[BulkStep] = field(default_factory=list)

    def carry_out(self, action: ActionEntry) -> ActionEntry:
        """Work until the action is over or time is up; returns the action as it is then stored."""
        saved_at = self.clock()
        for step in self.executor(self.console, action):
            self._unsaved.append(step)
            if action.rate_per_s:
                self.sleep((step.done + step.failed) / action.rate_per_s)
            if step.save or self.clock() - saved_at >= SAVE_EVERY_S:
                action, saved_at = self._save(action), self.clock()
                if action.stop_asked:
                    return self._finish(action, ActionState.STOPPED)
                if self.remaining_s() < self.reserve_s:
                    call_worker(self.console, action.action_id)
                    logger.info("action_handed_on", extra={"action_id": action.action_id, "resume": action.resume})
                    return action
        action = self._save(action)
        return self._finish(action, ActionState.STOPPED if action.stop_asked else ActionState.DONE)

    def _save(self, action: ActionEntry) -> ActionEntry:
        steps, self._unsaved = self._unsaved, []
        return self.console.actions.record_progress(
            action,
            done=sum(step.done for step in steps),
            skipped=sum(step.skipped for step in steps),
            failed=sum(step.failed for step in steps),
            resume=next((step.resume for step in reversed(steps) if step.resume), action.resume),
            error=next((step.error for step in reversed(steps) if step.error), ""),
        )

    def _finish(self, action: ActionEntry, state: ActionState) -> ActionEntry:
        finished = self.console.actions.finish_action(action, state)
        logger.info(
            "action_finished",
            extra={
                "action_id": action.action_id,
                "kind": action.kind,
                "state": state,
                "done": finished.done,
                "skipped": finished.skipped,
                "failed": finished.failed,
            },
        )
        return finished
