"""Takes back what a file has replaced: the lines of its orders that earlier files have stored.

The processor calls the worker when the file's own orders are stored, so no order is missing meanwhile: each delete has
the condition that they still are. It is an action like those of people, and its id is the run's: however often the
worker is called, it is carried out once.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from admin_api.actions.bulk import BulkStep
from admin_api.actions.going_back import Account, count_replaced, orders_taker
from processor.domain.actions import ActionEntry, ActionKind, ActionState
from processor.domain.entries import to_iso
from processor.domain.errors import OrdersGoingBackError, WaybillError
from processor.domain.file_states import AT_REST, FileState
from processor.domain.take_backs import replacement_id
from processor.ledger.table import ConditionFailedError
from processor.observability.telemetry import logger
from processor.orders.order_ids import OrderIds
from processor.orders.taking_back import STORED, NotStoredError, must_be_stored
from processor.storage.accepted_reader import (
    AcceptedRowsGoneError,
    AcceptedRowsUnreadableError,
    iterate_order_keys,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator
    from typing import Any

    from admin_api.wiring.services import Console
    from processor.domain.entries import FileEntry
    from processor.domain.take_backs import TakeBack

WAYBILL = "Waybill"
"""Who asks for it if a setting has replaced the orders, and no person."""
_TAKE_BACK = "take_back"
_SIGN_OF_LIFE_ROWS = 5_000
_POLL_S = 5.0
_LONGEST_WAIT_S = 600.0
"""Lambda tries again twice after that; then somebody has to resume the action."""


@dataclass(eq=False, repr=False)
class FileUnderWayError(WaybillError):
    """A run of the file goes on, or its orders are being taken back already."""

    message = (
        "{name} is under way, or its orders are being taken back by another action. Resume this when that is over."
    )
    name: str


def is_take_back(event: dict[str, Any]) -> bool:
    """Tell whether the processor calls, as a run has replaced orders."""
    return _TAKE_BACK in event


def begin_take_back(console: Console, event: dict[str, Any]) -> ActionEntry | None:
    """Begin the action of the run that has settled the event's file, or return what an earlier call began."""
    story = console.files.read_story(event[_TAKE_BACK])
    if story is None or not story.entry.replaces:
        return None
    entry = story.entry
    action_id = replacement_id(entry)
    requests = [each for each in story.actions if each.kind is ActionKind.REPLACE]
    asked = max(requests, key=lambda each: each.at, default=None)
    earlier = console.files.read_files(entry.replaces)
    action = ActionEntry(
        action_id=action_id,
        kind=ActionKind.TAKE_BACK,
        at=to_iso(console.now()),
        who=asked.who if asked else WAYBILL,
        sub=asked.sub if asked else "",
        state=ActionState.RUNNING,
        file_id=entry.file_id,
        subject=entry.name,
        reason=asked.reason if asked else "",
        selection={"file_ids": list(entry.replaces)},
        expected=sum(each.accepted_rows for each in earlier),
    )
    if console.actions.begin_action(action):
        logger.info("action_begun", extra={"action_id": action_id, "kind": action.kind, "expected": action.expected})
    return console.actions.read_action(action_id)


@dataclass(frozen=True, slots=True)
class Replacement:
    """Takes the lines of one file's orders back from earlier files; ``sleep`` waits for files that are under way."""

    sleep: Callable[[float], None] = time.sleep

    def take_back(self, console: Console, action: ActionEntry) -> Iterator[BulkStep]:
        """Go through the earlier files, one by one; an executor of ``admin_api.actions.bulk``.

        Raises :class:`FileUnderWayError`.
        """
        account = Account.of(action)
        number, account.before_done, account.before_skipped = map(int, action.resume.split() or (0, 0, 0))
        file_ids: list[str] = action.selection["file_ids"]
        yield from _catch_up(console, action, account, file_ids[number:])
        ids: OrderIds | None = None
        for file_id in file_ids[number:]:
            replacing = yield from self._wait_for_stored(console, action.file_id)
            if replacing is None:
                yield BulkStep(failed=1, error=_no_longer_stored(action))
                return
            if ids is None:
                ids = yield from _read_ids(console, replacing)
            error = yield from self._take_back_from(console, action, account, replacing, file_id, ids)
            number += 1
            account.close_file()
            resume = f"{number} {account.done} {account.skipped}"
            yield BulkStep(failed=int(bool(error)), error=error, resume=resume, save=True)
        console.actions.note_on_file(action, action.file_id, action.subject)

    def _take_back_from(
        self,
        console: Console,
        action: ActionEntry,
        account: Account,
        replacing: FileEntry,
        file_id: str,
        ids: OrderIds,
    ) -> Generator[BulkStep, None, str]:
        """Take the orders with these ids back from one earlier file; return what went wrong, or ""."""
        progress = console.take_backs.read_take_back(file_id)
        if progress is None or progress.action_id != action.action_id:
            entry = yield from self._wait_for(console, file_id)
            if entry is None or not entry.has_orders or not entry.accepted_key:
                return ""  # Nothing of it is stored.
            if entry.arrival_order >= replacing.arrival_order:
                return f"{entry.name} came later than {replacing.name}: its orders stay."
            progress = _begin(console, action, entry, replacing)
        yield from account.tell(progress)
        entry = console.ledger.read_file(file_id)
        if entry is None or progress.finished_at:
            return ""  # An earlier worker died at its end.
        error = ""
        taker = orders_taker(console, entry, ids, must_be_stored(replacing.file_id))
        while progress.position < progress.rows and not error:
            try:
                for progress in taker.take_back(progress):  # noqa: B020  The same, further on.
                    yield from account.tell(progress)
            except NotStoredError:  # Voided, or in a new run, which stores the same orders again.
                if (yield from self._wait_for_stored(console, replacing.file_id)) is None:
                    error = _no_longer_stored(action)
            except (AcceptedRowsGoneError, AcceptedRowsUnreadableError) as problem:
                error = f"{entry.name}: {problem}"
        _finish(console, progress)
        return error

    def _wait_for_stored(self, console: Console, file_id: str) -> Generator[BulkStep, None, FileEntry | None]:
        """Wait as :meth:`_wait_for`; None if the file's orders are not stored."""
        entry = yield from self._wait_for(console, file_id)
        return entry if entry and entry.state in STORED else None

    def _wait_for(self, console: Console, file_id: str) -> Generator[BulkStep, None, FileEntry | None]:
        """Wait until a file is at rest, and nobody else takes its orders back; raises :class:`FileUnderWayError`."""
        waited = 0.0
        while True:
            entry = console.ledger.read_file(file_id)
            if entry is None or (entry.state in AT_REST and not _is_going_back(console, entry)):
                return entry
            if waited >= _LONGEST_WAIT_S:
                raise FileUnderWayError(entry.name)
            yield BulkStep()  # A sign of life.
            self.sleep(_POLL_S)
            waited += _POLL_S


def _catch_up(console: Console, action: ActionEntry, account: Account, file_ids: list[str]) -> Iterator[BulkStep]:
    """Tell what an earlier worker has done to the present file and has not told."""
    for file_id in file_ids[:1]:
        progress = console.take_backs.read_take_back(file_id)
        if progress and progress.action_id == action.action_id:
            yield from account.tell(progress)


def _is_going_back(console: Console, entry: FileEntry) -> bool:
    """Tell whether an action that goes on takes the file's orders back; the void of a file is waited for by nobody."""
    if not entry.taking_back or entry.state is FileState.VOIDED:
        return False
    other = console.actions.read_action(entry.taking_back)
    return other is not None and not other.is_finished


def _begin(console: Console, action: ActionEntry, entry: FileEntry, replacing: FileEntry) -> TakeBack:
    note = console.actions.note_update(action, entry.file_id, entry.name)
    stopped = console.take_backs.read_take_back(entry.file_id) if entry.taking_back else None
    try:
        if stopped and stopped.replaced_by == replacing.file_id:
            return console.take_backs.carry_on(stopped, action.action_id, note)
        if stopped:
            _finish(console, stopped)
            entry = console.ledger.read_file(entry.file_id) or entry
        return console.take_backs.begin_replace(entry, replacing.file_id, action.action_id, note)
    except (OrdersGoingBackError, ConditionFailedError) as error:  # Somebody else was faster by a moment.
        raise FileUnderWayError(entry.name) from error


def _no_longer_stored(action: ActionEntry) -> str:
    return f"The orders of {action.subject} are no longer stored: nothing more is taken back for it."


def _finish(console: Console, progress: TakeBack) -> None:
    if console.take_backs.finish(progress, to_iso(console.now())):
        count_replaced(console, progress)
        files = {"file_id": progress.file_id, "replaced_by": progress.replaced_by}
        logger.info("orders_replaced", extra={**files, "taken_back": progress.taken_back})


def _read_ids(console: Console, replacing: FileEntry) -> Generator[BulkStep, None, OrderIds]:
    """Read the ids of the orders that a file has stored."""
    ids = OrderIds()
    for number, (order_id, _) in enumerate(iterate_order_keys(console.objects, replacing, None)):
        ids.add(order_id)
        if number % _SIGN_OF_LIFE_ROWS == 0:
            yield BulkStep()
    return ids
