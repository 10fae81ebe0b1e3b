"""An object writer that keeps what it is given, in place of a multipart upload."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from processor.storage.objects import ObjectWriter


class FakeWriter:
    """Keeps what is written, and whether it was completed."""

    def __init__(self) -> None:
        self.data = b""
        self.ended_by = ""

    @property
    def size_bytes(self) -> int:
        """Count what was written."""
        return len(self.data)

    def write(self, data: bytes) -> None:
        """Keep bytes."""
        self.data += data

    def complete(self) -> str:
        """Note the end."""
        self.ended_by = "complete"
        return "key" if self.data else ""

    def abort(self) -> None:
        """Note the end."""
        self.ended_by = "abort"


def as_writer(writer: FakeWriter) -> ObjectWriter:
    """Pass the fake off as the real one."""
    return cast("ObjectWriter", writer)
