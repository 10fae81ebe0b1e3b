"""The reading of a whole file before anything of it is stored: what is in it, in one pass and bounded memory. Pure."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple, cast

from processor.domain.columns import NAMES, ORDER_ID, QUANTITY, UNIT_PRICE, read_cells
from processor.domain.errors import NoRowsError
from processor.domain.holds import Reject
from processor.domain.order_sample import OrderSampler
from processor.parsing.plain_rows import PlainRows
from processor.parsing.ragged_rows import order_ids_of
from processor.parsing.rejected_orders import RejectedOrders
from processor.parsing.row_totals import RowTotals

if TYPE_CHECKING:
    from collections.abc import Sequence

    from processor.domain.columns import Value
    from processor.domain.order_sample import OrderSample
    from processor.parsing.checked_text import CheckedText
    from processor.parsing.decoding import ContentCheck
    from processor.parsing.kept_rows import KeptRows
    from processor.parsing.other_lines import OtherLines
    from processor.parsing.reader import RawRow, RowReader

_ROWS_AT_ONCE = 2_000
_ORDER_ID_AT, _QUANTITY_AT, _PRICE_AT = map(NAMES.index, (ORDER_ID, QUANTITY, UNIT_PRICE))
_AMOUNTS = {QUANTITY, UNIT_PRICE}


class Reading(NamedTuple):
    """All that a run has to know of a file before it stores the first of its rows."""

    content: ContentCheck
    rows: int
    rejected_rows: int
    """Rows with problems of their own, not those that are laid aside with them."""
    quantity: int
    total: Decimal
    """The exact sum of all line totals. A row that is rejected counts if its quantity and price can be read."""
    unknown_amounts: int
    """Rows whose quantity or price cannot be read."""
    rows_sha256: str
    """Equal for the same rows in other bytes (``processor.parsing.row_totals``); columns not used do not count."""
    orders: OrderSample
    """The orders that may be stored."""
    rejected_orders: RejectedOrders
    """The orders that are laid aside whole, under ``reject=order``."""
    unknown_columns: tuple[str, ...]
    other_lines: OtherLines
    """The lines that a second reading has to look at one by one."""
    reject: Reject
    """The rule by which orders are laid aside."""


def read_whole(text: CheckedText, reject: Reject, kept: KeptRows | None = None) -> Reading:
    """Read every row of a file, and keep them if they are few.

    Raises what :class:`CheckedText` and :class:`RowReader` raise, a wrong byte before a wrong header, and
    :class:`NoRowsError`.
    """
    reader = text.open_reader()
    maker = ReadingMaker(reader, reject)
    for chunk in reader.chunks():
        maker.add(chunk)
        if kept:
            kept.add(chunk, reader)
    return maker.result(text.result())


class ReadingMaker:
    """Makes the reading of a file from the rows of its reader as they pass."""

    def __init__(self, reader: RowReader, reject: Reject) -> None:
        self._reader = reader
        self._reject = reject
        self._totals = RowTotals()
        self._sampler = OrderSampler()
        self._rejected_orders = RejectedOrders()
        self._accepted: list[list[bytes]] = [[] for _ in NAMES]
        """Accepted rows, by column, that are not added up yet: many at once cost less."""
        self._rows = self._rejected_rows = self._unknown_amounts = 0

    def add(self, chunk: PlainRows | RawRow) -> None:
        """Add the next rows."""
        if isinstance(chunk, PlainRows):
            for column, cells in zip(self._accepted, chunk.columns, strict=True):
                column.extend(cells)
            self._rows += len(chunk.numbers)
        else:
            self._add_row(chunk)
            self._rows += 1
        if len(self._accepted[0]) >= _ROWS_AT_ONCE:
            self._add_accepted()

    def result(self, content: ContentCheck) -> Reading:
        """Return the reading of all rows; raises :class:`NoRowsError`."""
        if not self._rows:
            raise NoRowsError
        self._add_accepted()
        totals = self._totals
        return Reading(
            content,
            self._rows,
            self._rejected_rows,
            totals.quantity,
            totals.total,
            self._unknown_amounts,
            totals.sha256,
            self._sampler.result(self._rejected_orders),
            self._rejected_orders,
            self._reader.unknown_columns,
            self._reader.other_lines,
            self._reject,
        )

    def _add_accepted(self) -> None:
        if self._accepted[0]:
            self._totals.add(self._accepted)
            self._sampler.add(self._accepted[_ORDER_ID_AT])
            for column in self._accepted:
                column.clear()

    def _add_row(self, row: RawRow) -> None:
        _number, cells, problem, text = row
        values, problems = ([], []) if problem else read_cells(cells)
        if not problem and not problems:
            for column, cell in zip(self._accepted, _to_cells(values, cells), strict=True):
                column.append(cell)
            return
        self._rejected_rows += 1
        lines = [text] if problem else [cell.strip(" ") for cell in cells]
        self._totals.add_rejected(self._rows, [each.replace("\r\n", "\n") for each in lines])
        if not problem and _AMOUNTS.isdisjoint(each.column for each in problems):
            self._totals.add_amounts(cast("int", values[_QUANTITY_AT]), cast("Decimal", values[_PRICE_AT]))
        else:
            self._unknown_amounts += 1
        if self._reject is Reject.ORDER:
            for order_id in order_ids_of(self._reader, row, values, problems):
                self._rejected_orders.add(order_id.encode())


def _to_cells(values: Sequence[Value], cells: Sequence[str]) -> tuple[bytes, ...]:
    """Return an accepted row's cells as a plain row has them, but for zeros of decimals that say nothing."""
    return tuple(
        (cell.strip(" ") if isinstance(value, Decimal) else str(value).replace("\r\n", "\n")).encode()
        for value, cell in zip(values, cells, strict=True)
    )
