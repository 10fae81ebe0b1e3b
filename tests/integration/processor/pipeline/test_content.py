"""Whose content it is: claimed once a row is read, by bytes and encoding, and free again when its file has failed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from processor.domain.errors import MessageFailedError
from processor.domain.file_states import FileState
from processor.messaging.messages import reprocess_body
from processor.pipeline import loader
from processor.storage import objects
from tests.integration.kill import Kill, Killer
from tests.integration.ranges import Machine
from tests.integration.stage import BUCKET, GOOD_ROWS, HEADER, csv_file

if TYPE_CHECKING:
    from processor.domain.object_keys import ObjectVersion
    from tests.integration.stage import Stage

UMLAUT = csv_file("A-1,M\u00fcller,Pen,1,1.00")
MANY = csv_file(*(f"A-{number},Ada,Engine,1,2.50" for number in range(400)))


def deliver_during(stage: Stage, first: ObjectVersion, second: ObjectVersion) -> None:
    """Deliver the first file, and the second one while the first is being moved away."""
    copy = stage.clients.s3.copy_object
    delivered: list[ObjectVersion] = []

    def deliver_second(**request: Any) -> Any:
        if not delivered:
            delivered.append(second)
            stage.deliver(second)
        return copy(**request)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stage.clients.s3, "copy_object", deliver_second)
        stage.deliver(first)
    assert delivered


@pytest.mark.parametrize(
    ("name", "body", "declared", "outcome"),
    [
        ("orders.txt", csv_file(*GOOD_ROWS), "", "processed"),
        ("orders.csv", UMLAUT.decode().encode("cp1252"), "cp1252", "processed"),
        ("orders.csv.gz", csv_file(*GOOD_ROWS), "", "processed"),
        ("orders.csv", b"no header\n", "", "no_header"),
        ("orders.csv", HEADER.encode() + b"\n\n", "", "no_rows"),
        ("orders.csv", b"%PDF-1.7", "", "not_csv"),
    ],
    ids=["name", "encoding", "packing", "header", "rows", "kind"],
)
def test_file_that_fails_holds_no_other(stage: Stage, name: str, body: bytes, declared: str, outcome: str) -> None:
    """The same bytes arrive elsewhere while a file is failing: they are judged by themselves, and no duplicate."""
    failing = stage.upload(name, body)
    metadata = {"encoding": declared} if declared else {}
    other = stage.upload("other.csv", body, **metadata)

    deliver_during(stage, failing, other)

    assert stage.entry(failing).state is FileState.FAILED
    assert (stage.entry(other).cause or stage.entry(other).state) == outcome


def test_same_bytes_in_another_encoding_are_other_orders(stage: Stage) -> None:
    """Whoever declared the wrong encoding uploads the file once more with the right one."""
    stage.process("wrong.csv", UMLAUT, encoding="cp1252")

    right = stage.process("right.csv", UMLAUT)
    again = stage.process("again.csv", UMLAUT, encoding="windows-1252")

    assert right.state is FileState.PROCESSED
    assert {order["customer_name"] for order in stage.orders()} == {"M\u00fcller", "M\u00c3\u00bcller"}
    assert again.state is FileState.DUPLICATE


def test_large_file_with_known_content_is_not_read(stage: Stage) -> None:
    """Its content is recognised by its name before ranges are planned."""
    first = stage.process("a.csv", csv_file(*GOOD_ROWS))
    machine = Machine.before(stage)

    again = stage.process("b.csv", csv_file(*GOOD_ROWS))

    assert machine.waiting == []
    assert (again.state, again.duplicate_of) == (FileState.DUPLICATE, first.file_id)


def test_two_large_files_with_one_content_are_stored_once(stage: Stage) -> None:
    """Both are handed over before either has claimed it: the one that plans first has it."""
    machine = Machine.before(stage)
    versions = [stage.upload(name, csv_file(*GOOD_ROWS)) for name in ("a.csv", "b.csv")]
    for version in versions:
        stage.deliver(version)

    machine.run()
    machine.run()

    assert [stage.entry(version).state for version in versions] == [FileState.PROCESSED, FileState.DUPLICATE]
    assert len(stage.orders()) == 2
    assert stage.objects("raw-data/") == []


def lose_while_read(stage: Stage, version: ObjectVersion, at: int) -> None:
    """Let a version be deleted for good at the nth fetch of its run; blocks are small, and nothing is kept."""
    get = stage.clients.s3.get_object
    fetched: list[Any] = []

    def delete_first(**request: Any) -> Any:
        fetched.append(request)
        if len(fetched) == at:
            stage.clients.s3.delete_object(Bucket=BUCKET, Key=version.key, VersionId=version.version_id)
        return get(**request)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loader, "_LARGEST_IN_MEMORY", 0)
        patch.setattr(objects, "BLOCK_BYTES", 2_000)
        patch.setattr(stage.clients.s3, "get_object", delete_first)
        stage.deliver(version)


def test_file_that_goes_away_while_it_is_stored_keeps_its_orders_in_sight(stage: Stage) -> None:
    """What is stored is told, listed and in processed-data/; the content is free, so that the rest can be uploaded."""
    version = stage.upload("orders.csv", MANY)
    lose_while_read(stage, version, at=10)

    entry, orders = stage.entry(version), stage.orders()
    assert (entry.state, entry.cause) == (FileState.FAILED, "object_lost")
    assert 0 < len(orders) < 400
    assert entry.accepted_rows == len(orders)
    assert f"{len(orders)} of its rows are stored as orders." in entry.error
    assert len(stage.read_csv(entry.accepted_key)) == len(orders) + 1
    assert stage.process("again.csv", MANY).state is FileState.PROCESSED


def test_file_that_goes_away_while_it_is_checked_has_stored_nothing(stage: Stage) -> None:
    """Before the first row there is nothing to look up: uploading it again is right, and is no duplicate."""
    version = stage.upload("orders.csv", MANY)
    lose_while_read(stage, version, at=3)

    entry = stage.entry(version)
    assert (entry.state, entry.cause, entry.accepted_rows) == (FileState.FAILED, "object_gone", 0)
    assert "upload it again" in entry.error
    assert stage.orders() == []
    assert stage.process("again.csv", MANY).state is FileState.PROCESSED


def test_file_that_goes_away_once_it_is_stored_is_settled(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each row was read and is stored: only the original is missing, and nothing is to be done again."""
    version = stage.upload("orders.csv", csv_file(*GOOD_ROWS))
    copy = stage.clients.s3.copy_object

    def delete_first(**request: Any) -> Any:
        stage.clients.s3.delete_object(Bucket=BUCKET, Key=version.key, VersionId=version.version_id)
        return copy(**request)

    monkeypatch.setattr(stage.clients.s3, "copy_object", delete_first)

    assert stage.deliver(version)

    assert stage.entry(version).state is FileState.PROCESSED
    assert len(stage.orders()) == 2


def test_file_that_goes_away_between_two_runs_may_have_stored_rows(stage: Stage) -> None:
    """The first run died after it had stored some: nobody is told to upload the whole file again."""
    version = stage.upload("orders.csv", MANY)
    with pytest.raises(Kill), Killer(10).watching(stage.clients):
        stage.deliver(version)
    stage.advance_clock()
    stage.clients.s3.delete_object(Bucket=BUCKET, Key=version.key, VersionId=version.version_id)

    stage.deliver(version, receive_count=2)

    entry = stage.entry(version)
    assert stage.orders()
    assert (entry.state, entry.cause) == (FileState.FAILED, "object_lost")
    assert "upload only the missing rows" in entry.error
    assert "rows of it may be stored" in entry.error
    assert stage.process("again.csv", MANY).state is FileState.PROCESSED


def test_settled_orders_stay_and_are_no_loss(stage: Stage) -> None:
    """The archived original is gone when somebody asks for a new run: its orders are all there, and stay its own."""
    entry = stage.process("orders.csv", MANY)
    stage.clients.s3.delete_object(Bucket=BUCKET, Key=entry.original_key, VersionId=entry.original_version)
    stage.services.ledger.request_reprocess(entry.file_id)
    stage.handle(stage.message(reprocess_body(entry.file_id)))

    failed = stage.services.ledger.read_file(entry.file_id)
    assert failed is not None
    assert (failed.state, failed.cause, failed.accepted_rows) == (FileState.FAILED, "object_gone", 400)
    assert "400 orders stay" in failed.error
    assert stage.process("again.csv", MANY).state is FileState.DUPLICATE


def test_error_of_s3_is_no_lost_object(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only an object that is not there fails its file; anything else is tried again."""
    version = stage.upload("orders.csv", MANY)
    monkeypatch.setattr(stage.clients.s3, "get_object", None)

    with pytest.raises(MessageFailedError):
        stage.deliver(version)

    assert stage.entry(version).state is FileState.QUEUED
