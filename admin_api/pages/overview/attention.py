"""What needs a person, as the overview's first line says it: how many of what, and the way there. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from processor.domain.file_states import FileState

if TYPE_CHECKING:
    from admin_api.monitoring.status import Vitals


@dataclass(frozen=True, slots=True)
class Need:
    """A number of things that wait, and where they are listed."""

    count: int
    what: str
    href: str
    symbol: str
    tone: str


def needs_of(vitals: Vitals) -> tuple[Need, ...]:
    """List what waits, the gravest first; nothing that is zero or unknown."""
    alarms = len(vitals.alarming)
    letters = vitals.dead_letters or 0
    failed = vitals.files(FileState.FAILED)
    rows, duplicates = vitals.rejected_rows, vitals.files(FileState.DUPLICATE)
    found = (
        Need(alarms, _plural(alarms, "alarm"), "/metrics#alarms", "bell", "fail"),
        Need(letters, _plural(letters, "dead letter"), "/dead-letters", "dead-letters", "fail"),
        Need(failed, _plural(failed, "failed file"), f"/files?state={FileState.FAILED}", "failed", "fail"),
        Need(rows, _plural(rows, "rejected row"), f"/files?state={FileState.PARTIAL}", "partial", "warn"),
        Need(duplicates, _plural(duplicates, "duplicate"), f"/files?state={FileState.DUPLICATE}", "duplicate", "idle"),
    )
    return tuple(need for need in found if need.count)


def _plural(count: int, word: str) -> str:
    return word if count == 1 else f"{word}s"
