"""The dead-letter queue's letters, read and put into groups by what the ledger knows of their files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from admin_api.actions.dead_letter_groups import LetterGroup, group_letters
from processor.domain.entries import to_iso

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from admin_api.wiring.services import Console
    from processor.domain.actions import ActionEntry

MOST_LETTERS = 1_000
"""The most letters in a snapshot of the queue."""
_FILES_AT_ONCE = 100
"""BatchGetItem's limit."""

type MessageId = Annotated[str, Field(pattern=r"^[0-9A-Za-z-]{1,100}$")]


@dataclass(frozen=True, slots=True)
class LetterGroups:
    """A snapshot of the queue in groups; ``about`` is SQS's own approximate number of letters."""

    groups: tuple[LetterGroup, ...]
    count: int
    about: int
    complete: bool
    limit: int
    """The most letters that a snapshot holds."""

    @property
    def message_ids(self) -> list[str]:
        """The ids of all its letters."""
        return [message_id for group in self.groups for message_id in group.message_ids]


def read_letter_groups(console: Console) -> LetterGroups:
    """Take a snapshot of the queue, and group its letters by why their files failed."""
    snapshot = console.dead_letters.take_snapshot(MOST_LETTERS)
    ids = list(dict.fromkeys(file_id for letter in snapshot.letters for file_id in letter.file_ids))
    files = {
        entry.file_id: entry
        for start in range(0, len(ids), _FILES_AT_ONCE)
        for entry in console.files.read_files(ids[start : start + _FILES_AT_ONCE])
    }
    groups = group_letters(snapshot.letters, files, console.now())
    return LetterGroups(groups, len(snapshot.letters), snapshot.about, snapshot.complete, MOST_LETTERS)


@dataclass(frozen=True, slots=True)
class LetterSelection:
    """The letters of an action, as the log stores them, with their number and words."""

    selection: dict[str, Any]
    expected: int
    words: str

    @classmethod
    def of(cls, action: ActionEntry) -> LetterSelection:
        """Return the selection of an action that has begun."""
        return cls(action.selection, action.expected, action.subject)


def select_letters(ids: list[str], why: str = "") -> LetterSelection:
    """Select letters by their ids; ``why`` says in words why they belong together."""
    return LetterSelection({"message_ids": ids}, len(ids), f"{_count_in_words(len(ids))}{why}")


def select_all_letters(console: Console, before: datetime, shown: Collection[str] = ()) -> LetterSelection:
    """Select all letters that a person was ``shown``, or that were sent ``before`` if they were not shown all.

    They are selected by their ids, so that none is moved that comes in later. Where a snapshot does not hold all of
    them, the selection is by time alone.
    """
    snapshot = console.dead_letters.take_snapshot(MOST_LETTERS)
    if snapshot.complete:
        chosen = [each for each in snapshot.letters if (each.message_id in shown if shown else each.sent_at < before)]
        ids = [letter.message_id for letter in chosen]
    elif shown:
        ids = list(shown)
    else:
        return LetterSelection({"all": True, "before": to_iso(before)}, snapshot.about, "all dead letters")
    return LetterSelection({"message_ids": ids}, len(ids), f"all {_count_in_words(len(ids))}")


def _count_in_words(number: int) -> str:
    return f"{number:,} dead {'letter' if number == 1 else 'letters'}"
