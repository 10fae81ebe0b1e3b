"""Lists as CSV for spreadsheets: bounded, marked if cut off, and without a cell that a spreadsheet would run.

Every cell is quoted, so that a program which splits at semicolons, too, keeps it whole; those that do all the same find
no formula behind a separator either (``processor.domain.formulas``).
"""

from __future__ import annotations

import csv
import io
import time
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from starlette.responses import Response

from admin_api.rendering.downloads import content_disposition
from processor.domain.formulas import guard_cell

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

MOST_ROWS = 10_000
MOST_BYTES = 3_500_000
"""A Lambda response is at most 6 MB, and a compressed one is sent as base64, a third longer."""
LONGEST_S = 15.0
"""The gateway's limit is 30 seconds, a person's patience shorter."""
MOST_READS = 100
"""Pages of 1 MB at most: a search that finds nothing costs no more than this."""

_BYTE_ORDER_MARK = "\ufeff"  # Without it Excel reads UTF-8 as the local code page.
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
    rows: Iterable[Sequence[Cell] | None],
    *,
    most_rows: int = MOST_ROWS,
    most_bytes: int = MOST_BYTES,
    most_reads: int = MOST_READS,
    clock: Callable[[], float] = time.monotonic,
) -> Export:
    """Write rows until they end or a limit of rows, bytes, reads or time is reached; at most one row more is read.

    ``rows`` yields None after each read, so that the limits hold where nothing matches.
    """
    until = clock() + LONGEST_S
    lines = [_BYTE_ORDER_MARK, _line(header)]
    written = size = reads = 0
    for row in rows:
        if row is None:
            reads += 1
            if reads > most_reads or clock() > until:
                return Export("".join(lines), written, complete=False)
            continue
        line = _line(list(map(_cell, row)))
        size += len(line.encode())
        if written == most_rows or size > most_bytes or clock() > until:
            return Export("".join(lines), written, complete=False)
        lines.append(line)
        written += 1
    return Export("".join(lines), written, complete=True)


def _line(cells: Sequence[str]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n", quoting=csv.QUOTE_ALL).writerow(cells)
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
    return guard_cell(value)
