"""Files in each state that a person may dismiss, and what a dismissed one leaves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from processor.domain.errors import MessageFailedError
from processor.domain.file_states import FileState
from processor.messaging.messages import reprocess_body
from tests.integration.stage import BAD_ROW, GOOD_ROWS, csv_file

if TYPE_CHECKING:
    from collections.abc import Callable

    from processor.domain.entries import FileEntry
    from tests.integration.stage import Stage

MIXED = csv_file(*GOOD_ROWS, BAD_ROW)
BROKEN = b"%PDF-1.7"


def partial(stage: Stage) -> FileEntry:
    """Settle a file with a rejected row."""
    return stage.process("orders.csv", MIXED)


def failed(stage: Stage) -> FileEntry:
    """Fail a file."""
    return stage.process("orders.csv", BROKEN)


def duplicate(stage: Stage) -> FileEntry:
    """Hold a duplicate."""
    stage.process("first.csv", csv_file(*GOOD_ROWS))
    return stage.process("orders.csv", csv_file(*GOOD_ROWS))


def dead_lettered(stage: Stage) -> FileEntry:
    """Give a file up after its last run, which had written its rejected rows."""
    version = stage.upload("orders.csv", MIXED)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stage.clients.s3, "copy_object", None)
        with pytest.raises(MessageFailedError):
            stage.deliver(version, receive_count=3)
    return stage.entry(version)


def kept_by_failing_again(stage: Stage) -> FileEntry:
    """Fail a file that was partial: its original and its rejected rows both wait in failed-data/."""
    entry = partial(stage)
    stage.configure(max_file_bytes=2)
    stage.services.ledger.request_reprocess(entry.file_id)
    stage.handle(stage.message(reprocess_body(entry.file_id)))
    again = stage.services.ledger.read_file(entry.file_id)
    assert again is not None
    return again


CASES: dict[str, tuple[Callable[[Stage], FileEntry], FileState, bytes, bool]] = {
    "partial": (partial, FileState.PARTIAL, MIXED, True),
    "failed": (failed, FileState.FAILED, BROKEN, False),
    "duplicate": (duplicate, FileState.DUPLICATE, csv_file(*GOOD_ROWS), False),
    "dead_lettered": (dead_lettered, FileState.DEAD_LETTERED, MIXED, True),
    "failed again": (kept_by_failing_again, FileState.FAILED, MIXED, True),
}


def check_dismissed(stage: Stage, file_id: str, original: bytes, *, with_rejects: bool) -> None:
    """Hold what a dismissed file leaves against what it should: everything in the archive, nothing waiting."""
    entry = stage.services.ledger.read_file(file_id)
    assert entry is not None
    assert (entry.state, entry.counted_as) == (FileState.DISMISSED, "dismissed")
    assert stage.objects("failed-data/") == stage.objects("raw-data/") == []
    assert entry.original_key.startswith("archive/")
    assert stage.read(entry.original_key) == original
    if with_rejects:
        assert entry.rejected_key.startswith("archive/")
        assert len(stage.read_csv(entry.rejected_key)) == 2
    else:
        assert entry.rejected_key == ""
