"""Lists as CSV for spreadsheets: bounded, marked if cut off, and without a cell that a spreadsheet would run.

A cell that a spreadsheet would take for a formula, such as ``=HYPERLINK(…)``, gets an apostrophe in front
(https://owasp.org/www-community/attacks/CSV_Injection).
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
"""A Lambda response is at most 6 MB, and a compressed one is sent as base64, a third longer."""
LONGEST_S = 15.0
"""The gateway's limit is 30 seconds, a person's patience shorter."""

_BYTE_ORDER_MARK = "\ufeff"  # Without it Excel reads UTF-8 as the local code page.
# Also after spaces, and in fullwidth forms, which spreadsheets in Asian languages treat alike.
_FORMULA = re.compile("\\s*[=+\\-@\uff1d\uff0b\uff0d\uff20]|[\t\r\n]")
_LONGEST_NAME = 100

type Cell = str | int | Decimal | datetime | None


@dataclass(frozen=True, slots=True)
class Export:
    """A list as CSV text, the number of its rows, and whether these are all rows."""

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
    """Write rows until they end or a limit of rows, bytes or time is reached; at most one row more is read."""
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
    """Respond with a download; its name says so if it holds only the first rows."""
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
    """Write one cell. Numbers are safe; text may come from anybody."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, int | Decimal):
        return str(value)
    return f"'{value}" if _FORMULA.match(value) else value
