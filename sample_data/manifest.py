"""The expected result of each sample file, read from `manifest.json`. It counts nothing itself."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

FOLDER = Path(__file__).parent
FOLDERS = ("accepted", "rejected_rows", "failing", "retried", "held", "voided", "duplicates")


@dataclass(frozen=True, slots=True)
class SampleFile:
    """One sample file and its expected result.

    `path` is relative to this folder. `state` is processed, partial, failed, held, voided, dead_lettered or duplicate;
    `cause` says why a file failed or is held, `warning` is a part of its warnings. `rejected_rows` maps row numbers
    (the header is row 1) to the columns at fault, "row" for the whole row, or "order" where another row of its order is
    at fault. The file is uploaded with `metadata` and `storage_class`; a duplicate after `duplicate_of` is settled, one
    that brings orders again after the file named by `after`. One whose state is voided is voided once it is stored.
    """

    path: str
    state: str
    accepted_rows: int
    rejected_rows: Mapping[int, tuple[str, ...]]
    cause: str | None
    unknown_columns: tuple[str, ...]
    metadata: Mapping[str, str]
    duplicate_of: str | None
    storage_class: str
    warning: str
    after: str | None

    @classmethod
    def from_entry(cls, entry: Mapping[str, Any]) -> Self:
        """Build one from its entry in the manifest."""
        return cls(
            path=entry["path"],
            state=entry["state"],
            accepted_rows=entry["accepted_rows"],
            rejected_rows={rejected["row"]: tuple(rejected["columns"]) for rejected in entry["rejected_rows"]},
            cause=entry["cause"],
            unknown_columns=tuple(entry.get("unknown_columns", ())),
            metadata=dict(entry.get("metadata", {})),
            duplicate_of=entry.get("duplicate_of"),
            storage_class=entry.get("storage_class", "STANDARD"),
            warning=entry.get("warning", ""),
            after=entry.get("after", entry.get("duplicate_of")),
        )

    @property
    def orders(self) -> int:
        """The orders that are stored in the end."""
        return 0 if self.state == "voided" else self.accepted_rows

    @property
    def name(self) -> str:
        """The file's name without its folder."""
        return self.path.rpartition("/")[2]

    def read(self) -> bytes:
        """Return the file's bytes."""
        return (FOLDER / self.path).read_bytes()


def load() -> list[SampleFile]:
    """Return all sample files, each after the one that it repeats."""
    entries = json.loads((FOLDER / "manifest.json").read_text(encoding="utf-8"))
    return [SampleFile.from_entry(entry) for entry in entries]
