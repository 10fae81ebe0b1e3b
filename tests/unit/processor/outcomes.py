"""Files through the reader, the loader and the order writer, and all that they leave behind."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from processor.domain.errors import NoRowsError, PermanentError
from processor.domain.orders import BY_CUSTOMER, OrderMaker
from processor.orders.batches import Batcher
from processor.orders.writer import OrderWriter
from processor.parsing.reader import RowReader
from processor.parsing.rejected_orders import RejectedOrders
from processor.pipeline.deadline import Deadline
from processor.pipeline.loader import Sinks
from processor.pipeline.store_rows import store_rows
from processor.storage.outputs import AcceptedRows, RejectedRows
from processor.wiring.invocation import Invocation
from tests.unit.processor.fake_writer import FakeWriter, as_writer

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from processor.parsing.other_lines import OtherLines

BASE = datetime(2026, 11, 22, 10, 20, 30, 999_990, tzinfo=UTC)
"""Ten microseconds before a full second, so that sort keys pass it within the first rows."""

NO_ORDERS = RejectedOrders()


@dataclass
class RecordingSender:
    """Keeps every batch; as many as ``depth`` are under way."""

    depth: int = 0
    sent: list[bytes] = field(default_factory=list)

    def begin(self, puts: bytes, *, at_once: bool = False) -> None:  # noqa: ARG002
        self.sent.append(puts)

    def finish(self) -> bytes:
        return b""

    def resend(self, puts: bytes) -> bytes:
        raise AssertionError(puts)

    def discard_pending(self) -> None:
        """Nothing is under way."""


@dataclass
class Outcome:
    """All that a file leaves behind."""

    batches: list[list[Any]] = field(default_factory=list)
    accepted: bytes = b""
    rejected: bytes = b""
    offsets: list[int] = field(default_factory=list)
    counts: tuple[int, int] = (0, 0)
    reasons: dict[str, int] = field(default_factory=dict)
    error: str = ""


def maker(indexes: Sequence[str] = (BY_CUSTOMER,)) -> OrderMaker:
    """Provide the maker of one run."""
    return OrderMaker(BASE, "0123456789abcdef01234567", "run-1", "1-trace", indexes)


def outcome_of(fill: Any, indexes: Sequence[str]) -> Outcome:
    """Let ``fill`` read a file, and gather what it leaves behind."""
    accepted_writer, rejected_writer = FakeWriter(), FakeWriter()
    accepted, rejected = AcceptedRows(as_writer(accepted_writer)), RejectedRows(as_writer(rejected_writer))
    sender = RecordingSender(depth=2)
    error = ""
    try:
        fill(maker(indexes), OrderWriter(sender), accepted, rejected)
    except PermanentError as problem:
        error = f"{type(problem).__name__}: {problem}"
    return Outcome(
        batches=[json.loads(b"[%b]" % puts) for puts in sender.sent],
        accepted=accepted_writer.data,
        rejected=rejected_writer.data,
        offsets=accepted.offsets,
        counts=(accepted.count, rejected.count),
        reasons=rejected.reasons,
        error=error,
    )


def fast(
    blocks: Iterable[bytes],
    indexes: Sequence[str] = (BY_CUSTOMER,),
    rejected_orders: RejectedOrders = NO_ORDERS,
    known: OtherLines | None = None,
) -> Outcome:
    """Read a file as the processor does, perhaps for the second time."""

    def fill(orders: OrderMaker, store: OrderWriter, accepted: AcceptedRows, rejected: RejectedRows) -> None:
        deadline = Deadline(Invocation("r", "t", timeout_s=1_000))
        sinks = Sinks(store, accepted, rejected, "", "")
        if not store_rows(RowReader(blocks, known), Batcher(orders), sinks, deadline, rejected_orders):
            raise NoRowsError

    return outcome_of(fill, indexes)
