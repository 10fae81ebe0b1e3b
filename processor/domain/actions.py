"""Actions that people ask for in the console: log entry and progress of a bulk action in one. Pure.

``processor.ledger.action_log`` stores them in the files table. Each action is the one item of a partition that its id
names, so an id is one action, whatever it is about. A file's own partition has *notes*: copies that tell its story,
under keys that no action has.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass, field, fields, replace
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from processor.domain.entries import from_iso, known_values

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

ACTION_PREFIX = "action#"
ACTION_KIND, ACCESS_KIND = "action", "access"
"""The keys of all actions, and of all downloads and exports, in the index ``by_kind``, which lists the newest first."""
STALLED_AFTER = timedelta(seconds=60)
"""A worker saves its progress every second, and a request is answered within half a minute: after this time without
progress, whoever carried the action out is gone."""
ACTION_ID = "[0-9]{8}T[0-9]{6}Z-[0-9a-f]{8}"
"""The pattern of an id that forms and scripts choose."""
ANY_ACTION_ID = f"{ACTION_ID}(?:[0-9a-f]{{16}})?"
"""The pattern of any id: those that the console derives are longer."""


class ActionKind(StrEnum):
    """The kinds of actions."""

    REPROCESS = "reprocess"
    PROCESS_ANYWAY = "process_anyway"
    PROCESS = "process"
    """Objects of the inbox that no run has begun with get a message."""
    STORE = "store"
    """A held file is stored, beside the same orders of earlier files."""
    REPLACE = "replace"
    """A held file is stored, and the same orders' lines of earlier files are taken back."""
    VOID = "void"
    """The orders of a file are taken back."""
    TAKE_BACK = "take_back"
    """The console's worker takes back what a file has replaced."""
    DISMISS = "dismiss"
    REDRIVE = "redrive"
    DELETE = "delete"
    UPLOAD = "upload"
    VERIFY = "verify"
    CARRY_ON = "carry_on"
    """Another action, whose worker was gone, got a new one."""
    DOWNLOAD = "download"
    EXPORT = "export"


_ACCESSES = frozenset({ActionKind.DOWNLOAD, ActionKind.EXPORT})


class ActionState(StrEnum):
    """The states of an action."""

    RUNNING = "running"
    PERMITTED = "permitted"
    """A permission to upload was given, and no file has come under it."""
    DONE = "done"
    STOPPED = "stopped"
    FAILED = "failed"


def new_action_id(now: datetime) -> str:
    """Make the id of a form. A form that is posted twice asks once."""
    return f"{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}"


def derived_action_id(at: datetime, *identity: str) -> str:
    """Derive the id of what the console records by itself, equal for an equal identity.

    It has another form than the ids of forms and scripts, so that nobody can take it beforehand.
    """
    digest = hashlib.sha256("\0".join(identity).encode()).hexdigest()
    return f"{at:%Y%m%dT%H%M%SZ}-{digest[:24]}"


def is_action_id(text: str) -> bool:
    """Tell whether the text is shaped like an id of :func:`new_action_id`."""
    return re.fullmatch(ACTION_ID, text) is not None


@dataclass(frozen=True, slots=True)
class ActionEntry:
    """One action: who asked for what, when, and its result."""

    action_id: str
    kind: ActionKind
    at: str
    """ISO 8601 in UTC, as ``processor.domain.entries.to_iso`` writes it."""
    who: str
    """The person's e-mail address, which can change."""
    state: ActionState
    file_id: str = ""
    """The one file of the action, or of a note; "" for a bulk action, or an action on no file."""
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
    """Whether this is the note on a file that a bulk action has handled."""
    resume: str = ""
    """The position at which a bulk action resumes after its worker was cut off; only its executor reads it."""
    sub: str = ""
    """The person's id in the user pool, which never changes."""
    asked_for: str = ""
    """A digest of what the request named, by which a repeated request is told from another one of the same id."""
    finished_by: str = ""
    """The person who completed an action that somebody else had asked for and that was interrupted."""

    @property
    def is_finished(self) -> bool:
        """Whether it has ended."""
        return self.state is not ActionState.RUNNING

    @property
    def handled(self) -> int:
        """Things done, skipped and failed."""
        return self.done + self.skipped + self.failed

    def is_stalled(self, now: datetime) -> bool:
        """Tell whether it runs without progress, so that somebody has to carry on with it."""
        return not self.is_finished and now - from_iso(self.progressed_at or self.at) > STALLED_AFTER

    @property
    def key(self) -> str:
        """Both keys of its item in the table."""
        return action_key(self.action_id)

    def to_item(self) -> dict[str, Any]:
        """Lay the entry out as an item, without empty values.

        Some attributes have other names: ``kind`` and ``received_at`` are keys of the index of all actions, ``state``
        is the key of the index of files by state, where actions do not belong, and ``file_id`` is the table's.
        """
        item = {name: getattr(self, name) for name in _FIELDS}
        for name, stored in _STORED_AS.items():
            item[stored] = item.pop(name)
        kind = ACCESS_KIND if self.kind in _ACCESSES else ACTION_KIND
        item |= {"file_id": self.key, "entry": self.key, "kind": kind}
        return _without_empty(item)

    def to_note(
        self, file_id: str, subject: str, at: str, state: ActionState = ActionState.DONE, error: str = ""
    ) -> dict[str, Any]:
        """Lay out the note on a file that the action was carried out on it. The list of all actions leaves it out."""
        note = replace(
            self,
            file_id=file_id,
            subject=subject,
            part_of_many=self.file_id != file_id,
            state=state,
            finished_at=at,
            selection={},
            expected=1,
            done=int(state is ActionState.DONE),
            skipped=0,
            failed=int(state is ActionState.FAILED),
            error=error,
            resume="",
            asked_for="",
        )
        item = note.to_item() | {"file_id": file_id, "entry": note_key(self.action_id)}
        return {name: value for name, value in item.items() if name not in {"kind", _STORED_AS["file_id"]}}

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> ActionEntry:
        """Build the entry from a deserialised item."""
        renamed = {name: item[stored] for name, stored in _STORED_AS.items() if stored in item}
        values = known_values({**item, **renamed}, _FIELDS)
        values["kind"], values["state"] = ActionKind(values["kind"]), ActionState(values["state"])
        if values["file_id"].startswith(ACTION_PREFIX):
            values["file_id"] = ""
        return cls(**values)


def action_key(action_id: str) -> str:
    """Return the key of an action's own item."""
    return f"{ACTION_PREFIX}{action_id}"


def note_key(action_id: str) -> str:
    """Return the sort key of an action's note in a file's partition."""
    return f"{ACTION_PREFIX}{action_id}#note"


def _without_empty(item: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in item.items() if value not in ("", {}, 0)}


_FIELDS = tuple(each.name for each in fields(ActionEntry))
_STORED_AS = {"kind": "action_kind", "state": "action_state", "at": "received_at", "file_id": "about_file"}
