"""Deaths, repetitions and double deliveries: each accepted row is stored exactly once, the original is in one place."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from processor.domain.entries import DIED, ERROR
from processor.domain.errors import FileBusyError, MessageFailedError
from processor.domain.file_states import FileState
from processor.messaging.messages import reprocess_body
from tests.integration.kill import Kill, Killer
from tests.integration.stage import BAD_ROW, GOOD_ROWS, MIXED_FILE, csv_file, s3_event

if TYPE_CHECKING:
    from collections.abc import Callable

    from processor.domain.object_keys import ObjectVersion
    from tests.integration.stage import Stage

BROKEN = csv_file("A-1,Zoë,Engine,1,2.00").decode().encode("cp1252")


def run_until_settled(stage: Stage, body: str) -> None:
    """Deliver a message again and again, as SQS does, each time after the visibility timeout."""
    for receive_count in (2, 3):
        stage.advance_clock()
        stage.handle(stage.message(body, receive_count))


def test_a_run_makes_a_known_series_of_calls(stage: Stage) -> None:
    """The steps of a run, in their order: the original leaves the inbox last."""
    version = stage.upload("orders.csv", MIXED_FILE)
    message = stage.message(s3_event(version))

    with Killer().watching(stage.clients) as killer:
        stage.handle(message)

    assert killer.calls == [
        "UpdateItem",  # begin
        "HeadObject",
        "GetObject",
        "PutItem",  # register the orders
        "Query",  # compare them with those of other files
        "PutItem",  # claim the rows
        "GetItem",  # as an earlier release may have claimed them
        "BatchWriteItem",
        "BatchWriteItem",
        "BatchWriteItem",
        "PutObject",  # accepted rows
        "PutObject",  # rejected rows
        "CopyObject",  # archive
        "PutItem",  # the run
        "TransactWriteItems",  # settle, and count the file
        "UpdateItem",  # count the mail
        "Publish",
        "Query",  # does a file wait for this one?
        "DeleteObject",
    ]


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("step", range(19))
def test_death_at_any_step_converges(stage: Stage, step: int, after: bool) -> None:
    """Kill the run at every call in turn; the next delivery leaves exactly what an undisturbed run leaves."""
    version = stage.upload("orders.csv", MIXED_FILE)
    body = s3_event(version)
    message = stage.message(body)
    with pytest.raises(Kill), Killer(step, after).watching(stage.clients):
        stage.handle(message)

    run_until_settled(stage, body)

    entry = stage.entry(version)
    assert entry.state is FileState.PARTIAL
    assert len(stage.orders()) == 60
    assert len({order["order_id"] for order in stage.orders()}) == 60
    assert [key.split("/")[0] for key in stage.objects()] == ["archive", "failed-data", "processed-data"]
    assert stage.read(entry.original_key) == MIXED_FILE
    assert len(stage.read_csv(entry.accepted_key)) == 61
    assert len(stage.read_csv(entry.rejected_key)) == 2
    assert stage.runs(version)[-1].outcome == "partial"


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("step", range(10))
def test_death_while_failing_a_file_converges(stage: Stage, step: int, after: bool) -> None:
    """The same for a file that cannot be read: it lies in failed-data/ once, and a person was told."""
    version = stage.upload("latin.csv", BROKEN)
    body = s3_event(version)
    message = stage.message(body)
    with pytest.raises(Kill), Killer(step, after).watching(stage.clients):
        stage.handle(message)

    run_until_settled(stage, body)

    entry = stage.entry(version)
    assert (entry.state, entry.cause) == (FileState.FAILED, "wrong_encoding")
    assert stage.objects() == [entry.original_key]
    assert stage.read(entry.original_key) == BROKEN
    assert 1 <= len(stage.mails()) <= 2


def test_died_run_is_on_record(stage: Stage) -> None:
    """A run that was killed is recorded when the next one begins."""
    version = stage.upload("orders.csv", MIXED_FILE)
    message = stage.message(s3_event(version))
    with pytest.raises(Kill), Killer(5).watching(stage.clients):
        stage.handle(message)

    run_until_settled(stage, s3_event(version))

    assert [(run.outcome, run.receive_count) for run in stage.runs(version)] == [(DIED, 1), ("partial", 2)]


def test_every_event_twice_gives_the_same(stage: Stage) -> None:
    """A second delivery of a settled file changes nothing: no order, no object, no run, no mail."""
    version = stage.upload("orders.csv", MIXED_FILE)
    stage.deliver(version)
    before, runs = stage.results(stage.entry(version)), stage.runs(version)
    stage.mails()

    stage.deliver(version, version)

    assert stage.results(stage.entry(version)) == before
    assert stage.runs(version) == runs
    assert stage.mails() == []


def test_two_versions_of_one_key_are_two_files(stage: Stage) -> None:
    """Uploads of one name are told apart by their version, in whichever order their events come."""
    first = stage.upload("orders.csv", csv_file(GOOD_ROWS[0]))
    second = stage.upload("orders.csv", csv_file(GOOD_ROWS[1]))

    stage.deliver(second)
    assert stage.clients.s3.head_object(Bucket=first.bucket, Key=first.key, VersionId=first.version_id)
    stage.deliver(first)

    assert sorted(order["order_id"] for order in stage.orders()) == ["A-1", "A-2"]
    assert len(stage.objects("archive/")) == 2
    assert stage.objects("raw-data/") == []


def test_object_gone_before_it_is_read_fails_with_a_word(stage: Stage) -> None:
    """There is nothing to read and nothing to keep, but a person is told."""
    version = stage.upload("orders.csv", MIXED_FILE)
    stage.clients.s3.delete_object(Bucket=version.bucket, Key=version.key, VersionId=version.version_id)

    stage.deliver(version)

    assert (stage.entry(version).state, stage.entry(version).cause) == (FileState.FAILED, "object_gone")
    assert len(stage.mails()) == 1


def test_same_content_under_another_key_is_held(stage: Stage) -> None:
    """A duplicate stores nothing, says of which file it is one, and its bytes are kept."""
    original = stage.process("orders.csv", MIXED_FILE)

    copy = stage.process("orders (1).csv", MIXED_FILE)

    assert (copy.state, copy.duplicate_of) == (FileState.DUPLICATE, original.file_id)
    assert len(stage.orders()) == 60
    assert stage.read(copy.original_key) == MIXED_FILE
    assert stage.objects("raw-data/") == []


def test_content_of_a_failed_file_is_no_duplicate(stage: Stage) -> None:
    """Content that was never stored may come again."""
    stage.process("latin.csv", BROKEN)

    again = stage.process("again.csv", BROKEN, encoding="cp1252")

    assert again.state is FileState.PROCESSED


def test_duplicate_is_processed_when_a_person_says_so(stage: Stage) -> None:
    """To process it anyway is to store it beside the first one."""
    stage.process("orders.csv", csv_file(*GOOD_ROWS))
    copy = stage.process("orders (1).csv", csv_file(*GOOD_ROWS))

    stage.services.ledger.request_reprocess(copy.file_id, asked_for="store")
    stage.handle(stage.message(reprocess_body(copy.file_id)))

    settled = stage.services.ledger.read_file(copy.file_id)
    assert settled is not None
    assert settled.state is FileState.PROCESSED
    assert len(stage.orders()) == 4


def test_reprocessing_writes_the_same_items_again(stage: Stage) -> None:
    """A new run of a stored file changes no key and adds no order."""
    entry = stage.process("orders.csv", MIXED_FILE)
    before = stage.results(entry)
    stage.services.ledger.request_reprocess(entry.file_id)

    stage.advance_clock()
    stage.handle(stage.message(reprocess_body(entry.file_id)))

    settled = stage.services.ledger.read_file(entry.file_id)
    assert settled is not None
    assert stage.results(settled) == before
    assert settled.run_id != entry.run_id


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("step", range(19))
def test_death_while_reprocessing_a_failed_file_converges(stage: Stage, step: int, after: bool) -> None:
    """A failed file without its cause of failure moves from failed-data/ to archive/, whatever dies on the way."""
    stage.configure(max_file_bytes=10)
    entry = stage.process("orders.csv", MIXED_FILE)
    stage.configure(max_file_bytes=1_000_000)
    stage.services.ledger.request_reprocess(entry.file_id)
    body = reprocess_body(entry.file_id)
    message = stage.message(body)
    with pytest.raises(Kill), Killer(step, after).watching(stage.clients):
        stage.handle(message)

    run_until_settled(stage, body)

    settled = stage.services.ledger.read_file(entry.file_id)
    assert settled is not None
    assert settled.state is FileState.PARTIAL
    assert len(stage.orders()) == 60
    assert stage.objects("failed-data/") == [settled.rejected_key]
    assert stage.objects("archive/") == [settled.original_key]


def test_settled_rejects_move_to_the_archive(stage: Stage) -> None:
    """The old rejected rows leave failed-data/, but are kept, after a later run that rejects nothing."""
    body = csv_file(GOOD_ROWS[0])
    stage.configure(max_file_bytes=1_000_000)
    entry = stage.process("orders.csv", csv_file(*GOOD_ROWS, BAD_ROW))
    stage.clients.s3.put_object(Bucket=entry.bucket, Key=entry.original_key, Body=body)
    versions = stage.clients.s3.list_object_versions(Bucket=entry.bucket, Prefix=entry.original_key)["Versions"]
    newest = next(version["VersionId"] for version in versions if version["IsLatest"])
    stage.clients.files.update_item(
        TableName="files",
        Key={"file_id": {"S": entry.file_id}, "entry": {"S": "file"}},
        UpdateExpression="SET original_version = :version",
        ExpressionAttributeValues={":version": {"S": newest}},
    )
    stage.services.ledger.request_reprocess(entry.file_id)

    stage.handle(stage.message(reprocess_body(entry.file_id)))

    assert stage.objects("failed-data/") == []
    assert [key.rpartition("/")[2] for key in stage.objects("archive/")] == ["orders.csv", "orders.rejected.csv"]


@pytest.fixture
def break_s3(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Make every read of an object fail, as an outage would."""

    def fail(*_: object, **__: object) -> None:
        raise ConnectionError("S3 is away")

    def apply() -> None:
        monkeypatch.setattr(stage.clients.s3, "get_object", fail)

    return apply


def visibility_changes(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Record to what the processor sets its messages' visibility."""
    seen: list[int] = []
    change = stage.clients.sqs.change_message_visibility

    def recording(**request: object) -> object:
        seen.append(int(str(request["VisibilityTimeout"])))
        return change(**request)  # type: ignore[arg-type]

    monkeypatch.setattr(stage.clients.sqs, "change_message_visibility", recording)
    return seen


def test_failing_runs_back_off_and_end_in_the_ledger(
    stage: Stage, break_s3: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Unexpected errors wait longer each time; the last run records the cause, tells a person and gives up at once."""
    version = stage.upload("orders.csv", MIXED_FILE)
    break_s3()
    waits = visibility_changes(stage, monkeypatch)

    for receive_count in (1, 2, 3):
        with pytest.raises(MessageFailedError, match="S3 is away"):
            stage.deliver(version, receive_count=receive_count)

    entry = stage.entry(version)
    assert waits == [15, 60, 0]
    assert (entry.state, entry.cause, entry.error) == (FileState.DEAD_LETTERED, "ConnectionError", "S3 is away")
    assert [run.outcome for run in stage.runs(version)] == [ERROR] * 3
    assert stage.objects() == [version.key]
    [mail] = stage.mails()
    assert mail["Subject"] == "[Waybill test] dead letter: orders.csv"


def test_redriven_file_is_processed(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same message settles the file once the cause is gone."""
    version = stage.upload("orders.csv", MIXED_FILE)
    with monkeypatch.context() as patch:
        patch.setattr(stage.clients.s3, "get_object", None)
        with pytest.raises(MessageFailedError):
            stage.deliver(version, receive_count=3)
    assert stage.entry(version).state is FileState.DEAD_LETTERED

    stage.deliver(version, receive_count=1)

    entry = stage.entry(version)
    assert (entry.state, entry.cause, entry.error) == (FileState.PARTIAL, "", "")
    assert len(stage.orders()) == 60


def test_one_bad_file_never_takes_its_neighbours_down(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of several records in a message every other one is settled, and the retry finds only the bad one left."""
    good, bad, last = (
        stage.upload(f"{name}.csv", csv_file(f"{name},Ada,Engine,1,1.00")) for name in ("good", "bad", "last")
    )
    facts = stage.services.objects.read_facts

    def failing(version: ObjectVersion) -> object:
        if version.key == bad.key:
            raise ConnectionError("S3 is away")
        return facts(version)

    with monkeypatch.context() as patch:
        patch.setattr(stage.services.objects, "read_facts", failing)
        with pytest.raises(MessageFailedError):
            stage.deliver(good, bad, last)
    assert [order["order_id"] for order in stage.orders()] == ["good", "last"]

    stage.deliver(good, bad, last, receive_count=2)

    assert sorted(order["order_id"] for order in stage.orders()) == ["bad", "good", "last"]


def test_second_delivery_of_a_message_under_way_waits_for_the_first(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQS may deliver one message twice at once; to acknowledge the second would lose the first."""
    version = stage.upload("orders.csv", MIXED_FILE)
    message = stage.message(s3_event(version))
    with pytest.raises(Kill), Killer(6).watching(stage.clients):
        stage.handle(message)
    waits = visibility_changes(stage, monkeypatch)

    with pytest.raises(MessageFailedError) as raised:
        stage.handle(message._replace(receive_count=2))

    [busy] = raised.value.failures
    assert isinstance(busy, FileBusyError)
    assert 290 < waits[0] <= 303
    assert stage.entry(version).state is FileState.PROCESSING


def test_duplicate_event_of_a_file_under_way_is_acknowledged(stage: Stage) -> None:
    """Another message about the same object need not wait: the first message answers for the file."""
    version = stage.upload("orders.csv", MIXED_FILE)
    first = stage.message(s3_event(version))
    with pytest.raises(Kill), Killer(6).watching(stage.clients):
        stage.handle(first)

    stage.deliver(version)

    assert stage.entry(version).state is FileState.PROCESSING
    stage.advance_clock()
    stage.handle(first._replace(receive_count=2))
    assert stage.entry(version).state is FileState.PARTIAL


def test_run_that_lost_its_lease_writes_no_end(stage: Stage) -> None:
    """A run that was taken for dead and comes back leaves the file to the run that took it over."""
    version = stage.upload("orders.csv", MIXED_FILE)
    begin = stage.services.ledger.begin_run
    taken: list[str] = []

    def begin_and_lose(*arguments: object) -> object:
        begun = begin(*arguments)  # type: ignore[arg-type]
        if not taken:
            taken.append(begun.entry.run_id)
            stage.advance_clock()
            stage.deliver(version)
        return begun

    stage.services.ledger.begin_run = begin_and_lose  # type: ignore[method-assign, assignment]
    with pytest.raises(MessageFailedError, match="another run has taken it over"):
        stage.deliver(version)

    entry = stage.entry(version)
    assert entry.state is FileState.PARTIAL
    assert entry.run_id != taken[0]
    assert len(stage.orders()) == 60


def test_run_that_runs_out_of_time_stops_by_itself(stage: Stage) -> None:
    """Before Lambda kills it, the run says how far it came and what would help."""
    stage.invocation = replace(stage.invocation, timeout_s=0.0)
    version = stage.upload("orders.csv", MIXED_FILE)

    with pytest.raises(MessageFailedError, match="time ran out after 0 rows"):
        stage.deliver(version)

    assert stage.entry(version).state is FileState.QUEUED
