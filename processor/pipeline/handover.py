"""The hand-over: a file that is too much for one invocation goes on in the state machine, and its run with it.

The steps themselves (``processor.large_files.steps``) are apart, as the function of most files never loads them.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from processor.domain import object_keys
from processor.domain.entries import from_iso
from processor.domain.errors import LeaseLostError, TooManyRowsError
from processor.domain.file_states import FileState
from processor.messaging.messages import Message
from processor.observability.cost import Usage
from processor.observability.telemetry import logger
from processor.pipeline.run import Run

if TYPE_CHECKING:
    from collections.abc import Mapping

    from processor.domain.entries import FileEntry
    from processor.parsing.decoding import ContentCheck
    from processor.storage.objects import ObjectFacts
    from processor.wiring.invocation import Invocation
    from processor.wiring.services import Services

_SHARE_OF_TIME = 0.5
"""The share of the remaining time that is counted on: DynamoDB may be slower, and the check reads the file, too."""


class Task(NamedTuple):
    """The run as every step is given it: its ids, the end of its lease, the message that waits for it."""

    file_id: str
    run_id: str
    message_id: str
    receipt_handle: str
    receive_count: int
    alone: bool
    lease_until: int
    used: Mapping[str, Any]
    """Usage of the run until it was handed over."""

    @classmethod
    def of(cls, run: Run, lease_until: int) -> Self:
        """Describe a run that is handed over."""
        message = run.message
        return cls(
            run.entry.file_id,
            run.entry.run_id,
            message.message_id,
            message.receipt_handle,
            message.receive_count,
            message.alone,
            lease_until,
            asdict(run.usage()),
        )

    @property
    def message(self) -> Message:
        """The message that waits for the run."""
        return Message(self.message_id, self.receipt_handle, "", self.receive_count, alone=self.alone)


def is_too_large_for_one_run(run: Run, facts: ObjectFacts) -> bool:
    """Tell whether the file is more than this invocation certainly stores in its remaining time.

    An invocation without remaining time stops by itself, and the next one decides.
    """
    time_s = run.invocation.remaining_s() * _SHARE_OF_TIME
    in_time = facts.size_bytes <= run.services.config.run_bytes_per_s * time_s
    return time_s > 0 and not in_time and not object_keys.is_gzipped(run.entry.name)


def is_too_long_for_one_run(run: Run, content: ContentCheck) -> bool:
    """Tell whether the file has more lines than one invocation stores.

    Raises :class:`TooManyRowsError` for gzip, which cannot be read in ranges.
    """
    most = run.services.config.max_rows
    if content.lines > most and object_keys.is_gzipped(run.entry.name):
        raise TooManyRowsError(content.lines, most)
    return content.lines > most


def hand_over(run: Run, size_bytes: int) -> int:
    """Have the file read in ranges; hold it until that must have ended, and return that moment."""
    services = run.services
    until = int(services.now().timestamp()) + services.config.large_file_timeout_s + 1
    # Started first: an execution without the longer lease does no harm, a long lease without an execution costs hours.
    services.state_machine.start_execution(run.entry.run_id, Task.of(run, until)._asdict())
    services.ledger.extend_lease(run.entry, until, size_bytes)
    logger.info("file_handed_over", extra={"size_bytes": size_bytes})
    return until


def resume_run(task: Task, services: Services, invocation: Invocation) -> Run:
    """Go on with the run in another invocation; raises :class:`LeaseLostError` if it does not hold the file."""
    entry = services.ledger.read_file(task.file_id)
    if entry is None or entry.run_id != task.run_id or entry.state is not FileState.PROCESSING:
        raise LeaseLostError(task.file_id, task.run_id)
    return rebuild_run(task, entry, services, invocation)


def rebuild_run(task: Task, entry: FileEntry, services: Services, invocation: Invocation) -> Run:
    """Describe the run in this invocation, with the usage and the time of those before it."""
    return Run(
        services,
        invocation,
        task.message,
        entry,
        usage_before=services.usage_meter.usage(),
        start_s=invocation.elapsed_s(),
        before_ms=round((services.now() - from_iso(entry.run_started_at)).total_seconds() * 1000),
        usage_elsewhere=Usage(**task.used) - Usage(sqs_requests=3),  # Those of the message are counted once a run.
    )
