"""The scheduled audit: a sample of the files, drawn once for each time of the schedule and kept in its action.

The event of the schedule names its time, so that an event that comes twice finds the action and its sample.
"""

from __future__ import annotations

import random
from datetime import timedelta
from typing import TYPE_CHECKING

from admin_api.actions.audits import SCHEDULED
from processor.domain.actions import ActionEntry, ActionKind, ActionState, derived_action_id
from processor.domain.entries import from_iso, to_iso
from processor.domain.file_states import SETTLED
from processor.ledger.file_list import FileFilter

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from typing import Any

    from admin_api.wiring.services import Console
    from processor.domain.entries import FileEntry
    from processor.ledger.file_list import FileList

WHO = "schedule"
_NEWEST_DRAWN_FROM = 200
_TRIES_A_FILE = 3
_DETAIL_TYPE = "Scheduled Event"


def is_schedule(event: dict[str, Any]) -> bool:
    """Tell whether EventBridge sends the event by the schedule.

    https://docs.aws.amazon.com/lambda/latest/dg/with-eventbridge-scheduler.html
    """
    return event.get("detail-type") == _DETAIL_TYPE


def begin_scheduled_audit(console: Console, event: dict[str, Any]) -> ActionEntry:
    """Draw the sample and begin the action, or return the action that an earlier delivery of the event began."""
    at = from_iso(event["time"])
    action_id = derived_action_id(at, "scheduled audit", event["time"])
    action = console.actions.read_action(action_id)
    if action:
        return action
    count = console.config.audit_files
    differing = [file.file_id for file in console.audits.read_books().differing]
    file_ids = draw_sample(console.files, differing, at, count)
    action = ActionEntry(
        action_id=action_id,
        kind=ActionKind.VERIFY,
        at=to_iso(console.now()),
        who=WHO,
        state=ActionState.RUNNING,
        subject=f"A sample of {len(file_ids):,} file{'s' * (len(file_ids) != 1)}",
        selection={"file_ids": file_ids, SCHEDULED: True},
        expected=len(file_ids),
    )
    console.actions.begin_action(action)
    return console.actions.read_action(action_id) or action


def draw_sample(files: FileList, differing: Sequence[str], at: datetime, count: int) -> list[str]:
    """Draw settled files: those that differed last, then new ones, then any, the newer ones more often.

    For the same ``at`` and the same files it is the same sample.
    """
    chance = random.Random(at.timestamp())  # noqa: S311  Nothing secret.
    known = [entry.file_id for entry in files.read_files(differing[: count // 2])]
    chosen = dict.fromkeys(known)
    newest = FileFilter(since=to_iso(at - timedelta(days=1)), until=to_iso(at))
    fresh = _settled(files.list_files(newest, limit=_NEWEST_DRAWN_FROM).files)
    room = (count - len(chosen) + 1) // 2
    chosen |= dict.fromkeys(chance.sample(fresh, min(room, len(fresh))))
    for file_id in _of_any_age(files, at, chance, tries=_TRIES_A_FILE * count):
        if len(chosen) >= count:
            break
        chosen[file_id] = None
    return list(chosen)


def _of_any_age(files: FileList, at: datetime, chance: random.Random, *, tries: int) -> Iterator[str]:
    """Draw moments since the first file, the newer ones more often; yield a file from before each."""
    oldest = files.list_files(FileFilter(until=to_iso(at)), limit=1, from_oldest=True).files
    if not oldest:
        return
    span = at - from_iso(oldest[0].received_at)
    for _ in range(tries):
        moment = at - span * chance.random() ** 2
        found = _settled(files.list_files(FileFilter(until=to_iso(moment)), limit=8).files)
        if found:
            yield chance.choice(found)


def _settled(entries: Sequence[FileEntry]) -> list[str]:
    return [entry.file_id for entry in entries if entry.state in SETTLED]
