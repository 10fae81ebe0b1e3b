"""The comparison of a held file with the earlier ones: its changed orders, line by line, before and now. Pure.

``processor.pipeline.same_orders`` writes it beside the held original.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

COLUMNS = ("customer_name", "product_name", "quantity", "unit_price", "line_total")
MOST_ROWS_KEPT = 20
"""Of each order and side, as the processor lays them out."""
_NUMBERS = frozenset({"quantity", "unit_price", "line_total"})


class ComparisonError(ValueError):
    """The object is not a comparison; somebody has replaced it."""


@dataclass(frozen=True, slots=True)
class Line:
    """A row of an order: its number in its file, and its cells in the order of :data:`COLUMNS`."""

    row_number: int
    cells: tuple[str, ...]

    @classmethod
    def from_json(cls, row: dict[str, Any]) -> Line:
        """Read a row of the comparison."""
        return cls(int(row["row_number"]), tuple(str(row[name]) for name in COLUMNS))

    @property
    def value(self) -> tuple[object, ...]:
        """What makes two rows equal: 1.5 is 1.50."""
        return tuple(_value(name, cell) for name, cell in zip(COLUMNS, self.cells, strict=True))


@dataclass(frozen=True, slots=True)
class LinePair:
    """A row as it came before and as it comes now; None where the row was added, or left out."""

    before: Line | None
    now: Line | None

    @property
    def differing(self) -> frozenset[int]:
        """The places of the cells that differ; none of a row that was added or left out."""
        if self.before is None or self.now is None:
            return frozenset()
        pairs = zip(self.before.value, self.now.value, strict=True)
        return frozenset(place for place, (before, now) in enumerate(pairs) if before != now)

    @property
    def is_same(self) -> bool:
        """Whether nothing differs."""
        return self.before is not None and self.now is not None and not self.differing

    @property
    def words(self) -> str:
        """What has happened to the row."""
        if self.before is None:
            return "added"
        return "left out" if self.now is None else "changed"


@dataclass(frozen=True, slots=True)
class ChangedOrder:
    """An order that came before with other lines."""

    order_id: str
    file_id: str
    """The file that has brought it before."""
    pairs: tuple[LinePair, ...]
    """The rows that differ."""
    same_rows: int
    is_cut: bool
    """Whether the order may have more rows than were kept."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """What was found when the file was held."""

    orders_by_file: dict[str, int]
    """How many of the file's orders each earlier file has brought, by its id."""
    changed_orders: tuple[ChangedOrder, ...]


def read_comparison(body: bytes) -> Comparison:
    """Read the object; raises :class:`ComparisonError`."""
    try:
        document = json.loads(body)
        by_file = {str(each["file_id"]): int(each["orders"]) for each in document["files"]}
        return Comparison(by_file, tuple(map(_changed_order, document["changed_orders"])))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ComparisonError from error


def _changed_order(document: dict[str, Any]) -> ChangedOrder:
    before, now = ([Line.from_json(row) for row in document[side]] for side in ("before", "now"))
    pairs = pair_lines(before, now)
    return ChangedOrder(
        order_id=str(document["order_id"]),
        file_id=str(document["file_id"]),
        pairs=tuple(pair for pair in pairs if not pair.is_same),
        same_rows=sum(pair.is_same for pair in pairs),
        is_cut=MOST_ROWS_KEPT in {len(before), len(now)},
    )


def pair_lines(before: Sequence[Line], now: Sequence[Line]) -> list[LinePair]:
    """Put equal rows beside each other, then those of one product, then the rest in their order."""
    left, right = list(before), list(now)
    pairs: list[LinePair] = []
    for key in (lambda line: line.value, lambda line: line.cells[1], lambda _: None):
        waiting = list(right)
        for line in list(left):
            match = next((other for other in waiting if key(other) == key(line)), None)
            if match is not None:
                pairs.append(LinePair(line, match))
                left.remove(line)
                waiting.remove(match)
        right = waiting
    pairs += [LinePair(line, None) for line in left]
    pairs += [LinePair(None, line) for line in right]
    return sorted(pairs, key=_place)


def _place(pair: LinePair) -> int:
    line = pair.now or pair.before
    return line.row_number if line else 0


def _value(name: str, cell: str) -> object:
    if name not in _NUMBERS:
        return cell
    try:
        return Decimal(cell)
    except InvalidOperation:
        return cell
