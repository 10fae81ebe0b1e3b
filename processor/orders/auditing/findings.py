"""The findings of one audit, while they add up: all differences are counted, the first of each part are kept. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from processor.domain.audits import BookPart, Difference

MOST_KEPT = 10
"""Differences of each part that are kept: a file of which everything differs must fit into an item of the ledger."""
LONGEST_TEXT = 200
"""Characters of a value that are kept."""


@dataclass(eq=False, repr=False)
class Findings:
    """The differences found so far, and what could not be compared."""

    differences: list[Difference] = field(default_factory=list)
    counts: Counter[BookPart] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)
    is_complete: bool = True
    """Whether everything was compared."""
    keys: set[tuple[str, str]] = field(default_factory=set)
    """Keys of orders that differ, so that one fault is not found twice."""

    @property
    def count(self) -> int:
        """The number of all differences."""
        return self.counts.total()

    def add(self, part: BookPart, *, expected: object, found: object, row: int = 0, column: str = "") -> None:
        """Count one difference, and keep it if it is among the first of its part."""
        self.counts[part] += 1
        if self.counts[part] <= MOST_KEPT:
            self.differences.append(Difference(part, row, column, _cut(expected), _cut(found)))

    def compare(self, part: BookPart, column: str, expected: object, found: object, *, row: int = 0) -> None:
        """Add a difference unless both are equal."""
        if expected != found:
            self.add(part, expected=expected, found=found, row=row, column=column)

    def note_gap(self, sentence: str) -> None:
        """Say what was not compared, and why."""
        self.is_complete = False
        self.notes.append(sentence)


def _cut(value: object) -> str:
    text = f"{value:,}" if isinstance(value, int) else str(value)
    return text if len(text) <= LONGEST_TEXT else text[:LONGEST_TEXT] + "…"
