"""Voiding a file, on moto: all that it has stored goes back, nothing else, exactly counted wherever a worker dies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from admin_api.actions.dismissal import Dismissal
from admin_api.actions.resume import resume_action, stop_action
from admin_api.actions.voiding import void_file
from admin_api.web.errors import RefusedError
from processor.domain.actions import ActionState
from processor.domain.errors import OrdersGoingBackError
from processor.domain.file_states import FileState
from processor.ledger.counters import Counters
from processor.messaging.messages import reprocess_body
from processor.orders import taking_back
from processor.orders.taking_back import TakenOverError
from tests.integration.admin_api.actions.going_back import (
    REASON,
    ask_to_void,
    emitted,
    entry_of,
    orders_of,
    stored_file,
    work,
    work_off,
)
from tests.integration.admin_api.console import OPERATOR
from tests.integration.kill import Kill, Killer
from tests.integration.processor.orders.books import delete_order, order_of, put_order, reprocess
from tests.integration.stage import BAD_ROW, GOOD_ROWS, csv_file

if TYPE_CHECKING:
    from processor.domain.entries import FileEntry
    from processor.wiring.services import Clients
    from tests.integration.admin_api.console import ConsoleStage


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Delete three orders in a transaction."""
    monkeypatch.setattr(taking_back, "MOST_DELETES", 3)


def counts_of(console: ConsoleStage, entry: FileEntry) -> tuple[int, int, int]:
    """Return the ledger's counts: taken back, kept, absent."""
    found = console.console.take_backs.read_take_back(entry.file_id)
    assert found is not None
    return found.taken_back, found.kept, found.absent


def clients_of(console: ConsoleStage) -> Clients:
    """Return the clients at whose calls the worker may die."""
    return console.stage.clients._replace(s3=console.console.s3, files=console.console.dynamodb)


def check_voided(console: ConsoleStage, entry: FileEntry) -> None:
    """Hold what a voided file leaves against what it should: its original and its rejected rows, in the archive."""
    stage, now = console.stage, entry_of(console.stage, entry)
    assert (now.state, now.counted_as, now.taking_back) == (FileState.VOIDED, "voided", "")
    assert now.voided_at
    assert orders_of(stage, entry) == []
    assert stage.objects("processed-data/") == stage.objects("failed-data/") == []
    assert sorted(stage.objects("archive/")) == sorted([now.original_key, now.rejected_key])
    assert now.accepted_key == ""
    assert (now.accepted_rows, now.rejected_rows) == (entry.accepted_rows, entry.rejected_rows)
    counts = Counters(stage.clients.files, "files").read_counts()
    assert (counts.at_rest[FileState.VOIDED], counts.at_rest[FileState.PARTIAL]) == (1, 0)
    assert counts.rejected_rows_waiting == 0


def test_voided_file_has_no_orders_and_keeps_its_original(
    console: ConsoleStage, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """The worker takes back every order, clears away what was made of the file, and says who wanted it and why."""
    entry = stored_file(console.stage)

    asked = ask_to_void(console, entry)
    done = work(console)

    check_voided(console, entry)
    assert (asked.state, asked.expected) == (ActionState.RUNNING, 8)
    assert done is not None
    assert (done.state, done.done, done.skipped, done.failed) == (ActionState.DONE, 8, 0, 0)
    assert counts_of(console, entry) == (8, 0, 0)
    assert emitted(capsys.readouterr().out) == {"FilesVoided": 1, "OrdersVoided": 8, "OrdersReplaced": 0}
    assert "file_voided" in caplog.messages
    story = console.console.files.read_story(entry.file_id)
    assert story is not None
    [note] = [action for action in story.actions if action.action_id == asked.action_id]
    assert (note.who, note.reason, note.state) == (OPERATOR.name, REASON, ActionState.DONE)


def test_orders_of_other_files_stay(console: ConsoleStage) -> None:
    """Neither lines of the same orders nor an order that stands under one of the file's own keys is touched."""
    console.stage.configure(same_orders="store")
    entry = stored_file(console.stage)
    other = console.stage.process("other.csv", csv_file(*GOOD_ROWS, "A-5,Ada,Engine,1,1.00"))
    put_order(console.stage, order_of(console.stage, "A-2", entry), file_id={"S": other.file_id})
    delete_order(console.stage, "A-7", entry)

    ask_to_void(console, entry)
    done = work(console)

    assert orders_of(console.stage, entry) == []
    assert sorted(orders_of(console.stage, other)) == ["A-1", "A-2", "A-2", "A-5"]
    assert counts_of(console, entry) == (6, 1, 1)
    assert done is not None
    assert (done.done, done.skipped) == (6, 2)


def test_a_worker_that_dies_again_and_again_comes_to_the_same_end(console: ConsoleStage) -> None:
    """Each takes up where the last one died, at a later call each time."""
    entry = stored_file(console.stage)
    delete_order(console.stage, "A-7", entry)
    ask_to_void(console, entry)
    deaths, done = 0, None
    while done is None:
        with Killer(deaths, after=bool(deaths % 2)).watching(clients_of(console)):
            try:
                done = work(console, saves_often=True)
            except Kill:
                deaths += 1

    check_voided(console, entry)
    assert deaths > 8
    assert counts_of(console, entry) == (7, 0, 1)
    assert (done.state, done.done, done.skipped) == (ActionState.DONE, 7, 1)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_death_at_any_call_changes_nothing_in_the_end(
    console: ConsoleStage, capsys: pytest.CaptureFixture[str], *, after: bool
) -> None:
    """Orders, state, counts and metrics; only a worker that dies in the transaction that ends it tells no metrics."""
    untold, step, died = [], 0, True
    while died:
        entry = console.stage.process(f"{step}.csv", csv_file(*(f"B-{step}-{n},Ada,Pen,1,1" for n in range(4))))
        action_id = ask_to_void(console, entry).action_id
        capsys.readouterr()
        with Killer(step, after).watching(clients_of(console)) as killer:
            try:
                work(console)
                died = False
            except Kill:
                work(console)
        told = emitted(capsys.readouterr().out)
        if (told["FilesVoided"], told["OrdersVoided"]) != (1, 4):
            assert told["FilesVoided"] == 0
            untold.append(killer.calls[step])
        now, action = entry_of(console.stage, entry), console.console.actions.read_action(action_id)
        assert (now.state, now.taking_back, now.accepted_key) == (FileState.VOIDED, "", "")
        assert counts_of(console, entry) == (4, 0, 0)
        assert action is not None
        assert (action.state, action.done, action.skipped, action.failed) == (ActionState.DONE, 4, 0, 0)
        step += 1

    assert step > 10
    assert untold == (["TransactWriteItems"] if after else [])
    assert console.stage.orders() == []
    assert console.stage.objects("processed-data/") == []


def test_stopped_void_says_how_far_it_is_and_goes_on_when_asked_again(
    console: ConsoleStage, capsys: pytest.CaptureFixture[str]
) -> None:
    """Meanwhile the file is voided and no run may begin; the counts are those of the whole void."""
    entry = stored_file(console.stage)
    asked = ask_to_void(console, entry)
    console.console.actions.request_stop(asked.action_id, OPERATOR.name)
    stopped = work(console, saves_often=True)
    between = entry_of(console.stage, entry)

    again = ask_to_void(console, between)
    done = work(console)

    assert stopped is not None
    assert stopped.state is ActionState.STOPPED
    assert 0 <= stopped.done < stopped.expected == 8
    assert (between.state, between.taking_back) == (FileState.VOIDED, asked.action_id)
    assert done is not None
    assert (done.action_id, done.state, done.done) == (again.action_id, ActionState.DONE, 8)
    check_voided(console, entry)
    assert emitted(capsys.readouterr().out) == {"FilesVoided": 1, "OrdersVoided": 8, "OrdersReplaced": 0}


def test_stopped_void_goes_on_when_it_is_resumed(console: ConsoleStage) -> None:
    """However many people press the button, one action carries it on."""
    entry = stored_file(console.stage)
    asked = ask_to_void(console, entry)
    stop_action(console.console, OPERATOR, asked.action_id)
    work(console, saves_often=True)

    first = resume_action(console.console, OPERATOR, asked.action_id)
    second = resume_action(console.console, OPERATOR, asked.action_id)
    work_off(console)

    assert first.action_id == second.action_id != asked.action_id
    done = console.console.actions.read_action(first.action_id)
    assert done is not None
    assert (done.state, done.done, done.reason) == (ActionState.DONE, 8, REASON)
    check_voided(console, entry)
    with pytest.raises(RefusedError):
        resume_action(console.console, OPERATOR, asked.action_id)


def test_a_worker_whose_time_is_up_calls_the_next(console: ConsoleStage) -> None:
    """The next one goes on where it was."""
    entry = stored_file(console.stage)
    ask_to_void(console, entry)

    shares = 0
    while console.worker.calls:
        done = work(console, remaining_s=1.0, saves_often=True)
        shares += 1

    assert shares > 1
    assert done is not None
    assert (done.state, done.done) == (ActionState.DONE, 8)
    check_voided(console, entry)


def test_two_workers_count_no_order_twice(console: ConsoleStage) -> None:
    """Lambda may invoke twice: the one that is behind notices before it deletes anything."""
    entry = stored_file(console.stage)
    action = ask_to_void(console, entry)
    slow = void_file(console.console, action)
    next(slow)
    next(slow)

    work(console)
    with pytest.raises(TakenOverError):
        next(slow)

    check_voided(console, entry)
    assert counts_of(console, entry) == (8, 0, 0)


@pytest.mark.parametrize("codes", [["ThrottlingError"], ["TransactionConflict"], ["ProvisionedThroughputExceeded"]])
def test_refused_transactions_are_sent_again(
    console: ConsoleStage, monkeypatch: pytest.MonkeyPatch, codes: list[str]
) -> None:
    """A new table takes 4,000 writes a second, and somebody else may write at the same moment."""
    entry = stored_file(console.stage)
    ask_to_void(console, entry)
    dynamodb, refused = console.console.dynamodb, [2]
    transact = dynamodb.transact_write_items

    def refuse(**request: Any) -> Any:
        items = request["TransactItems"]
        if refused[0] and any("Delete" in item for item in items):
            refused[0] -= 1
            reasons = [{"Code": "None"}] * (len(items) - 1) + [{"Code": code} for code in codes]
            answer: Any = {"Error": {"Code": "TransactionCanceledException"}, "CancellationReasons": reasons}
            raise dynamodb.exceptions.TransactionCanceledException(answer, "TransactWriteItems")
        return transact(**request)

    monkeypatch.setattr(dynamodb, "transact_write_items", refuse)
    work(console)

    assert refused == [0]
    check_voided(console, entry)
    assert counts_of(console, entry) == (8, 0, 0)


def test_voided_file_gets_its_orders_back_by_reprocessing(console: ConsoleStage) -> None:
    """They stand under the same keys, and the file is one like any other again."""
    stage = console.stage
    entry = stored_file(stage)
    before = stage.results(entry)
    ask_to_void(console, entry)
    work(console)

    again = reprocess(stage, entry_of(stage, entry))

    assert stage.results(again)["orders"] == before["orders"]
    assert (again.state, again.voided_at, again.accepted_key) == (FileState.PARTIAL, "", entry.accepted_key)
    ask_to_void(console, again)
    work(console)
    assert counts_of(console, entry) == (8, 0, 0)


def test_voided_file_whose_next_run_fails_has_no_orders(console: ConsoleStage) -> None:
    """The counts are those of the run that stored it, and what was taken back is still gone."""
    stage = console.stage
    entry = stored_file(stage)
    ask_to_void(console, entry)
    work(console)
    stage.configure(max_file_bytes=1)

    failed = reprocess(stage, entry_of(stage, entry))

    assert failed.state is FileState.FAILED
    assert not failed.has_orders
    assert not failed.holds_content
    assert orders_of(stage, entry) == []


def test_the_same_content_may_come_again_after_a_void(console: ConsoleStage) -> None:
    """The voided file holds nothing."""
    stage = console.stage
    entry = stage.process("orders.csv", csv_file(*GOOD_ROWS))
    ask_to_void(console, entry)
    work(console)

    again = stage.process("again.csv", csv_file(*GOOD_ROWS))

    assert again.state is FileState.PROCESSED
    assert sorted(orders_of(stage, again)) == ["A-1", "A-2"]


def test_dismissed_file_can_be_voided(console: ConsoleStage) -> None:
    """Its good rows are stored all the same."""
    stage = console.stage
    entry = stored_file(stage)
    Dismissal(stage.services.ledger, stage.services.objects, stage.services.now).dismiss(entry.file_id)

    ask_to_void(console, entry_of(stage, entry))
    work(console)

    check_voided(console, entry)


def test_no_run_begins_while_orders_are_taken_back(console: ConsoleStage) -> None:
    """It would store again what the worker deletes."""
    stage = console.stage
    entry = stored_file(stage)
    asked = ask_to_void(console, entry)
    stop_action(console.console, OPERATOR, asked.action_id)
    work(console, saves_often=True)

    with pytest.raises(OrdersGoingBackError, match=asked.action_id):
        stage.services.ledger.request_reprocess(entry.file_id)
    stage.handle(stage.message(reprocess_body(entry.file_id)))

    assert entry_of(stage, entry).state is FileState.VOIDED


def test_void_is_refused_where_nothing_tells_the_orders(console: ConsoleStage) -> None:
    """The accepted rows have expired: the file stays as it is, and the words say what to do."""
    entry = stored_file(console.stage)
    console.console.s3.delete_object(Bucket=entry.bucket, Key=entry.accepted_key)

    with pytest.raises(RefusedError, match="Reprocess the file to have it written again"):
        ask_to_void(console, entry)

    assert entry_of(console.stage, entry).state is FileState.PARTIAL
    assert console.worker.calls == []


def test_void_goes_on_when_a_damaged_object_is_mended(console: ConsoleStage) -> None:
    """Somebody has cut the accepted rows short: nothing is called done, and the way out is named."""
    stage = console.stage
    entry = stored_file(stage)
    whole = stage.read(entry.accepted_key)
    stage.clients.s3.put_object(Bucket=entry.bucket, Key=entry.accepted_key, Body=whole[: whole.index(b"A-5,")])
    ask_to_void(console, entry)
    failed = work(console)
    between = entry_of(stage, entry)
    stage.clients.s3.put_object(Bucket=entry.bucket, Key=entry.accepted_key, Body=whole)

    ask_to_void(console, between)
    done = work(console)

    assert failed is not None
    assert (failed.done, failed.failed) == (5, 1)
    assert "Bring its former version back" in failed.error
    assert between.taking_back == failed.action_id
    assert done is not None
    assert (done.done, done.failed) == (8, 0)
    check_voided(console, entry)


def test_failed_void_leaves_the_file_as_it_was(console: ConsoleStage) -> None:
    """Somebody has asked for a new run in the same moment."""
    stage = console.stage
    entry = stored_file(stage)
    ask_to_void(console, entry)
    stage.services.ledger.request_reprocess(entry.file_id)

    done = work(console)

    assert done is not None
    assert (done.done, done.failed) == (0, 1)
    assert "cannot become voided" in done.error
    assert len(orders_of(stage, entry)) == 8


@pytest.mark.parametrize("make", ["failed", "all rejected"])
def test_file_without_orders_cannot_be_voided(console: ConsoleStage, make: str) -> None:
    """There is nothing to take back."""
    body = b"%PDF" if make == "failed" else csv_file(BAD_ROW)
    entry = console.stage.process("orders.csv", body)

    with pytest.raises(RefusedError, match=r"no orders that could be taken back"):
        ask_to_void(console, entry)


def test_other_errors_of_aws_are_not_swallowed(console: ConsoleStage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lambda tries again, and the action's page says why it stands."""
    entry = stored_file(console.stage)
    ask_to_void(console, entry)
    dynamodb, transact = console.console.dynamodb, console.console.dynamodb.transact_write_items

    def refuse(**request: Any) -> Any:
        if any("Delete" in item for item in request["TransactItems"]):
            raise ClientError({"Error": {"Code": "AccessDeniedException"}}, "TransactWriteItems")
        return transact(**request)

    with monkeypatch.context() as patch:
        patch.setattr(dynamodb, "transact_write_items", refuse)
        with pytest.raises(ClientError):
            work(console)

    work(console)
    check_voided(console, entry)
