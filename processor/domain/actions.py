"""Actions that people ask for in the console: log entry and progress of a bulk action in one. Pure.

``processor.ledger.action_log`` stores them in the files table. An action on one file is in the
file's partition, a bulk action in a partition of its own, so that either is found without an index.
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
"""The key of all actions in the index ``by_kind``, which lists the newest first."""
_ACTION_ID = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{8}")


class ActionKind(StrEnum):
    """The kinds of actions."""

    REPROCESS = "reprocess"
    PROCESS_ANYWAY = "process_anyway"
    DISMISS = "dismiss"
    REDRIVE = "redrive"
    DELETE = "delete"
    UPLOAD = "upload"


class ActionState(StrEnum):
    """The states of an action."""

    RUNNING = "running"
    DONE = "done"
    STOPPED = "stopped"
    FAILED = "failed"


def new_action_id(now: datetime) -> str:
    """Make the id of a form. A form that is posted twice asks once."""
    return f"{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}"


def is_action_id(text: str) -> bool:
    """Tell whether the text is shaped like an id of :func:`new_action_id`."""
    return _ACTION_ID.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class ActionEntry:
    """One action: who asked for what, when, and its result."""

    action_id: str
    kind: ActionKind
    at: str
    """ISO 8601 in UTC, as ``processor.domain.entries.to_iso`` writes it."""
    who: str
    state: ActionState
    file_id: str = ""
    """The one file of the action; "" for a bulk action, or an action on no file."""
    subject: str = ""
    """In words: a file's name, or "38 dead letters: AccessDenied"."""
    selection: dict[str, Any] = field(default_factory=dict)
    """Ids, or the filter that was on the screen: texts, booleans and lists of them."""
    reason: str = ""
    """In the person's own words."""
    expected: int = 0
    """The number of things it works on, as far as that is known at the start."""
    done: int = 0
    skipped: int = 0
    failed: int = 0
    error: str = ""
    rate_per_s: int = 0
    stop_asked: bool = False
    stop_asked_by: str = ""
    progressed_at: str = ""
    """The last time its numbers were written. A running action without progress has lost its worker."""
    finished_at: str = ""
    part_of_many: bool = False
    """Whether this entry marks a file that a bulk action has handled."""
    resume: str = ""
    """The position at which a bulk action resumes after its worker was cut off; only its executor reads it."""

    @property
    def is_finished(self) -> bool:
        """Whether it has ended."""
        return self.state is not ActionState.RUNNING

    @property
    def handled(self) -> int:
        """Things done, skipped and failed."""
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
        """Lay the entry out as an item, without empty values.

        Three attributes have other names: ``kind`` and ``received_at`` are keys of the index of all actions, and
        ``state`` is the key of the index of files by state, where actions do not belong.
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
