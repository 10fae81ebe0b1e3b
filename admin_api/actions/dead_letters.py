"""The dead-letter queue's letters, read and put into groups by what the ledger knows of their files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from admin_api.actions.dead_letter_groups import LetterGroup, group_letters
from processor.domain.entries import to_iso

if TYPE_CHECKING:
    from datetime import datetime

    from admin_api.wiring.services import Console

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


def select_letters(ids: list[str], why: str = "") -> LetterSelection:
    """Select letters by their ids; ``why`` says in words why they belong together."""
    return LetterSelection({"message_ids": ids}, len(ids), f"{_count_in_words(len(ids))}{why}")


def select_all_letters(console: Console, before: datetime, shown: int | None = None) -> LetterSelection:
    """Select all letters that were sent ``before``, by their ids, so that none is moved that comes in later.

    Where a snapshot does not hold all of them, the selection is by time alone. ``shown`` is how many a person was
    shown; the words say if more have come since.
    """
    snapshot = console.dead_letters.take_snapshot(MOST_LETTERS)
    if not snapshot.complete:
        selection = {"all": True, "before": to_iso(before)}
        return LetterSelection(selection, snapshot.about, "all dead letters")
    ids = [letter.message_id for letter in snapshot.letters if letter.sent_at < before]
    newer = len(ids) - shown if shown is not None else 0
    words = f"all {_count_in_words(len(ids))}"
    if newer > 0:
        words += f", {newer:,} of which came after the page was loaded"
    return LetterSelection({"message_ids": ids}, len(ids), words)


def _count_in_words(number: int) -> str:
    return f"{number:,} dead {'letter' if number == 1 else 'letters'}"
