"""Pages of orders, the newest first, and the positions between them. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from processor.domain.cursors import CursorError, Direction, pack, unpack

if TYPE_CHECKING:
    from collections.abc import Iterable

    from processor.domain.orders import Order


@dataclass(frozen=True, slots=True)
class OrderPage:
    """Orders, the newest first, with the cursors of the pages around them ("" where there is none)."""

    orders: tuple[Order, ...]
    older: str
    newer: str


@dataclass(frozen=True, slots=True)
class Position:
    """The order beyond which a page begins, and the page's direction."""

    direction: Direction
    timestamp: str
    order_id: str

    @classmethod
    def from_cursor(cls, cursor: str) -> Position | None:
        """Read a cursor; "" is the list's newest end. Raises :class:`CursorError`."""
        if not cursor:
            return None
        direction, (timestamp, order_id) = unpack(cursor, 2)
        position = cls(direction, timestamp, order_id)
        if not position.timestamp or not position.order_id:
            raise CursorError(cursor)
        return position

    @property
    def to_older(self) -> bool:
        """Whether the page has orders older than the position."""
        return self.direction is Direction.OLDER

    def is_before(self, order: Order) -> bool:
        """Tell whether the order is beyond the position, in the page's direction."""
        here = (self.timestamp, self.order_id)
        return _rank(order) < here if self.to_older else _rank(order) > here


def goes_to_older(position: Position | None) -> bool:
    """Tell whether a page goes to older orders, as the first one does."""
    return position is None or position.to_older


def cut_page(orders_beyond: Iterable[Order], position: Position | None, limit: int) -> OrderPage:
    """Cut one page from the orders beyond the position, the newest first."""
    to_older = goes_to_older(position)
    nearest = sorted(orders_beyond, key=_rank, reverse=to_older)
    orders, more = nearest[:limit], len(nearest) > limit
    if not to_older:
        orders.reverse()
    older = newer = ""
    if orders and (more or not to_older):
        older = pack(Direction.OLDER, *_rank(orders[-1]))
    if orders and position and (more or to_older):
        newer = pack(Direction.NEWER, *_rank(orders[0]))
    return OrderPage(tuple(orders), older, newer)


def _rank(order: Order) -> tuple[str, str]:
    """Sort by time; orders of two files may share a timestamp."""
    return order.processed_timestamp, order.order_id
