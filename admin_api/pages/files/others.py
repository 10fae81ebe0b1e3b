"""The other files that a file's entry names, as they are when a page is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from admin_api.wiring.services import Console
    from processor.domain.entries import FileEntry

MOST_OTHERS = 50
"""Of a long list some are read, as each is a read."""


def names_of_others(entry: FileEntry) -> tuple[str, ...]:
    """List the ids of the other files that an entry names, each once."""
    found = entry.same_orders_found
    single = [each for each in (entry.duplicate_of, entry.waits_for) if each]
    return tuple(dict.fromkeys((*single, *(found.files if found else ()), *entry.replaces, *entry.replaced_by)))


def files_with_orders(entry: FileEntry, others: Mapping[str, FileEntry]) -> tuple[str, ...]:
    """List the earlier files with orders of a held one that have any stored now, or may have, as they are not read."""
    found = entry.same_orders_found
    return tuple(each for each in (found.files if found else ()) if each not in others or others[each].has_orders)


def is_replacement_voided(entry: FileEntry, others: Mapping[str, FileEntry]) -> bool:
    """Tell whether every file that has replaced orders of this one was voided since."""
    return bool(entry.replaced_by) and all(each in others and others[each].voided_at for each in entry.replaced_by)


def files_still_replaced(entry: FileEntry, others: Mapping[str, FileEntry]) -> tuple[FileEntry, ...]:
    """List the earlier files whose orders are still away because this one has replaced them: no run has come since."""
    earlier = (others[each] for each in entry.replaces if each in others)
    return tuple(each for each in earlier if entry.file_id in each.replaced_by)


def read_others(console: Console, entry: FileEntry) -> dict[str, FileEntry]:
    """Read these files, by their ids; one that is no longer in the ledger is left out."""
    ids = names_of_others(entry)[:MOST_OTHERS]
    return {each.file_id: each for each in console.files.read_files(ids)} if ids else {}
