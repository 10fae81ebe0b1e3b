"""The log of people's actions, kept for good: written when an action is asked for, and again as it goes on.

Nothing deletes an action or changes a finished one: each write has a condition that refuses it. The shape is in
``processor.domain.actions``.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.conditions import Attr, ConditionBase

from processor.domain.actions import ACTION_KIND, ActionEntry, ActionState, action_key, note_key
from processor.domain.entries import ARRIVAL_ENTRY, UPLOAD_PREFIX, to_iso
from processor.domain.errors import WaybillError
from processor.ledger.batch_get import batch_get
from processor.ledger.index_pages import read_index_page
from processor.ledger.table import ConditionFailedError, ItemUpdate, deserialise, item_key

if TYPE_CHECKING:
    from collections.abc import Callable

    from processor.ledger.table import FilesTable


_LONGEST_ERROR = 500


@dataclass(eq=False, repr=False)
class ActionTakenOverError(WaybillError):
    """Another worker has taken the action over."""

    message = "Another worker carries on with action {action_id}."
    action_id: str


@dataclass(frozen=True, slots=True)
class ActionPage:
    """Actions, the newest first, with the cursors of the pages around them ("" where there is none)."""

    actions: tuple[ActionEntry, ...]
    older: str
    newer: str


class ActionLog:
    """All actions."""

    def __init__(self, table: FilesTable, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._table = table
        self._now = now

    def begin_action(self, action: ActionEntry) -> bool:
        """Store an action; False if there is one of its id, which stays as it is."""
        try:
            self._table.put_item(action.to_item(), Attr("file_id").not_exists())
        except ConditionFailedError:
            # An equal entry, to the microsecond: the first attempt took effect and its answer was lost.
            return self.read_action(action.action_id) == action
        return True

    def note_on_file(
        self,
        action: ActionEntry,
        file_id: str,
        subject: str,
        state: ActionState = ActionState.DONE,
        error: str = "",
    ) -> None:
        """Note on a file what an action did to it; the first note of an action stays as it is."""
        item = action.to_note(file_id, subject, to_iso(self._now()), state, error)
        with suppress(ConditionFailedError):
            self._table.put_item(item, Attr("file_id").not_exists())

    def note_update(self, action: ActionEntry, file_id: str, subject: str) -> ItemUpdate:
        """Make the note as a change for the transaction that carries the action out."""
        item = action.to_note(file_id, subject, to_iso(self._now()))
        key = item.pop("file_id"), item.pop("entry")
        return ItemUpdate(*key, item, Attr("file_id").not_exists())

    def is_noted(self, action_id: str, file_id: str) -> bool:
        """Tell whether an action has taken effect on a file, or was refused."""
        return bool(self._table.get_item(file_id, note_key(action_id)))

    def read_action(self, action_id: str) -> ActionEntry | None:
        """Read an action as last written; a permission to upload is done once its file has come."""
        item = self._table.get_item(action_key(action_id), action_key(action_id))
        return self._with_arrivals([ActionEntry.from_item(item)])[0] if item else None

    def record_progress(
        self, action: ActionEntry, *, done: int = 0, skipped: int = 0, failed: int = 0, resume: str, error: str = ""
    ) -> ActionEntry:
        """Add what was done since ``action`` was stored; return the stored action, which may ask to stop.

        Raises :class:`ActionTakenOverError` if somebody else has advanced or finished it.
        """
        return self._advance(
            action,
            done=action.done + done,
            skipped=action.skipped + skipped,
            failed=action.failed + failed,
            resume=resume,
            error=error or action.error,
        )

    def finish_action(
        self,
        action: ActionEntry,
        state: ActionState,
        *,
        done: int = 0,
        skipped: int = 0,
        failed: int = 0,
        error: str = "",
        finished_by: str = "",
    ) -> ActionEntry:
        """Store the end, with what was done since ``action`` was stored; repeating that changes nothing.

        Returns the stored action. Raises :class:`ActionTakenOverError`.
        """
        return self._advance(
            action,
            state=state,
            finished_at=to_iso(self._now()),
            done=action.done + done,
            skipped=action.skipped + skipped,
            failed=action.failed + failed,
            error=error or action.error,
            **{"finished_by": finished_by} if finished_by else {},
        )

    def _advance(self, action: ActionEntry, **values: Any) -> ActionEntry:
        values["progressed_at"] = to_iso(self._now())
        advanced = replace(action, **values)
        stored_as = {"state": "action_state"}
        change = ItemUpdate(
            action.key,
            action.key,
            {stored_as.get(name, name): value for name, value in values.items()},
            _unchanged_since(action),
        )
        try:
            old = ActionEntry.from_item(self._table.update_item(change))
        except ConditionFailedError as failure:
            stored = self.read_action(action.action_id)
            if stored and _progress_of(stored) == _progress_of(advanced):
                return stored  # The first attempt took effect and its answer was lost, or another did the same.
            raise ActionTakenOverError(action.action_id) from failure
        return replace(old, **values)

    def request_stop(self, action_id: str, who: str) -> bool:
        """Ask a bulk action to stop; False if it is over or unknown. The first person to ask is kept."""
        entry = action_key(action_id)
        running = Attr("action_state").eq(ActionState.RUNNING)
        try:
            self._table.update_item(
                ItemUpdate(entry, entry, {"stop_asked": True}, running, first={"stop_asked_by": who})
            )
        except ConditionFailedError:
            return False
        return True

    def note_interruption(self, action_id: str, error: str) -> None:
        """Say on a running action why its worker failed; that is no progress, and one that is over stays as it is."""
        key, running = action_key(action_id), Attr("action_state").eq(ActionState.RUNNING)
        with suppress(ConditionFailedError):
            self._table.update_item(ItemUpdate(key, key, {"error": error[:_LONGEST_ERROR]}, running))

    def list_actions(self, cursor: str = "", limit: int = 50, kind: str = ACTION_KIND) -> ActionPage:
        """List actions, or downloads and exports, the newest first: one read, and another for permissions to upload.

        Raises :class:`processor.domain.cursors.CursorError`.
        """
        page = read_index_page(self._table, "by_kind", ("kind", kind), cursor=cursor, limit=limit)
        actions = self._with_arrivals([ActionEntry.from_item(item) for item in page.items])
        return ActionPage(tuple(actions), page.older, page.newer)

    def _with_arrivals(self, actions: list[ActionEntry]) -> list[ActionEntry]:
        """Tell of permissions to upload whether their file has come; one of another key counts for nothing."""
        waiting = [action for action in actions if action.state is ActionState.PERMITTED]
        if not waiting:
            return actions
        keys = [item_key(f"{UPLOAD_PREFIX}{action.action_id}", ARRIVAL_ENTRY) for action in waiting]
        found = map(deserialise, batch_get(self._table.client, self._table.name, keys, things="uploads"))
        files = {(item["file_id"], item["object_key"]): item["arrived_file"] for item in found}
        return [_arrived(action, files.get(_arrival_of(action), "")) for action in actions]


def _arrival_of(action: ActionEntry) -> tuple[str, str]:
    return f"{UPLOAD_PREFIX}{action.action_id}", action.selection.get("object_key", "")


def _arrived(action: ActionEntry, file_id: str) -> ActionEntry:
    return replace(action, state=ActionState.DONE, done=1, file_id=file_id) if file_id else action


def _progress_of(action: ActionEntry) -> tuple[ActionState, int, int, int, str]:
    return action.state, action.done, action.skipped, action.failed, action.resume


def _unchanged_since(action: ActionEntry) -> ConditionBase:
    """Demand that nobody else has advanced the action. Zeros and empty values are not stored."""
    condition: ConditionBase = Attr("action_state").eq(action.state)
    for name in ("done", "skipped", "failed", "resume"):
        value, attribute = getattr(action, name), Attr(name)
        condition &= attribute.eq(value) if value else attribute.eq(value) | attribute.not_exists()
    return condition
