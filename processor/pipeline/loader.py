"""Reads one file into orders: checks its content, then stores every good row and lays every bad one aside."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from processor.domain import object_keys
from processor.domain.columns import ROW, Problem, read_cells
from processor.domain.errors import (
    EmptyFileError,
    NoRowsError,
    TooLargeError,
    TooManyRowsError,
    UnknownEncodingError,
    WrongNameError,
)
from processor.domain.file_states import FileState
from processor.domain.orders import OrderMaker
from processor.observability.telemetry import Span, logger, span
from processor.orders.batches import Batcher
from processor.parsing import decoding
from processor.parsing.reader import PlainRows, RowReader
from processor.pipeline.deadline import Deadline
from processor.pipeline.run import Run, Settlement
from processor.storage.outputs import AcceptedRows, CsvObject, RejectedRows
from processor.storage.rejected_rows import OWN_COLUMNS, RejectedRow

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from processor.orders.batches import Batch
    from processor.orders.writer import OrderWriter
    from processor.storage.objects import ObjectFacts

_ENCODING_ALIASES = {"utf8": "utf-8", "windows-1252": "cp1252"}
_ROWS_BETWEEN_LOOKS = 100
_MOST_NAMES = 20
_LONGEST_NAME = 60
_KEPT_BYTES = 8 * 1024 * 1024
"""A file up to this size is fetched once, to be checked and read."""


def admitted(run: Run, facts: ObjectFacts) -> str:
    """Return the encoding of a file that may be read at all; raises :class:`PermanentError` for any other."""
    config, entry = run.services.config, run.entry
    encoding = (facts.metadata.get("encoding") or config.default_encoding).lower()  # A form may leave it empty.
    encoding = _ENCODING_ALIASES.get(encoding, encoding)
    if encoding not in decoding.ENCODINGS:
        raise UnknownEncodingError(encoding, list(decoding.ENCODINGS))
    if not object_keys.has_csv_name(entry.name):
        raise WrongNameError
    if not facts.size_bytes:
        raise EmptyFileError
    if facts.size_bytes > config.max_file_bytes:
        raise TooLargeError(config.max_file_bytes)
    if object_keys.is_gzipped(entry.name) and facts.size_bytes > config.max_gzip_bytes:
        raise TooLargeError(config.max_gzip_bytes, gzipped=True)
    return encoding


def read_file(run: Run, facts: ObjectFacts) -> Settlement:
    """Store the orders of one file and complete its two outputs. Raises :class:`PermanentError` before the first write.

    The outputs are completed last, so that an object that is there is whole.
    """
    config, entry = run.services.config, run.entry
    encoding = admitted(run, facts)
    source = _Source(run, facts)
    deadline = Deadline(run.invocation, source.report_progress)
    source.deadline = deadline
    limit, gzipped = config.max_gzip_bytes, object_keys.is_gzipped(entry.name)
    with span("check") as trace:
        run.content = decoding.check(source.blocks(), gzipped=gzipped, encoding=encoding, limit_bytes=limit)
        trace.describe(stored_bytes=run.content.stored_bytes, lines=run.content.lines)
        if run.content.lines > config.max_rows:
            raise TooManyRowsError(run.content.lines, config.max_rows)
        reader = RowReader(decoding.text(source.blocks(), gzipped=gzipped, encoding=encoding, limit_bytes=limit))

    run.store = run.services.new_order_writer()
    run.store.may_wait = deadline.may_wait
    accepted_key = object_keys.accepted_key(entry.base, entry.file_id, entry.name)
    rejected_key = object_keys.rejected_key(entry.base, entry.file_id, entry.name)
    run.accepted = AcceptedRows(run.services.objects.writer(entry.bucket, accepted_key))
    run.rejected = RejectedRows(run.services.objects.writer(entry.bucket, rejected_key))
    maker = OrderMaker(entry.base, entry.file_id, entry.run_id, run.invocation.trace_id, config.order_indexes)
    try:
        with span("read and validate") as trace:
            store_rows(reader, Batcher(maker), run.store, run.accepted, run.rejected, deadline)
            _describe(trace, run.store, run.accepted, run.rejected)
        with span("complete outputs"):
            accepted_key, rejected_key = run.accepted.complete(), run.rejected.complete()
        return Settlement(
            state=FileState.PARTIAL if run.rejected.count else FileState.PROCESSED,
            accepted_key=accepted_key,
            rejected_key=rejected_key,
            reasons=run.rejected.reasons,
            warnings=warnings_of(reader.unknown_columns),
        )
    except Exception:
        for output in (run.accepted, run.rejected):
            abort(output)
        raise


def _describe(trace: Span, store: OrderWriter, accepted: AcceptedRows, rejected: RejectedRows) -> None:
    """Put the counts of the loop into its trace, and its writing as one part: the sum of many short ones."""
    trace.describe(accepted_rows=accepted.count, rejected_rows=rejected.count)
    trace.add_part("write", store.busy_s, batches=store.batches, retried_items=store.retried_items)


def abort(output: CsvObject) -> None:
    """Discard an output; what goes wrong with that must not hide why."""
    try:
        output.abort()
    except (BotoCoreError, ClientError):
        logger.warning("abort_failed", exc_info=True)


def warnings_of(unknown_columns: Iterable[str]) -> tuple[str, ...]:
    """Say what of a file was not used."""
    names = [name[:_LONGEST_NAME] for name in unknown_columns if name not in OWN_COLUMNS]
    if not names:
        return ()
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return (f"Columns not used: {', '.join(names[:_MOST_NAMES])}{more}.",)


class _Source:
    """The object's bytes, readable twice; a small object is fetched once."""

    def __init__(self, run: Run, facts: ObjectFacts) -> None:
        self._run = run
        self._facts = facts
        self._kept: list[bytes] = []
        self.deadline: Deadline | None = None

    def blocks(self) -> Iterator[bytes]:
        if not self._kept and self._facts.size_bytes <= _KEPT_BYTES:
            self._kept = list(self._run.services.objects.blocks(self._facts))
        for block in self._kept or self._run.services.objects.blocks(self._facts):
            if self.deadline:
                self.deadline.check(0)
            yield block

    def report_progress(self, rows: int) -> None:
        """Say how far the run is, by its rows: their bytes are fetched blocks ahead, those of a small file at once."""
        lines = self._run.content.lines if self._run.content else 0
        size_bytes = self._facts.size_bytes
        read_bytes = min(size_bytes * rows // lines, size_bytes) if lines else 0
        self._run.services.ledger.report_progress(
            self._run.entry, rows=rows, read_bytes=read_bytes, size_bytes=size_bytes
        )


def store_rows(
    reader: RowReader,
    batcher: Batcher,
    store: OrderWriter,
    accepted: AcceptedRows,
    rejected: RejectedRows,
    deadline: Deadline,
) -> None:
    """Store every good row and lay every bad one aside; a row goes into the accepted rows only once it is stored.

    Raises :class:`NoRowsError`, :class:`OutOfTimeError`, and what the store raises.
    """

    def send(batches: Iterable[Batch]) -> None:
        for batch in batches:
            for stored in store.write(batch):
                accepted.add(stored.lines, stored.rows)
            deadline.check(rows)

    rows = 0
    deadline.check(rows)
    for found in reader.chunks():
        if isinstance(found, PlainRows):
            send(batcher.add_rows(found))
            rows += len(found.rows)
            continue
        rows += 1
        if rows % _ROWS_BETWEEN_LOOKS == 0:
            deadline.check(rows)
        number, cells, problem, text = found
        if problem:
            rejected.add(RejectedRow(number, (Problem(ROW, problem),), (), text))
            continue
        values, problems = read_cells(cells)
        if problems:
            rejected.add(RejectedRow(number, tuple(problems), tuple(cells), text))
        else:
            send(batcher.add(number, values))
    send(batcher.take())
    for stored in store.finish():
        accepted.add(stored.lines, stored.rows)
    if not rows:
        raise NoRowsError
