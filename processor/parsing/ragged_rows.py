"""The order ids that a row may have whose cells cannot be told apart. Pure.

Such a row is rejected, and under ``reject=order`` its order with it, or the order would be stored without that line. So
its order id is sought where it stands if only what is behind it is wrong, and where it stands if only what is before it
is wrong: at the column's place counted from the left, and, unless the number of cells is right or the column is the
first, counted from the right. The cells are those between delimiters, once with quotes as they are and once as CSV
reads them. A find too many lays an order aside that nothing is wrong with, and correcting the rejected rows brings it
back. A row in which there is no order id at these places concerns only itself.
"""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

from processor.domain.columns import COLUMNS, NAMES, ORDER_ID
from processor.domain.formulas import unguard_cell
from processor.parsing.reader import LONGEST_ROW

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from processor.parsing.reader import RowReader

_ORDER_ID = COLUMNS[NAMES.index(ORDER_ID)]


def find_order_ids(reader: RowReader, text: str) -> set[str]:
    """Return the order ids that a row with this text may have in the reader's file."""
    is_cut = len(text) >= LONGEST_ROW
    found = set()
    for line in text.split("\n"):
        for cells in _split(line.replace("\r", " "), reader.delimiter):
            for cell in _cells_at(cells, reader.order_id_at, reader.width, from_right=not is_cut):
                bare = cell.strip(" ").strip('"').strip(" ")
                value, reason = _ORDER_ID.parse(unguard_cell(bare) if reader.is_guarded else bare)
                if not reason:
                    found.add(str(value))
    return found


def _split(line: str, delimiter: str) -> Iterator[Sequence[str]]:
    yield line.split(delimiter)
    if '"' in line:
        yield next(csv.reader([line], delimiter=delimiter, skipinitialspace=True), [])


def _cells_at(cells: Sequence[str], place: int, width: int, *, from_right: bool) -> Iterator[str]:
    if place < len(cells):
        yield cells[place]
    place_from_right = width - place
    if from_right and place and len(cells) != width and place_from_right <= len(cells):
        yield cells[-place_from_right]
