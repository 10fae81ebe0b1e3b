"""Beginning of an action: one id is one request of one person, whatever the caller sends under it later.

The id is the caller's, so that a request that is sent twice is carried out once. It never decides whose entry is
changed: another request under a used id is refused, and a finished entry stays as it is.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from admin_api.web.errors import RefusedError
from processor.domain.actions import ActionEntry, ActionKind, ActionState
from processor.domain.entries import to_iso

if TYPE_CHECKING:
    from typing import Any

    from admin_api.web.users import User
    from admin_api.wiring.services import Console


@dataclass(frozen=True, slots=True)
class ActionRequest:
    """An action that a user asks for, and why; ``action_id`` is the id of the form."""

    user: User
    kind: ActionKind
    action_id: str
    reason: str = ""


def new_entry(console: Console, request: ActionRequest, **more: Any) -> ActionEntry:
    """Make the entry of an action that begins now."""
    return ActionEntry(
        action_id=request.action_id,
        kind=request.kind,
        at=to_iso(console.now()),
        who=request.user.name,
        sub=request.user.subject,
        state=ActionState.RUNNING,
        reason=request.reason,
        **more,
    )


def digest_of(asked_for: Any) -> str:
    """Return a short digest of what a request names, for :attr:`ActionEntry.asked_for`."""
    return hashlib.sha256(json.dumps(asked_for, sort_keys=True).encode()).hexdigest()[:32]


def begin_once(console: Console, asked: ActionEntry) -> tuple[ActionEntry, bool]:
    """Store an action and return it with True; if it was asked for before, return that entry with False.

    Raises :class:`RefusedError` if the id is another request's, or another person's whose action goes on or is over.
    An interrupted action may be completed by anybody who asks for the same.
    """
    if console.actions.begin_action(asked):
        return asked, True
    stored = console.actions.read_action(asked.action_id)
    if stored is None:
        raise RefusedError(f"The action id {asked.action_id} is in use.", _ADVICE)
    if _request_of(stored) != _request_of(asked):
        what = f"{stored.kind.replace('_', ' ')}, asked for by {stored.who}"
        raise RefusedError(f"The action id {asked.action_id} is that of another request: {what}.", _ADVICE)
    if not is_same_person(stored, asked) and not stored.is_stalled(console.now()):
        raise RefusedError(f"The action id {asked.action_id} is that of a request of {stored.who}.", _ADVICE)
    return stored, False


_ADVICE = "Use an id of its own for each request, or none."


def is_same_person(one: ActionEntry, other: ActionEntry) -> bool:
    """Tell whether two entries are one person's; those of earlier versions have only the e-mail address."""
    return one.sub == other.sub if one.sub and other.sub else one.who == other.who


def _request_of(action: ActionEntry) -> tuple[str, ...]:
    return action.kind, action.reason, action.file_id, action.asked_for
