"""The order ids that a rejected row may have, also one whose cells cannot be told apart. Pure.

Such a row is rejected, and under ``reject=order`` its order with it, or the order would be stored without that line. So
its order id is sought where it stands if only what is behind it is wrong, and where it stands if only what is before it
is wrong: at the column's place counted from the left, and, unless the number of cells is right or the column is the
first, counted from the right. The cells are those between delimiters, once with quotes as they are and once as CSV
reads them. A find too many lays an order aside that nothing is wrong with, and correcting the rejected rows brings it
back. A row in which there is no order id at these places concerns only itself.

The rejected-rows file holds such a row without cells. Uploaded again and not corrected, it still must not let the rest
of its order be stored: whatever may be an order id in its original text counts as one.
"""

from __future__ import annotations

import csv
import io
import re
from typing import TYPE_CHECKING

from processor.domain.columns import COLUMNS, NAMES, ORDER_ID
from processor.domain.formulas import unguard_cell
from processor.parsing.header import DELIMITERS
from processor.parsing.reader import LONGEST_ROW

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from processor.domain.columns import Problem, Value
    from processor.parsing.reader import RawRow, RowReader

_ORDER_ID_AT = NAMES.index(ORDER_ID)
_ORDER_ID = COLUMNS[_ORDER_ID_AT]
_SEPARATORS = f'[{"".join(DELIMITERS)}"\r\n]'
"""Of whatever file the original text is from."""


def order_ids_of(reader: RowReader, row: RawRow, values: Sequence[Value], problems: Sequence[Problem]) -> set[str]:
    """Return the order ids that a rejected row of the reader's file may have."""
    _number, _cells, ragged, text = row
    if ragged:
        return find_order_ids(reader, text)
    if ORDER_ID not in {problem.column for problem in problems}:
        return {str(values[_ORDER_ID_AT])}
    return _find_in_original(reader, text)


def find_order_ids(reader: RowReader, text: str) -> set[str]:
    """Return the order ids that a row with this text may have in the reader's file."""
    is_cut = len(text) >= LONGEST_ROW
    found = set()
    for line in text.split("\n"):
        for cells in _split(line.replace("\r", " "), reader.delimiter):
            for cell in _cells_at(cells, reader.order_id_at, reader.width, from_right=not is_cut):
                bare = cell.strip(" ").strip('"').strip(" ")
                found.add(unguard_cell(bare) if reader.is_guarded else bare)
    return set(filter(_is_order_id, found))


def _find_in_original(reader: RowReader, text: str) -> set[str]:
    """Return what may be an order id in the original text that a row of the rejected-rows file has with it."""
    if reader.original_at is None:
        return set()
    lines = io.StringIO(text, newline="")
    cells = next(csv.reader(lines, delimiter=reader.delimiter, skipinitialspace=True), [])
    original = unguard_cell(cells[reader.original_at]) if len(cells) == reader.width else ""
    return set(filter(_is_order_id, (part.strip(" ") for part in re.split(_SEPARATORS, original))))


def _is_order_id(text: str) -> bool:
    _, reason = _ORDER_ID.parse(text)
    return not reason


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
