"""The log of people's actions, kept for good: written when an action is asked for, and again as it goes on.

Nothing deletes an action or changes a finished one. The shape is in ``processor.domain.actions``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.conditions import Attr, ConditionBase

from processor.domain.actions import ACTION_KIND, ACTION_PREFIX, ActionEntry, ActionState
from processor.domain.entries import to_iso
from processor.domain.errors import WaybillError
from processor.ledger.index_pages import read_index_page
from processor.ledger.table import ConditionFailedError, ItemUpdate

if TYPE_CHECKING:
    from collections.abc import Callable

    from processor.ledger.table import FilesTable


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
        """Store an action; False if there is one of its id."""
        try:
            self._table.put_item(action.to_item(), Attr("file_id").not_exists())
        except ConditionFailedError:
            # An equal entry, to the microsecond: the first attempt took effect and its answer was lost.
            return self.read_action(action.action_id, action.file_id) == action
        return True

    def note_on_file(self, action: ActionEntry, file_id: str, subject: str) -> None:
        """Note on a file that a bulk action was carried out on it; repeating that changes nothing."""
        marker = replace(
            action,
            file_id=file_id,
            subject=subject,
            part_of_many=True,
            state=ActionState.DONE,
            done=1,
            finished_at=to_iso(self._now()),
            selection={},
            expected=1,
            skipped=0,
            failed=0,
            error="",
            resume="",
        )
        self._table.put_item(marker.to_item())

    def read_action(self, action_id: str, file_id: str = "") -> ActionEntry | None:
        """Read an action as last written: one on the file ``file_id``, or a bulk action."""
        entry = f"{ACTION_PREFIX}{action_id}"
        item = self._table.get_item(file_id or entry, entry)
        return ActionEntry.from_item(item) if item else None

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
        )

    def _advance(self, action: ActionEntry, **values: Any) -> ActionEntry:
        values["progressed_at"] = to_iso(self._now())
        advanced = replace(action, **values)
        stored_as = {"state": "action_state"}
        change = ItemUpdate(
            action.partition,
            action.entry,
            {stored_as.get(name, name): value for name, value in values.items()},
            _unchanged_since(action),
        )
        try:
            old = ActionEntry.from_item(self._table.update_item(change))
        except ConditionFailedError as failure:
            stored = self.read_action(action.action_id, action.file_id)
            if stored and _progress_of(stored) == _progress_of(advanced):
                return stored  # The first attempt took effect and its answer was lost, or another did the same.
            raise ActionTakenOverError(action.action_id) from failure
        return replace(old, **values)

    def request_stop(self, action_id: str, who: str) -> bool:
        """Ask a bulk action to stop; False if it is over or unknown. The first person to ask is kept."""
        entry = f"{ACTION_PREFIX}{action_id}"
        running = Attr("action_state").eq(ActionState.RUNNING)
        try:
            self._table.update_item(
                ItemUpdate(entry, entry, {"stop_asked": True}, running, first={"stop_asked_by": who})
            )
        except ConditionFailedError:
            return False
        return True

    def list_actions(self, cursor: str = "", limit: int = 50) -> ActionPage:
        """List actions, the newest first: one read. Raises :class:`processor.domain.cursors.CursorError`."""
        page = read_index_page(self._table, "by_kind", ("kind", ACTION_KIND), cursor=cursor, limit=limit)
        return ActionPage(tuple(map(ActionEntry.from_item, page.items)), page.older, page.newer)


def _progress_of(action: ActionEntry) -> tuple[ActionState, int, int, int, str]:
    return action.state, action.done, action.skipped, action.failed, action.resume


def _unchanged_since(action: ActionEntry) -> ConditionBase:
    """Demand that nobody else has advanced the action. Zeros and empty values are not stored."""
    condition: ConditionBase = Attr("action_state").eq(action.state)
    for name in ("done", "skipped", "failed", "resume"):
        value, attribute = getattr(action, name), Attr(name)
        condition &= attribute.eq(value) if value else attribute.eq(value) | attribute.not_exists()
    return condition
