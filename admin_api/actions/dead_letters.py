"""The dead-letter queue's letters, read and put into groups by what the ledger knows of their files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from admin_api.actions.dead_letter_groups import LetterGroup, group_letters

if TYPE_CHECKING:
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
