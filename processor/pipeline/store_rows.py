"""The second reading of a file, or of a range: stores every good row, and lays aside the bad ones and their orders."""

from __future__ import annotations

from typing import TYPE_CHECKING

from processor.domain.columns import ANOTHER_ROW_REJECTED, NAMES, ORDER_ID, ROW, Problem, read_cells
from processor.domain.orders import OrderMaker
from processor.orders.batches import Batcher
from processor.parsing.plain_rows import PlainRows
from processor.storage.rejected_rows import GoodRow, RejectedRow

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from processor.domain.columns import Value
    from processor.orders.batches import Batch
    from processor.parsing.kept_rows import KeptRows
    from processor.parsing.reader import RawRow, RowReader
    from processor.parsing.rejected_orders import RejectedOrders
    from processor.pipeline.deadline import Deadline
    from processor.pipeline.loader import Sinks
    from processor.pipeline.run import Run

type Rows = RowReader | KeptRows
"""The rows of a file, or of a range of it: as they are read, or kept from an earlier reading."""

_ROWS_BETWEEN_CHECKS = 100
_ORDER_ID_AT = NAMES.index(ORDER_ID)
_LAID_ASIDE = Problem(ORDER_ID, ANOTHER_ROW_REJECTED)


def load_rows(
    run: Run,
    reader: Rows,
    sinks: Sinks,
    deadline: Deadline,
    rejected_orders: RejectedOrders,
) -> None:
    """Store the rows of a file, or of a range of it, as orders of this run."""
    entry, indexes = run.entry, run.services.config.order_indexes
    sinks.writer.may_wait = deadline.may_wait
    maker = OrderMaker.of(entry, run.invocation.trace_id, indexes)
    store_rows(reader, Batcher(maker), sinks, deadline, rejected_orders)


def store_rows(
    reader: Rows,
    batcher: Batcher,
    sinks: Sinks,
    deadline: Deadline,
    rejected_orders: RejectedOrders,
) -> int:
    """Store every good row, but of no rejected order; a row goes into the accepted rows only once it is stored.

    Returns how many rows there were. Raises :class:`OutOfTimeError`, and what the order writer raises.
    """
    writer, accepted = sinks.writer, sinks.accepted

    def send(batches: Iterable[Batch]) -> None:
        for batch in batches:
            for stored in writer.write(batch):
                accepted.add(stored.lines, stored.rows)
            deadline.check(rows)

    rows = 0
    deadline.check(rows)
    for chunk in reader.chunks():
        if isinstance(chunk, PlainRows):
            send(batcher.add_rows(_lay_aside(chunk, reader, sinks, rejected_orders)))
            rows += len(chunk.numbers)
            continue
        rows += 1
        if rows % _ROWS_BETWEEN_CHECKS == 0:
            deadline.check(rows)
        values, rejected = _validate(chunk, rejected_orders)
        if rejected:
            sinks.rejected.add(rejected)
        else:
            send(batcher.add(chunk[0], values))
    send(batcher.take())
    for stored in writer.finish():
        accepted.add(stored.lines, stored.rows)
    return rows


def _lay_aside(chunk: PlainRows, reader: Rows, sinks: Sinks, rejected_orders: RejectedOrders) -> PlainRows:
    """Lay aside the rows of rejected orders; return the others."""
    found = rejected_orders.find(chunk.columns[_ORDER_ID_AT])
    if not found:
        return chunk
    numbers, columns = chunk.numbers, chunk.columns
    rows = [GoodRow(numbers[at], [column[at] for column in columns], reader.plain_text(at)) for at in found]
    sinks.rejected.add_good(rows, _LAID_ASIDE)
    return chunk.without(found)


def _validate(row: RawRow, rejected_orders: RejectedOrders) -> tuple[Sequence[Value], RejectedRow | None]:
    """Return the values of a good row, or the rejected row."""
    number, cells, problem, text = row
    if problem:
        return (), RejectedRow(number, (Problem(ROW, problem),), (), text)
    values, problems = read_cells(cells)
    if not problems and str(values[_ORDER_ID_AT]).encode() not in rejected_orders:
        return values, None
    return (), RejectedRow(number, tuple(problems) or (_LAID_ASIDE,), tuple(cells), text)
