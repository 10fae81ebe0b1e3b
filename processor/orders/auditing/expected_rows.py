"""The rows that a file's original says there must be, read by the careful path: orders, and rejected rows. Pure.

The loader's fast path is not used, so that the audit finds what that path would do wrong.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from processor.domain.columns import ANOTHER_ROW_REJECTED, COLUMNS, ORDER_ID, ROW, Problem, read_cells
from processor.storage.rejected_rows import RejectedRow

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Sequence

    from processor.domain.orders import EnrichedRow, OrderMaker
    from processor.parsing.reader import RawRow


_LAID_ASIDE = (Problem(ORDER_ID, ANOTHER_ROW_REJECTED),)


class ExpectedRow(NamedTuple):
    """One row of the original: its number, its cells in its output, and its order unless it is rejected."""

    number: int
    cells: Sequence[str]
    order: EnrichedRow | None
    order_id: str
    """Also of a rejected row, if it has a usable one."""


def expected_rows(
    rows: Iterable[RawRow], maker: OrderMaker, laid_aside: Container[bytes] = ()
) -> Iterator[ExpectedRow]:
    """Validate rows one by one, and lay each out as its output must have it.

    ``laid_aside`` has the ids, in UTF-8, of orders of which another row is rejected.
    """
    for number, cells, problem, text in rows:
        if problem:
            rejected = RejectedRow(number, (Problem(ROW, problem),), (), text)
            yield ExpectedRow(number, rejected.to_cells(), None, "")
            continue
        values, problems = read_cells(cells)
        if problems:
            rejected = RejectedRow(number, tuple(problems), tuple(cells), text)
            yield ExpectedRow(number, rejected.to_cells(), None, _order_id(cells))
        elif str(values[0]).encode() in laid_aside:
            rejected = RejectedRow(number, _LAID_ASIDE, tuple(cells), text)
            yield ExpectedRow(number, rejected.to_cells(), None, str(values[0]))
        else:
            order = maker.enrich(number, values)
            yield ExpectedRow(number, order, order, order.order_id)


def _order_id(cells: Sequence[str]) -> str:
    """Return the order id of a row that was rejected for another cell; "" if it is that cell."""
    value, reason = COLUMNS[0].parse(cells[0].strip(" "))
    return "" if reason else str(value)
