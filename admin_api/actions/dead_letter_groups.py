"""Dead letters joined with their files' entries, and grouped by cause, the largest group first. Pure."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from processor.domain.entries import from_iso
from processor.domain.file_states import SETTLED, FileState

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from processor.domain.entries import FileEntry
    from processor.messaging.dead_letters import DeadLetter

SETTLED_SINCE = "settled_since"
UNDER_WAY = "under_way"
RUN_DIED = "run_died"
NO_FILE = "no_file"
UNKNOWN_FILE = "unknown_file"
NO_CAUSE = "no_cause"

_WORDS = {
    SETTLED_SINCE: "Settled since",
    UNDER_WAY: "A new run is due or under way",
    RUN_DIED: "The last run died without a report",
    NO_FILE: "The message names no file",
    UNKNOWN_FILE: "No run of the file could begin",
    NO_CAUSE: "The ledger names no cause",
}
_ADVICE = {
    SETTLED_SINCE: "Another message or a person has settled their files. Redriving changes nothing: clear them.",
    UNDER_WAY: "A new run of their files is due or under way. Look again when it has ended.",
    RUN_DIED: "Their runs ended without a report and no other is due. Redrive one and watch its memory and time.",
    NO_FILE: "Neither an event about the inbox nor a command: redriving fails again. Read them, then delete them.",
    UNKNOWN_FILE: "The ledger could not be reached, or the object is not ours. Redrive once the ledger answers.",
    NO_CAUSE: "The function died without a report, or the file's entry was changed. Redrive one and watch its run.",
}
_USUAL_ADVICE = "Remove the cause, then redrive. A new run of a file writes its orders again, under the same keys."


@dataclass(frozen=True, slots=True)
class GroupedLetter:
    """One letter, with its files as far as the ledger knows them."""

    letter: DeadLetter
    files: tuple[FileEntry, ...]
    cause: str
    words: str
    """The error, in a sentence."""

    @property
    def name(self) -> str:
        """Its file's name, from the ledger or the message."""
        keys = [entry.object_key for entry in self.files] or self.letter.object_keys
        return keys[0].rpartition("/")[2] if keys else ""

    @property
    def _failed_file(self) -> FileEntry | None:
        """The dead-lettered file: its newest run brought the letter here."""
        return next((entry for entry in self.files if entry.state is FileState.DEAD_LETTERED), None)

    @property
    def last_at(self) -> datetime:
        """The start of its file's last run; if unknown, the letter's first receive."""
        entry = self._failed_file
        return from_iso(entry.run_started_at) if entry else self.letter.first_received_at

    @property
    def receive_count(self) -> int | None:
        """The receive at which its file was dead-lettered; None if no run tells. SQS's own count includes looks."""
        entry = self._failed_file
        return entry.run_receive_count if entry else None

    @property
    def run_href(self) -> str:
        """The page of its file's last run."""
        entry = self._failed_file
        return f"/files/{entry.file_id}/runs/{entry.run_id}" if entry else ""


@dataclass(frozen=True, slots=True)
class LetterGroup:
    """Letters of one cause, the oldest first."""

    cause: str
    letters: tuple[GroupedLetter, ...]

    @property
    def title(self) -> str:
        """The cause in words: the newest letter's error, where each has its own."""
        return _WORDS.get(self.cause) or self.letters[-1].words or self.cause

    @property
    def advice(self) -> str:
        """Advice on what to do about them."""
        return _ADVICE.get(self.cause, _USUAL_ADVICE)

    @property
    def is_settled(self) -> bool:
        """Whether they only need clearing."""
        return self.cause == SETTLED_SINCE

    @property
    def can_succeed(self) -> bool:
        """Whether redriving can succeed."""
        return self.cause not in {SETTLED_SINCE, NO_FILE}

    @property
    def count(self) -> int:
        """The number of letters."""
        return len(self.letters)

    @property
    def files(self) -> int:
        """The number of different files."""
        return len({file_id for grouped in self.letters for file_id in grouped.letter.file_ids})

    @property
    def first_at(self) -> datetime:
        """The moment at which the first of them was sent."""
        return min(grouped.letter.sent_at for grouped in self.letters)

    @property
    def last_at(self) -> datetime:
        """The moment at which the last of them failed."""
        return max(grouped.last_at for grouped in self.letters)

    @property
    def message_ids(self) -> list[str]:
        """The ids of all its letters."""
        return [grouped.letter.message_id for grouped in self.letters]


def group_letters(
    letters: Iterable[DeadLetter], files: Mapping[str, FileEntry], now: datetime
) -> tuple[LetterGroup, ...]:
    """Group letters by cause, the largest group first; the settled ones come last."""
    groups: defaultdict[str, list[GroupedLetter]] = defaultdict(list)
    for letter in letters:
        grouped = _join_files(letter, files, now)
        groups[grouped.cause].append(grouped)
    result = [LetterGroup(cause, tuple(letters)) for cause, letters in groups.items()]
    return tuple(sorted(result, key=lambda group: (group.is_settled, -group.count, group.cause)))


def _join_files(letter: DeadLetter, files: Mapping[str, FileEntry], now: datetime) -> GroupedLetter:
    entries = tuple(files[file_id] for file_id in letter.file_ids if file_id in files)
    open_files = [entry for entry in entries if entry.state not in SETTLED]
    stuck_files = [entry for entry in open_files if not _has_run_ahead(entry, letter, now)]
    if not letter.file_ids:
        cause, words = NO_FILE, letter.problem
    elif len(entries) < len(letter.file_ids):
        cause, words = UNKNOWN_FILE, ""
    elif not open_files:
        cause, words = SETTLED_SINCE, ""
    elif not stuck_files:
        cause, words = UNDER_WAY, ""
    elif stuck_files[0].state is FileState.PROCESSING:
        cause, words = RUN_DIED, ""
    else:
        cause, words = stuck_files[0].cause or NO_CAUSE, stuck_files[0].error
    return GroupedLetter(letter, entries, cause, words)


def _has_run_ahead(entry: FileEntry, letter: DeadLetter, now: datetime) -> bool:
    """Tell whether a run of the file goes on, or another message than this letter brings one."""
    if entry.state is FileState.PROCESSING:
        return not entry.lease_ended(now)
    if entry.state is FileState.QUEUED:
        return entry.run_message_id != letter.message_id
    return entry.state is FileState.REPROCESSING
