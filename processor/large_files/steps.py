"""The steps of the state machine that reads a large file in ranges.

1. Plan: check the file and split it.
2. Store each range (``processor.large_files.store_range``).
3. Settle: join what the ranges have stored.
4. Give the file back, if a step fails for good.

All steps are one run: its message stays hidden in the queue, its lease is held, and a step of a run that has lost the
lease writes nothing. A range that is done leaves a result, so a retry of any kind stores only the missing ones.
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
from processor.domain.holds import Reject
from processor.domain.object_keys import ObjectVersion
from processor.domain.orders import ENRICHED_HEADER
from processor.large_files.joining import Piece, join
from processor.large_files.plan import Folder, Plan, RangeResult, join_marks, join_reasons
from processor.large_files.splitting import split
from processor.observability.cost import Usage
from processor.observability.telemetry import logger, span
from processor.pipeline.admission import decide
from processor.pipeline.deadline import Deadline
from processor.pipeline.handover import rebuild_run, resume_run
from processor.pipeline.loader import Source, output_keys, warnings_of
from processor.pipeline.lost_objects import describe_failure
from processor.pipeline.retry import RetryPolicy, give_back
from processor.pipeline.run import LoadResult, Settlement
from processor.pipeline.same_upload import forget_same_upload, settle_or_forget
from processor.pipeline.settlement import finish_clean_up, notify_and_clean_up
from processor.pipeline.verdict import NOTHING_ANNOUNCED, Announced
from processor.pipeline.waiting import wait_for
from processor.storage.outputs import header_line
from processor.storage.rejected_rows import HEADER

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from processor.domain.entries import FileEntry
    from processor.pipeline.handover import Task
    from processor.pipeline.run import Run
    from processor.storage.objects import ObjectFacts
    from processor.wiring.invocation import Invocation
    from processor.wiring.services import Services

_JSON = "application/json"
_TRANSITIONS = 6
_TRANSITIONS_A_RANGE = 2
"""State transitions of an execution, and of each range: https://aws.amazon.com/step-functions/pricing/"""


def plan_ranges(task: Task, services: Services, invocation: Invocation) -> dict[str, Any]:
    """Check and split the file, unless an earlier run has; return what the next steps need.

    A file that cannot be read is settled here: then there are no next steps.
    """
    run, facts = resume_run(task, services, invocation), None
    try:
        facts = services.objects.read_facts(run.entry.original)
        run = run._replace(entry=services.ledger.extend_lease(run.entry, task.lease_until, facts.size_bytes))
        source = Source(run, facts)
        folder = _folder(source)
        plan = _find_whole_plan(run.entry, folder, services) or _make_plan(source, folder)
        admission = decide(source, plan.split.reading)
        if admission.same_as:
            forget_same_upload(run, admission.same_as)
            return _leave(run)
        if admission.waits_for:
            wait_for(run, admission.waits_for)
            return _leave(run)
        if admission.settlement:
            return _settle_unread(run, admission.settlement)
    except PermanentError as error:
        return _settle_unread(run, Settlement.of_error(describe_failure(run, error), facts))
    logger.info("file_split", extra={"ranges": len(plan.split.ranges), "lines": plan.split.reading.content.lines})
    return {
        "settled": False,
        "bucket": run.entry.bucket,
        "folder": folder.prefix,
        "manifest_key": folder.manifest,
        "header_bytes": plan.split.header_bytes,
        "encoding": source.encoding,
        "has_rejected_orders": plan.has_rejected_orders,
    }


def settle_ranges(task: Task, folder: Folder, services: Services, invocation: Invocation) -> None:
    """Join what the ranges have stored, and settle the file as a single run would.

    Raises :class:`PlanMissingError`, :class:`RangesMissingError`, :class:`LeaseLostError`.
    """
    entry = services.ledger.read_file(task.file_id)
    if entry and entry.run_id == task.run_id and entry.state in SETTLED:
        finish_clean_up(rebuild_run(task, entry, services, invocation))  # An earlier attempt died in its own.
    else:
        run = resume_run(task, services, invocation)
        entry = run.entry
        plan, results = _read_results(entry, folder, services)
        usage = sum((result.usage for result in results), plan.usage)
        run = run._replace(usage_elsewhere=run.usage_elsewhere + usage)
        facts = _find_facts(run)
        with span("join"):
            result = _join(run, plan, results, folder)
        _settle(run, _settlement_of(run, plan, result, facts))
    if old_plan := _read_plan(entry, folder, services):
        *others, plan_key = folder.keys(old_plan)
        services.objects.delete_all(entry.bucket, others)
        # By itself: S3 may refuse any object of a request, and without the plan no step would find it.
        services.objects.delete_all(entry.bucket, [plan_key])
    services.queue.finish(task.message)  # Last: until then a step that is repeated finds what is left to do.


def give_back_file(task: Task, error: StepFailedError, services: Services, invocation: Invocation) -> None:
    """Leave the file to the next run, or to a person after the last, and let the message come again."""
    entry = services.ledger.read_file(task.file_id)
    if entry is None or entry.run_id != task.run_id:
        return  # Another run has taken the file over, and the message with it.
    if entry.state is FileState.PROCESSING:
        give_back(rebuild_run(task, entry, services, invocation), error)
        entry_now = services.ledger.read_file(task.file_id)
        if entry_now and entry_now.run_id == task.run_id and entry_now.state is FileState.PROCESSING:
            raise error  # Not recorded: the state machine repeats the step, or the file would be held for hours.
    services.queue.postpone(task.message, RetryPolicy.of(services.config).delay_s(task.message))


def _settlement_of(run: Run, plan: Plan, result: LoadResult, facts: ObjectFacts | None) -> Settlement:
    """Settle the file as a single run would that has read and stored it."""
    reading = plan.split.reading
    return Settlement.of_result(result, facts, reading.content)._replace(
        replaces=run.entry.replaces,
        announced=Announced.of(facts.metadata) if facts else NOTHING_ANNOUNCED,
        reading=reading if reading.rows else None,  # A plan of an earlier release has read no rows.
    )


def _settle(run: Run, settlement: Settlement) -> None:
    """Settle the file, tell a person, and clean up; or forget it."""
    with span("settle"):
        settled = settle_or_forget(run, settlement)
    if settled:
        notify_and_clean_up(settled)


def _settle_unread(run: Run, settlement: Settlement) -> dict[str, Any]:
    """Settle a file of which no range is stored, and take its message out of the queue; return what to do next."""
    _settle(run, settlement)
    return _leave(run)


def _leave(run: Run) -> dict[str, Any]:
    """Take the message of a file that this run is done with out of the queue; return what to do next."""
    run.services.queue.finish(run.message)
    return {"settled": True}


def _find_facts(run: Run) -> ObjectFacts | None:
    """Look at the original; every row is stored, so a missing one is not a failure."""
    with suppress(ObjectGoneError):
        return run.services.objects.read_facts(run.entry.original)
    return None


def _folder(source: Source) -> Folder:
    entry, facts, config = source.run.entry, source.facts, source.run.services.config
    circumstances: list[object] = [facts.etag, facts.size_bytes, source.encoding]
    circumstances += [config.range_bytes, config.order_indexes]
    if source.reject is not Reject.ROW:  # The rule of earlier releases, whose work goes on.
        circumstances.append(str(source.reject))
    return Folder.of(object_keys.work_folder(entry.base, entry.file_id), *circumstances)


def _make_plan(source: Source, folder: Folder) -> Plan:
    run = source.run
    objects, bucket = run.services.objects, run.entry.bucket
    deadline = Deadline(run.invocation, remedy="Raise large_file_memory_mb (more memory is more speed)")

    def blocks() -> Iterator[bytes]:
        for block in objects.read_blocks(source.facts):
            deadline.check(0)
            yield block

    with span("check and split"):
        range_bytes = run.services.config.range_bytes
        file_split = split(blocks(), encoding=source.encoding, range_bytes=range_bytes, reject=source.reject)
    transitions = _TRANSITIONS + _TRANSITIONS_A_RANGE * len(file_split.ranges)
    usage = run.usage_here(run.invocation.elapsed_s()) + Usage(state_transitions=transitions)
    plan = Plan.of(file_split, usage)
    if plan.has_rejected_orders:
        objects.put_object(bucket, folder.rejected_orders, file_split.reading.rejected_orders.to_bytes())
    objects.put_object(bucket, folder.manifest, plan.manifest(), _JSON)
    objects.put_object(bucket, folder.plan, plan.to_json(), _JSON)
    return plan


def _find_whole_plan(entry: FileEntry, folder: Folder, services: Services) -> Plan | None:
    """Return an earlier run's plan, unless somebody has deleted the orders that its ranges need to lay aside."""
    plan = _read_plan(entry, folder, services)
    if plan and plan.has_rejected_orders:
        rejected_orders = ObjectVersion(entry.bucket, folder.rejected_orders)
        return plan if services.objects.exists(rejected_orders) else None
    return plan


def _read_plan(entry: FileEntry, folder: Folder, services: Services) -> Plan | None:
    text = services.objects.read_object(entry.bucket, folder.plan)
    return Plan.from_json(text) if text else None


def _read_results(entry: FileEntry, folder: Folder, services: Services) -> tuple[Plan, list[RangeResult]]:
    """Read the plan and the result of each of its ranges."""
    plan = _read_plan(entry, folder, services)
    if plan is None:
        raise PlanMissingError
    texts = [services.objects.read_object(entry.bucket, folder.result(part.number)) for part in plan.split.ranges]
    missing = [number for number, text in enumerate(texts) if not text]
    if missing:
        raise RangesMissingError(missing, len(texts))
    return plan, [RangeResult.from_json(text) for text in texts if text]


def _join(run: Run, plan: Plan, results: Sequence[RangeResult], folder: Folder) -> LoadResult:
    """Join the ranges' outputs to those of the file, and their counts to those of the run."""
    objects, bucket = run.services.objects, run.entry.bucket
    accepted = [Piece(folder.accepted(number), result.accepted_bytes) for number, result in enumerate(results)]
    rejected = [Piece(folder.rejected(number), result.rejected_bytes) for number, result in enumerate(results)]
    accepted_key, rejected_key = output_keys(run.entry)
    header = header_line(ENRICHED_HEADER)
    marks, offsets = join_marks(results, first=len(header), most=MOST_OFFSETS)
    return LoadResult(
        accepted_rows=sum(result.accepted_rows for result in results),
        rejected_rows=sum(result.rejected_rows for result in results),
        batches=sum(result.batches for result in results),
        retried_items=sum(result.retried_items for result in results),
        row_stride=FIRST_STRIDE,
        row_offsets=offsets,
        row_marks=marks,
        accepted_key=join(objects, bucket, accepted_key, header, accepted),
        rejected_key=join(objects, bucket, rejected_key, header_line(HEADER), rejected),
        reasons=join_reasons(results),
        warnings=warnings_of(plan.split.reading.unknown_columns),
    )
