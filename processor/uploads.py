"""Presigned POSTs: how a browser or a script puts a file into the inbox without AWS credentials."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from processor.files import INBOX, has_csv_name

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

EXPIRES_S = 900


@dataclass(frozen=True, slots=True)
class PresignedUpload:
    """Where to POST (multipart/form-data), which fields to send before the file, and the key it will have."""

    url: str
    fields: dict[str, str]
    object_key: str


class UploadNameError(ValueError):
    """The file's name cannot be uploaded; the message says why."""


def presign_upload(
    client: S3Client, bucket: str, name: str, *, max_bytes: int, encoding: str = "", expires_s: int = EXPIRES_S
) -> PresignedUpload:
    """Allow one upload of at most ``max_bytes`` to ``raw-data/<upload id>/<name>``, for ``expires_s`` seconds.

    The upload id keeps two people's ``orders.csv`` apart in the inbox. ``client`` must sign with ``s3v4``. Raises
    :class:`UploadNameError`. Policy: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html
    """
    if not name or "/" in name or not name.isprintable() or len(name.encode()) > 255:
        raise UploadNameError("A file's name has 1 to 255 bytes, no slash and no control character.")
    if not has_csv_name(name):
        raise UploadNameError("Only .csv and .csv.gz files can be uploaded.")
    key = f"{INBOX}{secrets.token_hex(4)}/{name}"
    fields = {"Content-Type": "text/csv"}
    if encoding:
        fields["x-amz-meta-encoding"] = encoding
    conditions: list[Any] = [{field: value} for field, value in fields.items()]
    conditions.append(["content-length-range", 0, max_bytes])
    post = client.generate_presigned_post(bucket, key, Fields=dict(fields), Conditions=conditions, ExpiresIn=expires_s)
    return PresignedUpload(post["url"], post["fields"], key)
