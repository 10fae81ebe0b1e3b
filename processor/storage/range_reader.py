"""Reads byte ranges of objects line by line, for the console."""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from processor.domain.errors import ObjectGoneError
from processor.storage.objects import GONE_CODES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from botocore.response import StreamingBody
    from mypy_boto3_s3 import S3Client

_CHUNK_BYTES = 64 * 1024
_BEYOND_THE_END = "InvalidRange"


def open_range(client: S3Client, bucket: str, key: str, byte_range: str) -> StreamingBody | None:
    """Open a byte range (RFC 9110, 14.1.2) for reading; None if the object ends before it.

    Raises :class:`ObjectGoneError`.
    """
    try:
        return client.get_object(Bucket=bucket, Key=key, Range=f"bytes={byte_range}")["Body"]
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in GONE_CODES:
            raise ObjectGoneError from error
        if code == _BEYOND_THE_END:
            return None
        raise


def split_lines(body: StreamingBody) -> Iterator[str]:
    """Split an open body as :func:`split_text` does."""
    return split_text(body.iter_chunks(_CHUNK_BYTES))


def split_text(chunks: Iterable[bytes]) -> Iterator[str]:
    """Split text at line feeds only: U+2028 and the like are data in a cell."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    rest = ""
    for chunk in chunks:
        *lines, rest = (rest + decoder.decode(chunk)).split("\n")
        for line in lines:
            yield line + "\n"
    rest += decoder.decode(b"", final=True)
    if rest:
        yield rest
