"""Compares the rows of one original with its stored orders, its outputs and its offsets, row by row."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from processor.domain.audits import BookPart
from processor.domain.orders import customer_key
from processor.orders.auditing.replaced_orders import ReplacedOrders
from processor.orders.auditing.stored_orders import KeySample, compare_order

if TYPE_CHECKING:
    from processor.domain.orders import EnrichedRow, Item, OrderMaker
    from processor.orders.auditing.expected_rows import ExpectedRow
    from processor.orders.auditing.findings import Findings
    from processor.orders.auditing.ledger_counts import OffsetCheck
    from processor.orders.auditing.outputs import OutputComparison
    from processor.orders.auditing.table_reader import TableReader

_ROWS_AT_ONCE = 800
"""Orders read together: eight requests of a hundred."""
_MOST_ORDER_IDS, _MOST_CUSTOMERS, _MOST_ROWS = 1_000, 100, 20_000
"""The bounds of the two samples under whose keys added orders are searched for."""


class Sampling(NamedTuple):
    """The orders that are read: of every ``stride`` stretches the one with number ``at``, and ``most`` in all."""

    most: int
    stride: int = 1
    at: int = 0


@dataclass(eq=False, repr=False)
class RowComparison:
    """The comparison of one file's rows, while they pass."""

    maker: OrderMaker
    table: TableReader
    findings: Findings
    sampling: Sampling
    accepted: OutputComparison | None
    """None if the object cannot be compared."""
    rejected: OutputComparison | None
    offsets: OffsetCheck
    are_stored: bool = True
    """Whether the file's rows are orders; those of a duplicate, a held or a voided file are not."""
    replaced: ReplacedOrders = field(default_factory=ReplacedOrders)
    accepted_rows: int = 0
    rejected_rows: int = 0
    orders_compared: int = 0
    last_row: int = 0
    """The number of the last row that has passed."""
    by_order_id: KeySample = field(default_factory=lambda: KeySample(_MOST_ORDER_IDS, _MOST_ROWS))
    by_customer: KeySample = field(default_factory=lambda: KeySample(_MOST_CUSTOMERS, _MOST_ROWS))
    _waiting: list[EnrichedRow] = field(default_factory=list)

    @property
    def rows(self) -> int:
        """The rows that have passed."""
        return self.accepted_rows + self.rejected_rows

    def compare_row(self, row: ExpectedRow) -> None:
        """Compare one row; its order is read together with others."""
        self.last_row = row.number
        if row.order is None:
            self.rejected_rows += 1
            if self.rejected:
                self.rejected.expect(row.number, row.cells)
            if row.order_id:
                self.by_order_id.add(row.order_id)
            return
        order, index = row.order, self.accepted_rows
        self.accepted_rows += 1
        if self.accepted:
            self.offsets.check(index, row.number, self.accepted.expect(row.number, row.cells))
        if not self.are_stored:
            self.by_order_id.add(order.order_id)
            return
        self.by_order_id.add(order.order_id, order.processed_timestamp, order.order_id)
        key = customer_key(order.customer_name, row.number)
        self.by_customer.add(key, order.processed_timestamp, order.order_id)
        self._waiting.append(order)
        if len(self._waiting) == _ROWS_AT_ONCE:
            self._compare_orders(index // _ROWS_AT_ONCE)

    def finish(self, *, is_whole: bool) -> None:
        """Compare what waits, and the ends of the outputs if all rows have passed."""
        self._compare_orders(self.accepted_rows // _ROWS_AT_ONCE)
        if not is_whole:
            return
        self.offsets.finish(self.accepted_rows)
        for output in (self.accepted, self.rejected):
            if output:
                output.finish()

    def _compare_orders(self, stretch: int) -> None:
        orders, self._waiting = self._waiting, []
        sampling = self.sampling
        if not orders or stretch % sampling.stride != sampling.at or self.orders_compared >= sampling.most:
            return
        found = self.table.read_orders([(order.order_id, order.processed_timestamp) for order in orders])
        for order in orders:
            stored = found.get((order.order_id, order.processed_timestamp))
            if stored is None and self.replaced.explain(order.order_id):
                continue
            compare_order(self._lay_out(order), stored, int(order.row_number), self.findings)
        self.orders_compared += len(orders)

    def _lay_out(self, order: EnrichedRow) -> Item:
        return self.maker.lay_out(order, customer_key(order.customer_name, int(order.row_number)))

    def search_added(self, file_id: str, since: str, until: str) -> None:
        """Search for orders that bear the file's id and come from none of its rows, up to a sort key if there is one.

        Beyond the last row that has passed, nobody knows yet which orders belong to the file.
        """
        strangers: dict[tuple[str, str], None] = {}
        for order_id, at in self.table.find_by_order_ids(file_id, self.by_order_id.orders):
            if at not in self.by_order_id.orders[order_id]:
                strangers[order_id, at] = None
        expected = {(order, at) for orders in self.by_customer.orders.values() for at, order in orders.items()}
        for key in self.table.find_by_customers(file_id, self.by_customer.orders, since):
            if key not in expected:
                strangers[key] = None
        candidates = [key for key in strangers if key not in self.findings.keys and not (until and key[1] > until)]
        # The index may still have what the table has no more.
        stored = self.table.read_orders(candidates) if candidates else {}
        for (order_id, at), item in stored.items():
            if item.get("file_id") == {"S": file_id}:
                text = f"the order {order_id} at {at}, row {item.get('row_number', {}).get('N', 'unknown')}"
                self.findings.add(BookPart.ORDERS, expected="no such order", found=text)
        self._note_samples()

    def _note_samples(self) -> None:
        if not self.by_order_id.is_complete:
            self.findings.note_gap(
                f"Added orders were searched for under {len(self.by_order_id.orders):,} of the file's order ids only."
            )
