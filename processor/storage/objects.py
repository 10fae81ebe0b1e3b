"""Reads, writes, copies and deletes the bucket's objects. Knows no CSV."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from botocore.exceptions import ClientError

from processor.domain.errors import ObjectGoneError
from processor.domain.object_keys import INBOX, ObjectVersion

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import CompletedPartTypeDef, GetObjectRequestTypeDef, HeadObjectRequestTypeDef

BLOCK_BYTES = 4 * 1024 * 1024
"""The size of a ranged GET."""
PART_BYTES = 8 * 1024 * 1024
"""The size of a written part; S3 allows 10,000 parts of at least 5 MiB."""
_CONTENT_TYPE = "text/csv; charset=utf-8"
# CopyObject allows 5 GiB, but takes longer than the client waits. Larger objects are copied by a multipart upload,
# several parts at once.
_LARGEST_COPY = 512 * 1024**2
_COPIED_PARTS = 128 * 1024**2
_MOST_DELETES = 1_000  # DeleteObjects' limit.
# 405 answers for a delete marker. Without s3:ListBucket a missing object would answer 403 instead.
GONE_CODES = frozenset({"404", "405", "NoSuchKey", "NoSuchVersion", "MethodNotAllowed"})


class ObjectFacts(NamedTuple):
    """The answer to HEAD: version, size in bytes, ETag, the upload's metadata, an unusual storage class."""

    version: ObjectVersion
    size_bytes: int
    etag: str
    metadata: dict[str, str]
    storage_class: str = ""


class Objects:
    """The bucket's objects."""

    def __init__(self, client: S3Client) -> None:
        self.client = client

    def read_facts(self, version: ObjectVersion) -> ObjectFacts:
        """Read an object's facts by HEAD; raises :class:`ObjectGoneError`."""
        request: HeadObjectRequestTypeDef = {"Bucket": version.bucket, "Key": version.key}
        if version.version_id:
            request["VersionId"] = version.version_id
        try:
            head = self.client.head_object(**request)
        except ClientError as error:
            if error.response["Error"]["Code"] in GONE_CODES:
                raise ObjectGoneError from error
            raise
        current = ObjectVersion(version.bucket, version.key, head.get("VersionId", version.version_id))
        metadata = {name.lower(): value for name, value in head["Metadata"].items()}
        return ObjectFacts(
            current,
            head["ContentLength"],
            head["ETag"].strip('"'),
            metadata,
            head.get("StorageClass", ""),
        )

    def read_blocks(self, facts: ObjectFacts) -> Iterator[bytes]:
        """Yield the object's bytes by one ranged GET after the other, so that a slow consumer holds none open."""
        return self.read_stretch(facts.version, 0, facts.size_bytes)

    def read_stretch(self, version: ObjectVersion, start: int, end: int) -> Iterator[bytes]:
        """Yield the bytes from ``start`` to before ``end``, or to the object's end, in the same way.

        Raises :class:`ObjectGoneError` if the object is deleted meanwhile.
        """
        request: GetObjectRequestTypeDef = {"Bucket": version.bucket, "Key": version.key}
        if version.version_id:
            request["VersionId"] = version.version_id
        for at in range(start, end, BLOCK_BYTES):
            size = min(BLOCK_BYTES, end - at)
            request["Range"] = f"bytes={at}-{at + size - 1}"
            try:
                body = self.client.get_object(**request)["Body"].read()
            except ClientError as error:
                if error.response["Error"]["Code"] in GONE_CODES:
                    raise ObjectGoneError from error
                raise
            # A server may answer with the whole object instead: RFC 9110, 14.2.
            yield body if len(body) <= size else body[at : at + size]

    def read_object(self, bucket: str, key: str) -> bytes | None:
        """Read a small object; None if there is none."""
        try:
            return self.client.get_object(Bucket=bucket, Key=key)["Body"].read()
        except ClientError as error:
            if error.response["Error"]["Code"] in GONE_CODES:
                return None
            raise

    def put_object(self, bucket: str, key: str, body: bytes, content_type: str = _CONTENT_TYPE) -> None:
        """Write a small object."""
        self.client.put_object(Bucket=bucket, Key=key, Body=body, ContentType=content_type)

    def copy(self, facts: ObjectFacts, key: str) -> ObjectVersion:
        """Copy an object within the bucket and return the copy's version; raises :class:`ObjectGoneError`.

        Tags are not copied, which would need two more permissions; uploads to the inbox have none of ours.
        """
        version = facts.version
        source = {"Bucket": version.bucket, "Key": version.key, "VersionId": version.version_id}
        if facts.size_bytes > _LARGEST_COPY:
            from boto3.s3 import inject, transfer  # noqa: PLC0415  Large copies are rare, and these modules are large.

            # A multipart copy takes over nothing of what the upload declared, such as its encoding.
            declared = {"Metadata": facts.metadata, "ContentType": _CONTENT_TYPE}
            parts = transfer.TransferConfig(multipart_chunksize=_COPIED_PARTS)
            inject.copy(self.client, source, version.bucket, key, ExtraArgs=declared, Config=parts)
            return self.read_facts(ObjectVersion(version.bucket, key)).version
        try:
            answer = self.client.copy_object(
                Bucket=version.bucket,
                Key=key,
                CopySource=source,  # type: ignore[arg-type]
                TaggingDirective="REPLACE",
            )
        except ClientError as error:
            if error.response["Error"]["Code"] in GONE_CODES:
                raise ObjectGoneError from error
            raise
        return ObjectVersion(version.bucket, key, answer.get("VersionId", ""))

    def delete(self, version: ObjectVersion) -> None:
        """Delete an object; a missing one is not an error.

        In the inbox this deletes exactly this version, as another version is another file. Elsewhere each run may have
        written a version: a delete marker hides them all, where deleting the newest would bring back the one before.
        Lifecycle rules remove hidden versions.
        """
        if version.key.startswith(INBOX):
            self.client.delete_object(Bucket=version.bucket, Key=version.key, VersionId=version.version_id)
        else:
            self.client.delete_object(Bucket=version.bucket, Key=version.key)

    def delete_all(self, bucket: str, keys: Sequence[str]) -> None:
        """Delete many objects in their order, by few requests; missing ones are not an error, others are."""
        for at in range(0, len(keys), _MOST_DELETES):
            names = [{"Key": key} for key in keys[at : at + _MOST_DELETES]]
            answer = self.client.delete_objects(Bucket=bucket, Delete={"Objects": names, "Quiet": True})  # type: ignore[typeddict-item]
            for error in answer.get("Errors", []):
                raise ClientError({"Error": error}, "DeleteObjects")

    def exists(self, version: ObjectVersion) -> bool:
        """Tell whether :meth:`delete` would delete anything."""
        try:
            self.read_facts(version if version.key.startswith(INBOX) else ObjectVersion(version.bucket, version.key))
        except ObjectGoneError:
            return False
        return True

    def begin_object(self, bucket: str, key: str) -> ObjectWriter:
        """Begin to write an object piece by piece."""
        return ObjectWriter(self.client, bucket, key)


@dataclass(eq=False, repr=False)
class ObjectWriter:
    """Writes one object as its bytes come: a single PUT while it is small, a multipart upload beyond one part.

    An object without bytes is not written. :meth:`abort` leaves nothing behind; the bucket's lifecycle rule removes the
    parts of a killed function.
    """

    client: S3Client
    bucket: str
    key: str
    size_bytes: int = 0
    _buffer: bytearray = field(default_factory=bytearray)
    _upload_id: str = ""
    _parts: list[CompletedPartTypeDef] = field(default_factory=list)

    def write(self, data: bytes) -> None:
        """Append bytes."""
        self._buffer += data
        self.size_bytes += len(data)
        if len(self._buffer) >= PART_BYTES:
            self._send_part()

    def copy(self, source_key: str, start: int, end: int, *, object_bytes: int) -> None:
        """Append bytes of another object of the bucket, which has ``object_bytes``, as a part that S3 copies.

        They must have a part's size, 5 MiB to 5 GiB, and so must the bytes that wait to be sent, if there are any.
        """
        if self._buffer:
            self._send_part()
        number = self._next_part_number()
        # S3 copies no range of an object of just 5 MiB: https://docs.aws.amazon.com/AmazonS3/latest/API/API_UploadPartCopy.html
        copied_range = {"CopySourceRange": f"bytes={start}-{end - 1}"} if (start, end) != (0, object_bytes) else {}
        part = self.client.upload_part_copy(
            Bucket=self.bucket,
            Key=self.key,
            UploadId=self._upload_id,
            PartNumber=number,
            CopySource={"Bucket": self.bucket, "Key": source_key},
            **copied_range,  # type: ignore[arg-type]
        )
        self._parts.append({"PartNumber": number, "ETag": part["CopyPartResult"]["ETag"]})
        self.size_bytes += end - start

    @property
    def waiting_bytes(self) -> int:
        """The bytes that are not sent yet."""
        return len(self._buffer)

    def complete(self) -> str:
        """Finish the object and return its key, or "" if it has no bytes."""
        if not self.size_bytes:
            return ""
        if not self._upload_id:
            self.client.put_object(
                Bucket=self.bucket, Key=self.key, Body=bytes(self._buffer), ContentType=_CONTENT_TYPE
            )
            return self.key
        if self._buffer:
            self._send_part()
        self.client.complete_multipart_upload(
            Bucket=self.bucket, Key=self.key, UploadId=self._upload_id, MultipartUpload={"Parts": self._parts}
        )
        self._upload_id = ""
        return self.key

    def abort(self) -> None:
        """Discard the object."""
        if self._upload_id:
            self.client.abort_multipart_upload(Bucket=self.bucket, Key=self.key, UploadId=self._upload_id)

    def _send_part(self) -> None:
        number = self._next_part_number()
        part = self.client.upload_part(
            Bucket=self.bucket,
            Key=self.key,
            UploadId=self._upload_id,
            PartNumber=number,
            Body=bytes(self._buffer),
        )
        self._parts.append({"PartNumber": number, "ETag": part["ETag"]})
        self._buffer.clear()

    def _next_part_number(self) -> int:
        if not self._upload_id:
            upload = self.client.create_multipart_upload(Bucket=self.bucket, Key=self.key, ContentType=_CONTENT_TYPE)
            self._upload_id = upload["UploadId"]
        return len(self._parts) + 1
