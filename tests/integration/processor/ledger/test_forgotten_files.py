"""A file that is the same upload as another one leaves every list, and no later delivery brings it back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from processor.domain.errors import FileForgottenError, LeaseLostError
from processor.domain.file_states import FileState
from processor.domain.object_keys import ObjectVersion, file_id
from processor.ledger.counters import Counters
from processor.ledger.file_list import FileFilter, FileList
from processor.ledger.run_begin import RunStart
from processor.messaging.messages import reprocess_body
from tests.integration.stage import GOOD_ROWS, csv_file

if TYPE_CHECKING:
    from processor.domain.entries import FileEntry
    from tests.integration.stage import Stage

SOURCE = ObjectVersion("bucket", "raw-data/a.csv", "v2")
NOW = 1_795_000_000


def begun(stage: Stage, number: int = 1, source: ObjectVersion = SOURCE) -> FileEntry:
    """Begin a run of the file."""
    start = RunStart(f"r{number}", f"2026-11-22T10:00:0{number}.000000Z", f"m{number}", 1, NOW, NOW + 100)
    return stage.services.ledger.begin_run(file_id(source), source, start).entry


def test_forgotten_file_is_in_no_list(stage: Stage) -> None:
    """Neither by its id nor in a list nor in a story is there such a file."""
    entry = begun(stage)

    stage.services.ledger.forget_file(entry, "f1", NOW)

    files = FileList(stage.clients.files, "files")
    assert stage.services.ledger.read_file(entry.file_id) is None
    assert files.list_files(FileFilter()).files == ()
    assert files.read_files([entry.file_id]) == []
    assert files.read_story(entry.file_id) is None


def test_later_delivery_begins_no_run(stage: Stage) -> None:
    """It learns whose upload the object is, and where it lies."""
    entry = begun(stage)
    stage.services.ledger.forget_file(entry, "f1", NOW)

    with pytest.raises(FileForgottenError) as caught:
        begun(stage, 2)

    assert (caught.value.source, caught.value.same_as) == (SOURCE, "f1")


def test_file_that_was_counted_is_counted_no_longer(stage: Stage) -> None:
    """A dead letter that is redriven, and forgotten then, leaves the counter of its state."""
    stage.services.ledger.fail_run(begun(stage), FileState.DEAD_LETTERED, cause="x", error="y")
    counters = Counters(stage.clients.files, "files")
    before = counters.read_counts().at_rest[FileState.DEAD_LETTERED]

    stage.services.ledger.forget_file(begun(stage, 2), "f1", NOW)

    assert (before, counters.read_counts().at_rest[FileState.DEAD_LETTERED]) == (1, 0)


def test_only_the_run_that_holds_the_file_forgets_it(stage: Stage) -> None:
    """A run whose lease has ended changes nothing."""
    dead = begun(stage)
    stage.services.ledger.fail_run(dead, FileState.QUEUED, cause="x", error="y")
    begun(stage, 2)

    with pytest.raises(LeaseLostError):
        stage.services.ledger.forget_file(dead, "f1", NOW)

    assert stage.services.ledger.read_file(dead.file_id) is not None


def test_forgetting_twice_is_forgetting_once(stage: Stage) -> None:
    """The answer to the first call may be lost."""
    entry = begun(stage)
    stage.services.ledger.forget_file(entry, "f1", NOW)

    stage.services.ledger.forget_file(entry, "f1", NOW)

    with pytest.raises(LeaseLostError):
        stage.services.ledger.forget_file(entry, "f2", NOW)


@pytest.mark.parametrize("command", [False, True], ids=["the event", "a command"])
def test_later_delivery_finishes_the_inbox(stage: Stage, *, command: bool) -> None:
    """The run that forgot the file died before it deleted the version: the next delivery does, and no other."""
    first = stage.upload("a.csv", csv_file(*GOOD_ROWS))
    copy = stage.upload("a.csv", csv_file(*GOOD_ROWS))
    stage.services.ledger.forget_file(begun(stage, 1, copy), file_id(first), NOW)

    done = stage.handle(stage.message(reprocess_body(file_id(copy)))) if command else stage.deliver(copy)

    versions = stage.clients.s3.list_object_versions(Bucket=copy.bucket)["Versions"]
    assert done
    assert [version["VersionId"] for version in versions] == [first.version_id]
    assert stage.mails() == []
