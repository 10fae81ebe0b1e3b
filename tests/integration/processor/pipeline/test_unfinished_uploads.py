"""An object that cannot be finished leaves no parts behind, and the next run finishes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from processor.domain.errors import MessageFailedError
from processor.domain.file_states import FileState
from tests.integration.ranges import Machine
from tests.integration.stage import MIXED_FILE
from tests.integration.unfinished import failing, unfinished_uploads, write_in_small_parts

if TYPE_CHECKING:
    from tests.integration.stage import Stage

WRITES = [
    ("CompleteMultipartUpload", "processed-data/", MIXED_FILE, FileState.PARTIAL),
    ("CompleteMultipartUpload", "failed-data/", MIXED_FILE, FileState.PARTIAL),
    ("UploadPartCopy", "archive/", MIXED_FILE, FileState.PARTIAL),
    ("UploadPartCopy", "failed-data/", b"order_id\nA-1\n", FileState.FAILED),
]


@pytest.mark.parametrize(("operation", "prefix", "body", "state"), WRITES)
def test_a_run_that_cannot_finish_an_object_discards_its_parts(
    stage: Stage,
    monkeypatch: pytest.MonkeyPatch,
    operation: str,
    prefix: str,
    body: bytes,
    state: FileState,
) -> None:
    """Accepted rows, rejected rows, and an original on its way to archive or failed-data/."""
    write_in_small_parts(monkeypatch)
    version = stage.upload("orders.csv", body)

    with failing(monkeypatch, operation, prefix), pytest.raises(MessageFailedError):
        stage.deliver(version)

    assert unfinished_uploads(stage) == []
    stage.deliver(version)
    assert stage.entry(version).state is state


@pytest.mark.parametrize(
    ("operation", "prefix", "body", "state"), [*WRITES, ("UploadPart", "work-data/", MIXED_FILE, FileState.PARTIAL)]
)
def test_a_step_that_cannot_finish_an_object_discards_its_parts(
    stage: Stage,
    monkeypatch: pytest.MonkeyPatch,
    operation: str,
    prefix: str,
    body: bytes,
    state: FileState,
) -> None:
    """A file in ranges has working objects, too; the next execution goes on with what is there."""
    write_in_small_parts(monkeypatch)
    machine = Machine.before(stage, range_bytes=600)
    version = stage.upload("orders.csv", body)
    stage.deliver(version)

    with failing(monkeypatch, operation, prefix):
        machine.run()

    assert unfinished_uploads(stage) == []
    assert stage.entry(version).state is FileState.QUEUED
    stage.deliver(version, receive_count=2)
    machine.run()
    assert stage.entry(version).state is state
