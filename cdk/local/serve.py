"""Starts the emulator with two corrections, in its own Python, which has nothing of the project.

It answers a request for a range of an object's version with the whole object, so reading 1 GB in blocks of 4 MB would
send 256 GB. It reads a filter for any of several terms as one for all of them.
"""

import re
import runpy
from collections.abc import Callable
from typing import Any

from ministack.services import cloudwatch_logs, s3  # type: ignore[import-not-found]  # It has an environment of its own.

type Answer = tuple[int, dict[str, str], bytes]

_RANGE = re.compile(r"bytes=(\d+)-(\d+)")
_ANY_OF = re.compile(r'\?"([^"]+)"\s*')
_whole_object = s3._get_object  # noqa: SLF001
_compiled = cloudwatch_logs._compile_filter_pattern  # noqa: SLF001


def _get_object(bucket: str, key: str, headers: dict[str, str], query: Any = None) -> Answer:
    """Answer as S3 does to a range of the form that the processor sends."""
    status, headers_of_whole, body = _whole_object(bucket, key, headers, query)
    span = _RANGE.fullmatch(headers.get("range", ""))
    if status != 200 or not span or int(span[1]) >= len(body):
        return status, headers_of_whole, body
    start, end = int(span[1]), min(int(span[2]), len(body) - 1)
    part = body[start : end + 1]
    ranged = {"Content-Length": str(len(part)), "Content-Range": f"bytes {start}-{end}/{len(body)}"}
    # A checksum of the whole is not the part's.
    others = {name: value for name, value in headers_of_whole.items() if not name.lower().startswith("x-amz-checksum")}
    return 206, others | ranged, part


def _compile_filter_pattern(raw: str) -> Callable[[str], bool]:
    """Match lines with any of the terms in ``?"one" ?"two"``, as CloudWatch Logs does."""
    terms = _ANY_OF.findall(raw or "")
    if not terms or _ANY_OF.sub("", raw):
        return _compiled(raw)  # type: ignore[no-any-return]
    return lambda message: any(term in message for term in terms)


if __name__ == "__main__":
    s3._get_object = _get_object  # noqa: SLF001
    cloudwatch_logs._compile_filter_pattern = _compile_filter_pattern  # noqa: SLF001
    runpy.run_module("ministack", run_name="__main__", alter_sys=True)
