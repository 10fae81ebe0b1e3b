"""A file's timeline of events. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from admin_api.rendering.formats import duration
from processor.domain.actions import ActionKind, ActionState
from processor.domain.entries import DIED, ERROR
from processor.domain.file_states import FileState

if TYPE_CHECKING:
    from datetime import datetime

    from processor.domain.actions import ActionEntry
    from processor.domain.entries import FileEntry, RunEntry
    from processor.ledger.file_list import FileStory

MOST_EVENTS = 12
_KEPT_AT_FIRST = 3

_RUN_WORDS: dict[str, tuple[str, str, str]] = {  # word, tone, symbol
    FileState.PROCESSED: ("processed", "ok", "processed"),
    FileState.PARTIAL: ("rejected some rows", "warn", "partial"),
    FileState.FAILED: ("failed the file", "fail", "failed"),
    FileState.HELD: ("held the file", "warn", "held"),
    FileState.DUPLICATE: ("held as a duplicate", "idle", "duplicate"),
    FileState.PROCESSING: ("is reading", "info", "processing"),
    ERROR: ("failed", "warn", "error"),
    DIED: ("died", "fail", "died"),
}
_ACTION_WORDS = {
    ActionKind.REPROCESS: ("Asked to run again", "reprocess"),
    ActionKind.PROCESS_ANYWAY: ("Asked to run anyway", "play"),
    ActionKind.STORE: ("Asked to store it", "store"),
    ActionKind.REPLACE: ("Asked to replace earlier orders", "replace"),
    ActionKind.VOID: ("Orders taken back", "void"),
    ActionKind.TAKE_BACK: ("Replaced orders taken back", "replace"),
    ActionKind.DISMISS: ("Dismissed", "dismiss"),
}


@dataclass(frozen=True, slots=True)
class TimelineEvent:
    """One event, or the present state."""

    title: str
    at: str = ""
    """ISO 8601 in UTC; "" for the present state."""
    detail: str = ""
    tone: str = "idle"
    symbol: str = "unknown"
    href: str = ""


_STATE_EVENTS = {
    FileState.QUEUED: TimelineEvent("Waiting for its next run", symbol="queued"),
    FileState.REPROCESSING: TimelineEvent("Waiting for its new run", tone="info", symbol="queued"),
    FileState.DEAD_LETTERED: TimelineEvent(
        "Dead letter", "", "needs attention", "fail", "dead-letters", "/dead-letters"
    ),
    FileState.HELD: TimelineEvent("Needs a decision", tone="warn", symbol="bell"),
    FileState.VOIDED: TimelineEvent("Voided", tone="idle", symbol="voided"),
    FileState.PARTIAL: TimelineEvent("Needs attention", tone="warn", symbol="bell"),
    FileState.DUPLICATE: TimelineEvent("Needs attention", tone="warn", symbol="bell"),
    FileState.FAILED: TimelineEvent("Needs attention", tone="fail", symbol="bell"),
}


def timeline_of(story: FileStory, now: datetime, *, is_lost: bool = False) -> tuple[TimelineEvent, ...]:
    """List a file's events in order; of a long timeline, the beginning and the end."""
    entry = story.entry
    events = [TimelineEvent("Uploaded", entry.uploaded_at, tone="info", symbol="upload")] if entry.uploaded_at else []
    events += [_run_event(entry, number, run) for number, run in enumerate(story.with_current_run(), 1)]
    events += [event for action in story.actions if (event := _action_event(action))]
    events.sort(key=lambda event: event.at)
    if len(events) > MOST_EVENTS:
        left_out = len(events) - MOST_EVENTS
        more = TimelineEvent(f"{left_out} more", detail="All runs and actions are listed below.", symbol="more")
        events[_KEPT_AT_FIRST : _KEPT_AT_FIRST + left_out] = [more]
    if is_lost:
        return (*events, TimelineEvent("Stands still", detail="its message is gone", tone="fail", symbol="warning"))
    return (*events, *_state_events(entry, now))


def _run_event(entry: FileEntry, number: int, run: RunEntry) -> TimelineEvent:
    word, tone, symbol = _RUN_WORDS.get(run.outcome, (run.outcome, "idle", "unknown"))
    names_cause = run.outcome in {ERROR, FileState.FAILED, FileState.HELD}
    details = [run.cause.replace("_", " ")] if run.cause and names_cause else []
    if run.duration_ms:
        details.append(duration(run.duration_ms))
    href = f"/files/{entry.file_id}/runs/{run.run_id}"
    return TimelineEvent(f"Run {number} {word}", run.started_at, " · ".join(details), tone, symbol, href)


def _action_event(action: ActionEntry) -> TimelineEvent | None:
    if action.kind not in _ACTION_WORDS or action.state is ActionState.FAILED:
        return None
    words, symbol = _ACTION_WORDS[action.kind]
    has_progress = action.part_of_many or action.kind in {ActionKind.VOID, ActionKind.TAKE_BACK}
    href = f"/activity/{action.action_id}" if has_progress else ""
    return TimelineEvent(words, action.at, f"by {action.who}", "info", symbol, href)


def _state_events(entry: FileEntry, now: datetime) -> list[TimelineEvent]:
    if entry.lease_ended(now):
        return [TimelineEvent("Stands still", detail="its run died", tone="fail", symbol="warning")]
    if entry.state is FileState.QUEUED and entry.waits_for:
        return [TimelineEvent("Waits for another file", symbol="clock", href=f"/files/{entry.waits_for}")]
    if entry.state in {FileState.PROCESSED, FileState.REPAIRED}:
        return [TimelineEvent("Settled", entry.settled_at, tone="ok", symbol="archive")]
    return [_STATE_EVENTS[entry.state]] if entry.state in _STATE_EVENTS else []
