"""The items that need attention, on the overview's first line: count, noun and link. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from processor.domain.file_states import FileState

if TYPE_CHECKING:
    from admin_api.monitoring.status import Status


@dataclass(frozen=True, slots=True)
class AttentionItem:
    """A number of things that need attention, and the page that lists them."""

    count: int
    noun: str
    href: str
    symbol: str
    tone: str


def attention_items(status: Status) -> tuple[AttentionItem, ...]:
    """List what needs attention, without zeros and unknown numbers: held files first, then the gravest.

    Nothing of a held file is stored, and nobody but a person moves it on.
    """
    alarms = len(status.alarming)
    letters = status.dead_letters or 0
    held, failed = status.files(FileState.HELD), status.files(FileState.FAILED)
    rows, duplicates = status.rejected_rows, status.files(FileState.DUPLICATE)
    items = (
        AttentionItem(held, _plural(held, "held file"), f"/files?state={FileState.HELD}", "held", "warn"),
        AttentionItem(alarms, _plural(alarms, "alarm"), "/metrics#alarms", "bell", "fail"),
        AttentionItem(letters, _plural(letters, "dead letter"), "/dead-letters", "dead-letters", "fail"),
        AttentionItem(failed, _plural(failed, "failed file"), f"/files?state={FileState.FAILED}", "failed", "fail"),
        AttentionItem(rows, _plural(rows, "rejected row"), f"/files?state={FileState.PARTIAL}", "partial", "warn"),
        AttentionItem(
            duplicates, _plural(duplicates, "duplicate"), f"/files?state={FileState.DUPLICATE}", "duplicate", "idle"
        ),
    )
    return tuple(item for item in items if item.count)


def _plural(count: int, word: str) -> str:
    return word if count == 1 else f"{word}s"
