"""Presigned POSTs, by which browsers and scripts upload to the inbox without AWS credentials.

Policy: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from processor.domain.object_keys import INBOX, has_csv_name

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

EXPIRES_S = 900
CONTENT_TYPE = "text/csv"
ENCODING_FIELD = "x-amz-meta-encoding"
UPLOADER_FIELD = "x-amz-meta-uploaded-by"
UPLOAD_ID_FIELD = "x-amz-meta-upload-id"
ROWS_FIELD, TOTAL_FIELD = "x-amz-meta-rows", "x-amz-meta-total"
"""What the upload announces: the number of the file's rows, and the sum of their line totals."""
ROWS_PATTERN, TOTAL_PATTERN = "[0-9]{1,15}", r"[0-9]{1,20}(\.[0-9]{1,10})?"

CONSOLE_FOLDER = f"{INBOX}console/"
"""The folder of all that comes by the console. A file's sender is the first folder below the inbox, so they have one
sender in common, and orders that come again are found among them."""
_FILENAME = "${filename}"
"""S3 replaces it with the name of the chosen file."""


@dataclass(frozen=True, slots=True)
class PresignedUpload:
    """The URL of the POST (multipart/form-data), the fields to send before the file, and the object's key."""

    url: str
    fields: dict[str, str]
    object_key: str
    """For a form, the key's beginning: the browser adds the name."""


class UploadNameError(ValueError):
    """The file's name cannot be uploaded; the message says why."""


class AnnouncementError(ValueError):
    """What is announced of a file is no number; the message says which, and how it is written."""


class Announcement(NamedTuple):
    """What an upload announces of its file; "" for nothing."""

    rows: str = ""
    total: str = ""

    def to_fields(self) -> dict[str, str]:
        """Return the fields of the POST; raises :class:`AnnouncementError`."""
        if self.rows and not re.fullmatch(ROWS_PATTERN, self.rows):
            raise AnnouncementError(f"The announced rows, {self.rows!r:.40}, are not a whole number such as 1000.")
        if self.total and not re.fullmatch(TOTAL_PATTERN, self.total):
            raise AnnouncementError(
                f"The announced total, {self.total!r:.40}, is not a number such as 12345.60: digits, with a point and "
                "up to ten places."
            )
        return {name: text for name, text in ((ROWS_FIELD, self.rows), (TOTAL_FIELD, self.total)) if text}


NOTHING_ANNOUNCED = Announcement()


def presign_upload(
    client: S3Client,
    bucket: str,
    name: str,
    *,
    max_bytes: int,
    encoding: str = "",
    uploaded_by: str = "",
    upload_id: str = "",
    announced: Announcement = NOTHING_ANNOUNCED,
) -> PresignedUpload:
    """Allow one upload of at most ``max_bytes`` to ``raw-data/console/<folder>/<name>``, for :data:`EXPIRES_S`.

    The last folder keeps two files ``orders.csv`` apart. ``client`` must sign with ``s3v4``. ``uploaded_by``,
    ``upload_id`` and what is announced become metadata of the object, and the upload must have them. Raises
    :class:`UploadNameError` and :class:`AnnouncementError`.
    """
    if not name or "/" in name or not name.isprintable() or len(name.encode()) > 255:
        raise UploadNameError("A file's name has 1 to 255 bytes, no slash and no control character.")
    if not has_csv_name(name):
        raise UploadNameError("Only .csv and .csv.gz files can be uploaded.")
    if _FILENAME in name:
        raise UploadNameError(f"A file's name cannot hold {_FILENAME}: S3 would put another name in its place.")
    fields = {"Content-Type": CONTENT_TYPE, **_metadata(uploaded_by), **announced.to_fields()}
    if upload_id:
        fields[UPLOAD_ID_FIELD] = upload_id
    if encoding:
        fields[ENCODING_FIELD] = encoding
    key = f"{new_folder()}{name}"
    post = _presign(client, bucket, key, fields, [], max_bytes=max_bytes)
    return PresignedUpload(post["url"], post["fields"], key)


def presign_form(
    client: S3Client,
    bucket: str,
    *,
    max_bytes: int,
    return_to: str,
    folder: str = "",
    uploaded_by: str = "",
) -> PresignedUpload:
    """Allow the upload of a plain HTML form to ``folder``, after which S3 redirects to ``return_to``.

    S3 adds ``bucket``, ``key`` and ``etag`` to that URL. The form has its own fields for the encoding and what is
    announced. A policy cannot demand a name's ending, or that a text is a number, so a form may upload a name or an
    announcement that the processor refuses.
    """
    folder = folder or new_folder()
    fields = {"Content-Type": CONTENT_TYPE, "success_action_redirect": return_to, **_metadata(uploaded_by)}
    free = [["starts-with", f"${name}", ""] for name in (ENCODING_FIELD, ROWS_FIELD, TOTAL_FIELD)]
    post = _presign(client, bucket, folder + _FILENAME, fields, free, max_bytes=max_bytes)
    return PresignedUpload(post["url"], post["fields"], folder)


def new_folder() -> str:
    """Make the key's beginning of one upload, which nobody can guess."""
    return f"{CONSOLE_FOLDER}{secrets.token_hex(4)}/"


def _metadata(uploaded_by: str) -> dict[str, str]:
    # Metadata are HTTP headers.
    return {UPLOADER_FIELD: uploaded_by} if uploaded_by and uploaded_by.isascii() and uploaded_by.isprintable() else {}


def _presign(
    client: S3Client,
    bucket: str,
    key: str,
    fields: dict[str, str],
    conditions: list[Any],
    *,
    max_bytes: int,
) -> dict[str, Any]:
    bound: list[Any] = [{field: value} for field, value in fields.items()]
    return client.generate_presigned_post(
        bucket,
        key,
        Fields=dict(fields),
        Conditions=[*bound, *conditions, ["content-length-range", 0, max_bytes]],
        ExpiresIn=EXPIRES_S,
    )
