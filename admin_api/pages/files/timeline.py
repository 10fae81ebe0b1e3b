"""A file's timeline of events, and the verdict on its state. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from admin_api.rendering.formats import duration
from processor.domain.actions import ActionKind, ActionState
from processor.domain.entries import DIED, ERROR
from processor.domain.file_states import AT_REST, FileState

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
    FileState.DUPLICATE: ("held as a duplicate", "idle", "duplicate"),
    FileState.PROCESSING: ("is reading", "info", "processing"),
    ERROR: ("failed", "warn", "error"),
    DIED: ("died", "fail", "died"),
}
_ACTION_WORDS = {
    ActionKind.REPROCESS: ("Asked to run again", "reprocess"),
    ActionKind.PROCESS_ANYWAY: ("Asked to run anyway", "play"),
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
    FileState.PARTIAL: TimelineEvent("Needs attention", tone="warn", symbol="bell"),
    FileState.DUPLICATE: TimelineEvent("Needs attention", tone="warn", symbol="bell"),
    FileState.FAILED: TimelineEvent("Needs attention", tone="fail", symbol="bell"),
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """An explanation of a file's state: what happened, why, and what to do."""

    what: str
    why: str
    advice: str
    tone: str


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
    details = [run.cause.replace("_", " ")] if run.cause and run.outcome in {ERROR, FileState.FAILED} else []
    if run.duration_ms:
        details.append(duration(run.duration_ms))
    href = f"/files/{entry.file_id}/runs/{run.run_id}"
    return TimelineEvent(f"Run {number} {word}", run.started_at, " · ".join(details), tone, symbol, href)


def _action_event(action: ActionEntry) -> TimelineEvent | None:
    if action.kind not in _ACTION_WORDS or action.state is ActionState.FAILED:
        return None
    words, symbol = _ACTION_WORDS[action.kind]
    href = f"/activity/{action.action_id}" if action.part_of_many else ""
    return TimelineEvent(words, action.at, f"by {action.who}", "info", symbol, href)


def _state_events(entry: FileEntry, now: datetime) -> list[TimelineEvent]:
    if entry.lease_ended(now):
        return [TimelineEvent("Stands still", detail="its run died", tone="fail", symbol="warning")]
    if entry.state in {FileState.PROCESSED, FileState.REPAIRED}:
        return [TimelineEvent("Settled", entry.settled_at, tone="ok", symbol="archive")]
    return [_STATE_EVENTS[entry.state]] if entry.state in _STATE_EVENTS else []


def verdict_of(story: FileStory, now: datetime, *, is_lost: bool = False) -> Verdict | None:
    """Explain a file's state; None if it needs no explanation. ``is_lost`` if the message that it waits for is gone."""
    entry = story.entry
    if is_lost:
        what = "No run is due: the message that it waits for is gone from the queue."
        return Verdict(what, entry.error, "Reprocess it: processing a file again is always safe.", "fail")
    if entry.lease_ended(now):
        what = "Its run died without a report, and no other has taken over."
        return Verdict(what, _dead_run_words(entry), "Reprocess it: processing a file again is always safe.", "fail")
    if entry.state in AT_REST:
        return _verdict_at_rest(story)
    if entry.state is FileState.QUEUED:
        what = "The last run failed. The queue delivers the file again by itself."
        return Verdict(what, entry.error, "", "warn")
    return None


def _dead_run_words(entry: FileEntry) -> str:
    return f"The run at receive {entry.run_receive_count} was killed, or ran out of memory or time."


def _verdict_at_rest(story: FileStory) -> Verdict | None:
    entry = story.entry
    match entry.state:
        case FileState.PARTIAL:
            what = f"{entry.rejected_rows:,} of {entry.rows:,} rows were not stored."
            advice = "Correct them in the rejected-rows file below and upload it; its waybill_ columns may stay."
            return Verdict(what, "; ".join(entry.reasons), advice, "warn")
        case FileState.FAILED:
            advice = "Correct the file and upload it again. If the cause was elsewhere and is gone, reprocess it."
            return Verdict(entry.error or "The file could not be read.", "", advice, "fail")
        case FileState.DUPLICATE:
            return Verdict(
                entry.error, "", "Process it anyway if its rows should be stored twice; otherwise dismiss it.", "info"
            )
        case FileState.DEAD_LETTERED:
            what = "All of its runs failed; its message is in the dead-letter queue."
            advice = (
                "Remove the cause, then reprocess it or redrive its dead letter: processing it again is always safe."
            )
            return Verdict(what, entry.error, advice, "fail")
        case FileState.DISMISSED:
            return _verdict_dismissed(story)
    return None


def _verdict_dismissed(story: FileStory) -> Verdict:
    dismissals = [action for action in story.actions if action.kind is ActionKind.DISMISS and action.done]
    if not dismissals:
        return Verdict("Somebody dismissed it.", "", "", "info")
    return Verdict(f"{dismissals[-1].who} dismissed it.", dismissals[-1].reason, "", "info")
