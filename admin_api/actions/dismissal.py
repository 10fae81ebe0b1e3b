"""Dismissal of a file: its state changes, and its objects move from ``failed-data/`` to the archive.

As in a run, objects are copied first, then the ledger changes, then the sources are deleted: a dismissal that died on
the way is completed by dismissing again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from processor.domain import object_keys
from processor.domain.entries import to_iso
from processor.domain.errors import ObjectGoneError
from processor.domain.file_states import FileState
from processor.domain.object_keys import ARCHIVE, FAILED, ObjectVersion

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from processor.domain.entries import FileEntry
    from processor.ledger.ledger import Ledger
    from processor.ledger.table import ItemUpdate
    from processor.storage.objects import Objects


@dataclass(frozen=True, slots=True)
class Dismissal:
    """Dismisses files."""

    ledger: Ledger
    objects: Objects
    now: Callable[[], datetime]

    def dismiss(self, file_id: str, note: ItemUpdate | None = None) -> FileEntry:
        """Dismiss a file; dismissing it again only completes the clean-up. ``note`` is written with the change.

        Raises :class:`processor.domain.errors.IllegalTransitionError` if its state does not allow it, or there is no
        such file.
        """
        entry = self.ledger.dismiss(file_id, to_iso(self.now()), self._copy, note)
        self._clean_up(entry)
        return entry

    def _copy(self, entry: FileEntry) -> dict[str, str]:
        """Copy to the archive what is not there yet; returns the ledger's fields for the new places."""
        if entry.leftover:  # A run died in its clean-up; our own leftover takes the field.
            self.objects.delete(entry.leftover)
        for key in _comparisons(entry):
            self._archive(ObjectVersion(entry.bucket, key))
        values = {"leftover_key": "", "leftover_version": ""}
        rejected = _rejected(entry)
        if self._archive(ObjectVersion(entry.bucket, rejected)):
            values["rejected_key"] = _archived(rejected)
        original = entry.original
        if original.key.startswith(ARCHIVE):
            return values
        key = object_keys.original_key(ARCHIVE, entry.base, entry.file_id, entry.name)
        version = self._archive(original, key)
        if not version:  # The original is gone.
            return values
        return values | {
            "original_key": key,
            "original_version": version,
            "leftover_key": original.key,
            "leftover_version": original.version_id,
        }

    def _archive(self, source: ObjectVersion, key: str = "") -> str:
        """Copy an object to the archive and return the copy's version; "" if there is no such object."""
        try:
            return self.objects.copy(self.objects.read_facts(source), key or _archived(source.key)).version_id
        except ObjectGoneError:
            return ""

    def _clean_up(self, entry: FileEntry) -> None:
        """Delete what was copied, unless a new run has been asked for: the objects may be its own by then."""
        waiting = [ObjectVersion(entry.bucket, key) for key in (_rejected(entry), *_comparisons(entry))]
        if entry.leftover:
            waiting.append(entry.leftover)
        for version in waiting:
            if self.objects.exists(version) and self._is_still(entry):
                self.objects.delete(version)

    def _is_still(self, entry: FileEntry) -> bool:
        now = self.ledger.read_file(entry.file_id)
        return now is not None and now.state is FileState.DISMISSED and now.run_id == entry.run_id


def _rejected(entry: FileEntry) -> str:
    """Return the key of the rejected rows, also for a run that died before the ledger had it."""
    return object_keys.rejected_key(entry.base, entry.file_id, entry.name)


def _comparisons(entry: FileEntry) -> list[str]:
    """Return the key of the comparison with earlier files, of a file that was held for their orders."""
    return [object_keys.comparison_key(entry.base, entry.file_id, entry.name)] if entry.same_orders else []


def _archived(key: str) -> str:
    return ARCHIVE + key.removeprefix(FAILED)
