"""Lists as CSV for spreadsheets: bounded, honest about the bound, and without a cell that a spreadsheet would run.

A customer called ``=HYPERLINK(…)`` is only text: cells that a spreadsheet takes for a formula get an apostrophe in
front (https://owasp.org/www-community/attacks/CSV_Injection).
"""

from __future__ import annotations

import csv
import io
import re
import time
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from starlette.responses import Response

from admin_api.rendering.downloads import content_disposition

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

MOST_ROWS = 10_000
MOST_BYTES = 3_500_000
"""A function's answer ends at 6 MB, and a compressed one travels as base64, which is a third more."""
LONGEST_S = 15.0
"""The gateway waits 30 seconds, and a person less."""

_BYTE_ORDER_MARK = "\ufeff"  # Without it Excel reads UTF-8 as the code page of the country.
# Also after spaces, and their fullwidth forms, which spreadsheets set to Asian languages take for the same.
_FORMULA = re.compile("\\s*[=+\\-@\uff1d\uff0b\uff0d\uff20]|[\t\r\n]")
_LONGEST_NAME = 100

type Cell = str | int | Decimal | datetime | None


@dataclass(frozen=True, slots=True)
class Export:
    """A list as CSV text, the number of its rows, and whether these are all."""

    text: str
    rows: int
    complete: bool


def write_csv(
    header: Sequence[str],
    rows: Iterable[Sequence[Cell]],
    *,
    most_rows: int = MOST_ROWS,
    most_bytes: int = MOST_BYTES,
    clock: Callable[[], float] = time.monotonic,
) -> Export:
    """Write rows until they end or a bound of rows, bytes or time is met; what lies behind it is hardly asked for."""
    until = clock() + LONGEST_S
    lines = [_BYTE_ORDER_MARK, _line(header)]
    written = size = 0
    for row in rows:
        line = _line(list(map(_cell, row)))
        size += len(line.encode())
        if written == most_rows or size > most_bytes or clock() > until:
            return Export("".join(lines), written, complete=False)
        lines.append(line)
        written += 1
    return Export("".join(lines), written, complete=True)


def _line(cells: Sequence[str]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerow(cells)
    return out.getvalue()


def csv_response(name: str, export: Export) -> Response:
    """Answer with a download; its name says so if it holds only the first rows."""
    part = "" if export.complete else f"-first-{export.rows}"
    return Response(
        export.text,
        media_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": content_disposition(f"{name[:_LONGEST_NAME]}{part}.csv"),
            "X-Waybill-Rows": str(export.rows),
            "X-Waybill-Complete": "true" if export.complete else "false",
        },
    )


def _cell(value: Cell) -> str:
    """Write one cell; numbers are ours and stay numbers, text is anybody's."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, int | Decimal):
        return str(value)
    return f"'{value}" if _FORMULA.match(value) else value
