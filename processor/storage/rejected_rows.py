"""The rejected-rows file, which a person opens, corrects and uploads again. Pure.

Its first columns are those of an order file, so that it can be corrected in place and dropped into the inbox; the
``waybill_*`` columns behind them give the row's number, the reasons and its original text. No cell is one that a
spreadsheet runs as a formula: the guard comes off when the file is read, here or by ``processor.parsing.reader``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from processor.domain.columns import NAMES, OWN_COLUMNS, Problem
from processor.domain.formulas import guard_cell, needs_no_guard, unguard_cell

if TYPE_CHECKING:
    from collections.abc import Sequence

HEADER = (*NAMES, *OWN_COLUMNS)

LONGEST_ORIGINAL = 10_000
"""Characters of a row's original text that are kept. With more, the corrected row would be too long again, and a
spreadsheet's cell ends at 32,767. The archived file has the whole row."""
_CUT = "… (cut here: the whole row is in the archived file)"

_BETWEEN_PROBLEMS = "; "  # Neither separator occurs in a column's name or a reason.
_AFTER_COLUMN = ": "


class RejectedRow(NamedTuple):
    """A rejected row: its number, all problems, its cells as far as known, and its text in the file."""

    number: int
    problems: tuple[Problem, ...]
    cells: tuple[str, ...]
    original: str

    def to_cells(self) -> tuple[str, ...]:
        """Return the cells under :data:`HEADER`, guarded; a very long original is cut."""
        cells = (*self.cells, *[""] * len(NAMES))[: len(NAMES)]
        reasons = _BETWEEN_PROBLEMS.join(map(reason_of, self.problems))
        original = self.original
        if len(original) > LONGEST_ORIGINAL:
            original = original[:LONGEST_ORIGINAL] + _CUT
        return (*map(guard_cell, cells), str(self.number), reasons, guard_cell(original))

    @classmethod
    def from_cells(cls, cells: Sequence[str]) -> RejectedRow:
        """Read back what :meth:`to_cells` laid out."""
        number, reasons, original = cells[len(NAMES) :]
        own_cells = tuple(map(unguard_cell, cells[: len(NAMES)]))
        problems = tuple(
            Problem(*reason.split(_AFTER_COLUMN, maxsplit=1)) for reason in reasons.split(_BETWEEN_PROBLEMS)
        )
        return cls(int(number), problems, own_cells, unguard_cell(original))


class GoodRow(NamedTuple):
    """A row that is laid aside for another one: its number, its cells and its text, both in UTF-8."""

    number: int
    cells: Sequence[bytes]
    original: bytes

    def to_line(self, reason: bytes) -> bytes | None:
        """Write the line as :class:`RejectedRow` would, at a fraction of the cost; None if that takes care.

        Care takes what has quotes, is very long, or may need a guard: of the text, the cells are the parts between
        delimiters.
        """
        text = self.original
        if b'"' in text or len(text) > LONGEST_ORIGINAL or not needs_no_guard(text.decode()):
            return None
        original = b'"%b"' % text if b"," in text else text
        return b"%b,%d,%b,%b\r\n" % (b",".join(self.cells), self.number, reason, original)

    def to_rejected(self, problem: Problem) -> RejectedRow:
        """Return the same row as one that is written with care."""
        cells = tuple([cell.decode() for cell in self.cells])
        return RejectedRow(self.number, (problem,), cells, self.original.decode())


def reason_of(problem: Problem) -> str:
    """Write a problem down."""
    return problem.column + _AFTER_COLUMN + problem.reason
