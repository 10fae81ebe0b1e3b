"""Compares stored orders with the rows that they come from, and samples where added orders are searched for. Pure."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

from processor.domain.audits import BookPart

if TYPE_CHECKING:
    from collections.abc import Mapping

    from processor.domain.orders import Item
    from processor.orders.auditing.findings import Findings

_OF_A_RUN = frozenset({"run_id", "trace_id"})
"""They name the run that stored the order, and differ between the ranges of a file."""
_MAY_LACK = frozenset({"customer_key"})
"""An order that was stored while the table had no index by customer has no key for it."""
_MOST_DIFFERING = 10_000
"""Keys of differing orders that are remembered; beyond, an order may be found twice, as changed and as added."""
_ALL = 2**64


def compare_order(expected: Item, found: Item | None, row: int, findings: Findings) -> None:
    """Compare every attribute of one order, to the value; an attribute that is not an order's is left alone."""
    key = expected["order_id"]["S"], expected["processed_timestamp"]["S"]
    count = findings.count
    if found is None:
        findings.add(BookPart.ORDERS, row=row, expected=f"the order {key[0]}", found="no such order in the table")
    else:
        for name, value in expected.items():
            stored = found.get(name)
            if name in _OF_A_RUN or (stored is None and name in _MAY_LACK):
                continue
            if stored is None or not _are_equal(value, stored):
                findings.add(BookPart.ORDERS, row=row, column=name, expected=_text(value), found=_text(stored))
    if findings.count > count and len(findings.keys) < _MOST_DIFFERING:
        findings.keys.add(key)


def _are_equal(expected: Mapping[str, str], found: Mapping[str, str]) -> bool:
    """Compare attribute values; DynamoDB writes 2.50 as 2.5."""
    if expected.keys() == found.keys() == {"N"}:
        return Decimal(expected["N"]) == Decimal(found["N"])
    return expected == found


def _text(value: Mapping[str, object] | None) -> str:
    return "nothing" if value is None else str(next(iter(value.values())))


@dataclass(eq=False, repr=False)
class KeySample:
    """A sample of the keys under which a file has orders, each with all of them: ``{timestamp: order id}``.

    Which keys are in it depends on the keys alone. While there are few, it is all of them.
    """

    most_keys: int
    most_rows: int
    is_complete: bool = True
    orders: dict[str, dict[str, str]] = field(default_factory=dict)
    _limit: int = _ALL
    _rows: int = 0

    def add(self, key: str, timestamp: str = "", order_id: str = "") -> None:
        """Add an order under its key, or only the key."""
        if not self.is_complete and _rank(key) >= self._limit:
            return
        under_key = self.orders.setdefault(key, {})
        if timestamp:
            under_key[timestamp] = order_id
            self._rows += 1
        while len(self.orders) > self.most_keys or self._rows > self.most_rows:
            self._halve()

    def _halve(self) -> None:
        self.is_complete = False
        self._limit //= 2
        self.orders = {key: orders for key, orders in self.orders.items() if _rank(key) < self._limit}
        self._rows = sum(map(len, self.orders.values()))


def _rank(key: str) -> int:
    return int.from_bytes(hashlib.blake2b(key.encode(), digest_size=8).digest())
