"""Files, runs and actions as tests want them, with sensible values for the rest."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from processor.domain.actions import ActionEntry, ActionKind, ActionState
from processor.domain.entries import FileEntry, RunEntry, to_iso
from processor.domain.file_states import FileState
from processor.ledger.file_list import FileStory

NOW = datetime(2026, 11, 25, 18, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
FILE_ID = "0123456789abcdef01234567"
OTHER_ID = "89abcdef0123456701234567"


def made_file(**values: Any) -> FileEntry:
    """Make a file that was received at six."""
    known: dict[str, Any] = {
        "file_id": FILE_ID,
        "state": FileState.PROCESSED,
        "bucket": "b",
        "object_key": "raw-data/orders.csv",
        "version_id": "v",
        "received_at": to_iso(NOW),
        "base_timestamp": to_iso(NOW),
        "run_started_at": to_iso(NOW),
        "run_id": "r1",
    }
    return FileEntry(**known | values)


def made_run(number: int = 1, **values: Any) -> RunEntry:
    """Make a run that began so many minutes after six."""
    known: dict[str, Any] = {
        "file_id": FILE_ID,
        "run_id": f"r{number}",
        "started_at": to_iso(NOW.replace(minute=number)),
        "message_id": "m",
        "receive_count": number,
        "outcome": FileState.PROCESSED,
    }
    return RunEntry(**known | values)


def made_action(**values: Any) -> ActionEntry:
    """Make an action that has just been done."""
    known: dict[str, Any] = {
        "action_id": "20261125T183000Z-0123abcd",
        "kind": ActionKind.REPROCESS,
        "at": to_iso(NOW.replace(minute=30)),
        "who": "ada@example.com",
        "state": ActionState.DONE,
        "done": 1,
    }
    return ActionEntry(**known | values)


def made_story(*parts: Any, **values: Any) -> FileStory:
    """Make a story of runs and actions around a file with these values."""
    runs = tuple(part for part in parts if hasattr(part, "run_id"))
    actions = tuple(part for part in parts if hasattr(part, "action_id"))
    return FileStory(made_file(**values), runs, actions)
