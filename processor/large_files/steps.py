"""A file that is more than one invocation can store: the steps of the state machine that has it read in ranges.

Plan (check and split) → store each range → settle what they have stored; give the file back if a step fails for good.
It is one run all along: its message stays hidden in the queue, its lease is held, and a step of a run that has lost it
writes nothing. A range that is done leaves a result, so that a retry of any kind stores the missing ones alone.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from processor.domain import object_keys
from processor.domain.entries import FIRST_STRIDE, MOST_OFFSETS
from processor.domain.errors import (
    ObjectGoneError,
    PermanentError,
    PlanMissingError,
    RangesMissingError,
    StepFailedError,
)
from processor.domain.file_states import SETTLED, FileState
from processor.domain.orders import ENRICHED_HEADER
from processor.large_files import plan as ranges
from processor.large_files.joining import Piece, join
from processor.large_files.plan import Folder, Plan, RangeResult
from processor.large_files.splitting import split
from processor.observability.cost import Usage
from processor.observability.telemetry import logger, span
from processor.pipeline.deadline import Deadline
from processor.pipeline.handover import run_of, take_on
from processor.pipeline.loader import admitted, warnings_of
from processor.pipeline.retry import RetryPolicy, give_back
from processor.pipeline.run import Run, Settlement, Stored
from processor.pipeline.settlement import finish_clean_up, settle, tell_and_clean_up
from processor.storage.outputs import header_line
from processor.storage.rejected_rows import HEADER

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from processor.domain.entries import FileEntry
    from processor.pipeline.handover import Task
    from processor.storage.objects import ObjectFacts
    from processor.wiring.invocation import Invocation
    from processor.wiring.services import Services

_JSON = "application/json"
_TRANSITIONS = 6
_TRANSITIONS_A_RANGE = 2
"""Of the state machine's execution, and of each range's: https://aws.amazon.com/step-functions/pricing/"""


def plan(task: Task, services: Services, invocation: Invocation) -> dict[str, Any]:
    """Check and split the file, unless an earlier run has; settle it if it cannot be read. Say what the ranges need."""
    run = take_on(task, services, invocation)
    try:
        run.facts = facts = services.objects.facts(run.entry.original)
        run.entry = services.ledger.hold(run.entry, task.lease_until, facts.size_bytes)
        encoding = admitted(run, facts)
        folder = _folder(run.entry, facts, encoding, services)
        made = _read_plan(run.entry, folder, services) or _make_plan(run, facts, encoding, folder)
    except PermanentError as error:
        end(run, task, Settlement(FileState.FAILED, object_keys.FAILED, cause=error.cause, error=str(error)))
        return {"settled": True}
    logger.info("file_split", extra={"ranges": len(made.split.ranges), "lines": made.split.content.lines})
    return {
        "settled": False,
        "bucket": run.entry.bucket,
        "folder": folder.prefix,
        "manifest_key": folder.manifest,
        "header_bytes": made.split.header_bytes,
        "encoding": encoding,
    }


def settle_ranges(task: Task, folder: Folder, services: Services, invocation: Invocation) -> None:
    """Join what the ranges have stored, and settle the file as a single run would.

    Raises :class:`RangesMissingError`, :class:`LeaseLostError`.
    """
    entry = services.ledger.read(task.file_id)
    if entry and entry.run_id == task.run_id and entry.state in SETTLED:
        finish_clean_up(run_of(task, entry, services, invocation))  # An earlier attempt died in its own.
        services.queue.finish(task.message)
    else:
        run = take_on(task, services, invocation)
        entry = run.entry
        end(run, task, _settlement(run, folder))
    if made := _read_plan(entry, folder, services):
        services.objects.delete_all(entry.bucket, folder.keys(made.split.ranges))


def _settlement(run: Run, folder: Folder) -> Settlement:
    """Gather the ranges' results and say how the file is to be settled."""
    made = _read_plan(run.entry, folder, run.services)
    if made is None:
        raise PlanMissingError
    found = [_read_result(run.entry, folder, part.number, run.services) for part in made.split.ranges]
    missing = [number for number, result in enumerate(found) if result is None]
    if missing:
        raise RangesMissingError(missing, len(found))
    results = [result for result in found if result]
    run.content = made.split.content
    run.used_elsewhere += sum((result.usage for result in results), made.usage)
    with suppress(ObjectGoneError):  # Every row is stored: that the original has gone since makes no failure of it.
        run.facts = run.services.objects.facts(run.entry.original)
    try:
        with span("join"):
            return _join(run, made, results, folder)
    except PermanentError as error:
        return Settlement(FileState.FAILED, object_keys.FAILED, cause=error.cause, error=str(error))


def give_back_file(task: Task, error: StepFailedError, services: Services, invocation: Invocation) -> None:
    """Leave the file to the next run, or to a person after the last, and let the message come again."""
    entry = services.ledger.read(task.file_id)
    if entry is None or entry.run_id != task.run_id:
        return  # Another run has taken the file over, and the message with it.
    if entry.state is FileState.PROCESSING:
        give_back(run_of(task, entry, services, invocation), error)
        left = services.ledger.read(task.file_id)
        if left and left.run_id == task.run_id and left.state is FileState.PROCESSING:
            raise error  # Not recorded: the state machine repeats the step, or the file would be held for hours.
    services.queue.postpone(task.message, RetryPolicy.of(services.config).delay_s(task.message))


def end(run: Run, task: Task, settlement: Settlement) -> None:
    """Settle the file, tell a person, clean up, and take the message out of the queue."""
    with span("settle"):
        settle(run, settlement)
    tell_and_clean_up(run)
    run.services.queue.finish(task.message)


def _folder(entry: FileEntry, facts: ObjectFacts, encoding: str, services: Services) -> Folder:
    config = services.config
    circumstances = (facts.etag, facts.size_bytes, encoding, config.range_bytes, config.order_indexes)
    return Folder.of(object_keys.work_folder(entry.base, entry.file_id), *circumstances)


def _make_plan(run: Run, facts: ObjectFacts, encoding: str, folder: Folder) -> Plan:
    objects, bucket = run.services.objects, run.entry.bucket
    deadline = Deadline(run.invocation, remedy="Raise large_file_memory_mb (more memory is more speed)")

    def blocks() -> Iterator[bytes]:
        for block in objects.blocks(facts):
            deadline.check(0)
            yield block

    with span("check and split"):
        made = split(blocks(), encoding=encoding, range_bytes=run.services.config.range_bytes)
    run.content = made.content
    transitions = _TRANSITIONS + _TRANSITIONS_A_RANGE * len(made.ranges)
    own = run.services.usage_meter.used() - run.used_before + Usage(state_transitions=transitions, lambda_requests=1)
    own.lambda_gb_seconds = run.invocation.gb_seconds(run.invocation.elapsed_s())
    written = Plan(made, own)
    objects.put(bucket, folder.manifest, written.manifest(), _JSON)
    objects.put(bucket, folder.plan, written.to_json(), _JSON)
    return written


def _read_plan(entry: FileEntry, folder: Folder, services: Services) -> Plan | None:
    text = services.objects.read(entry.bucket, folder.plan)
    return Plan.from_json(text) if text else None


def _read_result(entry: FileEntry, folder: Folder, number: int, services: Services) -> RangeResult | None:
    text = services.objects.read(entry.bucket, folder.result(number))
    return RangeResult.from_json(text) if text else None


def _join(run: Run, made: Plan, results: Sequence[RangeResult], folder: Folder) -> Settlement:
    """Join the ranges' outputs to those of the file, and their counts to those of the run."""
    objects, entry = run.services.objects, run.entry
    accepted = [Piece(folder.accepted(number), result.accepted_bytes) for number, result in enumerate(results)]
    rejected = [Piece(folder.rejected(number), result.rejected_bytes) for number, result in enumerate(results)]
    accepted_key = object_keys.accepted_key(entry.base, entry.file_id, entry.name)
    rejected_key = object_keys.rejected_key(entry.base, entry.file_id, entry.name)
    head = header_line(ENRICHED_HEADER)
    marks, offsets = ranges.joined_marks(results, first=len(head), most=MOST_OFFSETS)
    run.joined = Stored(
        accepted_rows=sum(result.accepted_rows for result in results),
        rejected_rows=sum(result.rejected_rows for result in results),
        batches=sum(result.batches for result in results),
        retried_items=sum(result.retried_items for result in results),
        row_stride=FIRST_STRIDE,
        row_offsets=offsets,
        row_marks=marks,
    )
    return Settlement(
        state=FileState.PARTIAL if run.joined.rejected_rows else FileState.PROCESSED,
        accepted_key=join(objects, entry.bucket, accepted_key, head, accepted),
        rejected_key=join(objects, entry.bucket, rejected_key, header_line(HEADER), rejected),
        reasons=ranges.joined_reasons(results),
        warnings=warnings_of(made.split.unknown_columns),
    )
