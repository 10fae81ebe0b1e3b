"""The state machine of large files in this process: its steps in their order, with retries of a range."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from processor.domain.errors import RangesMissingError, StepFailedError
from processor.large_files.plan import Folder
from processor.large_files.splitting import Range
from processor.large_files.steps import give_back_file, plan_ranges, settle_ranges
from processor.large_files.store_range import store_range
from processor.pipeline.handover import Task
from processor.wiring.invocation import Invocation

if TYPE_CHECKING:
    from tests.integration.stage import Stage

TRIES = 2


@dataclass
class Machine:
    """Step Functions with one state machine, whose executions wait for `run`."""

    stage: Stage
    waiting: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    def before(cls, stage: Stage, **settings: Any) -> Machine:
        """Let a machine read all of the stage's files in ranges, however small."""
        machine = cls(stage)
        stage.clients = stage.clients._replace(states=machine)
        stage.configure(run_bytes_per_s=0, **settings)
        return machine

    def start_execution(self, **request: Any) -> None:
        """Start an execution, as the client's call of this name does."""
        self.waiting.append(json.loads(request["input"]))

    def run(self) -> None:
        """Run the oldest execution to its end; a step that fails for good gives the file back."""
        task = Task(**self.waiting.pop(0))
        try:
            self.steps(task)
        except Exception as error:  # noqa: BLE001 - as the state machine's Catch
            failure = StepFailedError(type(error).__name__, str(error))
            give_back_file(task, failure, self.stage.services, self.invocation())

    def steps(self, task: Task) -> None:
        """Do all steps of an execution but the one that gives the file back."""
        plan = plan_ranges(task, self.stage.services, self.invocation())
        if plan["settled"]:
            return
        assert self.stage.read(plan["manifest_key"])[:1] == b"["
        for item in json.loads(self.stage.read(plan["manifest_key"])):
            self.store(task, plan, Range(**item))
        settle_ranges(task, Folder(plan["folder"]), self.stage.services, self.invocation())

    def store(self, task: Task, plan: dict[str, Any], file_range: Range) -> None:
        """Store a range, with retries. One that fails for good is tolerated, and found missing by the last step."""
        for _ in range(TRIES):
            try:
                store_range(
                    task,
                    file_range,
                    Folder(plan["folder"]),
                    header_bytes=plan["header_bytes"],
                    encoding=plan["encoding"],
                    has_rejected_orders=plan["has_rejected_orders"],
                    services=self.stage.services,
                    invocation=self.invocation(),
                )
            except RangesMissingError:
                raise
            except Exception:  # noqa: BLE001, S112 - as the state machine's Retry
                continue
            return

    @staticmethod
    def invocation() -> Invocation:
        """Return a new invocation."""
        return Invocation("request-2", "1-trace", timeout_s=900, memory_mb=1769)
