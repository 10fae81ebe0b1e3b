"""Joins objects of the bucket to one, within S3 as far as its parts may be copied. Knows no CSV."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from processor.domain.object_keys import ObjectVersion

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mypy_boto3_s3.type_defs import CompletedPartTypeDef

    from processor.storage.objects import Objects

SMALLEST_PART = 5 * 1024 * 1024
"""Of a multipart upload, but for its last: https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html"""
_LARGEST_PART = 512 * 1024 * 1024
"""A copy of more would take longer than the client waits for an answer. S3 allows 5 GiB."""


@dataclass(frozen=True, slots=True)
class Piece:
    """An object that becomes a stretch of another; ``size_bytes`` is 0 if there is none."""

    key: str
    size_bytes: int


def join(objects: Objects, bucket: str, target: str, start: bytes, pieces: Sequence[Piece]) -> str:
    """Write ``start`` and all pieces to one object; return its key, or "" if the pieces are empty: then there is none.

    What is smaller than a part may be goes through the function, together with what follows it.
    """
    pieces = [piece for piece in pieces if piece.size_bytes]
    if not pieces:
        return ""
    joined = _Joined(objects, bucket, target, start)
    try:
        for piece in pieces:
            joined.append(piece)
        joined.complete()
    except Exception:
        joined.abort()
        raise
    return target


class _Joined:
    """The object while it grows: parts that are sent, and bytes that wait until they are a part."""

    def __init__(self, objects: Objects, bucket: str, key: str, start: bytes) -> None:
        self._objects = objects
        self._client = objects.client
        self._bucket = bucket
        self._key = key
        self._waiting = bytearray(start)
        self._upload_id = ""
        self._parts: list[CompletedPartTypeDef] = []

    def append(self, piece: Piece) -> None:
        at = 0
        while at < piece.size_bytes:
            missing = SMALLEST_PART - len(self._waiting)
            if self._waiting and missing <= 0:
                self._send()
            elif self._waiting or piece.size_bytes - at < SMALLEST_PART:
                end = min(piece.size_bytes, at + missing)
                for block in self._objects.stretch(ObjectVersion(self._bucket, piece.key), at, end):
                    self._waiting += block
                at = end
            else:
                at = self._copy(piece, at)

    def complete(self) -> None:
        if not self._upload_id:
            self._objects.put(self._bucket, self._key, bytes(self._waiting))
            return
        if self._waiting:
            self._send()
        self._client.complete_multipart_upload(
            Bucket=self._bucket, Key=self._key, UploadId=self._upload_id, MultipartUpload={"Parts": self._parts}
        )

    def abort(self) -> None:
        if self._upload_id:
            self._client.abort_multipart_upload(Bucket=self._bucket, Key=self._key, UploadId=self._upload_id)

    def _send(self) -> None:
        number = self._next_part()
        part = self._client.upload_part(
            Bucket=self._bucket,
            Key=self._key,
            UploadId=self._upload_id,
            PartNumber=number,
            Body=bytes(self._waiting),
        )
        self._parts.append({"PartNumber": number, "ETag": part["ETag"]})
        self._waiting.clear()

    def _copy(self, piece: Piece, start: int) -> int:
        """Copy what is a part by itself; returns where the rest begins, of which nothing too small is left over."""
        end = piece.size_bytes
        if end - start > _LARGEST_PART + SMALLEST_PART:
            end = start + _LARGEST_PART
        number = self._next_part()
        # Of an object of just 5 MiB S3 copies no range: https://docs.aws.amazon.com/AmazonS3/latest/API/API_UploadPartCopy.html
        stretch = {"CopySourceRange": f"bytes={start}-{end - 1}"} if (start, end) != (0, piece.size_bytes) else {}
        part = self._client.upload_part_copy(
            Bucket=self._bucket,
            Key=self._key,
            UploadId=self._upload_id,
            PartNumber=number,
            CopySource={"Bucket": self._bucket, "Key": piece.key},
            **stretch,  # type: ignore[arg-type]
        )
        self._parts.append({"PartNumber": number, "ETag": part["CopyPartResult"]["ETag"]})
        return end

    def _next_part(self) -> int:
        if not self._upload_id:
            self._upload_id = self._objects.begin_upload(self._bucket, self._key)
        return len(self._parts) + 1
