"""Writes the lines of both outputs: quoted where necessary, UTF-8, CRLF. Pure."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


class CsvLines:
    """A CSV writer that returns each line."""

    def __init__(self) -> None:
        self._text = io.StringIO()
        # CRLF as in RFC 4180. It also makes the csv module quote cells with a lone CR or LF.
        self._writer = csv.writer(self._text, lineterminator="\r\n")

    def write_line(self, cells: Sequence[str]) -> bytes:
        """Write one line, with its line end."""
        self._writer.writerow(cells)
        line = self._text.getvalue().encode()
        self._text.seek(0)
        self._text.truncate()
        return line
