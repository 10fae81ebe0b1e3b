"""Whole files through the content check and the decoder, with the limit that most tests do not care for."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

from processor.parsing import decoding
from processor.parsing.checked_text import CheckedText

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from processor.parsing.decoding import ContentCheck


LIMIT = 10_000_000
SAMPLE = "order_id,customer_name\r\nA-1,Zoë 李 😀\r\n"


def check_file(
    blocks: Iterable[bytes], *, gzipped: bool = False, encoding: str = "utf-8", limit: int = LIMIT
) -> ContentCheck:
    """Check a file of these blocks."""
    text = CheckedText(blocks, gzipped=gzipped, encoding=encoding, limit_bytes=limit)
    for _ in text:
        pass
    return text.result()


def read_text(blocks: Iterable[bytes], *, gzipped: bool = False, encoding: str = "utf-8", limit: int = LIMIT) -> str:
    """Read the whole text of a file of these blocks."""
    return b"".join(decoding.text(blocks, gzipped=gzipped, encoding=encoding, limit_bytes=limit)).decode(
        errors="ignore"
    )


def cut_in_two(data: bytes) -> Iterator[list[bytes]]:
    """Cut data in two at every place in turn."""
    return ([data[:cut], data[cut:]] for cut in range(len(data) + 1))


def compress(data: bytes) -> bytes:
    """Compress without a timestamp, so that the bytes are the same at every run."""
    return gzip.compress(data, mtime=0)
