"""Stores one range of a large file: the reader and the sinks of a whole file, on a stretch of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from processor.domain.errors import PlanMissingError
from processor.domain.object_keys import ObjectVersion
from processor.large_files.plan import RangeResult
from processor.large_files.splitting import LOOK_AHEAD, RangeReader
from processor.observability.telemetry import logger, span
from processor.parsing.rejected_orders import RejectedOrders
from processor.pipeline.deadline import Deadline
from processor.pipeline.handover import resume_run
from processor.pipeline.loader import Sinks
from processor.pipeline.store_rows import load_rows

if TYPE_CHECKING:
    from processor.large_files.plan import Folder
    from processor.large_files.splitting import Range
    from processor.pipeline.handover import Task
    from processor.pipeline.run import Run
    from processor.wiring.invocation import Invocation
    from processor.wiring.services import Services


_REMEDY = (
    "Lower range_mb or raise large_file_memory_mb, or lower large_file_concurrency where the ranges wait for the table"
)


def store_range(
    task: Task,
    file_range: Range,
    folder: Folder,
    *,
    header_bytes: int,
    encoding: str,
    has_rejected_orders: bool,
    services: Services,
    invocation: Invocation,
) -> None:
    """Store a range's orders and leave its outputs and its result; do nothing if an earlier run has.

    Raises :class:`LeaseLostError`, :class:`PlanMissingError`, and what the order writer raises: the range is then
    stored from its start again.
    """
    run = resume_run(task, services, invocation)
    bucket, number = run.entry.bucket, file_range.number
    if services.objects.exists(ObjectVersion(bucket, folder.result(number))):
        logger.info("range_skipped", extra={"range": number})
    else:
        sinks = Sinks.of(run, folder.accepted(number), folder.rejected(number), headed=False)
        with sinks.complete_or_discard(), span("read and validate"):
            rejected_orders = _read_rejected_orders(run, folder) if has_rejected_orders else RejectedOrders()
            reader = _reader(run, file_range, header_bytes, encoding)
            # A range may be all blank lines: the plan has seen that the file has rows.
            load_rows(run, reader, sinks, Deadline(invocation, remedy=_REMEDY), rejected_orders)
        result = _result(run, sinks)
        services.objects.put_object(bucket, folder.result(number), result.to_json(), "application/json")
        fields = {"range": number, "accepted_rows": result.accepted_rows, "rejected_rows": result.rejected_rows}
        logger.info("range_stored", extra={**fields, "duration_ms": round(invocation.elapsed_s() * 1000)})
    rows = file_range.last_row - file_range.after_row
    services.ledger.add_progress(run.entry, rows=rows, read_bytes=file_range.size_bytes)


def _read_rejected_orders(run: Run, folder: Folder) -> RejectedOrders:
    data = run.services.objects.read_object(run.entry.bucket, folder.rejected_orders)
    if data is None:
        raise PlanMissingError
    return RejectedOrders.from_bytes(data)


def _reader(run: Run, file_range: Range, header_bytes: int, encoding: str) -> RangeReader:
    objects, original = run.services.objects, run.entry.original
    header = b"".join(objects.read_stretch(original, 0, header_bytes))
    body = objects.read_stretch(original, file_range.start, file_range.end)
    # The last range ends where the object ends: nothing lies behind it.
    ahead_end = min(file_range.end + LOOK_AHEAD, run.entry.size_bytes)
    return RangeReader(header, body, objects.read_stretch(original, file_range.end, ahead_end), encoding, file_range)


def _result(run: Run, sinks: Sinks) -> RangeResult:
    result = sinks.result()
    return RangeResult(
        accepted_rows=result.accepted_rows,
        rejected_rows=result.rejected_rows,
        accepted_bytes=sinks.accepted.size_bytes,
        rejected_bytes=sinks.rejected.size_bytes,
        batches=result.batches,
        retried_items=result.retried_items,
        stride=result.row_stride,
        offsets=result.row_offsets,
        reasons=dict(result.reasons),
        usage=run.usage_here(run.invocation.elapsed_s()),
    )
