"""Explains the state of a file: what happened, why, and what to do. Pure.

``others`` are the files that its entry names, as they are when the page is shown: what was true when a run ended may
not be true any more.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from admin_api.pages.files.others import files_with_orders, is_replacement_voided
from processor.domain.actions import ActionKind
from processor.domain.file_states import AT_REST, MOVING, FileState
from processor.domain.holds import HoldCause

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from processor.domain.entries import FileEntry
    from processor.ledger.file_list import FileStory

NO_FILES: Mapping[str, FileEntry] = MappingProxyType({})
_SAFE = "Reprocess it: processing a file again is always safe."


@dataclass(frozen=True, slots=True)
class Explanation:
    """An explanation of a file's state: what happened, why, and what to do."""

    what: str
    why: str
    advice: str
    tone: str


def explain_state(
    story: FileStory, now: datetime, *, is_lost: bool = False, others: Mapping[str, FileEntry] = NO_FILES
) -> Explanation | None:
    """Explain a file's state; None if it needs no explanation. ``is_lost`` if the message that it waits for is gone."""
    entry = story.entry
    if is_lost:
        what = "No run is due: the message that it waits for is gone from the queue."
        return Explanation(what, entry.error, _SAFE, "fail")
    if entry.lease_ended(now):
        what = "Its run died without a report, and no other has taken over."
        return Explanation(what, _dead_run_words(entry), _SAFE, "fail")
    tell = _EXPLANATIONS.get(entry.state)
    return tell(story, others) if tell else None


def _dead_run_words(entry: FileEntry) -> str:
    return f"The run at receive {entry.run_receive_count} was killed, or ran out of memory or time."


def _explain_waiting(entry: FileEntry, others: Mapping[str, FileEntry]) -> Explanation:
    if not entry.waits_for:
        return Explanation("The last run failed. The queue delivers the file again by itself.", entry.error, "", "warn")
    other = others.get(entry.waits_for)
    name = other.name if other else f"file {entry.waits_for}"
    why = "Both bring the same orders, and at most one of them is stored without a person."
    if other is None or other.state in AT_REST:
        return Explanation(f"It waited for {name}; its own run begins in a moment.", why, "", "info")
    doing = "is being processed" if other.state is FileState.PROCESSING else "is due for a run"
    return Explanation(
        f"It waits for {name}, which {doing}.", why, "It goes on by itself when that file is settled.", "info"
    )


def _explain_partial(entry: FileEntry, others: Mapping[str, FileEntry]) -> Explanation:
    what = f"{entry.rejected_rows:,} of {entry.rows:,} rows were not stored."
    advice = "Correct them in the rejected-rows file below and upload it; its waybill_ columns may stay."
    if entry.replaced_by and not is_replacement_voided(entry, others):  # Most senders correct the whole file.
        advice = (
            f"A later file has replaced orders of it. If that one brings these rows, too, dismiss this one. {advice}"
        )
    return Explanation(what, "; ".join(entry.reasons), advice, "warn")


def _explain_failed(entry: FileEntry) -> Explanation:
    advice = "Correct the file and upload it again. If the cause was elsewhere and is gone, reprocess it."
    return Explanation(entry.error or "The file could not be read.", "", advice, "fail")


def _explain_dead_lettered(entry: FileEntry) -> Explanation:
    what = "All of its runs failed; its message is in the dead-letter queue."
    advice = "Remove the cause, then reprocess it or redrive its dead letter: processing it again is always safe."
    return Explanation(what, entry.error, advice, "fail")


def _explain_held(entry: FileEntry, others: Mapping[str, FileEntry]) -> Explanation:
    """Say in an operator's words why nothing is stored, and what to do."""
    match entry.cause:
        case HoldCause.SAME_ORDERS:
            what = "Orders of this file came before."
            advice = (
                "Replace if this file corrects the earlier one. Store beside if both are meant: the orders then have "
                "the lines of both. Dismiss if it was sent once too often."
            )
            if entry.same_orders and not files_with_orders(entry, others):
                advice = "No earlier file has these orders stored any more: store this one, or dismiss it."
        case HoldCause.REJECTED_SHARE:
            what = entry.error or "Too many of its rows break a rule."
            advice = (
                "Look at the reasons: one that is in most rows means a wrong export. Ask the sender for a corrected "
                "file and dismiss this one; or store what is good, and correct the rejected rows afterwards."
            )
        case HoldCause.CUT_OFF:
            what = "The last row has no line end: the upload may have been cut off."
            advice = (
                "Compare the last row with the sender's file. If it is whole, store the file. If not, ask for the "
                "whole file and dismiss this one."
            )
        case HoldCause.TOTALS:
            what = entry.error or "The file does not hold what its upload announced."
            advice = (
                "Ask the sender which is right. Store the file if what was read is right; otherwise ask for the whole "
                "file and dismiss this one."
            )
        case _:
            what, advice = entry.error or "Nothing of this file is stored.", "Store it, or dismiss it."
    return Explanation(what, "Nothing of it is stored until somebody decides.", advice, "warn")


def _explain_duplicate(entry: FileEntry, first: FileEntry | None) -> Explanation:
    """Say what has become of the file with the same content: that decides what to do."""
    what = f"The same content came before, as {first.name if first else f'file {entry.duplicate_of}'}."
    if first is None:
        return Explanation(
            what, "The ledger no longer knows that file.", "Process this one if its rows are missing.", "info"
        )
    return _explain_by_first(what, first)


def _explain_by_first(what: str, first: FileEntry) -> Explanation:
    if first.replaced_rows and not first.voided_at:
        why = f"{first.replaced_rows:,} of that file's {first.accepted_rows:,} rows have been replaced by a later file."
        return Explanation(what, why, "Dismiss this one, unless its orders are meant to come back.", "info")
    if first.has_orders:
        advice = "Dismiss this one; process it anyway only if its rows are meant to be stored once more."
        return Explanation(what, "The rows of that file are stored.", advice, "info")
    if first.state in MOVING:
        return Explanation(what, "That file is under way.", "Wait until it is settled, then decide.", "info")
    if first.voided_at:
        why = "That file has been voided since: its orders were taken back."
        return Explanation(what, why, "Process this one if its orders are to come back.", "warn")
    if first.holds_content:
        why = f"That file is {first.state.replace('_', ' ')}; a run of it may have stored some of its rows."
        return Explanation(what, why, "Settle that file first, then decide.", "warn")
    why = f"That file is {first.state.replace('_', ' ')}: none of its rows is stored."
    return Explanation(what, why, "Process this one to store its rows.", "warn")


def _explain_dismissed(story: FileStory) -> Explanation:
    dismissals = [action for action in story.actions if action.kind is ActionKind.DISMISS and action.done]
    if not dismissals:
        return Explanation("Somebody dismissed it.", "", "", "info")
    return Explanation(f"{dismissals[-1].who} dismissed it.", dismissals[-1].reason, "", "info")


def _explain_voided(story: FileStory) -> Explanation:
    voids = [action for action in story.actions if action.kind is ActionKind.VOID]
    advice = "Reprocess it to bring its orders back; the original is kept."
    if story.entry.taking_back:
        advice = "Once all are taken back, it can be reprocessed; the original is kept."
    if not voids:
        return Explanation("Somebody had its orders taken back.", "", advice, "info")
    return Explanation(f"{voids[-1].who} had its orders taken back.", voids[-1].reason, advice, "info")


_EXPLANATIONS: dict[FileState, Callable[[FileStory, Mapping[str, FileEntry]], Explanation]] = {
    FileState.QUEUED: lambda story, others: _explain_waiting(story.entry, others),
    FileState.PARTIAL: lambda story, others: _explain_partial(story.entry, others),
    FileState.FAILED: lambda story, _: _explain_failed(story.entry),
    FileState.HELD: lambda story, others: _explain_held(story.entry, others),
    FileState.DUPLICATE: lambda story, others: _explain_duplicate(story.entry, others.get(story.entry.duplicate_of)),
    FileState.DEAD_LETTERED: lambda story, _: _explain_dead_lettered(story.entry),
    FileState.DISMISSED: lambda story, _: _explain_dismissed(story),
    FileState.VOIDED: lambda story, _: _explain_voided(story),
}
