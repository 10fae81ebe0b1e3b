"""Reads pages of a file's rejected rows from the object that ``processor.storage.outputs`` wrote, for the console.

A stretch begins at a byte, which the stretch before it returns. There is no table of offsets, as few files have more
rejected rows than a page shows.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from processor.domain.errors import ObjectGoneError, WaybillError
from processor.storage.range_reader import open_range, split_lines
from processor.storage.rejected_rows import HEADER, RejectedRow

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mypy_boto3_s3 import S3Client


@dataclass(eq=False, repr=False)
class RejectedRowsError(WaybillError):
    """The rejected rows cannot be shown."""

    message = "{why}"
    why: str


@dataclass(frozen=True, slots=True)
class RejectedStretch:
    """Rejected rows in their order, and the byte at which the next stretch begins (0 if there is none)."""

    rows: tuple[RejectedRow, ...]
    next_byte: int


def read_rejected_stretch(
    client: S3Client, bucket: str, key: str, *, first_byte: int = 0, limit: int = 50
) -> RejectedStretch:
    """Read up to ``limit`` rows from ``first_byte`` on (0 is the beginning), by one ranged GET.

    Raises :class:`RejectedRowsError`.
    """
    try:
        body = open_range(client, bucket, key, f"{first_byte}-")
    except ObjectGoneError as error:
        why = f"{key} is no longer in the bucket: it has expired or was deleted. The original may still be there."
        raise RejectedRowsError(why) from error
    if body is None:
        if first_byte:
            return RejectedStretch((), 0)
        raise RejectedRowsError(f"{key} is empty: somebody has replaced it.")
    lines = _CountedLines(split_lines(body))
    try:
        reader = csv.reader(lines, strict=True)
        if not first_byte:
            _pass_header(reader)
        rows = tuple(map(RejectedRow.from_cells, islice(reader, limit)))
        next_byte = first_byte + lines.size_bytes
        more = next(reader, None) is not None if len(rows) == limit else False
    except (ValueError, TypeError, csv.Error) as error:
        why = f"{key} does not hold rejected rows from byte {first_byte} on: somebody has replaced it."
        raise RejectedRowsError(why) from error
    finally:
        body.close()
    return RejectedStretch(rows, next_byte if more else 0)


def _pass_header(reader: Iterator[list[str]]) -> None:
    header = tuple(next(reader, ()))
    if header != HEADER:
        raise ValueError(f"another header: {header}")


class _CountedLines:
    """Lines, with the number of bytes of those taken."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = iter(lines)
        self.size_bytes = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        self.size_bytes += len(line.encode())
        return line
