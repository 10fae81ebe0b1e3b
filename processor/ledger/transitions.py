"""Transitions: how a file's entry comes to another state, unless somebody has changed it since it was read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from boto3.dynamodb.conditions import Attr

from processor.domain.entries import FILE_ENTRY
from processor.domain.file_states import AT_REST, FileState, check_transition
from processor.ledger.counters import counter_update
from processor.ledger.table import ItemPut, ItemUpdate

if TYPE_CHECKING:
    from boto3.dynamodb.conditions import ConditionBase

    from processor.domain.entries import FileEntry
    from processor.ledger.table import FilesTable


def move_file(
    table: FilesTable,
    entry: FileEntry,
    state: FileState,
    values: dict[str, Any],
    remove: tuple[str, ...] = (),
    note: ItemUpdate | ItemPut | None = None,
    *more: ItemUpdate | ItemPut,
) -> FileEntry:
    """Write a file's new state, count it there and write the note, in one transaction; returns the new entry.

    Raises :class:`ConditionFailedError` if the file has changed since ``entry`` was read.
    """
    check_transition(entry.state, state)
    values = {**values, "state": state}
    if state in AT_REST:
        values["counted_as"] = state
    else:
        remove = (*remove, "counted_as")
    change = ItemUpdate(entry.file_id, FILE_ENTRY, values, unchanged(entry), remove=remove)
    new = entry.evolve(without=remove, **values)
    if others := [each for each in (counter_update(entry, new), note, *more) if each]:
        table.transact(change, *others)
    else:
        table.update_item(change)
    return new


def unchanged(entry: FileEntry) -> ConditionBase:
    """Demand that the file's run, state, count and mark are those that were read."""
    condition: ConditionBase = Attr("run_id").eq(entry.run_id) & Attr("state").eq(entry.state)
    for name in ("counted_as", "taking_back"):
        value = getattr(entry, name)
        condition &= Attr(name).eq(value) if value else Attr(name).not_exists()
    return condition
