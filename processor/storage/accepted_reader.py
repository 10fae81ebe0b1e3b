"""Reads a stretch of a file's accepted rows from the object that ``processor.storage.outputs`` wrote: one ranged GET.

The run kept the byte at which every so many rows begin, so the last page of a million rows costs what the first does.
Where the run is not known, the end of a long object is read from its end.
"""

from __future__ import annotations

import csv
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from processor.domain.errors import ObjectGoneError, WaybillError
from processor.domain.orders import ENRICHED_HEADER, Order, sort_keys
from processor.storage.range_reader import open_range, split_lines

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from botocore.response import StreamingBody
    from mypy_boto3_s3 import S3Client

    from processor.domain.entries import FileEntry, RunEntry

_LONGEST_ROW = 2_048
"""Bytes: 464 characters of text, of four bytes or a doubled quote at the most, and some 100 of figures and commas."""
_MANY_ROWS = 1_000
"""Fewer are read through to reach those behind them; so far apart lie the offsets, too."""


@dataclass(eq=False, repr=False)
class AcceptedRowsGoneError(WaybillError):
    """The object that held the accepted rows is no longer there."""

    message = (
        "{object_key} is no longer in the bucket: it has expired or was deleted. "
        "The orders themselves are stored all the same: search for their number or customer."
    )
    object_key: str


@dataclass(eq=False, repr=False)
class AcceptedRowsUnreadableError(WaybillError):
    """The object does not hold the accepted rows of this file."""

    message = (
        "{object_key} does not hold this file's accepted rows: somebody has replaced it. "
        "Reprocess the file to have it written again."
    )
    object_key: str


def run_with_offsets(runs: Iterable[RunEntry]) -> RunEntry | None:
    """Pick the run whose offsets fit the object: the newest that stored rows."""
    return max((run for run in runs if run.row_offsets), key=lambda run: run.started_at, default=None)


def read_accepted_rows(
    client: S3Client, entry: FileEntry, run: RunEntry | None, *, first: int, count: int
) -> list[Order]:
    """Read up to ``count`` accepted rows from number ``first`` (0 is the first), as they stand in the object.

    ``run`` is the run that wrote the object, for its offsets; without it the last rows of a long file are those at the
    object's end, and all others are read from its beginning, no further than needed. Fewer rows come where the object
    ends before them. Raises :class:`AcceptedRowsGoneError` and :class:`AcceptedRowsUnreadableError`.
    """
    if run and run.row_stride and run.row_offsets:
        mark, offset = run.mark_before(first)
        # A later run may have written the object anew and failed before it settled: then these are not its offsets.
        with suppress(AcceptedRowsUnreadableError):
            return _read_from(client, entry, offset, first - mark, count)
    elif first >= _MANY_ROWS and first + count == entry.accepted_rows and (found := _read_end(client, entry, count)):
        return found
    return _read_from(client, entry, len(",".join(ENRICHED_HEADER)) + 2, first, count)


def _read_from(client: S3Client, entry: FileEntry, start: int, skip: int, count: int) -> list[Order]:
    body = _open(client, entry, f"{start}-")
    if body is None:
        return []
    try:
        cells = csv.reader(split_lines(body), strict=True)
        return list(_orders(islice(cells, skip, skip + count), entry, sort_keys(entry.base, entry.file_id)))
    finally:
        body.close()


def _read_end(client: S3Client, entry: FileEntry, count: int) -> list[Order]:
    """Read the last ``count`` rows; none where the object does not end in so many whole ones."""
    body = _open(client, entry, f"-{count * _LONGEST_ROW}")
    if body is None:
        return []
    # Neither the first character nor the first row need be whole.
    *lines, unfinished = body.read().decode(errors="replace").split("\n")
    if unfinished:
        return []
    sort_key = sort_keys(entry.base, entry.file_id)
    for start in range(1, min(len(lines) - count, _LONGEST_ROW) + 1):
        # A line feed may stand in a cell: the first row begins where one can be read.
        cells = csv.reader((line + "\n" for line in islice(lines, start, None)), strict=True)
        rows = _orders(cells, entry, sort_key)
        with suppress(AcceptedRowsUnreadableError):
            found = [next(rows)]
            break
    else:
        return []
    with suppress(AcceptedRowsUnreadableError):
        return [*found, *rows][-count:]
    return []


def _orders(rows: Iterable[list[str]], entry: FileEntry, sort_key: Callable[[int], str]) -> Iterator[Order]:
    """Read orders from their cells; raises :class:`AcceptedRowsUnreadableError` at what is none of this file."""
    try:
        for cells in rows:
            order = Order.from_cells(cells, entry.file_id)
            # A cell that looks like a row after a wrong offset still does not know this key.
            if order.processed_timestamp != sort_key(order.row_number):
                raise AcceptedRowsUnreadableError(entry.accepted_key)
            yield order
    except (ValueError, csv.Error) as error:
        raise AcceptedRowsUnreadableError(entry.accepted_key) from error


def _open(client: S3Client, entry: FileEntry, byte_range: str) -> StreamingBody | None:
    try:
        return open_range(client, entry.bucket, entry.accepted_key, byte_range)
    except ObjectGoneError as error:
        raise AcceptedRowsGoneError(entry.accepted_key) from error
