"""Holds: why nothing of a file is stored until a person decides, and the policies of a deployment. Pure."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple, Self

if TYPE_CHECKING:
    from collections.abc import Mapping


class HoldCause(StrEnum):
    """The causes for which a file is held."""

    SAME_ORDERS = "same_orders"
    """Earlier files of its sender have brought some of its orders."""
    REJECTED_SHARE = "rejected_share"
    """Too many of its rows are rejected."""
    CUT_OFF = "cut_off"
    """Its last row has no line end."""
    TOTALS = "totals"
    """It does not hold what was announced."""


class Reject(StrEnum):
    """What is laid aside for a rejected row: its order, the row alone, or the whole file."""

    ORDER = "order"
    ROW = "row"
    FILE = "file"


class SameOrders(StrEnum):
    """What becomes of a file that brings orders again: it is held, replaces them, or is stored beside them."""

    HOLD = "hold"
    REPLACE = "replace"
    STORE = "store"


class LineEnd(StrEnum):
    """Whether the last row must have a line end."""

    OPTIONAL = "optional"
    REQUIRED = "required"


SHARE_FROM_ROWS = 20
"""Rows of a file from which on the share of its rejected rows is looked at."""


class Policy(NamedTuple):
    """The rules by which a verdict holds a file."""

    reject: Reject = Reject.ORDER
    hold_above_rejected_percent: int = 50
    same_orders: SameOrders = SameOrders.HOLD
    line_end: LineEnd = LineEnd.OPTIONAL


class SameOrdersFound(NamedTuple):
    """The orders of a file that earlier files of its sender have brought, as the ledger keeps them."""

    orders: int
    """Orders of this file."""
    known: int
    """Those of them that an earlier file has brought: ``same`` and ``changed``."""
    same: int
    """Known orders with equal lines."""
    changed: int
    files: tuple[str, ...]
    """The ids of the earlier files, the one with the most of these orders first."""
    is_exact: bool = True
    """False if the counts are estimated from a sample, as a file has more orders than are compared one by one."""

    @property
    def new(self) -> int:
        """Orders that no earlier file has brought."""
        return self.orders - self.known

    def to_item(self) -> dict[str, Any]:
        """Lay the counts out for the ledger."""
        return {**self._asdict(), "files": list(self.files)}

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> Self:
        """Read what :meth:`to_item` laid out."""
        counts = {name: int(item[name]) for name in ("orders", "known", "same", "changed")}
        return cls(**counts, files=tuple(item["files"]), is_exact=bool(item.get("is_exact", True)))
