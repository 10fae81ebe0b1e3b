"""Batches of orders: their put requests as JSON, and their lines of the enriched CSV. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from processor.orders.templates import LINE_PIECES, PUT_PIECES, Template

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from processor.domain.columns import Value
    from processor.domain.orders import OrderMaker
    from processor.parsing.plain_rows import PlainRows

BATCH_ITEMS = 25
"""BatchWriteItem's limit: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html"""


class Batch(NamedTuple):
    """Up to :data:`BATCH_ITEMS` orders whose keys differ."""

    puts: bytes
    """Their put requests, as the elements of a JSON array without its brackets."""
    lines: bytes
    """Their lines of the enriched CSV, each with its line end."""
    rows: int


class Batcher:
    """Fills batches with the orders of one run, in row order."""

    def __init__(self, maker: OrderMaker) -> None:
        self._maker = maker
        self._template = Template(maker)
        self._puts: list[bytes] = []
        self._lines: list[bytes] = []
        self._rows = 0

    def add_rows(self, rows: PlainRows) -> Iterator[Batch]:
        """Add plain rows; yields each batch that is full."""
        if rows.numbers:
            self._template.write_rows(rows, self._puts, self._lines)
            self._rows += len(rows.numbers)
            yield from self._take_full()

    def add(self, row_number: int, values: Sequence[Value]) -> Iterator[Batch]:
        """Add the order of one row's values; yields the batch if it is full."""
        row = self._maker.enrich(row_number, values)
        self._template.write_row(row_number, row, self._puts, self._lines)
        self._rows += 1
        yield from self._take_full()

    def take(self) -> Iterator[Batch]:
        """Yield the orders since the last batch, if there are any."""
        if self._rows:
            yield self._batch(0, self._rows)
            self._forget(self._rows)

    def _take_full(self) -> Iterator[Batch]:
        full = self._rows - self._rows % BATCH_ITEMS
        for start in range(0, full, BATCH_ITEMS):
            yield self._batch(start, start + BATCH_ITEMS)
        self._forget(full)

    def _batch(self, start: int, end: int) -> Batch:
        puts = self._puts[start * PUT_PIECES : end * PUT_PIECES]
        lines = self._lines[start * LINE_PIECES : end * LINE_PIECES]
        puts[0] = puts[0][1:]  # Each request begins with a comma.
        return Batch(b"".join(puts), b"".join(lines), end - start)

    def _forget(self, rows: int) -> None:
        del self._puts[: rows * PUT_PIECES], self._lines[: rows * LINE_PIECES]
        self._rows -= rows
