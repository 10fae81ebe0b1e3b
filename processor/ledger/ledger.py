"""The files ledger: every file, its state and its runs. Conditional writes guard every transition.

The rules of the states are in ``processor.domain.object_keys``, the shapes in ``processor.domain.entries``, the access
in ``processor.ledger.table``; whose a content is, in ``processor.ledger.content_claims``.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from boto3.dynamodb.conditions import Attr

from processor.domain.entries import FILE_ENTRY, FILE_KIND, RUN_PREFIX, FileEntry, RunEntry
from processor.domain.errors import FileBusyError, IllegalTransitionError, LeaseLostError
from processor.domain.file_states import AT_REST, FileState, check_transition, states_before
from processor.ledger.counters import counter_update
from processor.ledger.table import ConditionFailedError, ItemUpdate

if TYPE_CHECKING:
    from collections.abc import Callable

    from boto3.dynamodb.conditions import ConditionBase

    from processor.domain.object_keys import ObjectVersion
    from processor.ledger.table import FilesTable

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
# What matters only while a run holds the file. An entry that is below 1 KB costs half as much to write.
_HOLDING_FIELDS = ("run_message_id", "lease_until", "progress_rows", "progress_bytes")
_MOST_ATTEMPTS = 5


class RunStart(NamedTuple):
    """A run that wants to begin: who it is, and until when it may work (seconds since the epoch)."""

    run_id: str
    started_at: str
    message_id: str
    receive_count: int
    now: int
    lease_until: int
    uploaded_at: str = ""


class BeginResult(NamedTuple):
    """The answer to :meth:`Ledger.begin_run`."""

    entry: FileEntry
    may_run: bool
    """False: the file is settled, or another message's run holds it and answers for it."""


class Ledger:
    """What is known of every file."""

    def __init__(self, table: FilesTable) -> None:
        self._table = table

    def read_file(self, file_id: str) -> FileEntry | None:
        """Read a file's entry, as last written."""
        item = self._table.get_item(file_id, FILE_ENTRY)
        return FileEntry.from_item(item) if item else None

    def list_runs(self, file_id: str) -> list[RunEntry]:
        """List a file's runs that have ended, the oldest first."""
        return [RunEntry.from_item(item) for item in self._table.list_items(file_id, RUN_PREFIX)]

    def begin_run(self, file_id: str, source: ObjectVersion, run: RunStart) -> BeginResult:
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
            "kind": FILE_KIND,
            "received_at": run.started_at,
            "base_timestamp": run.started_at,
        }
        if run.uploaded_at:
            first["uploaded_at"] = run.uploaded_at
        waiting = [state for state in states_before(FileState.PROCESSING) if state is not FileState.PROCESSING]
        held_by_dead = Attr("state").eq(FileState.PROCESSING) & Attr("lease_until").lt(run.now)
        condition = Attr("file_id").not_exists() | Attr("state").is_in(waiting) | held_by_dead
        try:
            old = self._table.update_item(ItemUpdate(file_id, FILE_ENTRY, start, condition, first))
        except ConditionFailedError:
            return self._not_begun(file_id, run)
        if old.get("state") == FileState.PROCESSING:
            self.record_run(RunEntry.of_dead(FileEntry.from_item(old)))
        return BeginResult(FileEntry.from_item({"file_id": file_id, **first, **old, **start}), may_run=True)

    def _not_begun(self, file_id: str, run: RunStart) -> BeginResult:
        entry = self.read_file(file_id)
        if entry is None:
            raise ConditionFailedError
        if entry.run_id == run.run_id:  # The first attempt of this very call took effect and its answer was lost.
            return BeginResult(entry, may_run=entry.state is FileState.PROCESSING)
        if entry.state is FileState.PROCESSING and entry.run_message_id == run.message_id:
            # To acknowledge this delivery would delete the message of the run that still works on the file.
            raise FileBusyError(file_id, max(1, entry.lease_until - run.now + 1))
        return BeginResult(entry, may_run=False)

    def record_run(self, run: RunEntry) -> None:
        """Write a run's entry; writing it again replaces it."""
        self._table.put_item(run.to_item())

    def report_progress(self, entry: FileEntry, *, rows: int, read_bytes: int, size_bytes: int) -> None:
        """Say how far the run is, and of how much; raises :class:`LeaseLostError`."""
        values = {"progress_rows": rows, "progress_bytes": read_bytes, "size_bytes": size_bytes}
        self._while_held(entry, ItemUpdate(entry.file_id, FILE_ENTRY, values, _unchanged(entry)))

    def add_progress(self, entry: FileEntry, *, rows: int, read_bytes: int) -> None:
        """Say how much further a run in ranges is; raises :class:`LeaseLostError`."""
        added = {"progress_rows": rows, "progress_bytes": read_bytes}
        self._while_held(entry, ItemUpdate(entry.file_id, FILE_ENTRY, condition=_unchanged(entry), add=added))

    def extend_lease(self, entry: FileEntry, until: int, size_bytes: int) -> FileEntry:
        """Lengthen the run's lease to a moment (seconds since the epoch); raises :class:`LeaseLostError`."""
        values = {"lease_until": until, "size_bytes": size_bytes}
        self._while_held(entry, ItemUpdate(entry.file_id, FILE_ENTRY, values, _unchanged(entry)))
        return entry.evolve(lease_until=until, size_bytes=size_bytes)

    def _while_held(self, entry: FileEntry, change: ItemUpdate) -> None:
        try:
            self._table.update_item(change)
        except ConditionFailedError as error:
            raise LeaseLostError(entry.file_id, entry.run_id) from error

    def settle(self, entry: FileEntry, state: FileState, at: str, **values: Any) -> FileEntry:
        """Write a run's end: the file is settled as ``state``. Return the new entry; raise :class:`LeaseLostError`."""
        known = {name: value for name, value in values.items() if value not in ("", ())}
        known["settled_at"] = at
        unused = tuple(name for name in _SETTLING_FIELDS if name not in known)
        return self._end_run(entry, state, known, unused)

    def fail_run(self, entry: FileEntry, state: FileState, *, cause: str, error: str) -> None:
        """Give the file back after a failed run: ``queued`` for the next, or ``dead_lettered`` after the last."""
        self._end_run(entry, state, {"cause": cause, "error": error})

    def _end_run(
        self, entry: FileEntry, state: FileState, values: dict[str, Any], remove: tuple[str, ...] = ()
    ) -> FileEntry:
        try:
            return self._move(entry, state, values, (*_HOLDING_FIELDS, *remove))
        except ConditionFailedError as error:
            ended = self.read_file(entry.file_id)
            if ended and ended.run_id == entry.run_id and ended.state is state:
                return ended  # The first attempt of this very call took effect and its answer was lost.
            raise LeaseLostError(entry.file_id, entry.run_id) from error

    def _move(
        self, entry: FileEntry, state: FileState, values: dict[str, Any], remove: tuple[str, ...] = ()
    ) -> FileEntry:
        """Write a file's new state, and count it under that instead of the old one, both or neither.

        Returns the new entry. Raises :class:`ConditionFailedError` if the file is no longer as ``entry`` has it.
        """
        check_transition(entry.state, state)
        values = {**values, "state": state}
        if state in AT_REST:
            values["counted_as"] = state
        else:
            remove = (*remove, "counted_as")
        change = ItemUpdate(entry.file_id, FILE_ENTRY, values, _unchanged(entry), remove=remove)
        new = entry.evolve(without=remove, **values)
        if counters := counter_update(entry, new):
            self._table.transact(change, counters)
        else:
            self._table.update_item(change)
        return new

    def count_mail(self, kind: str, hour: str) -> int:
        """Count one mail more of this kind in this hour, over all runs at once; returns how many there are."""
        return self._table.add_one(f"mails#{hour}#{kind}", _MAILS_ENTRY, "mails")

    def request_reprocess(self, file_id: str) -> FileEntry:
        """Mark a file for a new run that a person asks for; asking twice is asking once.

        Raises :class:`IllegalTransitionError` while a run is due or under way.
        """
        return self._move_for_person(file_id, FileState.REPROCESSING, lambda _: {"asked_again": True})

    def dismiss(self, file_id: str, at: str, settle: Callable[[FileEntry], dict[str, Any]]) -> FileEntry:
        """Settle a file that nobody will put right; dismissing it twice is dismissing it once.

        ``settle`` does before what has to be done first, and returns what the entry is to say of it. Raises
        :class:`IllegalTransitionError`.
        """
        return self._move_for_person(file_id, FileState.DISMISSED, lambda entry: settle(entry) | {"settled_at": at})

    def _move_for_person(
        self, file_id: str, state: FileState, values: Callable[[FileEntry], dict[str, Any]]
    ) -> FileEntry:
        for _ in range(_MOST_ATTEMPTS):
            entry = self.read_file(file_id)
            if entry is None or entry.state is state:
                break
            check_transition(entry.state, state)
            with suppress(ConditionFailedError):  # Somebody else was faster; what is allowed now?
                return self._move(entry, state, values(entry))
        if entry and entry.state is state:
            return entry
        raise IllegalTransitionError(entry.state if entry else None, state)


def _unchanged(entry: FileEntry) -> ConditionBase:
    """Demand that the file is as it was read. A new run has a new id, so what was counted stands as it was, too."""
    counted = Attr("counted_as")
    same_count = counted.eq(entry.counted_as) if entry.counted_as else counted.not_exists()
    return Attr("run_id").eq(entry.run_id) & Attr("state").eq(entry.state) & same_count
