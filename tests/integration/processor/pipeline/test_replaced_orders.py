"""The call of the console's worker after a run that replaces orders: never forgotten, whatever dies on the way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from processor.domain.file_states import FileState
from tests.integration.kill import Kill, Killer
from tests.integration.stage import GOOD_ROWS, csv_file

if TYPE_CHECKING:
    from processor.domain.entries import FileEntry
    from processor.domain.object_keys import ObjectVersion
    from tests.integration.stage import Stage


@pytest.fixture
def upload(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> ObjectVersion:
    """Upload a file whose run will replace orders of an earlier one."""
    settle = stage.services.ledger.settle

    def settle_replacing(entry: FileEntry, state: FileState, at: str, **values: Any) -> FileEntry:
        return settle(entry, state, at, **values | {"replaces": ("0123456789abcdef01234567",)})

    monkeypatch.setattr(stage.services.ledger, "settle", settle_replacing)
    return stage.upload("orders.csv", csv_file(*GOOD_ROWS))


def test_the_worker_is_called_when_the_orders_are_stored(stage: Stage, upload: ObjectVersion) -> None:
    """Once, and by the file's id."""
    stage.deliver(upload)

    assert stage.entry(upload).state is FileState.PROCESSED
    assert stage.worker.calls == [{"take_back": stage.entry(upload).file_id}]


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_the_worker_is_called_whichever_call_the_run_dies_at(
    stage: Stage, upload: ObjectVersion, *, after: bool
) -> None:
    """The next delivery makes up for it; a second call does no harm."""
    step, died = 0, True
    while died:
        with Killer(step, after).watching(stage.clients):
            try:
                stage.deliver(upload)
                died = False
            except Kill:
                step += 1
        stage.advance_clock()

    assert step > 8
    assert {"take_back": stage.entry(upload).file_id} in stage.worker.calls


def test_a_late_delivery_calls_the_worker_although_nothing_is_left_to_delete(
    stage: Stage, upload: ObjectVersion
) -> None:
    """A run that was asked for from the archive leaves nothing to clean up, and may die before its call."""
    stage.deliver(upload)
    stage.worker.calls.clear()

    stage.deliver(upload)

    assert stage.worker.calls == [{"take_back": stage.entry(upload).file_id}]


def test_no_other_file_calls_the_worker(stage: Stage) -> None:
    """Nearly all files replace nothing."""
    stage.process("orders.csv", csv_file(*GOOD_ROWS))

    assert stage.worker.calls == []
