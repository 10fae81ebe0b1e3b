"""Reads a whole rejected-rows file back, as a person's script would."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

from processor.storage.rejected_rows import HEADER, RejectedRow

if TYPE_CHECKING:
    from collections.abc import Iterable


def read_rejected_rows(lines: Iterable[str]) -> list[RejectedRow]:
    """Read the rows from the file's lines with their line ends."""
    header, *rows = csv.reader(lines, strict=True)
    assert tuple(header) == HEADER
    return [RejectedRow.from_cells(cells) for cells in rows]
