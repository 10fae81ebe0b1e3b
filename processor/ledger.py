"""The files ledger: every file, its state and its runs. Conditional writes guard every transition.

The rules of the states are in ``processor.files``, the shapes in ``processor.entries``, the table's access in
``processor.table``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.conditions import Attr

from processor.entries import DIED, FILE_ENTRY, RUN_PREFIX, FileEntry, RunEntry
from processor.errors import FileBusyError, IllegalTransitionError, LeaseLostError
from processor.files import FileState, check_transition, states_before
from processor.table import ConditionFailedError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from processor.files import ObjectVersion
    from processor.table import FilesTable

_CONTENT_ENTRY = "content"
_MAILS_ENTRY = "mails"
# What a run may leave on the file entry; the next settling starts from a clean slate and the past is in the runs.
_SETTLING_FIELDS = (
    "cause",
    "error",
    "warnings",
    "reasons",
    "duplicate_of",
    "accepted_key",
    "rejected_key",
    "leftover_key",
    "leftover_version",
    "asked_again",
)


@dataclass(frozen=True, slots=True)
class RunStart:
    """A run that wants to begin: who it is, and until when it may work (seconds since the epoch)."""

    run_id: str
    started_at: str
    message_id: str
    receive_count: int
    now: int
    lease_until: int
    uploaded_at: str = ""


@dataclass(frozen=True, slots=True)
class Begun:
    """The answer to :meth:`Ledger.begin`."""

    entry: FileEntry
    may_run: bool
    """False: the file is settled, or another message's run holds it and answers for it."""


class Ledger:
    """What is known of every file."""

    def __init__(self, table: FilesTable) -> None:
        self._table = table

    def read(self, file_id: str) -> FileEntry | None:
        """Read a file's entry, as last written."""
        item = self._table.get(file_id, FILE_ENTRY)
        return FileEntry.from_item(item) if item else None

    def runs(self, file_id: str) -> list[RunEntry]:
        """List a file's runs that have ended, the oldest first."""
        return [RunEntry.from_item(item) for item in self._table.entries(file_id, RUN_PREFIX)]

    def begin(self, file_id: str, source: ObjectVersion, run: RunStart) -> Begun:
        """Take the file for a run, unless it is settled or taken.

        A file that is new gets its base timestamp here, once and for all. A run that held the file and whose lease
        has ended is recorded as died. Raises :class:`FileBusyError` if a delivery of the same message holds the file.
        """
        start: dict[str, Any] = {
            "state": FileState.PROCESSING,
            "run_id": run.run_id,
            "run_started_at": run.started_at,
            "run_message_id": run.message_id,
            "run_receive_count": run.receive_count,
            "lease_until": run.lease_until,
            "progress_rows": 0,
            "progress_bytes": 0,
        }
        first = {
            "bucket": source.bucket,
            "object_key": source.key,
            "version_id": source.version_id,
            "received_at": run.started_at,
            "base_timestamp": run.started_at,
        }
        if run.uploaded_at:
            first["uploaded_at"] = run.uploaded_at
        waiting = [state for state in states_before(FileState.PROCESSING) if state is not FileState.PROCESSING]
        held_by_the_dead = Attr("state").eq(FileState.PROCESSING) & Attr("lease_until").lt(run.now)
        condition = Attr("file_id").not_exists() | Attr("state").is_in(waiting) | held_by_the_dead
        try:
            old = self._table.update(file_id, FILE_ENTRY, condition, start, first=first)
        except ConditionFailedError:
            return self._not_begun(file_id, run)
        if old.get("state") == FileState.PROCESSING:
            self._record_death(FileEntry.from_item(old))
        return Begun(FileEntry.from_item({"file_id": file_id, **first, **old, **start}), may_run=True)

    def _not_begun(self, file_id: str, run: RunStart) -> Begun:
        entry = self.read(file_id)
        if entry is None:
            raise ConditionFailedError
        if entry.run_id == run.run_id:  # The first attempt of this very call took effect and its answer was lost.
            return Begun(entry, may_run=entry.state is FileState.PROCESSING)
        if entry.state is FileState.PROCESSING and entry.run_message_id == run.message_id:
            # To acknowledge this delivery would delete the message of the run that still works on the file.
            raise FileBusyError(file_id, max(1, entry.lease_until - run.now + 1))
        return Begun(entry, may_run=False)

    def _record_death(self, old: FileEntry) -> None:
        self.record_run(
            RunEntry(
                file_id=old.file_id,
                run_id=old.run_id,
                started_at=old.run_started_at,
                message_id=old.run_message_id,
                receive_count=old.run_receive_count,
                outcome=DIED,
                cause="function_died",
                error="The function ended without a word: it was killed, ran out of memory or out of time.",
            )
        )

    def record_run(self, run: RunEntry) -> None:
        """Write a run's entry; writing it again replaces it."""
        self._table.put(run.to_item())

    def report_progress(self, entry: FileEntry, *, rows: int, read_bytes: int) -> None:
        """Say how far the run is; raises :class:`LeaseLostError`."""
        self._update_held(entry, {"progress_rows": rows, "progress_bytes": read_bytes})

    def settle(self, entry: FileEntry, state: FileState, at: str, **values: Any) -> FileEntry:
        """Write a run's end: the file is settled as ``state``. Return the new entry; raise :class:`LeaseLostError`."""
        check_transition(FileState.PROCESSING, state)
        known = {name: value for name, value in values.items() if value not in ("", ())}
        known |= {"state": state, "lease_until": 0, "settled_at": at}
        unused = tuple(name for name in _SETTLING_FIELDS if name not in known)
        try:
            old = self._update_held(entry, known, remove=unused)
        except LeaseLostError:
            settled = self.read(entry.file_id)
            if settled and settled.run_id == entry.run_id and settled.state is state:
                return settled  # The first attempt of this very call took effect and its answer was lost.
            raise
        return FileEntry.from_item({name: value for name, value in old.items() if name not in unused} | known)

    def fail_run(self, entry: FileEntry, state: FileState, *, cause: str, error: str) -> None:
        """Give the file back after a failed run: ``queued`` for the next, or ``dead_lettered`` after the last."""
        check_transition(FileState.PROCESSING, state)
        self._update_held(entry, {"state": state, "lease_until": 0, "cause": cause, "error": error})

    def _update_held(self, entry: FileEntry, values: dict[str, Any], *, remove: tuple[str, ...] = ()) -> dict[str, Any]:
        held = Attr("run_id").eq(entry.run_id) & Attr("state").eq(FileState.PROCESSING)
        try:
            return self._table.update(entry.file_id, FILE_ENTRY, held, values, remove=remove)
        except ConditionFailedError as error:
            raise LeaseLostError(entry.file_id, entry.run_id) from error

    def claim_content(self, keys: Iterable[str], file_id: str) -> str:
        """Claim content for this file; returns "" or the id of the file that has it already.

        ``keys`` are what identifies the content (ETag with size, checksum). A file that has certainly stored no order
        does not keep its claim.
        """
        for key in keys:
            owner = self._claim(f"content#{key}", file_id)
            if owner != file_id:
                return owner
        return ""

    def _claim(self, key: str, file_id: str) -> str:
        claim = {"file_id": key, "entry": _CONTENT_ENTRY, "owner": file_id}
        try:
            self._table.put(claim, Attr("file_id").not_exists() | Attr("owner").eq(file_id))
        except ConditionFailedError:
            owner = str(self._table.get(key, _CONTENT_ENTRY)["owner"])
            owning = self.read(owner)
            if owning and not owning.stored_nothing:
                return owning.duplicate_of or owner
            try:
                self._table.put(claim, Attr("owner").eq(owner))
            except ConditionFailedError:  # Somebody else was faster: that file has it now.
                return str(self._table.get(key, _CONTENT_ENTRY)["owner"])
        return file_id

    def count_mail(self, kind: str, hour: str) -> int:
        """Count one mail more of this kind in this hour, over all runs at once; returns how many there are."""
        return self._table.add_one(f"mails#{hour}#{kind}", _MAILS_ENTRY, "mails")

    def request_reprocess(self, file_id: str) -> None:
        """Mark a file for a new run that a person asks for; asking twice is asking once.

        Raises :class:`IllegalTransitionError` while a run is due or under way.
        """
        allowed = [*states_before(FileState.REPROCESSING), FileState.REPROCESSING]
        try:
            self._table.update(
                file_id,
                FILE_ENTRY,
                Attr("state").is_in(allowed),
                {"state": FileState.REPROCESSING, "asked_again": True},
            )
        except ConditionFailedError as error:
            entry = self.read(file_id)
            raise IllegalTransitionError(entry.state if entry else None, FileState.REPROCESSING) from error
