"""Own what is expected of each sample file, as `manifest.json` says it. Counts nothing itself."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

FOLDER = Path(__file__).parent
FOLDERS = ("accepted", "rejected_rows", "failing", "retried", "duplicates")


@dataclass(frozen=True, slots=True)
class SampleFile:
    """One sample file and what becomes of it.

    `path` is relative to this folder. `state` is processed, partial, failed, dead_lettered or duplicate; `cause` is a
    word that says why a file failed. `rejected_rows` maps row numbers (the header is row 1) to the columns at fault,
    "row" standing for all of it. `metadata` and `storage_class` are what to upload the file with. A duplicate is one
    once `duplicate_of` is settled.
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

    @classmethod
    def from_entry(cls, entry: Mapping[str, Any]) -> Self:
        """Read one entry of the manifest."""
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
        )

    @property
    def name(self) -> str:
        """Return the file's name without its folder."""
        return self.path.rpartition("/")[2]

    def read(self) -> bytes:
        """Return the file's bytes."""
        return (FOLDER / self.path).read_bytes()


def load() -> list[SampleFile]:
    """Return every sample file, duplicates after what they are duplicates of."""
    entries = json.loads((FOLDER / "manifest.json").read_text(encoding="utf-8"))
    return [SampleFile.from_entry(entry) for entry in entries]
