"""Dead letters beside what the ledger knows of their files, grouped by why they failed, the largest first. Pure."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from processor.domain.entries import from_iso
from processor.domain.file_states import MOVING, SETTLED, FileState

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from processor.domain.entries import FileEntry
    from processor.messaging.dead_letters import DeadLetter

SETTLED_SINCE = "settled_since"
UNDER_WAY = "under_way"
NO_FILE = "no_file"
UNKNOWN_FILE = "unknown_file"
NO_CAUSE = "no_cause"

_WORDS = {
    SETTLED_SINCE: "Settled since",
    UNDER_WAY: "A new run is due or under way",
    NO_FILE: "The message names no file",
    UNKNOWN_FILE: "No run of the file could begin",
    NO_CAUSE: "The ledger names no cause",
}
_ADVICE = {
    SETTLED_SINCE: "Another message or a person has settled their files since. Redriving changes nothing; clear them.",
    UNDER_WAY: "Somebody has asked for a new run, or another message has brought one. Look again when it has ended.",
    NO_FILE: "It is neither an event about the inbox nor a command. Redriven it fails again: read it, then delete it.",
    UNKNOWN_FILE: "The ledger was out of reach, or the object belongs to nobody. Redrive them once it answers again.",
    NO_CAUSE: "The function died before it could say why, or the file's entry was changed. Redrive one and look.",
}
_USUAL_ADVICE = "Put the cause right, then redrive. A run of the same file twice stores nothing twice."


@dataclass(frozen=True, slots=True)
class GroupedLetter:
    """One letter, and the files that it is about as far as the ledger knows them."""

    letter: DeadLetter
    files: tuple[FileEntry, ...]
    cause: str
    words: str
    """What went wrong, in a sentence."""

    @property
    def name(self) -> str:
        """What a person calls it: its file's name, as the ledger or the message has it."""
        keys = [entry.object_key for entry in self.files] or self.letter.object_keys
        return keys[0].rpartition("/")[2] if keys else ""

    @property
    def _failed_file(self) -> FileEntry | None:
        """The file that was given up at its last receive: its newest run is what brought the letter here."""
        return next((entry for entry in self.files if entry.state is FileState.DEAD_LETTERED), None)

    @property
    def last_at(self) -> datetime:
        """When its file's last run began, as far as that is known; else when SQS first handed it out."""
        entry = self._failed_file
        return from_iso(entry.run_started_at) if entry else self.letter.first_received_at

    @property
    def receive_count(self) -> int | None:
        """At which receive its file was given up; None where no run tells. SQS's own count has the looks in it."""
        entry = self._failed_file
        return entry.run_receive_count if entry else None

    @property
    def run_href(self) -> str:
        """Where its file's last run is shown with its trace and log lines."""
        entry = self._failed_file
        return f"/files/{entry.file_id}/runs/{entry.run_id}" if entry else ""


@dataclass(frozen=True, slots=True)
class LetterGroup:
    """Letters that failed for one cause, the oldest first."""

    cause: str
    letters: tuple[GroupedLetter, ...]

    @property
    def title(self) -> str:
        """The cause in words: that of the newest letter, where each has its own."""
        return _WORDS.get(self.cause) or self.letters[-1].words or self.cause

    @property
    def advice(self) -> str:
        """What to do about it."""
        return _ADVICE.get(self.cause, _USUAL_ADVICE)

    @property
    def is_settled(self) -> bool:
        """Whether nothing more needs to be done but to clear them."""
        return self.cause == SETTLED_SINCE

    @property
    def can_succeed(self) -> bool:
        """Whether redriving could change anything."""
        return self.cause not in {SETTLED_SINCE, NO_FILE}

    @property
    def count(self) -> int:
        """How many letters were seen."""
        return len(self.letters)

    @property
    def files(self) -> int:
        """About how many different files."""
        return len({file_id for grouped in self.letters for file_id in grouped.letter.file_ids})

    @property
    def first_at(self) -> datetime:
        """When the first of them was sent."""
        return min(grouped.letter.sent_at for grouped in self.letters)

    @property
    def last_at(self) -> datetime:
        """When the last of them failed."""
        return max(grouped.last_at for grouped in self.letters)

    @property
    def message_ids(self) -> list[str]:
        """The ids of all its letters."""
        return [grouped.letter.message_id for grouped in self.letters]


def group_letters(letters: Iterable[DeadLetter], files: Mapping[str, FileEntry]) -> tuple[LetterGroup, ...]:
    """Group letters by cause, the largest group first; those that only need clearing come last."""
    groups: defaultdict[str, list[GroupedLetter]] = defaultdict(list)
    for letter in letters:
        grouped = _join_files(letter, files)
        groups[grouped.cause].append(grouped)
    made = [LetterGroup(cause, tuple(letters)) for cause, letters in groups.items()]
    return tuple(sorted(made, key=lambda group: (group.is_settled, -group.count, group.cause)))


def _join_files(letter: DeadLetter, files: Mapping[str, FileEntry]) -> GroupedLetter:
    known = tuple(files[file_id] for file_id in letter.file_ids if file_id in files)
    open_files = [entry for entry in known if entry.state not in SETTLED]
    if not letter.file_ids:
        cause, words = NO_FILE, letter.problem
    elif len(known) < len(letter.file_ids):
        cause, words = UNKNOWN_FILE, ""
    elif not open_files:
        cause, words = SETTLED_SINCE, ""
    elif all(entry.state in MOVING for entry in open_files):
        cause, words = UNDER_WAY, ""
    else:
        stuck = next(entry for entry in open_files if entry.state not in MOVING)
        cause, words = stuck.cause or NO_CAUSE, stuck.error
    return GroupedLetter(letter, known, cause, words)
