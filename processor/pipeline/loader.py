"""The loader: reads all of one file, then stores every good row of it and lays every bad one aside."""

from __future__ import annotations

from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from botocore.exceptions import BotoCoreError, ClientError

from processor.domain import object_keys
from processor.domain.columns import OWN_COLUMNS
from processor.domain.errors import (
    EmptyFileError,
    ObjectGoneError,
    TooLargeError,
    UnknownEncodingError,
    WrongNameError,
)
from processor.domain.holds import Reject
from processor.observability.telemetry import logger, span
from processor.parsing import decoding
from processor.parsing.checked_text import CheckedText
from processor.parsing.kept_rows import KeptRows
from processor.parsing.reader import RowReader
from processor.parsing.whole_file import read_whole
from processor.pipeline.deadline import Deadline
from processor.pipeline.former_release import was_begun_before
from processor.pipeline.run import NOT_CHECKED, LoadResult
from processor.pipeline.store_rows import load_rows
from processor.storage.outputs import AcceptedRows, RejectedRows

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from processor.domain.entries import FileEntry
    from processor.orders.writer import OrderWriter
    from processor.parsing.whole_file import Reading
    from processor.pipeline.run import Run
    from processor.pipeline.store_rows import Rows
    from processor.storage.objects import ObjectFacts

_MOST_NAMES = 20
_LONGEST_NAME = 60
_LARGEST_IN_MEMORY = 8 * 1024 * 1024
"""A larger file is fetched for each of its two readings."""
_KEPT_FROM_MB = 192
"""The function's memory from which on the rows of a small file are kept between its two readings."""


class Sinks(NamedTuple):
    """The places that a run's rows go to: the orders table, and the two outputs."""

    writer: OrderWriter
    accepted: AcceptedRows
    rejected: RejectedRows
    accepted_key: str
    rejected_key: str

    @classmethod
    def of(cls, run: Run, accepted_key: str, rejected_key: str, *, headed: bool = True) -> Sinks:
        """Prepare the sinks; nothing is written yet. The outputs of a range are not ``headed``: they get no header."""
        open_object, bucket = run.services.objects.begin_object, run.entry.bucket
        return cls(
            run.services.new_order_writer(),
            AcceptedRows(open_object(bucket, accepted_key), headed=headed),
            RejectedRows(open_object(bucket, rejected_key), headed=headed),
            accepted_key,
            rejected_key,
        )

    @contextmanager
    def complete_or_discard(self) -> Iterator[None]:
        """Complete both outputs after the block, or discard them if it fails: an object that is there is whole."""
        try:
            yield
            with span("complete outputs"):
                self.accepted.complete()
                self.rejected.complete()
        except Exception:
            for output in (self.accepted, self.rejected):
                try:
                    output.abort()
                except (BotoCoreError, ClientError):  # An abort that fails must not hide the cause.
                    logger.warning("abort_failed", exc_info=True)
            raise

    def result(self, warnings: tuple[str, ...] = ()) -> LoadResult:
        """Count what has gone into the sinks so far."""
        return LoadResult(
            accepted_rows=self.accepted.count,
            rejected_rows=self.rejected.count,
            batches=self.writer.batches,
            retried_items=self.writer.retried_items,
            row_stride=self.accepted.stride,
            row_offsets=tuple(self.accepted.offsets),
            accepted_key=self.accepted_key if self.accepted.count else "",
            rejected_key=self.rejected_key if self.rejected.count else "",
            reasons=self.rejected.reasons,
            warnings=warnings,
        )


def output_keys(entry: FileEntry) -> tuple[str, str]:
    """Name a file's two outputs: accepted rows and rejected rows."""
    name = entry.base, entry.file_id, entry.name
    return object_keys.accepted_key(*name), object_keys.rejected_key(*name)


class Source:
    """The original's bytes, which are read twice: to be checked, and to be loaded. A small original is fetched once."""

    def __init__(self, run: Run, facts: ObjectFacts) -> None:
        """Raise :class:`PermanentError` if the file may not be read at all."""
        self.run = run
        self.facts = facts
        self.content = NOT_CHECKED
        """The findings of the content check, once all bytes are read, also of a file without a usable header."""
        self._blocks: list[bytes] = []
        self._kept: KeptRows | None = None
        self.encoding = encoding_of(run, facts)
        self._gzipped = object_keys.is_gzipped(run.entry.name)
        self._limit_bytes = run.services.config.max_gzip_bytes

    @cached_property
    def was_begun_before(self) -> bool:
        """Whether a run of an earlier release has begun to store the file, and died."""
        return was_begun_before(self.run, self.facts, self.encoding)

    @cached_property
    def reject(self) -> Reject:
        """The rule by which its rows are rejected: the deployment's, unless orders of it are stored, or may be.

        Under another rule a new run would store fewer rows, and those that it leaves out would stay in the table.
        """
        entry = self.run.entry
        if entry.has_orders:
            return entry.reject_rule
        return Reject.ROW if self.was_begun_before else self.run.services.config.policy.reject

    def check(self, deadline: Deadline) -> Reading:
        """Read and validate all rows; raises :class:`PermanentError`."""
        text = CheckedText(
            self._read(deadline), gzipped=self._gzipped, encoding=self.encoding, limit_bytes=self._limit_bytes
        )
        is_small = self.facts.size_bytes <= _LARGEST_IN_MEMORY
        kept = KeptRows() if is_small and self.run.invocation.memory_mb >= _KEPT_FROM_MB else None
        try:
            reading = read_whole(text, self.reject, kept)
        finally:
            if text.has_passed:
                self.content = text.result()
        if kept and kept.is_whole:
            self._kept, self._blocks = kept, []
        return reading

    def open_rows(self, reading: Reading, deadline: Deadline) -> Rows:
        """Return the rows for the second reading: those that the first one has kept, if they were few."""
        if self._kept:
            kept, self._kept = self._kept, None
            return kept
        return RowReader(self.text(deadline), reading.other_lines)

    def text(self, deadline: Deadline) -> Iterator[bytes]:
        """Yield the file as UTF-8, once it is checked."""
        return decoding.text(
            self._read(deadline), gzipped=self._gzipped, encoding=self.encoding, limit_bytes=self._limit_bytes
        )

    def _read(self, deadline: Deadline) -> Iterator[bytes]:
        objects = self.run.services.objects
        if not self._blocks and self.facts.size_bytes <= _LARGEST_IN_MEMORY:
            self._blocks = list(objects.read_blocks(self.facts))
        for block in self._blocks or objects.read_blocks(self.facts):
            deadline.check(0)
            yield block


def encoding_of(run: Run, facts: ObjectFacts) -> str:
    """Return the encoding of a file that may be read at all; raises :class:`PermanentError` for any other."""
    config, entry = run.services.config, run.entry
    # A form may leave it empty.
    encoding = decoding.encoding_name(facts.metadata.get("encoding") or config.default_encoding)
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


def check(source: Source) -> Reading:
    """Read the whole file before any of it is stored; raises :class:`PermanentError`."""
    with span("check") as trace:
        reading = source.check(Deadline(source.run.invocation))
        trace.describe(stored_bytes=reading.content.stored_bytes, rows=reading.rows)
    return reading


def load(source: Source, reading: Reading, sinks: Sinks) -> LoadResult:
    """Store the orders of a file that was read, and complete its two outputs.

    Raises :class:`LeaseLostError`, :class:`OutOfTimeError`, and what AWS raises.
    """
    run, size_bytes = source.run, source.facts.size_bytes

    def report_progress(rows: int) -> None:
        # By the rows, as their bytes are fetched blocks ahead, and those of a small file at once.
        read_bytes = size_bytes * rows // reading.rows
        run.services.ledger.report_progress(run.entry, rows=rows, read_bytes=read_bytes, size_bytes=size_bytes)

    deadline = Deadline(run.invocation, report_progress)
    with sinks.complete_or_discard(), span("read and validate") as trace:
        is_cut_off = False
        try:
            rows = source.open_rows(reading, deadline)
            load_rows(run, rows, sinks, deadline, reading.rejected_orders)
        except ObjectGoneError:
            is_cut_off = _keep_stored_rows(run, sinks)
            if not is_cut_off:
                raise
        trace.describe(accepted_rows=sinks.accepted.count, rejected_rows=sinks.rejected.count)
        # Writing is one part of the trace: the sum of many short ones.
        writer = sinks.writer
        trace.add_part("write", writer.busy_s, batches=writer.batches, retried_items=writer.retried_items)
    return sinks.result(warnings_of(reading.unknown_columns))._replace(is_cut_off=is_cut_off)


def _keep_stored_rows(run: Run, sinks: Sinks) -> bool:
    """Wait for what is under way, as the original is gone; tell whether the outputs say more than earlier ones."""
    for stored in sinks.writer.finish():
        sinks.accepted.add(stored.lines, stored.rows)
    return bool(sinks.accepted.count) and not run.entry.accepted_rows


def warnings_of(unknown_columns: Iterable[str]) -> tuple[str, ...]:
    """Name the columns of a file that were not used, if any, in a sentence."""
    names = [name[:_LONGEST_NAME] for name in unknown_columns if name not in OWN_COLUMNS]
    if not names:
        return ()
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return (f"Columns not used: {', '.join(names[:_MOST_NAMES])}{more}.",)
