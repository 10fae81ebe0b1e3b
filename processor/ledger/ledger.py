"""The files ledger: every file, its state and its runs. Conditional writes guard every transition.

The rules of the states are in ``processor.domain.file_states``, the shapes in ``processor.domain.entries``.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from processor.domain.entries import (
    ARRIVAL_ENTRY,
    FILE_ENTRY,
    RUN_PREFIX,
    UPLOAD_PREFIX,
    FileEntry,
    RunEntry,
)
from processor.domain.errors import (
    IllegalTransitionError,
    LeaseLostError,
    OrdersGoingBackError,
)
from processor.domain.file_states import FileState, check_transition
from processor.ledger.counters import counter_update
from processor.ledger.forgotten_files import forgotten_item, is_forgotten, is_known, refuse_forgotten
from processor.ledger.later_versions import find_later_version
from processor.ledger.run_begin import begin_run
from processor.ledger.table import ConditionFailedError, ItemPut, ItemUpdate
from processor.ledger.transitions import move_file, unchanged
from processor.ledger.unstored_uploads import claim_unstored

if TYPE_CHECKING:
    from collections.abc import Callable

    from processor.domain.object_keys import ObjectVersion
    from processor.ledger.run_begin import BeginResult, RunStart
    from processor.ledger.table import FilesTable

# What a settlement may leave on the file entry. The next one starts clean; the history is in the runs.
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
    "asked_for",
    "asked_at",
    "read_rows",
    "read_total",
    "same_orders",
    "reject",
    "replaces",
    "replaced_by",
    "replaced_rows",
    "voided_at",
    "waits_for",
)
# What matters only while a run holds the file. An entry below 1 KB costs half as much to write.
_HOLDING_FIELDS = ("run_message_id", "lease_until", "progress_rows", "progress_bytes")
_MOST_ATTEMPTS = 5


class Ledger:
    """The file entries and run entries."""

    def __init__(self, table: FilesTable) -> None:
        self._table = table

    def read_file(self, file_id: str) -> FileEntry | None:
        """Read a file's entry, as last written."""
        item = self._table.get_item(file_id, FILE_ENTRY)
        return FileEntry.from_item(item) if is_known(item) else None

    def find_later_version(self, object_key: str, order: tuple[str, str, str]) -> FileEntry | None:
        """Return a file of the key that came after what has this arrival order, if one did soon after."""
        return find_later_version(self._table, object_key, order)

    def list_runs(self, file_id: str) -> list[RunEntry]:
        """List a file's runs that have ended, the oldest first."""
        return [RunEntry.from_item(item) for item in self._table.list_items(file_id, RUN_PREFIX)]

    def begin_run(self, file_id: str, source: ObjectVersion, run: RunStart) -> BeginResult:
        """Give the file to a run, as ``processor.ledger.run_begin`` says."""
        return begin_run(self._table, file_id, source, run)

    def record_run(self, run: RunEntry) -> None:
        """Write a run's entry, or replace it."""
        self._table.put_item(run.to_item())

    def report_progress(self, entry: FileEntry, *, rows: int, read_bytes: int, size_bytes: int) -> None:
        """Write a run's progress; raises :class:`LeaseLostError`."""
        values = {"progress_rows": rows, "progress_bytes": read_bytes, "size_bytes": size_bytes}
        self._while_held(entry, ItemUpdate(entry.file_id, FILE_ENTRY, values, unchanged(entry)))

    def add_progress(self, entry: FileEntry, *, rows: int, read_bytes: int) -> None:
        """Add to the progress of a run in ranges; raises :class:`LeaseLostError`."""
        added = {"progress_rows": rows, "progress_bytes": read_bytes}
        self._while_held(entry, ItemUpdate(entry.file_id, FILE_ENTRY, condition=unchanged(entry), add=added))

    def extend_lease(self, entry: FileEntry, until: int, size_bytes: int) -> FileEntry:
        """Extend the run's lease to a moment (seconds since the epoch); raises :class:`LeaseLostError`."""
        values = {"lease_until": until, "size_bytes": size_bytes}
        self._while_held(entry, ItemUpdate(entry.file_id, FILE_ENTRY, values, unchanged(entry)))
        return entry.evolve(lease_until=until, size_bytes=size_bytes)

    def note_replaces(self, entry: FileEntry, file_ids: tuple[str, ...]) -> None:
        """Note the files whose orders the run is going to replace; raises :class:`LeaseLostError`."""
        self._while_held(entry, ItemUpdate(entry.file_id, FILE_ENTRY, {"replaces": file_ids}, unchanged(entry)))

    def _while_held(self, entry: FileEntry, change: ItemUpdate) -> None:
        try:
            self._table.update_item(change)
        except ConditionFailedError as error:
            raise LeaseLostError(entry.file_id, entry.run_id) from error

    def settle(self, entry: FileEntry, state: FileState, at: str, **values: Any) -> FileEntry:
        """Settle the file as ``state``; returns its new entry. Raises :class:`LeaseLostError`."""
        fields = {name: value for name, value in values.items() if value not in ("", ())}
        fields["settled_at"] = at
        unused = tuple(name for name in _SETTLING_FIELDS if name not in fields)
        return self._end_run(entry, state, fields, unused)

    def fail_run(
        self, entry: FileEntry, state: FileState, *, cause: str, error: str, run: RunEntry | None = None
    ) -> None:
        """Release the file after a failed run: ``queued`` for the next run, or ``dead_lettered`` after the last.

        The ``run`` is recorded with it, or not at all: one whose file is settled or another run's has not failed. The
        entry keeps the id of its message, by which a dead letter is told from one of another message.
        """
        values = {"cause": cause, "error": error}
        if entry.run_message_id:
            values["run_message_id"] = entry.run_message_id
        self._end_run(entry, state, values, note=ItemPut(run.to_item()) if run else None)

    def forget_file(self, entry: FileEntry, same_as: str, now: int) -> None:
        """Take a file that a run holds out of the ledger, as it is the same upload as another one.

        What stays in its place knows that one's id, and makes every later delivery harmless. ``now`` is seconds since
        the epoch. Raises :class:`LeaseLostError`.
        """
        change = ItemPut(forgotten_item(entry, same_as, now), unchanged(entry))
        counted = counter_update(entry, entry.evolve(without=("counted_as",)))
        try:
            self._table.transact(change, *([counted] if counted else []))
        except ConditionFailedError as error:
            if is_forgotten(self._table.get_item(entry.file_id, FILE_ENTRY), same_as):
                return  # The first attempt of this call took effect and its answer was lost.
            raise LeaseLostError(entry.file_id, entry.run_id) from error

    def claim_unstored(
        self, entry: FileEntry, digest: str, now: int, speaks: Callable[[str], FileEntry | None]
    ) -> FileEntry | None:
        """Return the file that speaks for the content under the key already, or let this one speak for it."""
        return claim_unstored(self._table, entry, digest, now, speaks)

    def refuse_forgotten(self, file_id: str) -> None:
        """Raise :class:`FileForgottenError` if the file was the same upload as another one."""
        refuse_forgotten(self._table.get_item(file_id, FILE_ENTRY))

    def _end_run(
        self,
        entry: FileEntry,
        state: FileState,
        values: dict[str, Any],
        remove: tuple[str, ...] = (),
        note: ItemPut | None = None,
    ) -> FileEntry:
        try:
            unused = tuple(name for name in (*_HOLDING_FIELDS, *remove) if name not in values)
            return move_file(self._table, entry, state, values, unused, note)
        except ConditionFailedError as error:
            ended = self.read_file(entry.file_id)
            if ended and ended.run_id == entry.run_id and ended.state is state:
                return ended  # The first attempt of this call took effect and its answer was lost.
            raise LeaseLostError(entry.file_id, entry.run_id) from error

    def let_wait(self, entry: FileEntry, other: str) -> None:
        """Release a file that waits for another one; raises :class:`LeaseLostError`."""
        self._end_run(entry, FileState.QUEUED, {"waits_for": other})

    def note_arrival(self, upload_id: str, entry: FileEntry) -> None:
        """Note that a file has come under a permission to upload; of several files the last one is kept.

        It is an item of its own, as only the console writes to the log of actions.
        """
        item = {"arrived_file": entry.file_id, "object_key": entry.object_key}
        self._table.put_item({"file_id": f"{UPLOAD_PREFIX}{upload_id}", "entry": ARRIVAL_ENTRY, **item})

    def request_reprocess(
        self, file_id: str, at: str = "", note: ItemUpdate | None = None, *, asked_for: str = ""
    ) -> FileEntry:
        """Mark a file for a new run that a person asks for at a moment; repeating that changes nothing.

        ``note`` is written with the change and names the action: an action whose note is there already has taken
        effect, so nothing is changed again. ``asked_for`` is the way of it: ``store``, ``replace``, or "" as usual.
        Raises :class:`IllegalTransitionError` while a run is due or under way, and :class:`OrdersGoingBackError`.
        """
        asked: dict[str, Any] = {"asked_again": True}
        asked |= {name: text for name, text in (("asked_at", at), ("asked_for", asked_for)) if text}
        if not asked_for:  # With it, earlier releases let ``asked_again`` mean: store a duplicate all the same.
            asked["duplicate_of"] = ""
        return self._move_for_person(file_id, FileState.REPROCESSING, lambda _: asked, note)

    def note_asked_again(self, entry: FileEntry, at: str) -> None:
        """Note when a person asked again for a run that is due already; a file that has moved on stays as it is."""
        with suppress(ConditionFailedError):
            self._table.update_item(ItemUpdate(entry.file_id, FILE_ENTRY, {"asked_at": at}, unchanged(entry)))

    def dismiss(
        self,
        file_id: str,
        at: str,
        settle: Callable[[FileEntry], dict[str, Any]],
        note: ItemUpdate | None = None,
    ) -> FileEntry:
        """Settle a file that a person dismisses; repeating that changes nothing.

        ``settle`` runs before the change and returns the fields to write with it; for ``note`` see
        :meth:`request_reprocess`. Raises :class:`IllegalTransitionError`.
        """
        return self._move_for_person(
            file_id, FileState.DISMISSED, lambda entry: settle(entry) | {"settled_at": at}, note
        )

    def _move_for_person(
        self,
        file_id: str,
        state: FileState,
        values: Callable[[FileEntry], dict[str, Any]],
        note: ItemUpdate | None,
    ) -> FileEntry:
        for _ in range(_MOST_ATTEMPTS):
            entry = self.read_file(file_id)
            if entry is None or entry.state is state or (note and self._table.get_item(note.file_id, note.entry)):
                break
            if entry.taking_back:
                raise OrdersGoingBackError(entry.taking_back)
            check_transition(entry.state, state)
            with suppress(ConditionFailedError):  # Somebody else was faster: decide by the new state.
                return move_file(self._table, entry, state, values(entry), note=note)
        else:
            raise IllegalTransitionError(entry.state if entry else None, state)
        if entry is None:
            raise IllegalTransitionError(None, state)
        return entry

    def void(self, entry: FileEntry, at: str, action_id: str, *notes: ItemUpdate | ItemPut) -> FileEntry:
        """Void a file whose orders an action is to take back.

        Raises :class:`IllegalTransitionError`, and :class:`ConditionFailedError` if the file has changed.
        """
        return move_file(self._table, entry, FileState.VOIDED, {"voided_at": at, "taking_back": action_id}, (), *notes)

    def mark_taking_back(self, entry: FileEntry, action_id: str, *notes: ItemUpdate | ItemPut) -> None:
        """Mark a file of which an action is to take orders back; raises :class:`ConditionFailedError`."""
        mark = ItemUpdate(entry.file_id, FILE_ENTRY, {"taking_back": action_id}, unchanged(entry))
        self._table.transact(mark, *notes)
