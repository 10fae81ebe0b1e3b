"""The header of an order file: which columns it names, and by which delimiter. Pure."""

from __future__ import annotations

import csv
from typing import TypedDict

from processor.domain.columns import NAMES
from processor.domain.errors import DuplicateColumnError, MissingColumnError, NoHeaderError

DELIMITERS = (",", ";", "\t", "|")


def read_header(line: str, longest: int) -> tuple[list[str], str]:
    """Return the names of all columns, and the delimiter under which the line names the most; data rows have no say.

    Raises :class:`NoHeaderError`, :class:`MissingColumnError`, :class:`DuplicateColumnError`.
    """
    line = line.removesuffix("\r")
    if "\r" in line:
        raise NoHeaderError("Its lines end in a carriage return only; save it with LF or CRLF line ends.")
    if len(line) > longest:
        raise NoHeaderError(f"The first line is longer than {longest:,} characters.")
    candidates = [(_names(line, delimiter), delimiter) for delimiter in DELIMITERS]
    names, delimiter = max(candidates, key=lambda candidate: len(set(NAMES).intersection(candidate[0])))
    missing = [name for name in NAMES if name not in names]
    if len(missing) == len(NAMES):
        raise NoHeaderError("The first line names none of the columns.")
    if missing:
        raise MissingColumnError(missing)
    duplicated = [name for name in NAMES if names.count(name) > 1]
    if duplicated:
        raise DuplicateColumnError(duplicated)
    return names, delimiter


class _Dialect(TypedDict):
    delimiter: str
    strict: bool
    skipinitialspace: bool


def csv_dialect(delimiter: str) -> _Dialect:
    """Return the csv module's options: strict quotes, and spaces before an opening quote are skipped."""
    return {"delimiter": delimiter, "strict": True, "skipinitialspace": True}


def _names(line: str, delimiter: str) -> list[str]:
    """Return the header's names, trimmed and in lower case; none if it is no CSV under this delimiter."""
    try:
        return [cell.strip().lower() for cell in next(csv.reader([line], **csv_dialect(delimiter)))]
    except csv.Error:
        return []
