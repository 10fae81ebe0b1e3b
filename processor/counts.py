"""How many files are in each state: exact counters for those at rest, a bounded look at those under way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from processor.files import FileState


@dataclass(frozen=True, slots=True)
class Counts:
    """How many files rest in each state, and how many rejected rows wait in those that are partial."""

    at_rest: dict[FileState, int]
    rejected_rows_waiting: int
