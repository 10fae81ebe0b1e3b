"""What an upload announced of its file beside what was read: on each receipt, and on the file's page. Pure."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from admin_api.rendering.formats import UNKNOWN, number, price
from processor.storage.presigned_posts import ROWS_PATTERN, TOTAL_PATTERN

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from processor.domain.entries import FileEntry, RunEntry

_NOTHING = "not announced"


class AnnouncedFigure(NamedTuple):
    """One figure, as announced and as read, in words."""

    name: str
    announced: str
    read: str
    difference: str
    """Read less announced, with its sign; "" if there is none, or nothing to compare."""

    @property
    def is_announced(self) -> bool:
        """Whether the upload announced it."""
        return self.announced not in {_NOTHING, UNKNOWN}

    @property
    def is_read(self) -> bool:
        """Whether a run has read it."""
        return self.read != UNKNOWN

    @property
    def differs(self) -> bool:
        """Whether the file does not hold what was announced."""
        return bool(self.difference)


def announced_figures(entry: RunEntry | FileEntry) -> tuple[AnnouncedFigure, ...]:
    """Lay rows, quantities and total side by side; () where nothing was announced or read."""
    read_rows = entry.read_rows or entry.accepted_rows + entry.rejected_rows
    if not (read_rows or entry.read_total or entry.announced_rows or entry.announced_total):
        return ()
    is_read = bool(read_rows or entry.read_total)
    rows = _figure("Rows", entry.announced_rows, Decimal(read_rows) if is_read else None, ROWS_PATTERN, number)
    total = _figure("Total", entry.announced_total, _amount(entry.read_total), TOTAL_PATTERN, price)
    quantity = getattr(entry, "read_quantity", 0)
    if not quantity:
        return rows, total
    return rows, AnnouncedFigure("Quantity", UNKNOWN, number(quantity), ""), total


def tell_announced(figures: Sequence[AnnouncedFigure]) -> str:
    """Say in a few words what was announced, and whether that was read."""
    said = ", ".join(
        f"{each.announced} {'rows' if each.name == 'Rows' else 'in total'}" for each in figures if each.is_announced
    )
    if not any(each.is_read for each in figures):
        return f"{said}: no row was read"
    return f"{said}: {'not what was read' if any(each.differs for each in figures) else 'as read'}"


def _amount(text: str) -> Decimal | None:
    return Decimal(text) if text else None


def _figure(
    name: str, announced: str, read: Decimal | None, pattern: str, write: Callable[[Decimal], str]
) -> AnnouncedFigure:
    said = UNKNOWN if read is None else write(read)
    if not announced:
        return AnnouncedFigure(name, _NOTHING, said, "")
    if not re.fullmatch(pattern, announced):
        return AnnouncedFigure(name, f"“{announced}”", said, "not a number")
    expected = Decimal(announced)
    if read is None or read == expected:
        return AnnouncedFigure(name, write(expected), said, "")
    sign = "+" if read > expected else "−"  # noqa: RUF001  A minus, as wide as the plus.
    return AnnouncedFigure(name, write(expected), said, f"{sign}{write(abs(read - expected))}")
