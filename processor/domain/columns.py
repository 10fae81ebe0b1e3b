"""The columns of an order file, declared once.

The validator, the stored item, the enriched CSV, the rejected rows and docs/file-format.md all derive from
:data:`COLUMNS`; an adopter changes the schema here only. A value that does not pass yields a *reason*, a short
constant sentence, so that equal mistakes are counted together.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

ROW = "row"
"""In place of a column's name where the whole row is wrong (ragged, too long, a stray quote)."""

ORDER_ID, QUANTITY, UNIT_PRICE = "order_id", "quantity", "unit_price"
"""The columns by which rows belong together, and by which a line's total is reckoned."""

ANOTHER_ROW_REJECTED = "another row of this order was rejected"
"""The reason for which a good row is laid aside: an order is stored whole or not at all."""

EMPTY = "empty"
CONTROL_CHARACTER = "contains a control character"
LINE_BREAK = "contains a line break or tab"
NOT_WHOLE = "not a whole number"
NOT_DECIMAL = "not a decimal number"
NEGATIVE = "negative"
COMMA = "contains a comma (write digits and a decimal point only)"

# C0 without tab, line feed and carriage return (they are data inside a quoted cell), DEL, and C1.
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_LINE_BREAK = re.compile("[\t\n\r]")
# [0-9] and not \d: fullwidth and other Unicode digits are not numbers here. The length bound keeps int() linear.
_WHOLE = re.compile("[0-9]{1,20}")
_DECIMAL = re.compile(r"[0-9]{1,20}(?:\.[0-9]{1,20})?")
_NEGATIVE = re.compile(r"-[0-9]{1,20}(?:\.[0-9]{1,20})?")
_WITH_COMMA = re.compile(r"-?[0-9]{1,20}(?:[.,][0-9]{1,20})*")

type Value = str | int | Decimal


class Problem(NamedTuple):
    """A reason to reject a row, and its column (or :data:`ROW`)."""

    column: str
    reason: str


class Text(NamedTuple):
    """A cell of 1 to ``longest`` characters without control characters, with or without ``line_breaks``."""

    name: str
    longest: int
    line_breaks: bool = True

    @property
    def rule(self) -> str:
        """Describe what passes, for the table of docs/file-format.md."""
        breaks = "" if self.line_breaks else ", line breaks or tabs"
        return f"1 to {self.longest} characters, no control characters{breaks}"

    def parse(self, cell: str) -> tuple[Value, str]:
        """Return the value and "", or anything and the reason."""
        if not cell or cell.isspace():
            return "", EMPTY
        if len(cell) > self.longest:
            return "", f"longer than {self.longest} characters"
        if not cell.isprintable():
            if _CONTROL.search(cell):
                return "", CONTROL_CHARACTER
            if not self.line_breaks and _LINE_BREAK.search(cell):
                return "", LINE_BREAK
        return cell, ""


class Whole(NamedTuple):
    """A whole number in ASCII digits between two bounds, both included."""

    name: str
    smallest: int
    largest: int

    @property
    def rule(self) -> str:
        """Describe what passes, for the table of docs/file-format.md."""
        return f"whole number from {self.smallest:,} to {self.largest:,}, digits only"

    def parse(self, cell: str) -> tuple[Value, str]:
        """Return the value and "", or anything and the reason."""
        if _WHOLE.fullmatch(cell):
            value = int(cell)
            if value < self.smallest:
                return 0, f"below {self.smallest:,}"
            if value > self.largest:
                return 0, f"above {self.largest:,}"
            return value, ""
        return 0, _why_no_number(cell, NOT_WHOLE)


class Money(NamedTuple):
    """An exact decimal from 0 to ``largest`` with at most ``places`` decimal places, in ASCII digits and a point."""

    name: str
    largest: Decimal
    places: int

    @property
    def rule(self) -> str:
        """Describe what passes, for the table of docs/file-format.md."""
        return f"decimal from 0 to {self.largest:,}, at most {self.places} decimal places, point as decimal mark"

    def parse(self, cell: str) -> tuple[Value, str]:
        """Return the value and "", or anything and the reason."""
        if _DECIMAL.fullmatch(cell):
            if len(cell.partition(".")[2]) > self.places:
                return 0, f"more than {self.places} decimal places"
            value = Decimal(cell)
            if value > self.largest:
                return 0, f"above {self.largest:,}"
            return value, ""
        return 0, _why_no_number(cell, NOT_DECIMAL)


def _why_no_number(cell: str, otherwise: str) -> str:
    """Return the reason: one of the usual mistakes, or ``otherwise``."""
    if not cell or cell.isspace():
        return EMPTY
    if _NEGATIVE.fullmatch(cell):
        return NEGATIVE
    if "," in cell and _WITH_COMMA.fullmatch(cell):
        return COMMA
    return otherwise


type Column = Text | Whole | Money

COLUMNS: tuple[Column, ...] = (
    Text(ORDER_ID, longest=64, line_breaks=False),
    Text("customer_name", longest=200),
    Text("product_name", longest=200),
    Whole(QUANTITY, smallest=1, largest=1_000_000),
    Money(UNIT_PRICE, largest=Decimal("9999999.9999"), places=4),
)
NAMES: tuple[str, ...] = tuple(column.name for column in COLUMNS)

ROW_NUMBER, REASONS, ORIGINAL = "waybill_row", "waybill_reasons", "waybill_original"
OWN_COLUMNS = (ROW_NUMBER, REASONS, ORIGINAL)
"""Those of the rejected-rows file, besides the columns of an order file."""


def is_correction(names: Iterable[str]) -> bool:
    """Tell whether a file with these columns is a rejected-rows file that comes back, corrected."""
    return not set(OWN_COLUMNS).isdisjoint(names)


_PARSERS = tuple((column.name, column.parse) for column in COLUMNS)


def read_cells(cells: Sequence[str]) -> tuple[list[Value], list[Problem]]:
    """Validate one row whose cells stand in the order of :data:`COLUMNS`.

    Surrounding spaces are not part of a value. Returns the values, and all problems of the row, so that a person
    corrects it once; with a problem the values mean nothing.
    """
    values: list[Value] = []
    problems: list[Problem] = []
    for (name, parse), cell in zip(_PARSERS, cells, strict=True):
        value, reason = parse(cell.strip(" "))
        values.append(value)
        if reason:
            problems.append(Problem(name, reason))
    return values, problems
