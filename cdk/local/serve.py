"""Start the emulator, mended where it would mislead us: run by its own Python, which has nothing of ours.

Asked for a range of an object's version it answers with the whole object: to read a file of 1 GB in blocks of 4 MB,
it would send 256 GB. Asked for log lines with any of several terms, it looks for lines with all of them.
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
    """Answer as S3 does: with the range, where one of the kind that the processor asks for was asked for."""
    status, answered, body = _whole_object(bucket, key, headers, query)
    asked = _RANGE.fullmatch(headers.get("range", ""))
    if status != 200 or not asked or int(asked[1]) >= len(body):
        return status, answered, body
    start, end = int(asked[1]), min(int(asked[2]), len(body) - 1)
    part = body[start : end + 1]
    ranged = {"Content-Length": str(len(part)), "Content-Range": f"bytes {start}-{end}/{len(body)}"}
    # A checksum of the whole says nothing about a part.
    kept = {name: value for name, value in answered.items() if not name.lower().startswith("x-amz-checksum")}
    return 206, kept | ranged, part


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
