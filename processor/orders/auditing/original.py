"""The original of a file, read again for an audit: its bytes, hashed while they are read as text."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from processor.domain import object_keys
from processor.parsing import decoding

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from processor.storage.objects import ObjectFacts, Objects

UNREADABLE_CLASSES = frozenset({"GLACIER", "DEEP_ARCHIVE"})
"""Storage classes whose objects must be restored before they can be read, for hours and for money."""
RETRIEVAL_CLASSES = frozenset({"GLACIER_IR"})
"""Storage classes that charge for each byte read."""
_NO_LIMIT = 2**62
"""Bytes. The run that stored the file has kept to its limit."""


class RetentionDays(NamedTuple):
    """The days after which the bucket's lifecycle rules delete a file's objects."""

    processed: int
    failed: int
    archive: int

    def has_passed(self, key: str, since: datetime, now: datetime) -> bool:
        """Tell whether an object under this key may have expired."""
        days = {object_keys.PROCESSED: self.processed, object_keys.FAILED: self.failed}
        prefix = key.partition("/")[0] + "/"
        return now - since > timedelta(days=days.get(prefix, self.archive))


class OriginalReader:
    """The original's bytes, hashed while they are read as rows."""

    def __init__(
        self, objects: Objects, facts: ObjectFacts, name: str, encoding: str, check_time: Callable[[], None]
    ) -> None:
        self._gzipped = object_keys.is_gzipped(name)
        self._encoding = encoding
        self._digest = hashlib.sha256()
        self._blocks = self._hashed(objects.read_blocks(facts))
        self._check_time = check_time

    def text(self) -> Iterator[bytes]:
        """Yield the text in pieces; raises :class:`PermanentError` or UnicodeDecodeError."""
        pieces = decoding.text(self._blocks, gzipped=self._gzipped, encoding=self._encoding, limit_bytes=_NO_LIMIT)
        for piece in pieces:
            self._check_time()  # A line may go on for gigabytes.
            yield piece

    def drain(self) -> None:
        """Read the rest of the bytes."""
        for _ in self._blocks:
            pass

    @property
    def sha256(self) -> str:
        """The hash of the bytes read so far."""
        return self._digest.hexdigest()

    def _hashed(self, blocks: Iterator[bytes]) -> Iterator[bytes]:
        for block in blocks:
            self._digest.update(block)
            yield block
