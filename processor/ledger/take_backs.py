"""The ledger's account of take-backs: which file's orders are going back at present, by which action, and how far.

While a file has ``taking_back``, no run of it begins and nobody else takes its orders back.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.conditions import Attr

from processor.domain.entries import FILE_ENTRY
from processor.domain.errors import IllegalTransitionError, OrdersGoingBackError
from processor.domain.file_states import AT_REST, FileState
from processor.domain.take_backs import TAKE_BACK_ENTRY, TakeBack
from processor.ledger.table import ConditionFailedError, ItemPut, ItemUpdate

if TYPE_CHECKING:
    from processor.domain.entries import FileEntry
    from processor.ledger.ledger import Ledger
    from processor.ledger.table import FilesTable

_MOST_ATTEMPTS = 5


class TakeBacks:
    """The take-backs of all files."""

    def __init__(self, table: FilesTable, ledger: Ledger) -> None:
        self._table = table
        self._ledger = ledger

    def read_take_back(self, file_id: str) -> TakeBack | None:
        """Read a file's newest take-back, as last written."""
        item = self._table.get_item(file_id, TAKE_BACK_ENTRY)
        return TakeBack.from_item(item) if item else None

    def begin_void(self, file_id: str, action_id: str, at: str, note: ItemUpdate) -> TakeBack:
        """Void a file for an action, with its note; or return the take-back that the action has begun before.

        A void that was stopped goes on under this action: whoever calls has made sure that the other one is over.
        Raises :class:`IllegalTransitionError` and :class:`OrdersGoingBackError`.
        """
        for _ in range(_MOST_ATTEMPTS):
            begun = self._begun(file_id, action_id)
            if begun:
                return begun
            entry = self._ledger.read_file(file_id)
            if entry is None:
                raise IllegalTransitionError(None, FileState.VOIDED)
            with suppress(ConditionFailedError):  # Somebody else was faster: decide by the new state.
                return self._void(entry, action_id, at, note)
        raise IllegalTransitionError(entry.state if entry else None, FileState.VOIDED)

    def _void(self, entry: FileEntry, action_id: str, at: str, note: ItemUpdate) -> TakeBack:
        if not entry.taking_back:
            fresh = TakeBack(entry.file_id, action_id, rows=entry.accepted_rows)
            self._ledger.void(entry, at, action_id, note, ItemPut(fresh.to_item()))
            return fresh
        stopped = self.read_take_back(entry.file_id)
        if stopped is None or entry.state is not FileState.VOIDED:
            raise OrdersGoingBackError(entry.taking_back)
        return self.carry_on(stopped, action_id, note)

    def carry_on(self, stopped: TakeBack, action_id: str, note: ItemUpdate) -> TakeBack:
        """Go on with a take-back under another action; raises :class:`ConditionFailedError` if it has gone on."""
        going_back = Attr("taking_back").eq(stopped.action_id)
        mark = ItemUpdate(stopped.file_id, FILE_ENTRY, {"taking_back": action_id}, going_back)
        self._table.transact(mark, _change(stopped, action_id=action_id), note)
        return stopped._replace(action_id=action_id)

    def begin_replace(self, entry: FileEntry, replaced_by: str, action_id: str, note: ItemUpdate) -> TakeBack:
        """Mark a file at rest, of which an action is to take replaced orders back; or return what it has begun before.

        Raises :class:`OrdersGoingBackError`, and :class:`ConditionFailedError` if the file has changed.
        """
        begun = self._begun(entry.file_id, action_id)
        if begun:
            return begun
        if entry.taking_back or entry.state not in AT_REST:
            raise OrdersGoingBackError(entry.taking_back)
        fresh = TakeBack(entry.file_id, action_id, replaced_by, rows=entry.accepted_rows)
        self._ledger.mark_taking_back(entry, action_id, note, ItemPut(fresh.to_item()))
        return fresh

    def _begun(self, file_id: str, action_id: str) -> TakeBack | None:
        found = self.read_take_back(file_id)
        return found if found and found.action_id == action_id else None

    def progress_update(self, old: TakeBack, new: TakeBack) -> ItemUpdate:
        """Make the change of the counts, for the transaction that deletes what they count.

        Its condition fails if another worker is ahead.
        """
        return _change(old, position=new.position, taken_back=new.taken_back, kept=new.kept, absent=new.absent)

    def finish(self, take_back: TakeBack, at: str, *, rejected_key: str = "") -> bool:
        """End a take-back, and let runs begin again; False if an earlier worker has ended it.

        A voided file loses the key of its accepted rows, which are deleted; its rejected rows may have a new one.
        """
        entry = self._ledger.read_file(take_back.file_id)
        if entry is None or entry.taking_back != take_back.action_id:
            return False
        values: dict[str, Any] = {}
        remove = ["taking_back"]
        if not take_back.replaced_by:
            remove.append("accepted_key")
            values |= {"rejected_key": rejected_key} if rejected_key else {}
        elif take_back.taken_back:
            values["replaced_by"] = [*entry.replaced_by, take_back.replaced_by]
            values["replaced_rows"] = entry.replaced_rows + take_back.taken_back
        held = Attr("taking_back").eq(take_back.action_id)
        change = ItemUpdate(take_back.file_id, FILE_ENTRY, values, held, remove=tuple(remove))
        try:
            self._table.transact(change, _change(take_back, finished_at=at))
        except ConditionFailedError:  # The first attempt took effect and its answer was lost, or another was faster.
            ended = self.read_take_back(take_back.file_id)
            return ended is not None and ended.action_id == take_back.action_id and ended.finished_at == at
        return True


def _change(old: TakeBack, **values: Any) -> ItemUpdate:
    """Make a change of the account that nobody else has changed since it was ``old``."""
    condition = (
        Attr("action_id").eq(old.action_id) & Attr("position").eq(old.position) & Attr("finished_at").not_exists()
    )
    return ItemUpdate(old.file_id, TAKE_BACK_ENTRY, values, condition)
