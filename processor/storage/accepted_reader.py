"""Reads pages of a file's accepted rows from the object that ``processor.storage.outputs`` wrote, by one ranged GET.

The run's entry has the byte offsets of some rows, so that the last page of a million rows costs as much as the first.
Without the entry, the last rows of a long object are read from its end.
"""

from __future__ import annotations

import csv
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain, islice
from typing import TYPE_CHECKING

from processor.domain.errors import ObjectGoneError, WaybillError
from processor.domain.object_keys import ObjectVersion
from processor.domain.orders import ENRICHED_HEADER, Order, sort_keys_of
from processor.storage.range_reader import open_range, split_lines, split_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from botocore.response import StreamingBody
    from mypy_boto3_s3 import S3Client

    from processor.domain.entries import FileEntry, RunEntry
    from processor.storage.objects import ObjectFacts, Objects

_LONGEST_ROW = 2_048
"""Bytes: 464 characters of text of at most four bytes each, and some 100 of figures and commas."""
_HEADER_BYTES = len(",".join(ENRICHED_HEADER)) + 2
_MANY_ROWS = 1_000
"""Fewer rows are skipped by reading them; offsets are as far apart."""


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
    """Pick the run whose offsets fit the object: the newest one with offsets."""
    return max((run for run in runs if run.row_offsets), key=lambda run: run.started_at, default=None)


def read_accepted_rows(
    client: S3Client, entry: FileEntry, run: RunEntry | None, *, first: int, count: int
) -> list[Order]:
    """Read up to ``count`` accepted rows from number ``first`` (0 is the first) from the object.

    ``run`` is the run that wrote the object, for its offsets. Without it the last rows of a long file are read from the
    object's end, and all others from its beginning. Returns fewer rows where the object ends before.

    Raises :class:`AcceptedRowsGoneError` and :class:`AcceptedRowsUnreadableError`.
    """
    if run and run.row_stride and run.row_offsets:
        mark, offset = run.mark_before(first)
        # A later run may have replaced the object and failed before settling: then these are not its offsets.
        with suppress(AcceptedRowsUnreadableError):
            return _read_from(client, entry, offset, first - mark, count)
    elif first >= _MANY_ROWS and first + count == entry.accepted_rows and (orders := _read_end(client, entry, count)):
        return orders
    return _read_from(client, entry, _HEADER_BYTES, first, count)


def iterate_order_keys(
    objects: Objects, entry: FileEntry, run: RunEntry | None, first: int = 0
) -> Iterator[tuple[str, str]]:
    """Yield the keys of the file's orders, ``order_id`` and ``processed_timestamp``, from accepted row ``first`` on.

    However slowly they are consumed, no connection is held open. ``run`` and errors as in :func:`read_accepted_rows`.
    """
    offset, skip = _HEADER_BYTES, first
    if run and run.row_stride and run.row_offsets:
        mark, offset = run.mark_before(first)
        skip = first - mark
    try:
        facts = objects.read_facts(ObjectVersion(entry.bucket, entry.accepted_key))
        keys = _order_keys(objects, facts, entry, offset)
        try:
            head = [*islice(keys, 1)]
        except AcceptedRowsUnreadableError:  # Not these offsets, as above.
            keys, head, skip = _order_keys(objects, facts, entry, _HEADER_BYTES), [], first
        yield from islice(chain(head, keys), skip, None)
    except ObjectGoneError as error:
        raise AcceptedRowsGoneError(entry.accepted_key) from error


def _order_keys(objects: Objects, facts: ObjectFacts, entry: FileEntry, start: int) -> Iterator[tuple[str, str]]:
    sort_key = sort_keys_of(entry)
    blocks = objects.read_stretch(facts.version, start - 1, facts.size_bytes)
    try:
        # A row that begins too late would have a wrong order id and the right key.
        if not (before := next(blocks, b"\n")).startswith(b"\n"):
            raise AcceptedRowsUnreadableError(entry.accepted_key)
        for cells in csv.reader(split_text(chain([before[1:]], blocks)), strict=True):
            if len(cells) != len(ENRICHED_HEADER) or cells[1] != sort_key(int(cells[-1])):
                raise AcceptedRowsUnreadableError(entry.accepted_key)
            yield cells[0], cells[1]
    except (ValueError, csv.Error) as error:
        raise AcceptedRowsUnreadableError(entry.accepted_key) from error


def _read_from(client: S3Client, entry: FileEntry, start: int, skip: int, count: int) -> list[Order]:
    body = _open(client, entry, f"{start}-")
    if body is None:
        return []
    try:
        cells = csv.reader(split_lines(body), strict=True)
        return list(_orders(islice(cells, skip, skip + count), entry, sort_keys_of(entry)))
    finally:
        body.close()


def _read_end(client: S3Client, entry: FileEntry, count: int) -> list[Order]:
    """Read the last ``count`` rows; [] if the object does not end in as many whole rows."""
    body = _open(client, entry, f"-{count * _LONGEST_ROW}")
    if body is None:
        return []
    # The range may begin inside a character and inside a row.
    *lines, unfinished = body.read().decode(errors="replace").split("\n")
    if unfinished:
        return []
    sort_key = sort_keys_of(entry)
    for start in range(1, min(len(lines) - count, _LONGEST_ROW) + 1):
        # A cell may hold a line feed: the first row begins at the first line that reads as one.
        cells = csv.reader((line + "\n" for line in islice(lines, start, None)), strict=True)
        rows = _orders(cells, entry, sort_key)
        with suppress(AcceptedRowsUnreadableError):
            first_order = next(rows)
            break
    else:
        return []
    with suppress(AcceptedRowsUnreadableError):
        return [first_order, *rows][-count:]
    return []


def _orders(rows: Iterable[list[str]], entry: FileEntry, sort_key: Callable[[int], str]) -> Iterator[Order]:
    """Read orders from their cells; raises :class:`AcceptedRowsUnreadableError` for a row of no order of this file."""
    try:
        for cells in rows:
            order = Order.from_cells(cells, entry.file_id)
            # Text inside a cell may look like a row, but not with this key.
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
