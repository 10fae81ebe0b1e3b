"""A run's identity, and the values that its steps hand on: the result of loading, and the settlement."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from processor.domain.entries import RunEntry, to_iso
from processor.domain.errors import ObjectLostError
from processor.domain.file_states import FileState
from processor.domain.object_keys import ARCHIVE, FAILED
from processor.observability.cost import Usage, hints
from processor.parsing.decoding import ContentCheck
from processor.pipeline.verdict import NOTHING_ANNOUNCED, Announced, amount_text, warnings_about

if TYPE_CHECKING:
    from collections.abc import Mapping

    from processor.domain.entries import FileEntry
    from processor.domain.errors import PermanentError
    from processor.domain.holds import SameOrdersFound
    from processor.messaging.messages import Message
    from processor.parsing.whole_file import Reading
    from processor.storage.objects import ObjectFacts
    from processor.wiring.invocation import Invocation
    from processor.wiring.services import Services


_USAGE_OF_THE_END = Usage(ledger_write_units=8)
"""The write units after the receipt: 1 for the run's own entry, 2 each for the file's new state and its counter (one
transaction), 2 in the index by state, 1 in the index by kind."""
NOT_CHECKED = ContentCheck(stored_bytes=0, unpacked_bytes=0, lines=0, sha256="")


class LoadResult(NamedTuple):
    """The counts and keys of what is stored of a file: orders, and the two outputs."""

    accepted_rows: int = 0
    rejected_rows: int = 0
    batches: int = 0
    retried_items: int = 0
    row_stride: int = 0
    row_offsets: tuple[int, ...] = ()
    row_marks: tuple[int, ...] = ()
    """See :class:`RunEntry` for these three."""
    accepted_key: str = ""
    rejected_key: str = ""
    """The key of an output, or "" if it got no row."""
    reasons: Mapping[str, int] = MappingProxyType({})
    """The number of rows with each "column: reason"."""
    warnings: tuple[str, ...] = ()
    is_cut_off: bool = False
    """Whether the original went away before its last row was read."""


NOTHING_LOADED = LoadResult()


class Settlement(NamedTuple):
    """A run's decision about its file: state, outputs, the place of the original."""

    state: FileState
    facts: ObjectFacts | None = None
    """Of the original; None if it is gone."""
    content: ContentCheck = NOT_CHECKED
    result: LoadResult = NOTHING_LOADED
    original_prefix: str = ARCHIVE
    """The prefix to which the untouched original goes."""
    cause: str = ""
    error: str = ""
    duplicate_of: str = ""
    announced: Announced = NOTHING_ANNOUNCED
    reading: Reading | None = None
    """None if the file was not read to its end."""
    same_orders: SameOrdersFound | None = None
    replaces: tuple[str, ...] = ()

    @classmethod
    def of_hold(
        cls, cause: str, error: str, facts: ObjectFacts, reading: Reading, *, state: FileState = FileState.HELD
    ) -> Settlement:
        """Hold a file of which nothing is stored until a person decides."""
        return cls(state, facts, reading.content, original_prefix=FAILED, cause=cause, error=error, reading=reading)

    @classmethod
    def of_result(
        cls, result: LoadResult, facts: ObjectFacts | None, content: ContentCheck, *, in_first_run: bool = True
    ) -> Settlement:
        """Settle a file that was loaded; if its original went away meanwhile, what is stored of it stays.

        An earlier run may have stored more rows of it than the one that was cut off.
        """
        if result.is_cut_off:
            error = ObjectLostError(result.accepted_rows, is_exact=in_first_run)
            return cls(FileState.FAILED, None, content, result, cause=error.cause, error=str(error))
        return cls(FileState.PARTIAL if result.rejected_rows else FileState.PROCESSED, facts, content, result)

    @classmethod
    def of_error(
        cls, error: PermanentError, facts: ObjectFacts | None, content: ContentCheck = NOT_CHECKED
    ) -> Settlement:
        """Settle a file that cannot be loaded."""
        announced = Announced.of(facts.metadata) if facts else NOTHING_ANNOUNCED
        failed = cls(FileState.FAILED, facts, content, original_prefix=FAILED, cause=error.cause, error=str(error))
        return failed._replace(announced=announced)

    @property
    def size_bytes(self) -> int:
        """The original's size; 0 if it is gone."""
        return self.facts.size_bytes if self.facts else 0


class Run(NamedTuple):
    """One try at a file: its surroundings, and what was used before it began."""

    services: Services
    invocation: Invocation
    message: Message
    entry: FileEntry
    usage_before: Usage
    """The process's usage before the run began in this invocation."""
    start_s: float
    """Seconds from the invocation's start to the run's."""
    before_ms: int = 0
    """The run's time in earlier invocations: one in ranges has many."""
    usage_elsewhere: Usage = Usage()
    """The usage of the run's other invocations."""

    def usage_here(self, running_s: float) -> Usage:
        """Tell what the run has used in this invocation, of which it took so many seconds."""
        own = Usage(lambda_requests=1, lambda_gb_seconds=self.invocation.gb_seconds(running_s))
        return self.services.usage_meter.usage() - self.usage_before + own

    def usage(self) -> Usage:
        """Tell what this run has used so far; the message that brought it is sent, received and deleted."""
        running_s = self.invocation.elapsed_s() - self.start_s
        return self.usage_here(running_s) + self.usage_elsewhere + Usage(sqs_requests=3)

    def to_entry(
        self,
        outcome: str,
        result: LoadResult,
        *,
        cause: str = "",
        error: str = "",
        reading: Reading | None = None,
        announced: Announced = NOTHING_ANNOUNCED,
    ) -> RunEntry:
        """Describe the run's end for the ledger, with its receipt."""
        usage = self.usage() + _USAGE_OF_THE_END
        rows = result.accepted_rows + result.rejected_rows
        return RunEntry(
            file_id=self.entry.file_id,
            run_id=self.entry.run_id,
            started_at=self.entry.run_started_at,
            message_id=self.message.message_id,
            receive_count=self.message.receive_count,
            outcome=outcome,
            request_id=self.invocation.request_id,
            trace_id=self.invocation.trace_id,
            trace_sampled=self.invocation.sampled,
            ended_at=to_iso(self.services.now()),
            duration_ms=self.before_ms + round((self.invocation.elapsed_s() - self.start_s) * 1000),
            accepted_rows=result.accepted_rows,
            rejected_rows=result.rejected_rows,
            batches=result.batches,
            retried_items=result.retried_items,
            consumed_write_units=f"{usage.write_units:.15g}",
            estimated_cost=f"{usage.total():f}",
            costs={name: f"{cost:f}" for name, cost in usage.costs().items()},
            hints=hints(usage, rows=rows) if rows else (),
            cause=cause,
            error=error,
            announced_rows=announced.rows,
            announced_total=announced.total,
            read_rows=reading.rows if reading else 0,
            read_quantity=reading.quantity if reading else 0,
            read_total=amount_text(reading.total) if reading else "",
            warnings=warnings_about(reading) if reading else (),
            row_stride=result.row_stride,
            row_offsets=result.row_offsets,
            row_marks=result.row_marks,
        )
