"""What a person asks for in the console, as it is kept: the audit log's entry and the bulk job's progress in one. Pure.

``processor.ledger.action_log`` stores it, in the files table. An action on one file lies beside the file (partition:
its id), an action on many in a partition of its own, so that either is found without an index.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from processor.domain.entries import known_values

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

ACTION_PREFIX = "action#"
ACTION_KIND = "action"
"""What the index of all actions, the newest first, finds them by."""
_ACTION_ID = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{8}")


class ActionKind(StrEnum):
    """What was asked for."""

    REPROCESS = "reprocess"
    PROCESS_ANYWAY = "process_anyway"
    DISMISS = "dismiss"
    REDRIVE = "redrive"
    DELETE = "delete"
    UPLOAD = "upload"


class ActionState(StrEnum):
    """How far it is."""

    RUNNING = "running"
    DONE = "done"
    STOPPED = "stopped"
    FAILED = "failed"


def new_action_id(now: datetime) -> str:
    """Make the id that a form is rendered with and posted with: posting it twice is asking once."""
    return f"{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}"


def is_action_id(text: str) -> bool:
    """Tell whether :func:`new_action_id` could have made it."""
    return _ACTION_ID.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class ActionEntry:
    """One action: who asked for what, when, and what came of it."""

    action_id: str
    kind: ActionKind
    at: str
    """When it was asked for: ISO 8601 in UTC, as ``processor.domain.entries.to_iso`` writes it."""
    who: str
    state: ActionState
    file_id: str = ""
    """The one file it is about; "" for an action on many, or on no file."""
    subject: str = ""
    """What it is about, in words: a file's name, or "38 dead letters: AccessDenied"."""
    selection: dict[str, Any] = field(default_factory=dict)
    """What a bulk action works on: ids, or the filter that was on the screen. Texts, truth values and lists of them."""
    reason: str = ""
    """Why, in the person's own words."""
    expected: int = 0
    """On how many things, as far as it was known beforehand."""
    done: int = 0
    skipped: int = 0
    failed: int = 0
    error: str = ""
    rate_per_s: int = 0
    stop_asked: bool = False
    stop_asked_by: str = ""
    progressed_at: str = ""
    """When its numbers were last written: one that is running and has not moved for a while has lost its worker."""
    finished_at: str = ""
    part_of_many: bool = False
    """Whether this stands on a file to say that the action on many was carried out on it, too."""
    resume: str = ""
    """Where a bulk action goes on if its worker was cut off: known to its executor alone."""

    @property
    def is_finished(self) -> bool:
        """Whether it is over, however it ended."""
        return self.state is not ActionState.RUNNING

    @property
    def handled(self) -> int:
        """How many things it has come past."""
        return self.done + self.skipped + self.failed

    @property
    def partition(self) -> str:
        """The table's partition key."""
        return self.file_id or f"{ACTION_PREFIX}{self.action_id}"

    @property
    def entry(self) -> str:
        """The table's sort key."""
        return f"{ACTION_PREFIX}{self.action_id}"

    def to_item(self) -> dict[str, Any]:
        """Lay the entry out as an item, without what is empty.

        Three attributes have other names there: ``kind`` and ``received_at`` are the keys of the index that lists all
        actions, and ``state`` those of the files by state, among which an action has no business.
        """
        item = {name: getattr(self, name) for name in _FIELDS}
        for name, stored in _STORED_AS.items():
            item[stored] = item.pop(name)
        item |= {"file_id": self.partition, "entry": self.entry}
        if not self.part_of_many:  # The list of all actions shows it once.
            item["kind"] = ACTION_KIND
        return {name: value for name, value in item.items() if value not in ("", {}, 0)}

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> ActionEntry:
        """Build the entry from a deserialised item."""
        renamed = {name: item[stored] for name, stored in _STORED_AS.items() if stored in item}
        values = known_values({**item, **renamed}, _FIELDS)
        values["kind"], values["state"] = ActionKind(values["kind"]), ActionState(values["state"])
        if values["file_id"].startswith(ACTION_PREFIX):
            values["file_id"] = ""
        return cls(**values)


_FIELDS = tuple(each.name for each in fields(ActionEntry))
_STORED_AS = {"kind": "action_kind", "state": "action_state", "at": "received_at"}
