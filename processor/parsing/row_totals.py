"""Sums and a hash over the rows of a file, column by column of many rows at once. Pure.

The hash is over the values and not their notation: ``007`` counts as ``7`` and ``1.50`` as ``1.5``, and neither the
order of the columns nor delimiter, quotes, line ends and encoding matter. Each column has a hash of its own, over
values that end in a character which no value has. Rejected rows have one too, with their places among all rows.
"""

from __future__ import annotations

import hashlib
import json
from decimal import Decimal
from operator import mul
from typing import TYPE_CHECKING

from processor.domain.columns import COLUMNS, NAMES, QUANTITY, UNIT_PRICE, Money

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_END = b"\x1e"
_MOST_REMEMBERED = 8_192
"""Quantities and prices: files repeat them."""
_QUANTITY_AT, _PRICE_AT = NAMES.index(QUANTITY), NAMES.index(UNIT_PRICE)


_PLACES = max(column.places for column in COLUMNS if isinstance(column, Money))


class RowTotals:
    """Adds up rows as they pass."""

    def __init__(self) -> None:
        self.quantity = 0
        self._total = 0
        """In units of the last decimal place."""
        self._columns = [hashlib.sha256() for _ in COLUMNS]
        self._rejected = hashlib.sha256()
        self._whole = _Memo(int)
        self._units = _Memo(_to_units)
        self._bare = _Memo(_to_bare)

    @property
    def total(self) -> Decimal:
        """The exact sum of quantity times unit price."""
        return Decimal(f"{self._total}E-{_PLACES}")

    @property
    def sha256(self) -> str:
        """The hash of all rows so far, in their order."""
        digests = [column.digest() for column in (*self._columns, self._rejected)]
        return hashlib.sha256(b"".join(digests)).hexdigest()

    def add(self, columns: Sequence[Sequence[bytes]]) -> None:
        """Add accepted rows, given by column: cells in UTF-8, quantities without leading zeros."""
        quantities, prices = columns[_QUANTITY_AT], columns[_PRICE_AT]
        whole = list(map(self._whole.__getitem__, quantities))
        self.quantity += sum(whole)
        self._total += sum(map(mul, whole, map(self._units.__getitem__, prices)))
        for column, digest, cells in zip(COLUMNS, self._columns, columns, strict=True):
            values = map(self._bare.__getitem__, cells) if isinstance(column, Money) else cells
            digest.update(_END.join(values))
            digest.update(_END)

    def add_rejected(self, place: int, cells: Sequence[str]) -> None:
        """Add the cells of a rejected row, or its whole text as one, with its place among all rows."""
        self._rejected.update(json.dumps([place, cells]).encode())

    def add_amounts(self, quantity: int, unit_price: Decimal) -> None:
        """Add the amounts of a row that is rejected for something else."""
        self.quantity += quantity
        self._total += quantity * int(unit_price.scaleb(_PLACES))


def _to_bare(price: bytes) -> bytes:
    """Write a decimal without zeros that say nothing."""
    whole, _, places = price.partition(b".")
    return (whole.lstrip(b"0") or b"0") + (b"." + places).rstrip(b"0").rstrip(b".")


def _to_units(price: bytes) -> int:
    whole, _, places = price.partition(b".")
    return int(whole + places.ljust(_PLACES, b"0"))


class _Memo[Value](dict[bytes, Value]):
    """Computed values by cell, up to a bound."""

    def __init__(self, compute: Callable[[bytes], Value]) -> None:
        super().__init__()
        self._compute = compute

    def __missing__(self, cell: bytes) -> Value:
        if len(self) >= _MOST_REMEMBERED:
            self.clear()
        value = self[cell] = self._compute(cell)
        return value
