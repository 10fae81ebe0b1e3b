"""Messages that are no usual event: a command about an object in the inbox, and events that name no version."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from processor.domain.errors import MessageFailedError
from processor.domain.file_states import FileState
from processor.domain.object_keys import ObjectVersion
from processor.messaging.messages import process_body
from tests.integration.kill import Kill, Killer
from tests.integration.stage import BUCKET, GOOD_ROWS, MIXED_FILE, csv_file, s3_event

if TYPE_CHECKING:
    from tests.integration.stage import Stage


def file_ids(stage: Stage) -> set[str]:
    """List the ids of all files that the ledger has an entry of."""
    items = stage.clients.files.scan(TableName="files")["Items"]
    return {item["file_id"]["S"] for item in items if item["entry"]["S"] == "file"}


def test_object_whose_message_is_lost_is_processed_by_a_command(stage: Stage) -> None:
    """A person asks for an object in the inbox that no entry knows, and it is settled like any other."""
    version = stage.upload("lost.csv", csv_file(*GOOD_ROWS))

    done = stage.handle(stage.message(process_body(version)))

    assert done
    assert stage.entry(version).state is FileState.PROCESSED
    assert len(stage.orders()) == 2
    assert stage.objects("raw-data/") == []


def test_command_and_late_event_are_the_same_file(stage: Stage) -> None:
    """An event that comes after all changes nothing, and neither does a second command."""
    version = stage.upload("late.csv", csv_file(*GOOD_ROWS))
    stage.handle(stage.message(process_body(version)))
    settled, orders = stage.entry(version), stage.orders()

    assert stage.deliver(version)
    assert stage.handle(stage.message(process_body(version)))

    assert stage.entry(version) == settled
    assert stage.orders() == orders
    assert len(file_ids(stage)) == 1


def test_event_without_a_version_is_about_the_same_file(stage: Stage) -> None:
    """Both events of one object are one file, whichever comes first."""
    first, second = stage.upload("x/a.csv", csv_file(*GOOD_ROWS)), stage.upload("y/b.csv", MIXED_FILE)

    stage.deliver(first._replace(version_id=""))
    stage.deliver(first)
    with pytest.raises(Kill), Killer(6).watching(stage.clients):
        stage.deliver(second)
    stage.advance_clock()
    stage.deliver(second._replace(version_id=""))

    assert file_ids(stage) == {stage.entry(first).file_id, stage.entry(second).file_id}
    assert stage.entry(second).state is FileState.PARTIAL
    assert len(stage.orders()) == 62


def test_event_without_a_version_of_a_settled_file_is_no_lost_file(stage: Stage) -> None:
    """Its object has left the inbox: nobody is told to upload it again."""
    version = stage.upload("a.csv", csv_file(*GOOD_ROWS))
    stage.deliver(version)

    done = stage.deliver(version._replace(version_id=""))

    assert done
    assert file_ids(stage) == {stage.entry(version).file_id}
    assert stage.mails() == []


def test_version_that_cannot_be_asked_for_is_asked_for_again(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error of S3 is no missing object: the message comes again, and no file has begun."""
    stage.upload("a.csv", csv_file(*GOOD_ROWS))
    message = stage.message(s3_event(ObjectVersion(BUCKET, "raw-data/a.csv")))

    with monkeypatch.context() as patch:
        patch.setattr(stage.clients.s3, "head_object", None)
        with pytest.raises(MessageFailedError):
            stage.handle(message)

    assert file_ids(stage) == set()
    assert stage.handle(message)
    assert len(stage.orders()) == 2
