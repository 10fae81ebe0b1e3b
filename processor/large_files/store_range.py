"""Stores one range of a large file: the reader and the writer of a whole file, on a stretch of it."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from processor.domain.errors import NoRowsError
from processor.domain.object_keys import ObjectVersion
from processor.domain.orders import OrderMaker
from processor.large_files.plan import RangeResult
from processor.large_files.splitting import LOOK_AHEAD, RangeReader
from processor.observability.cost import Usage
from processor.observability.telemetry import logger, span
from processor.orders.batches import Batcher
from processor.pipeline.deadline import Deadline
from processor.pipeline.handover import take_on
from processor.pipeline.loader import abort, store_rows
from processor.storage.outputs import AcceptedRows, RejectedRows

if TYPE_CHECKING:
    from processor.large_files.plan import Folder
    from processor.large_files.splitting import Range
    from processor.pipeline.handover import Task
    from processor.pipeline.run import Run
    from processor.wiring.invocation import Invocation
    from processor.wiring.services import Services


_IN_LESS_TIME = (
    "Lower range_mb or raise large_file_memory_mb, or lower large_file_concurrency where the ranges wait for the table"
)


def store_range(
    task: Task,
    part: Range,
    folder: Folder,
    *,
    header_bytes: int,
    encoding: str,
    services: Services,
    invocation: Invocation,
) -> None:
    """Store a range's orders and leave its outputs and its result; do nothing if an earlier run has.

    Raises :class:`LeaseLostError`, and what the store raises: the range begins anew then, and writes the same again.
    """
    run = take_on(task, services, invocation)
    objects, entry = services.objects, run.entry
    if objects.exists(ObjectVersion(entry.bucket, folder.result(part.number))):
        logger.info("range_skipped", extra={"range": part.number})
        services.ledger.add_progress(entry, rows=part.last_row - part.after_row, read_bytes=part.size_bytes)
        return
    run.store = services.new_order_writer()
    run.accepted = AcceptedRows(objects.writer(entry.bucket, folder.accepted(part.number)), headed=False)
    run.rejected = RejectedRows(objects.writer(entry.bucket, folder.rejected(part.number)), headed=False)
    try:
        with span("read and validate"):
            _store_rows(run, _reader(run, part, header_bytes, encoding))
        with span("complete outputs"):
            run.accepted.complete()
            run.rejected.complete()
    except Exception:
        for output in (run.accepted, run.rejected):
            abort(output)
        raise
    result = _result(run)
    objects.put(entry.bucket, folder.result(part.number), result.to_json(), "application/json")
    services.ledger.add_progress(entry, rows=part.last_row - part.after_row, read_bytes=part.size_bytes)
    fields = {"range": part.number, "accepted_rows": result.accepted_rows, "rejected_rows": result.rejected_rows}
    logger.info("range_stored", extra={**fields, "duration_ms": round(invocation.elapsed_s() * 1000)})


def _reader(run: Run, part: Range, header_bytes: int, encoding: str) -> RangeReader:
    objects, original = run.services.objects, run.entry.original
    header = b"".join(objects.stretch(original, 0, header_bytes))
    body = objects.stretch(original, part.start, part.end)
    # The plan has made sure that the last range ends where the object ends: behind it there is nothing to look at.
    behind = min(part.end + LOOK_AHEAD, run.entry.size_bytes)
    return RangeReader(header, body, objects.stretch(original, part.end, behind), encoding, part)


def _store_rows(run: Run, reader: RangeReader) -> None:
    if not (run.store and run.accepted and run.rejected):
        raise TypeError("the run has a store and its outputs")
    services, entry = run.services, run.entry
    deadline = Deadline(run.invocation, remedy=_IN_LESS_TIME)
    run.store.may_wait = deadline.may_wait
    indexes = services.config.order_indexes
    maker = OrderMaker(entry.base, entry.file_id, entry.run_id, run.invocation.trace_id, indexes)
    with suppress(NoRowsError):  # A range of blank lines; that the file has rows, the plan knows.
        store_rows(reader, Batcher(maker), run.store, run.accepted, run.rejected, deadline)


def _result(run: Run) -> RangeResult:
    if not (run.accepted and run.rejected):
        raise TypeError("the run has its outputs")
    stored = run.stored
    own = Usage(lambda_requests=1, lambda_gb_seconds=run.invocation.gb_seconds(run.invocation.elapsed_s()))
    return RangeResult(
        accepted_rows=stored.accepted_rows,
        rejected_rows=stored.rejected_rows,
        accepted_bytes=run.accepted.size_bytes,
        rejected_bytes=run.rejected.size_bytes,
        batches=stored.batches,
        retried_items=stored.retried_items,
        stride=stored.row_stride,
        offsets=stored.row_offsets,
        reasons=run.rejected.reasons,
        usage=run.services.usage_meter.used() - run.used_before + own,
    )
