"""Joins objects of the bucket to one: parts are copied within S3, and what is too small for one is read and written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from processor.domain.object_keys import ObjectVersion

if TYPE_CHECKING:
    from collections.abc import Sequence

    from processor.storage.objects import Objects, ObjectWriter

SMALLEST_PART = 5 * 1024 * 1024
"""Of a multipart upload, except its last: https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html"""
_LARGEST_PART = 512 * 1024 * 1024
"""A copy of more would take longer than the client waits for an answer. S3 allows 5 GiB."""


@dataclass(frozen=True, slots=True)
class Piece:
    """An object that becomes a stretch of another; ``size_bytes`` is 0 if there is none."""

    key: str
    size_bytes: int


def join(objects: Objects, bucket: str, target: str, start: bytes, pieces: Sequence[Piece]) -> str:
    """Write ``start`` and all pieces to one object and return its key; write none and return "" if they are empty."""
    pieces = [piece for piece in pieces if piece.size_bytes]
    if not pieces:
        return ""
    writer = objects.begin_object(bucket, target)
    try:
        writer.write(start)
        for piece in pieces:
            _append(writer, objects, piece)
        return writer.complete()
    except Exception:
        writer.abort()
        raise


def _append(writer: ObjectWriter, objects: Objects, piece: Piece) -> None:
    """Append a piece: bytes, until those that wait are enough for a part, then copied parts."""
    start = 0
    while start < piece.size_bytes:
        missing = SMALLEST_PART - writer.waiting_bytes if writer.waiting_bytes else 0
        if missing <= 0 and piece.size_bytes - start >= SMALLEST_PART:
            start = _copy(writer, piece, start)
        else:
            end = min(piece.size_bytes, start + (missing if missing > 0 else SMALLEST_PART))
            for block in objects.read_stretch(ObjectVersion(writer.bucket, piece.key), start, end):
                writer.write(block)
            start = end


def _copy(writer: ObjectWriter, piece: Piece, start: int) -> int:
    """Copy a part; return where the rest begins, which is never too small for a part."""
    end = piece.size_bytes
    if end - start > _LARGEST_PART + SMALLEST_PART:
        end = start + _LARGEST_PART
    writer.copy(piece.key, start, end, object_bytes=piece.size_bytes)
    return end
