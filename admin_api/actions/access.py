"""Downloads and exports in the log: who took which data out, and when.

What one person takes again within ten minutes is one entry, so a script that asks in a loop fills no list.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from processor.domain.actions import ActionEntry, ActionKind, ActionState, derived_action_id
from processor.domain.entries import to_iso

if TYPE_CHECKING:
    from admin_api.web.users import User
    from admin_api.wiring.services import Console

_ONCE_IN = timedelta(minutes=10)


def record_access(console: Console, user: User, kind: ActionKind, subject: str, what: dict[str, Any]) -> None:
    """Record that a user takes data out; ``what`` names it: a file's object, or the filter of an export."""
    now = console.now()
    begun = now - (now - datetime.min.replace(tzinfo=now.tzinfo)) % _ONCE_IN
    identity = (kind, user.subject, json.dumps(what, sort_keys=True))
    console.actions.begin_action(
        ActionEntry(
            action_id=derived_action_id(begun, *identity),
            kind=kind,
            at=to_iso(now),
            who=user.name,
            sub=user.subject,
            state=ActionState.DONE,
            subject=subject,
            selection=what,
            expected=1,
            done=1,
            finished_at=to_iso(now),
        )
    )
