"""Orders that go back, on moto: files that a person voids or that a later file replaces, and the worker's part."""

from __future__ import annotations

import itertools
import json
from typing import TYPE_CHECKING, Any

from admin_api.actions.begin import ActionRequest
from admin_api.actions.bulk import BulkWork
from admin_api.actions.perform import act_on_file
from admin_api.actions.replacing import Replacement, begin_take_back, is_take_back
from admin_api.actions.voiding import void_file
from processor.domain.actions import ActionKind
from tests.integration.admin_api.console import OPERATOR
from tests.integration.processor.orders.books import change_ledger
from tests.integration.stage import BAD_ROW, csv_file

if TYPE_CHECKING:
    from collections.abc import Callable

    from processor.domain.actions import ActionEntry
    from processor.domain.entries import FileEntry
    from tests.integration.admin_api.console import ConsoleStage
    from tests.integration.stage import Stage

REASON = "Wrong prices."
NAMES = ("FilesVoided", "OrdersVoided", "OrdersReplaced")


def rows(*numbers: int, price: str = "2.50") -> tuple[str, ...]:
    """Write good rows, one order each."""
    return tuple(f"A-{number},Ada,Engine,{number + 1},{price}" for number in numbers)


def stored_file(stage: Stage, name: str = "orders.csv", count: int = 8) -> FileEntry:
    """Settle a file with so many orders, and two rejected rows."""
    return stage.process(name, csv_file(*rows(*range(count)), BAD_ROW, BAD_ROW))


def ask_to_void(console: ConsoleStage, entry: FileEntry, action_id: str = "") -> ActionEntry:
    """Void a file as an operator, whom the worker then serves."""
    request = ActionRequest(OPERATOR, ActionKind.VOID, action_id or console.action_id(), REASON)
    return act_on_file(console.console, request, entry.file_id)


def replacement(stage: Stage, *, count: int = 8, replaced: int = 6) -> tuple[FileEntry, FileEntry]:
    """Store a file, and a later one that replaces some of its orders and has a new one, as its run leaves them."""
    stage.configure(same_orders="store")
    earlier = stage.process("monday.csv", csv_file(*rows(*range(count))))
    later = stage.process("tuesday.csv", csv_file(*rows(*range(replaced), 99, price="3.00")))
    change_ledger(stage, earlier.file_id, "file", uploaded_at="2026-11-23T10:00:00.000Z")
    change_ledger(stage, later.file_id, "file", uploaded_at="2026-11-24T10:00:00.000Z", replaces=[earlier.file_id])
    stage.worker.calls.clear()
    stage.services.worker.call_take_back(later.file_id)
    return entry_of(stage, earlier), entry_of(stage, later)


def work(
    console: ConsoleStage,
    *,
    remaining_s: float = 900.0,
    saves_often: bool = False,
    sleep: Callable[[float], None] = lambda _: None,
) -> ActionEntry | None:
    """Let the worker take its oldest event, as its handler does; an event whose worker dies is kept for the next."""
    event = console.worker.calls[0]
    handled = _handle(console, event, remaining_s, saves_often=saves_often, sleep=sleep)
    console.worker.calls.remove(event)
    return handled


def _handle(
    console: ConsoleStage,
    event: dict[str, Any],
    remaining_s: float,
    *,
    saves_often: bool,
    sleep: Callable[[float], None],
) -> ActionEntry | None:
    console_ = console.console
    action = (
        begin_take_back(console_, event) if is_take_back(event) else console_.actions.read_action(event["action_id"])
    )
    if action is None or action.is_finished:
        return action
    executor = void_file if action.kind is ActionKind.VOID else Replacement(sleep).take_back
    clock = itertools.count(step=10 if saves_often else 0)
    worker = BulkWork(console_, executor, lambda: remaining_s, sleep=sleep, clock=lambda: float(next(clock)))
    return worker.carry_out(action)


def work_off(console: ConsoleStage) -> None:
    """Let workers take all events."""
    while console.worker.calls:
        work(console)


def entry_of(stage: Stage, entry: FileEntry) -> FileEntry:
    """Read a file's entry as it is now."""
    found = stage.services.ledger.read_file(entry.file_id)
    assert found is not None
    return found


def orders_of(stage: Stage, entry: FileEntry) -> list[str]:
    """List the ids of the orders that the table has of a file."""
    return [order["order_id"] for order in stage.orders() if order["file_id"] == entry.file_id]


def emitted(output: str) -> dict[str, float]:
    """Add up the metrics of orders that went back in what was written."""
    lines = [json.loads(line) for line in output.splitlines() if '"FilesVoided"' in line]
    return {name: sum(line[name][0] for line in lines) for name in NAMES}
