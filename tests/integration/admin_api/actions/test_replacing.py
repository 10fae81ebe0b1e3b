"""Taking back what a file has replaced, on moto: no order is ever missing, and a newer file keeps its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from admin_api.actions import replacing as replacing_module
from admin_api.actions.begin import ActionRequest
from admin_api.actions.perform import act_on_file
from admin_api.actions.replacing import WAYBILL, FileUnderWayError, Replacement
from admin_api.actions.resume import resume_action
from admin_api.web.errors import RefusedError
from processor.domain.actions import ActionEntry, ActionKind, ActionState
from processor.domain.entries import to_iso
from processor.domain.file_states import FileState
from processor.messaging.messages import reprocess_body
from processor.orders import taking_back
from tests.integration.admin_api.actions.going_back import (
    ask_to_void,
    emitted,
    entry_of,
    orders_of,
    replacement,
    rows,
    work,
    work_off,
)
from tests.integration.admin_api.console import OPERATOR
from tests.integration.kill import Kill, Killer
from tests.integration.processor.orders.books import change_ledger, reprocess
from tests.integration.stage import csv_file

if TYPE_CHECKING:
    from processor.domain.entries import FileEntry
    from tests.integration.admin_api.console import ConsoleStage
    from tests.integration.stage import Stage


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Delete two orders in a transaction."""
    monkeypatch.setattr(taking_back, "MOST_DELETES", 2)


def check_replaced(console: ConsoleStage, earlier: FileEntry, later: FileEntry) -> None:
    """Hold both files against what they should have: six of eight orders of the earlier one went back."""
    now = entry_of(console.stage, earlier)
    assert sorted(orders_of(console.stage, earlier)) == ["A-6", "A-7"]
    assert len(orders_of(console.stage, later)) == 7
    assert (now.state, now.taking_back) == (FileState.PROCESSED, "")
    assert (now.replaced_by, now.replaced_rows, now.accepted_rows) == ((later.file_id,), 6, 8)
    assert now.has_orders
    assert now.accepted_key == earlier.accepted_key


def test_only_lines_of_the_same_orders_go_back(console: ConsoleStage, capsys: pytest.CaptureFixture[str]) -> None:
    """Orders that only the earlier file has stay; both files' stories say what happened, as Waybill's own doing."""
    earlier, later = replacement(console.stage)

    done = work(console)

    check_replaced(console, earlier, later)
    assert done is not None
    assert (done.kind, done.state, done.who, done.file_id) == (
        ActionKind.TAKE_BACK,
        ActionState.DONE,
        WAYBILL,
        later.file_id,
    )
    assert (done.done, done.skipped, done.failed, done.expected) == (6, 2, 0, 8)
    assert emitted(capsys.readouterr().out) == {"FilesVoided": 0, "OrdersVoided": 0, "OrdersReplaced": 6}
    for entry in (earlier, later):
        story = console.console.files.read_story(entry.file_id)
        assert story is not None
        assert [action.action_id for action in story.actions] == [done.action_id]


def test_the_action_is_that_of_the_person_who_asked_for_it(console: ConsoleStage) -> None:
    """With the reason that they gave."""
    _, later = replacement(console.stage)
    now = to_iso(console.console.now())
    asked = ActionEntry("20261124T100000Z-0123abcd", ActionKind.REPLACE, now, "ada@example.com", ActionState.DONE)
    console.console.actions.note_on_file(asked, later.file_id, later.name)

    done = work(console)

    assert done is not None
    assert done.who == "ada@example.com"


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_death_while_replacing_converges_and_no_order_is_ever_missing(
    console: ConsoleStage, capsys: pytest.CaptureFixture[str], *, after: bool
) -> None:
    """Kill one worker after the other, each at a later call; every order has a line all the time."""
    earlier, later = replacement(console.stage)
    clients = console.stage.clients._replace(s3=console.console.s3, files=console.console.dynamodb)
    deaths, done = 0, None
    while done is None:
        with Killer(deaths, after).watching(clients):
            try:
                done = work(console, saves_often=True)
            except Kill:
                deaths += 1
        stored = {order["order_id"] for order in console.stage.orders()}
        assert stored == {*(f"A-{number}" for number in range(8)), "A-99"}

    check_replaced(console, earlier, later)
    assert deaths > 10
    assert (done.state, done.done, done.skipped, done.failed) == (ActionState.DONE, 6, 2, 0)
    assert emitted(capsys.readouterr().out)["OrdersReplaced"] in {0, 6}


def test_a_second_call_does_nothing(console: ConsoleStage) -> None:
    """The processor may call twice, and Lambda, too."""
    earlier, later = replacement(console.stage)
    console.stage.services.worker.call_take_back(later.file_id)

    first, second = work(console), work(console)

    assert first == second
    check_replaced(console, earlier, later)


def test_an_older_file_never_takes_back_lines_of_a_newer_one(console: ConsoleStage) -> None:
    """Whichever run was last: the order of arrival decides."""
    earlier, later = replacement(console.stage)
    change_ledger(console.stage, earlier.file_id, "file", uploaded_at="2026-11-25T10:00:00.000Z")

    done = work(console)

    assert done is not None
    assert (done.done, done.failed, done.error) == (
        0,
        1,
        "monday.csv came later than tuesday.csv: its orders stay.",
    )
    assert (len(orders_of(console.stage, earlier)), len(orders_of(console.stage, later))) == (8, 7)


def test_nothing_goes_back_for_a_file_that_is_no_longer_stored(console: ConsoleStage) -> None:
    """Somebody has voided it before the worker came."""
    earlier, later = replacement(console.stage)
    take_back = console.worker.calls.pop()
    ask_to_void(console, later)
    work(console)
    console.worker.calls.append(take_back)

    done = work(console)

    assert done is not None
    assert (done.done, done.failed) == (0, 1)
    assert len(orders_of(console.stage, earlier)) == 8


def test_a_void_in_the_middle_ends_it(console: ConsoleStage) -> None:
    """Not one order more goes back once the replacing file's own may go."""
    earlier, later = replacement(console.stage)
    voided: list[ActionEntry] = []
    action = work_begin(console)
    steps = Replacement(lambda _: None).take_back(console.console, action)
    while sum(order == "A-0" for order in orders_of(console.stage, earlier)):
        next(steps)

    voided.append(ask_to_void(console, later))
    console.worker.calls[:] = [{"action_id": voided[0].action_id}]
    work(console)
    rest = list(steps)

    assert rest[-1].failed == 1
    assert orders_of(console.stage, later) == []
    assert len(orders_of(console.stage, earlier)) == 6
    now = entry_of(console.stage, earlier)
    assert (now.taking_back, now.replaced_rows, now.replaced_by) == ("", 2, (later.file_id,))


def test_a_person_has_a_held_file_replace_the_one_before(console: ConsoleStage) -> None:
    """From the second upload to the end: held, asked for with a reason, stored, and only then are lines taken back."""
    stage = console.stage
    earlier = stage.process("monday.csv", csv_file(*rows(*range(4))))
    later = stage.process("tuesday.csv", csv_file(*rows(1, 2, 9, price="3.00")))
    change_ledger(stage, earlier.file_id, "file", uploaded_at="2026-11-20T10:00:00.000Z")
    assert later.state is FileState.HELD

    request = ActionRequest(OPERATOR, ActionKind.REPLACE, console.action_id(), "Prices were wrong.")
    act_on_file(console.console, request, later.file_id)
    stage.handle(stage.message(reprocess_body(later.file_id)))
    both = [order["order_id"] for order in stage.orders()]
    done = work(console)

    assert sorted(both) == ["A-0", "A-1", "A-1", "A-2", "A-2", "A-3", "A-9"]
    assert sorted(orders_of(stage, earlier)) == ["A-0", "A-3"]
    assert sorted(orders_of(stage, later)) == ["A-1", "A-2", "A-9"]
    assert done is not None
    assert (done.who, done.reason, done.done) == (OPERATOR.name, "Prices were wrong.", 2)
    assert entry_of(stage, later).state is FileState.PROCESSED


def test_an_older_file_may_not_be_asked_to_replace_a_newer_one(console: ConsoleStage) -> None:
    """The refusal names the newer file and says what to do; once that is voided it may."""
    stage = console.stage
    newer = stage.process("tuesday.csv", csv_file(*rows(*range(4))))
    older = stage.process("monday.csv", csv_file(*rows(1, 2, price="3.00")))
    change_ledger(stage, newer.file_id, "file", uploaded_at="2026-11-25T10:00:00.000Z")
    request = ActionRequest(OPERATOR, ActionKind.REPLACE, console.action_id())

    with pytest.raises(RefusedError, match=r"tuesday\.csv came later than monday\.csv"):
        act_on_file(console.console, request, older.file_id)

    assert entry_of(stage, older).state is FileState.HELD
    ask_to_void(console, entry_of(stage, newer))
    work(console)
    again = ActionRequest(OPERATOR, ActionKind.REPLACE, console.action_id())
    assert act_on_file(console.console, again, older.file_id).done == 1


def test_a_dead_letter_may_not_be_replaced(console: ConsoleStage) -> None:
    """The refusal names it and says what to do: nothing tells which of its orders could go back."""
    stage = console.stage
    earlier = stage.process("monday.csv", csv_file(*rows(*range(4))))
    later = stage.process("tuesday.csv", csv_file(*rows(1, 2, price="3.00")))
    change_ledger(stage, earlier.file_id, "file", state="dead_lettered", accepted_rows=0)
    request = ActionRequest(OPERATOR, ActionKind.REPLACE, console.action_id())

    with pytest.raises(RefusedError, match=r"The runs of monday\.csv have not ended"):
        act_on_file(console.console, request, later.file_id)

    assert entry_of(stage, later).state is FileState.HELD


def test_reprocessing_takes_back_nothing_that_was_stored_beside_it_since(console: ConsoleStage) -> None:
    """A run again is safe at any time: it undoes no decision of a person."""
    stage = console.stage
    earlier = stage.process("monday.csv", csv_file(*rows(*range(8))))
    later = stage.process("tuesday.csv", csv_file(*rows(*range(6), price="3.00")))
    run_again(stage, later, "replace")
    work(console)
    run_again(stage, later)
    work(console)
    replaced = orders_of(stage, earlier)
    run_again(stage, earlier)
    run_again(stage, earlier, "store")

    run_again(stage, later)
    while console.worker.calls:
        work(console)

    assert sorted(replaced) == ["A-6", "A-7"]
    assert len(orders_of(stage, earlier)) == 8
    assert len(orders_of(stage, later)) == 6


def run_again(stage: Stage, entry: FileEntry, wish: str = "") -> None:
    """Let a person ask for another run of a file, and run it."""
    stage.services.ledger.request_reprocess(entry.file_id, asked_for=wish)
    stage.handle(stage.message(reprocess_body(entry.file_id)))


def work_begin(console: ConsoleStage) -> ActionEntry:
    """Begin the action of the worker's oldest event, and carry none of it out."""
    action = replacing_module.begin_take_back(console.console, console.worker.calls[0])
    assert action is not None
    return action


@pytest.mark.parametrize("which", ["earlier", "later"])
def test_it_waits_for_a_file_that_is_under_way(console: ConsoleStage, which: str) -> None:
    """A run of either file stores its orders again; then the lines go back."""
    earlier, later = replacement(console.stage)
    busy = earlier if which == "earlier" else later
    console.stage.services.ledger.request_reprocess(busy.file_id)
    waits: list[float] = []

    def run_meanwhile(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 3:
            change_ledger(console.stage, busy.file_id, "file", state="processed")
            reprocess(console.stage, entry_of(console.stage, busy))

    done = work(console, sleep=run_meanwhile)

    assert len(waits) >= 3
    assert done is not None
    assert (done.done, done.failed) == (6, 0)
    assert sorted(orders_of(console.stage, earlier)) == ["A-6", "A-7"]


def test_it_gives_up_on_a_file_that_stays_under_way(console: ConsoleStage) -> None:
    """Lambda tries again; when all tries are over the action stands still until somebody resumes it."""
    earlier, later = replacement(console.stage)
    console.stage.services.ledger.request_reprocess(earlier.file_id)

    with pytest.raises(FileUnderWayError, match=r"monday\.csv is under way"):
        work(console)

    change_ledger(console.stage, earlier.file_id, "file", state="processed")
    work(console)
    check_replaced(console, earlier, later)


def test_a_stopped_take_back_is_resumed_where_it_was(console: ConsoleStage, capsys: pytest.CaptureFixture[str]) -> None:
    """Meanwhile no run of the earlier file begins; the counts are those of the whole."""
    earlier, later = replacement(console.stage)
    action = work_begin(console)
    steps = Replacement(lambda _: None).take_back(console.console, action)
    while len(orders_of(console.stage, earlier)) == 8:
        next(steps)
    console.console.actions.request_stop(action.action_id, OPERATOR.name)
    stopped = work(console, saves_often=True)
    between = entry_of(console.stage, earlier)

    resumed = resume_action(console.console, OPERATOR, action.action_id)
    work_off(console)

    assert stopped is not None
    assert stopped.state is ActionState.STOPPED
    assert 0 < stopped.done < 6
    assert between.taking_back == action.action_id
    done = console.console.actions.read_action(resumed.action_id)
    assert done is not None
    assert (done.state, done.done, done.skipped, done.who) == (ActionState.DONE, 6, 2, OPERATOR.name)
    check_replaced(console, earlier, later)
    assert emitted(capsys.readouterr().out)["OrdersReplaced"] == 6


def test_a_file_of_which_everything_was_replaced_has_no_orders(console: ConsoleStage) -> None:
    """It keeps its state, and nothing is compared with it any more."""
    earlier, _ = replacement(console.stage, count=6, replaced=6)

    work(console)

    now = entry_of(console.stage, earlier)
    assert (now.state, now.replaced_rows, now.has_orders) == (FileState.PROCESSED, 6, False)
    assert orders_of(console.stage, earlier) == []


def test_voiding_a_replaced_file_tells_what_was_gone(console: ConsoleStage) -> None:
    """Two orders go back, six went before."""
    earlier, _ = replacement(console.stage)
    work(console)

    ask_to_void(console, entry_of(console.stage, earlier))
    done = work(console)

    assert done is not None
    assert (done.done, done.skipped) == (2, 6)
    found = console.console.take_backs.read_take_back(earlier.file_id)
    assert found is not None
    assert (found.taken_back, found.kept, found.absent, found.replaced_by) == (2, 0, 6, "")
