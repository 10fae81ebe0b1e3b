"""An object that goes away: whatever may be stored of it is told, and nobody is led to store it twice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from processor.domain.errors import MessageFailedError
from processor.domain.file_states import FileState
from processor.domain.holds import SameOrdersFound
from processor.messaging.messages import reprocess_body
from processor.pipeline import loader
from processor.storage import objects
from tests.integration.kill import Kill, Killer
from tests.integration.stage import BUCKET, GOOD_ROWS, csv_file

if TYPE_CHECKING:
    from processor.domain.object_keys import ObjectVersion
    from tests.integration.stage import Stage

MANY = csv_file(*(f"A-{number},Ada,Engine,1,2.50" for number in range(400)))


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
    """What is stored is told, listed and in processed-data/; the whole file again is held, or that came twice."""
    version = stage.upload("orders.csv", MANY)
    lose_while_read(stage, version, at=10)

    entry, orders = stage.entry(version), stage.orders()
    assert (entry.state, entry.cause) == (FileState.FAILED, "object_lost")
    assert 0 < len(orders) < 400
    assert entry.accepted_rows == len(orders)
    assert f"{len(orders)} of its rows are stored as orders." in entry.error
    assert len(stage.read_csv(entry.accepted_key)) == len(orders) + 1
    again = stage.process("again.csv", MANY)
    assert (again.state, again.cause) == (FileState.HELD, "same_orders")
    assert again.same_orders_found == SameOrdersFound(400, len(orders), len(orders), 0, (entry.file_id,))


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
    assert stage.process("again.csv", MANY).state is FileState.HELD


def test_second_run_does_not_know_what_the_first_one_stored(stage: Stage) -> None:
    """The object goes away in the second run, which has not come as far as the first: its rows may not be all."""
    version = stage.upload("orders.csv", MANY)
    with pytest.raises(Kill), Killer(20).watching(stage.clients):
        stage.deliver(version)
    stage.advance_clock()

    lose_while_read(stage, version, at=9)

    entry = stage.entry(version)
    assert 0 < entry.accepted_rows < len(stage.orders())
    assert "and more may be" in entry.error


def test_run_that_somebody_asked_for_may_have_stored_rows(stage: Stage) -> None:
    """A duplicate is processed anyway; the run dies midway, and the object goes away: nobody is told to upload all."""
    stage.process("first.csv", MANY)
    held = stage.process("orders.csv", MANY)
    stage.services.ledger.request_reprocess(held.file_id, asked_for="store")
    with pytest.raises(Kill), Killer(15).watching(stage.clients):
        stage.handle(stage.message(reprocess_body(held.file_id)))
    stage.advance_clock()
    stage.clients.s3.delete_object(Bucket=BUCKET, Key=held.original_key, VersionId=held.original_version)

    stage.handle(stage.message(reprocess_body(held.file_id), receive_count=2))

    failed = stage.services.ledger.read_file(held.file_id)
    assert failed is not None
    assert len(stage.orders()) > 400
    assert (failed.state, failed.cause) == (FileState.FAILED, "object_lost")


def test_file_that_goes_away_before_it_is_processed_anyway_has_stored_nothing(stage: Stage) -> None:
    """No run of it has begun to store rows: there is nothing to look up."""
    stage.process("first.csv", MANY)
    held = stage.process("orders.csv", MANY)
    stage.clients.s3.delete_object(Bucket=BUCKET, Key=held.original_key, VersionId=held.original_version)
    stage.services.ledger.request_reprocess(held.file_id, asked_for="store")

    stage.handle(stage.message(reprocess_body(held.file_id)))

    failed = stage.services.ledger.read_file(held.file_id)
    assert failed is not None
    assert (failed.state, failed.cause) == (FileState.FAILED, "object_gone")


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
