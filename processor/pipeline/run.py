"""A run while it is under way, and what it decides about its file."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from processor.domain.entries import RunEntry, to_iso
from processor.domain.object_keys import ARCHIVE
from processor.observability.cost import Usage, hints

if TYPE_CHECKING:
    from collections.abc import Mapping

    from processor.domain.entries import FileEntry
    from processor.domain.file_states import FileState
    from processor.messaging.messages import Message
    from processor.orders.writer import OrderWriter
    from processor.parsing.decoding import ContentCheck
    from processor.storage.objects import ObjectFacts
    from processor.storage.outputs import AcceptedRows, RejectedRows
    from processor.wiring.invocation import Invocation
    from processor.wiring.services import Services


_TO_COME = Usage(ledger_write_units=8)
"""What is written after the receipt: the run's own entry (1 unit), and the file's new state with its counter (2 each,
being one transaction; 2 in the index by state, 1 in the index by kind)."""


class Stored(NamedTuple):
    """What of a file is stored, for its receipt."""

    accepted_rows: int = 0
    rejected_rows: int = 0
    batches: int = 0
    retried_items: int = 0
    row_stride: int = 0
    row_offsets: tuple[int, ...] = ()
    row_marks: tuple[int, ...] = ()


@dataclass(slots=True, eq=False, repr=False)
class Run:
    """One attempt at a file: its surroundings, and what it has learned and written so far."""

    services: Services
    invocation: Invocation
    message: Message
    entry: FileEntry
    facts: ObjectFacts | None = None
    content: ContentCheck | None = None
    store: OrderWriter | None = None
    accepted: AcceptedRows | None = None
    rejected: RejectedRows | None = None
    settled: bool = False
    """Whether the ledger has the run's end."""
    used_before: Usage = field(default_factory=Usage)
    """What the process had used when the run began."""
    began_s: float = 0.0
    """Seconds from the invocation's start to the run's."""
    before_ms: int = 0
    """How long the run had taken when this invocation took it on: one in ranges has many."""
    used_elsewhere: Usage = field(default_factory=Usage)
    """What the run's other invocations have used."""
    joined: Stored | None = None
    """What the run's ranges have stored, where it was read in ranges."""

    @property
    def duration_ms(self) -> int:
        """How long the run has taken so far."""
        return self.before_ms + round((self.invocation.elapsed_s() - self.began_s) * 1000)

    @property
    def stored(self) -> Stored:
        """What the run has stored so far."""
        if self.joined:
            return self.joined
        return Stored(
            accepted_rows=self.accepted.count if self.accepted else 0,
            rejected_rows=self.rejected.count if self.rejected else 0,
            batches=self.store.batches if self.store else 0,
            retried_items=self.store.retried_items if self.store else 0,
            row_stride=self.accepted.stride if self.accepted else 0,
            row_offsets=tuple(self.accepted.offsets) if self.accepted else (),
        )

    def usage(self) -> Usage:
        """Tell what this run has used so far; the message that brought it is sent, received and deleted."""
        running_s = self.invocation.elapsed_s() - self.began_s
        own = Usage(
            sqs_requests=3,
            lambda_requests=1,
            lambda_gb_seconds=self.invocation.gb_seconds(running_s),
        )
        return self.services.usage_meter.used() - self.used_before + self.used_elsewhere + own

    def end(self, outcome: str, *, cause: str = "", error: str = "") -> RunEntry:
        """Write down what the run did, for the ledger."""
        usage = self.usage() + _TO_COME
        stored = self.stored
        rows = stored.accepted_rows + stored.rejected_rows
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
            duration_ms=self.duration_ms,
            accepted_rows=stored.accepted_rows,
            rejected_rows=stored.rejected_rows,
            batches=stored.batches,
            retried_items=stored.retried_items,
            consumed_write_units=f"{usage.write_units:.15g}",
            estimated_cost=f"{usage.total():f}",
            costs={name: f"{cost:f}" for name, cost in usage.costs().items()},
            hints=hints(usage, rows=rows) if rows else (),
            cause=cause,
            error=error,
            row_stride=stored.row_stride,
            row_offsets=stored.row_offsets,
            row_marks=stored.row_marks,
        )


class Settlement(NamedTuple):
    """How a run settles its file."""

    state: FileState
    original_prefix: str = ARCHIVE
    """Where the untouched original goes."""
    accepted_key: str = ""
    rejected_key: str = ""
    reasons: Mapping[str, int] = MappingProxyType({})
    """How often each "column: reason" occurred."""
    warnings: tuple[str, ...] = ()
    cause: str = ""
    error: str = ""
    duplicate_of: str = ""
