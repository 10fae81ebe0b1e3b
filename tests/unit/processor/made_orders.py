"""The careful way from a row to its item and its line, to which the fast path is compared."""

from __future__ import annotations

from typing import TYPE_CHECKING

from processor.domain.orders import customer_key

if TYPE_CHECKING:
    from collections.abc import Sequence

    from processor.domain.columns import Value
    from processor.domain.orders import EnrichedRow, Item, OrderMaker


def make(maker: OrderMaker, row_number: int, values: Sequence[Value]) -> tuple[Item, EnrichedRow]:
    """Return the item and the cells of the enriched CSV for one accepted row."""
    row = maker.enrich(row_number, values)
    return maker.lay_out(row, customer_key(row.customer_name, row_number) if maker.by_customer else ""), row
