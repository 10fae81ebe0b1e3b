"""A file that is read in ranges leaves the same as one run, to the byte, whatever dies on the way."""

from __future__ import annotations

import json
import random
import time
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from processor.domain.entries import DIED, ERROR
from processor.domain.errors import LeaseLostError, MessageFailedError, StepFailedError
from processor.domain.file_states import FileState
from processor.large_files.plan import Folder
from processor.large_files.splitting import Range
from processor.large_files.steps import give_back_file, plan_ranges
from processor.messaging.messages import reprocess_body
from processor.pipeline.handover import Task
from processor.storage.accepted_reader import read_accepted_rows, run_with_offsets
from tests.integration.calls import calls_to
from tests.integration.kill import Kill, Killer
from tests.integration.ranges import Machine
from tests.integration.stage import BAD_ROW, BUCKET, HEADER, csv_file, s3_event

if TYPE_CHECKING:
    from processor.domain.entries import FileEntry
    from processor.domain.object_keys import ObjectVersion
    from tests.integration.stage import Stage

RANGE = 1_200


def large_file(rows: int = 240) -> bytes:
    """Build a file with plain rows, quoted line breaks, bad rows, blank lines and a stray quote."""
    lines = [f"A-{number},Ada,Engine,{number + 1},2.50" for number in range(rows)]
    lines[10::50] = [f'"B-{number}","Ada\n\nLovelace","Gear ""x""",1,1.00' for number in range(len(lines[10::50]))]
    lines[20::90] = [BAD_ROW] * len(lines[20::90])
    lines[33:33] = ["", 'A-1,"stray,Engine,1,1.00', " "]
    return csv_file(*lines)


def assert_equal_to_one_run(stage: Stage, entry: FileEntry) -> None:
    """Process the file once more, in one go, which leaves everything as it was: orders, keys, objects, counts."""
    in_ranges = _left_behind(stage, entry)
    stage.configure(run_bytes_per_s=1_000_000_000, max_rows=1_000_000)
    stage.services.ledger.request_reprocess(entry.file_id)
    stage.handle(stage.message(reprocess_body(entry.file_id)))

    again = stage.services.ledger.read_file(entry.file_id)

    assert again is not None
    assert again.run_id != entry.run_id
    assert in_ranges == _left_behind(stage, again)


def _left_behind(stage: Stage, entry: FileEntry) -> dict[str, Any]:
    facts = (entry.reasons, entry.warnings, entry.size_bytes, entry.content_sha256, entry.accepted_key)
    return stage.results(entry) | {"facts": facts}


def hand_over(stage: Stage, version: ObjectVersion, receive_count: int = 1) -> None:
    """Deliver a file that is then handed over: its message stays."""
    assert not stage.deliver(version, receive_count=receive_count)


def process_in_ranges(stage: Stage, name: str, body: bytes, **metadata: str) -> FileEntry:
    """Upload, hand over, run the machine, and return the ledger's entry."""
    machine = Machine.before(stage, range_bytes=RANGE)
    version = stage.upload(name, body, **metadata)
    hand_over(stage, version)
    machine.run()
    return stage.entry(version)


def test_an_order_is_laid_aside_whole_whichever_ranges_its_rows_are_in(stage: Stage) -> None:
    """Its rows in earlier and later ranges are not stored, either, and lie among the rejected rows in their order."""
    rows = [f"A-{number % 7},Ada,Engine,{number + 1},2.50" for number in range(240)]
    rows[120] = "A-3,Ada,Engine,many,2.50"

    entry = process_in_ranges(stage, "orders.csv", csv_file(*rows))

    assert {order["order_id"] for order in stage.orders()} == {f"A-{number}" for number in (0, 1, 2, 4, 5, 6)}
    assert [row[0] for row in stage.read_csv(entry.rejected_key)[1:]] == ["A-3"] * len(range(3, 240, 7)) + ["A-3"]
    assert stage.objects("work-data/") == []
    assert_equal_to_one_run(stage, entry)


def test_rejected_orders_that_are_gone_are_found_again(stage: Stage) -> None:
    """Somebody has deleted them: storing a range would store orders in part, so the next run plans again."""
    machine = Machine.before(stage, range_bytes=RANGE)
    version = stage.upload("orders.csv", large_file())
    hand_over(stage, version)
    task = Task(**machine.waiting[0])
    plan = plan_ranges(task, stage.services, machine.invocation())
    stage.clients.s3.delete_object(Bucket=BUCKET, Key=Folder(plan["folder"]).rejected_orders)

    machine.store(task, plan, Range(**json.loads(stage.read(plan["manifest_key"]))[0]))
    stored = stage.orders()
    machine.run()

    assert stored == []
    assert_equal_to_one_run(stage, stage.entry(version))


def test_ranges_leave_what_one_run_leaves(stage: Stage) -> None:
    """Orders, objects, counts, reasons, digest and state are equal; message and working objects are gone."""
    entry = process_in_ranges(stage, "orders.csv", large_file())

    assert entry.state is FileState.PARTIAL
    assert stage.objects("work-data/") == stage.objects("raw-data/") == []
    assert len(stage.mails()) == 1
    counts = stage.clients.sqs.get_queue_attributes(
        QueueUrl=stage.services.config.queue_url,
        AttributeNames=["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"],
    )["Attributes"]
    assert set(counts.values()) == {"0"}
    assert_equal_to_one_run(stage, entry)


def test_the_receipt_is_one_run_s(stage: Stage) -> None:
    """One run on record, with the ranges' batches, write units and times added up, and the machine's own price."""
    entry = process_in_ranges(stage, "orders.csv", large_file())

    [run] = stage.services.ledger.list_runs(entry.file_id)
    assert (run.outcome, run.accepted_rows) == (FileState.PARTIAL, entry.accepted_rows)
    assert run.batches >= entry.accepted_rows / 25
    assert float(run.consumed_write_units) > 0
    assert float(run.costs["state_transitions"]) > 0
    assert run.duration_ms >= 0


@pytest.mark.parametrize("most", [8_192, 3])
def test_every_page_of_the_joined_rows_is_where_the_receipt_says(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    """The offsets of a joined object lead to their rows, thinned out or not, as does every row between them."""
    monkeypatch.setattr("processor.large_files.steps.MOST_OFFSETS", most)
    entry = process_in_ranges(stage, "orders.csv", large_file())
    run = run_with_offsets(stage.services.ledger.list_runs(entry.file_id))
    numbers = [int(cells[-1]) for cells in stage.read_csv(entry.accepted_key)[1:]]

    assert run is not None
    assert len(run.row_marks) == len(run.row_offsets) > 1
    for first in (0, 1, 59, 60, 150, len(numbers) - 1):
        found = read_accepted_rows(stage.clients.s3, entry, run, first=first, count=2)
        assert [order.row_number for order in found] == numbers[first : first + 2]


def test_a_file_in_another_encoding(stage: Stage) -> None:
    """The declared encoding holds for every range, and for the archived original."""
    body = csv_file(*(f"A-{number},Zoë,Engine,1,2.50" for number in range(300))).decode().encode("cp1252")

    entry = process_in_ranges(stage, "orders.csv", body, encoding="cp1252")

    assert (entry.state, entry.accepted_rows) == (FileState.PROCESSED, 300)
    assert {order["customer_name"] for order in stage.orders()} == {"Zoë"}
    assert stage.objects("failed-data/") == []


@pytest.mark.parametrize(
    ("body", "cause"),
    [
        (f"{HEADER}\n".encode(), "no_rows"),
        (b"order_id\nA-1\n", "missing_column"),
        (csv_file("A-1,Ada,Engine,1,2.50") + b"\xff", "wrong_encoding"),
    ],
)
def test_what_cannot_be_read_fails_before_its_first_order(stage: Stage, body: bytes, cause: str) -> None:
    """The plan settles such a file as a single run does: failed, one mail, nothing stored, no message left."""
    entry = process_in_ranges(stage, "orders.csv", body)

    assert (entry.state, entry.cause) == (FileState.FAILED, cause)
    assert stage.orders() == []
    assert len(stage.mails()) == 1
    assert stage.objects() == [entry.original_key]


def test_more_lines_than_one_run_stores_are_read_in_ranges(stage: Stage) -> None:
    """The check notices a file that is small in bytes and long in lines."""
    machine = Machine.before(stage, range_bytes=RANGE, max_rows=100)
    stage.configure(run_bytes_per_s=1_000_000_000)
    version = stage.upload("orders.csv", large_file())

    hand_over(stage, version)
    machine.run()

    assert stage.entry(version).state is FileState.PARTIAL


def test_the_lease_holds_while_the_ranges_are_read(stage: Stage) -> None:
    """Neither the same message nor another one about the file begins a second run meanwhile."""
    machine = Machine.before(stage, range_bytes=RANGE)
    version = stage.upload("orders.csv", large_file())
    with calls_to(stage.clients.sqs) as calls:
        hand_over(stage, version)
    (hidden,) = [call.parameters for call in calls if call.operation == "ChangeMessageVisibility"]
    assert int(time.time()) + hidden["VisibilityTimeout"] > stage.entry(version).lease_until
    stage.advance_clock(hours=0.9)

    stage.deliver(version)

    assert len(machine.waiting) == 1
    assert stage.runs(version) == []
    machine.run()
    assert stage.entry(version).state is FileState.PARTIAL


def test_steps_of_a_run_that_was_taken_over_do_nothing(stage: Stage) -> None:
    """Once another run holds the file, the steps of the first one stop, and give nothing back."""
    machine = Machine.before(stage, range_bytes=RANGE)
    version = stage.upload("orders.csv", large_file())
    hand_over(stage, version)
    stage.advance_clock(hours=2)
    hand_over(stage, version, receive_count=2)
    old = Task(**machine.waiting[0])

    with pytest.raises(LeaseLostError):
        plan_ranges(old, stage.services, machine.invocation())
    machine.run()

    assert stage.entry(version).state is FileState.PROCESSING
    assert stage.entry(version).run_id != old.run_id
    machine.run()
    assert stage.entry(version).state is FileState.PARTIAL
    assert [run.outcome for run in stage.runs(version)] == [DIED, "partial"]


def test_a_range_that_fails_is_all_that_the_next_run_stores(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """One range cannot be written: the others are done, the file goes back, and the next run adds the missing one."""
    machine = Machine.before(stage, range_bytes=RANGE)
    version = stage.upload("orders.csv", large_file())
    hand_over(stage, version)
    put = stage.services.objects.put_object

    def fail(bucket: str, key: str, *rest: Any) -> None:
        if key.endswith("00002.json"):
            raise ClientError({"Error": {"Code": "SlowDown", "Message": "slower"}}, "PutObject")
        put(bucket, key, *rest)

    with monkeypatch.context() as patch:
        patch.setattr(type(stage.services.objects), "put_object", lambda _self, *rest: fail(*rest))
        machine.run()
    assert (stage.entry(version).state, stage.entry(version).cause) == (FileState.QUEUED, "RangesMissingError")
    hand_over(stage, version, receive_count=2)
    with Killer().watching(stage.clients) as watched:
        machine.run()

    assert watched.calls.count("BatchWriteItem") <= 2 * (1 + RANGE // 25 // 25)
    assert [run.outcome for run in stage.runs(version)] == [ERROR, "partial"]
    assert_equal_to_one_run(stage, stage.entry(version))


def test_a_plan_that_is_gone_is_made_again_by_the_next_run(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """An emptied working folder costs the file a run and no row; the ledger says what was missing."""
    machine = Machine.before(stage, range_bytes=RANGE)
    version = stage.upload("orders.csv", large_file())
    hand_over(stage, version)

    with monkeypatch.context() as patch:
        patch.setattr("processor.large_files.steps._read_plan", lambda *_: None)
        machine.run()

    assert (stage.entry(version).state, stage.entry(version).cause) == (FileState.QUEUED, "PlanMissingError")
    assert "the next run makes it again" in stage.entry(version).error
    hand_over(stage, version, receive_count=2)
    machine.run()
    assert_equal_to_one_run(stage, stage.entry(version))


def test_after_the_last_receive_it_is_a_dead_letter(stage: Stage) -> None:
    """A run in ranges that fails on the last receive waits for a person, who is told; a redrive goes on with it."""
    machine = Machine.before(stage, range_bytes=RANGE)
    version = stage.upload("orders.csv", large_file())
    hand_over(stage, version, receive_count=3)
    task = Task(**machine.waiting.pop())

    give_back_file(task, StepFailedError("Lambda.Unknown", "killed"), stage.services, machine.invocation())

    entry = stage.entry(version)
    assert (entry.state, entry.cause) == (FileState.DEAD_LETTERED, "Lambda.Unknown")
    assert len(stage.mails()) == 1
    hand_over(stage, version)
    machine.run()
    assert stage.entry(version).state is FileState.PARTIAL


@pytest.mark.parametrize("seed", range(8))
def test_death_at_any_call_converges(stage: Stage, seed: int) -> None:
    """Kill hand-over, plan, ranges and settlement at random calls, many times over: the end is always the same."""
    machine = Machine.before(stage, range_bytes=RANGE * 3)
    version = stage.upload("orders.csv", large_file())
    message = stage.message(s3_event(version))
    lot = random.Random(seed)  # noqa: S311 - no secret
    for receive_count in range(1, 30):
        killer = Killer(lot.choice([*range(40), *range(10)]), lot.random() < 0.5)
        try:
            with killer.watching(stage.clients):
                if stage.handle(message._replace(receive_count=receive_count)):
                    break  # The message is done with.
        except (Kill, MessageFailedError):
            pass
        if machine.waiting:
            try:
                with Killer(lot.randrange(150), lot.random() < 0.5).watching(stage.clients):
                    machine.run()
            except Kill:
                pass
        machine.waiting.clear()
        stage.advance_clock(hours=2)

    assert_equal_to_one_run(stage, stage.entry(version))


def test_reprocessing_reads_in_ranges_again_and_adds_nothing(stage: Stage) -> None:
    """A settled file that a person has run again writes the same items and the same objects."""
    entry = process_in_ranges(stage, "orders.csv", large_file())
    before = _left_behind(stage, entry)
    machine = Machine.before(stage, range_bytes=RANGE)
    stage.services.ledger.request_reprocess(entry.file_id)

    assert not stage.handle(stage.message(reprocess_body(entry.file_id)))
    machine.run()

    again = stage.services.ledger.read_file(entry.file_id)
    assert again is not None
    assert _left_behind(stage, again) == before
    assert len(stage.services.ledger.list_runs(entry.file_id)) == 2


def test_an_original_that_goes_before_settling_makes_no_failure(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every row is stored by then; if the file failed, the same content could be stored a second time."""
    machine = Machine.before(stage, range_bytes=RANGE)
    version = stage.upload("orders.csv", large_file())
    hand_over(stage, version)
    store = machine.store

    def store_and_delete(*arguments: Any) -> None:
        store(*arguments)
        if arguments[2].end == len(large_file()):
            stage.services.objects.delete(version)

    monkeypatch.setattr(machine, "store", store_and_delete)
    machine.run()

    entry = stage.entry(version)
    assert entry.state is FileState.PARTIAL
    assert entry.accepted_rows == len(stage.orders()) > 0


def test_a_file_that_could_not_be_given_back_is_given_back_again(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that stays held by a run that has ended would use up its message's receives in vain."""
    machine = Machine.before(stage, range_bytes=RANGE)
    version = stage.upload("orders.csv", large_file())
    hand_over(stage, version)
    task = Task(**machine.waiting.pop())
    failure = StepFailedError("Lambda.Unknown", "killed")
    with monkeypatch.context() as away:
        away.setattr(type(stage.services.ledger), "fail_run", lambda *_, **__: (_ for _ in ()).throw(OSError("away")))
        with pytest.raises(StepFailedError):
            give_back_file(task, failure, stage.services, machine.invocation())

    give_back_file(task, failure, stage.services, machine.invocation())

    assert stage.entry(version).state is FileState.QUEUED


def test_a_settled_file_moves_when_ranges_read_it_otherwise(stage: Stage) -> None:
    """A failed file goes to the archive once its encoding is known, and back when it can no longer be read."""
    body = csv_file(*(f"A-{number},Zoë,Engine,1,2.50" for number in range(300))).decode().encode("cp1252")
    failed = process_in_ranges(stage, "orders.csv", body)
    assert (failed.state, failed.cause) == (FileState.FAILED, "wrong_encoding")

    processed = process_again_in_ranges(stage, failed, default_encoding="cp1252")
    failed_again = process_again_in_ranges(stage, failed, default_encoding="utf-8")

    assert (processed.state, processed.original_key.split("/")[0]) == (FileState.PROCESSED, "archive")
    assert (failed_again.state, failed_again.cause) == (FileState.FAILED, "wrong_encoding")
    assert stage.objects("failed-data/") == [failed_again.original_key]
    assert stage.objects("archive/") == []


def process_again_in_ranges(stage: Stage, entry: FileEntry, **settings: Any) -> FileEntry:
    """Reprocess a settled file under other settings."""
    machine = Machine.before(stage, range_bytes=RANGE, **settings)
    stage.services.ledger.request_reprocess(entry.file_id)
    assert not stage.handle(stage.message(reprocess_body(entry.file_id)))
    machine.run()
    again = stage.services.ledger.read_file(entry.file_id)
    assert again is not None
    return again


def test_a_file_that_goes_away_before_its_second_plan_may_have_stored_rows(stage: Stage) -> None:
    """Its first run had stored ranges and failed: nobody is told to upload the whole file again."""
    machine = Machine.before(stage, range_bytes=RANGE)
    version = stage.upload("orders.csv", large_file())
    hand_over(stage, version)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tests.integration.ranges.settle_ranges", None)
        machine.run()
    stage.advance_clock()
    hand_over(stage, version, receive_count=2)
    stage.clients.s3.delete_object(Bucket=version.bucket, Key=version.key, VersionId=version.version_id)

    machine.run()

    entry = stage.entry(version)
    assert stage.orders()
    assert (entry.state, entry.cause) == (FileState.FAILED, "object_lost")
