"""What an action would do to one file, in its own numbers, beside the general words of the button. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from admin_api.pages.files.others import files_with_orders
from processor.domain.actions import ActionKind
from processor.domain.file_states import FileState
from processor.domain.holds import HoldCause

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from admin_api.actions.available import AvailableAction
    from admin_api.pages.files.going_back import GoingBack
    from admin_api.pages.files.held import HeldFile
    from processor.domain.entries import FileEntry

_MOST_NAMED = 3


def effect_in_numbers(kind: ActionKind, entry: FileEntry, others: Mapping[str, FileEntry]) -> str:
    """Say it in a sentence or two; "" where there are no numbers to tell."""
    tell = _EFFECTS.get(kind)
    return tell(entry, others) if tell else ""


def offered_actions(
    actions: tuple[AvailableAction, ...], held: HeldFile | None, going_back: GoingBack | None
) -> tuple[AvailableAction, ...]:
    """Leave out what would be refused: to replace a newer file's orders, and to void while that goes on."""
    refused = set()
    if held and held.has_newer:
        refused.add(ActionKind.REPLACE)
    if going_back and going_back.is_live:
        refused.add(ActionKind.VOID)
    return tuple(action for action in actions if action.kind not in refused)


def verb_of(kind: ActionKind, entry: FileEntry, verb: str) -> str:
    """Return the word of a button: a held file is stored beside others only if these have the same orders."""
    return "Store" if kind is ActionKind.STORE and entry.cause != HoldCause.SAME_ORDERS else verb


def _of_reprocess(entry: FileEntry, _: Mapping[str, FileEntry]) -> str:
    if entry.state is FileState.HELD:
        return "It is held again, unless what it was held for has changed, as when an earlier file was voided."
    if entry.state is FileState.VOIDED:
        return "Its orders come back. If other files have brought them since, it is held instead."
    return ""


def _of_void(entry: FileEntry, others: Mapping[str, FileEntry]) -> str:
    stored = entry.accepted_rows - entry.replaced_rows
    words = f"{_count(stored, 'order')} of {entry.name} {'is' if stored == 1 else 'are'} taken back."
    if entry.replaced_rows:
        by = name_files(entry.replaced_by, others)
        words += f" {entry.replaced_rows:,} more were taken back before, when {by} replaced them."
    return words


def _of_replace(entry: FileEntry, others: Mapping[str, FileEntry]) -> str:
    found = entry.same_orders_found
    if not found:
        return "Whether earlier files have brought its orders is found out by the run."
    stored = files_with_orders(entry, others)
    if not stored:
        return "None of the earlier files has these orders stored any more, so nothing is taken back."
    return f"{_about(entry, stored)}{_count(found.known, 'order')} of {name_files(stored, others)} will be replaced."


def _of_store(entry: FileEntry, others: Mapping[str, FileEntry]) -> str:
    found = entry.same_orders_found
    if not found:
        return "Whether earlier files have brought the same orders is not looked at."
    stored = files_with_orders(entry, others)
    if not stored:
        return "None of the earlier files has these orders stored any more, so only the lines of this file count."
    return (
        f"{_about(entry, stored)}{_count(found.known, 'order')} will have the lines of this file "
        f"beside those of {name_files(stored, others)}, and count in sums with both."
    )


def _of_process_anyway(entry: FileEntry, others: Mapping[str, FileEntry]) -> str:
    first = others.get(entry.duplicate_of)
    if first is None:
        return ""
    stored = first.accepted_rows - first.replaced_rows
    if not first.has_orders:
        return f"{first.name} has no orders stored now."
    return f"{_count(stored, 'order')} of {first.name} {'is' if stored == 1 else 'are'} stored; those of both will be."


def _about(entry: FileEntry, stored: Sequence[str]) -> str:
    """Say how exact the count of known orders is: those of files that have none stored any more are among them."""
    found = entry.same_orders_found
    if found and not found.is_exact:
        return "About "
    return "Up to " if found and len(stored) < len(found.files) else ""


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'s' * (number != 1)}"


def name_files(file_ids: Sequence[str], others: Mapping[str, FileEntry]) -> str:
    """Name some files; the rest are counted."""
    names = [others[file_id].name if file_id in others else f"file {file_id}" for file_id in file_ids[:_MOST_NAMED]]
    more = len(file_ids) - len(names)
    if more:
        return f"{', '.join(names)} and {_count(more, 'other file')}"
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else "".join(names)


_EFFECTS: dict[ActionKind, Callable[[FileEntry, Mapping[str, FileEntry]], str]] = {
    ActionKind.VOID: _of_void,
    ActionKind.REPLACE: _of_replace,
    ActionKind.STORE: _of_store,
    ActionKind.PROCESS_ANYWAY: _of_process_anyway,
    ActionKind.REPROCESS: _of_reprocess,
}
