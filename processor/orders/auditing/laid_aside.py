"""The orders of which a file's run has stored nothing, as one of their rows is rejected.

Whether a run lays such orders aside is a setting, which may have changed since. The ledger's count of rejected rows
tells: it is that of the rows with problems of their own, or there were more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from processor.domain.columns import read_cells
from processor.parsing.plain_rows import PlainRows
from processor.parsing.ragged_rows import order_ids_of
from processor.parsing.rejected_orders import RejectedOrders

if TYPE_CHECKING:
    from processor.parsing.reader import RowReader


def find_laid_aside(reader: RowReader, rejected_rows: int) -> RejectedOrders:
    """Return the orders that were laid aside, if the run has rejected so many rows."""
    found, own = RejectedOrders(), 0
    for row in reader.chunks():
        if isinstance(row, PlainRows):
            continue
        _number, cells, problem, _text = row
        values, problems = ([], []) if problem else read_cells(cells)
        if not problem and not problems:
            continue
        own += 1
        for order_id in order_ids_of(reader, row, values, problems):
            found.add(order_id.encode())
    return RejectedOrders() if own == rejected_rows else found
