"""Strategies of the property tests: cells that pass, cells of any text, rows, files of rows."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Literal

from hypothesis import strategies as st

from processor.domain.columns import NAMES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

HEADER = ",".join(NAMES)

# Surrogates are left out everywhere: no decoder yields them.
ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]))
TROUBLE = st.lists(st.sampled_from(['"', '""', ",", ";", "\t", "|", "\n", "\r\n", "\r", " ", "a", "ü😀", "\0"])).map(
    "".join
)
"""Text that is mostly CSV's own characters."""
_PIECES = [*"=+-@\uff1d\uff0b\uff0d\uff20;,|\t\r\n\"' a1", "\u00a0", "\ufeff", "\0", "\u2028"]
FORMULAS = st.lists(st.sampled_from(_PIECES)).map("".join)
"""Text that a spreadsheet may take for formulas, whole or in part."""
ANY_CELL = ANY_TEXT | TROUBLE | FORMULAS

_FINE = st.characters(exclude_categories=["Cs", "Cc"])


def _passing(longest: int, extra: str) -> st.SearchStrategy[str]:
    letters = _FINE | st.sampled_from(extra)
    return (
        st.text(letters, min_size=1, max_size=longest)
        .map(lambda cell: cell.strip(" "))
        .filter(lambda cell: bool(cell) and not cell.isspace())
    )


ORDER_IDS = _passing(64, '",;|')
NAME_CELLS = _passing(200, '",;|\t\n\r')
QUANTITIES = st.integers(1, 1_000_000)
PRICES = st.decimals(0, "9999999.9999", places=4, allow_nan=False, allow_infinity=False)
GOOD_ROWS = st.tuples(ORDER_IDS, NAME_CELLS, NAME_CELLS, QUANTITIES.map(str), PRICES.map(str))


def csv_text(
    rows: Iterable[Sequence[str]], *, delimiter: str = ",", line_end: str = "\r\n", quote_all: bool = False
) -> str:
    """Write rows as Python's csv module does."""
    text = io.StringIO()
    quoting: Literal[0, 1] = csv.QUOTE_ALL if quote_all else csv.QUOTE_MINIMAL
    csv.writer(text, delimiter=delimiter, lineterminator=line_end, quoting=quoting).writerows(rows)
    return text.getvalue()
