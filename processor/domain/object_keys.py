"""File ids and object keys. A *file* is one version of one object. Pure."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

INBOX = "raw-data/"
PROCESSED = "processed-data/"
FAILED = "failed-data/"
ARCHIVE = "archive/"
WORK = "work-data/"
"""The parts and plans of files in ranges, while they are under way."""

_LONGEST_NAME = 900  # Bytes.


class ObjectVersion(NamedTuple):
    """One version of one object in the bucket; an empty version means the newest."""

    bucket: str
    key: str
    version_id: str = ""

    @property
    def name(self) -> str:
        """The last part of the key."""
        return self.key.rpartition("/")[2]


def file_id(source: ObjectVersion) -> str:
    """Derive the file's id: 24 hexadecimal digits, the same at every delivery of the same event."""
    identity = "\0".join((source.bucket, source.key, source.version_id))
    return hashlib.sha256(identity.encode()).hexdigest()[:24]


def is_folder_marker(key: str, size_bytes: int | None) -> bool:
    """Tell whether the object is a "folder" of the S3 console, which is not a file."""
    return key.endswith("/") and not size_bytes


def has_csv_name(name: str) -> bool:
    """Tell whether the name promises CSV."""
    return name.lower().endswith((".csv", ".csv.gz"))


def is_gzipped(name: str) -> bool:
    """Tell whether the name promises gzip."""
    return name.lower().endswith(".csv.gz")


def is_temporary_name(name: str, patterns: Iterable[str]) -> bool:
    """Tell whether a client has the object under a name of its own until it is whole.

    An asterisk in a pattern stands for anything, and case does not count. A name that promises CSV is temporary only by
    its beginning: a pattern that begins with an asterisk never takes a whole file.
    """
    if has_csv_name(name):
        patterns = [pattern for pattern in patterns if not pattern.startswith("*")]
    return any(_matches(name.lower(), pattern.lower()) for pattern in patterns)


def _matches(text: str, pattern: str) -> bool:
    first, *rest = pattern.split("*")
    if not rest:
        return text == first
    *middle, last = rest
    at, end = len(first), len(text) - len(last)
    if at > end or not text.startswith(first) or not text.endswith(last):
        return False
    for part in middle:
        found = text.find(part, at, end)
        if found < 0:
            return False
        at = found + len(part)
    return True


def _folder(prefix: str, base: datetime, identity: str) -> str:
    return f"{prefix}{base:%Y/%m/%d}/{identity}/"


def _short(name: str) -> str:
    """Cut the front of a very long name: S3 keys have 1,024 bytes, and settled keys are longer than the inbox's."""
    return name.encode()[-_LONGEST_NAME:].decode(errors="ignore")


def original_key(prefix: str, base: datetime, identity: str, name: str) -> str:
    """Build the settled original's key; date and file id make it unique, and equal at every retry."""
    return _folder(prefix, base, identity) + _short(name)


def _stem(name: str) -> str:
    suffix = next((suffix for suffix in (".csv.gz", ".csv") if name.lower().endswith(suffix)), "")
    return name[: len(name) - len(suffix)]


def accepted_key(base: datetime, identity: str, name: str) -> str:
    """Build the key of the accepted rows."""
    return _folder(PROCESSED, base, identity) + _short(_stem(name)) + ".csv"


def rejected_key(base: datetime, identity: str, name: str) -> str:
    """Build the key of the rejected rows."""
    return _folder(FAILED, base, identity) + _short(_stem(name)) + ".rejected.csv"


def comparison_key(base: datetime, identity: str, name: str) -> str:
    """Build the key of the comparison of a held file with earlier ones."""
    return _folder(FAILED, base, identity) + _short(_stem(name)) + ".same-orders.json"


def work_folder(base: datetime, identity: str) -> str:
    """Build the prefix of the objects of a file in ranges."""
    return _folder(WORK, base, identity)
