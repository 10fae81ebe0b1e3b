"""The record of runs is complete: a dead run is in the ledger, and one that has settled its file is no failed one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ReadTimeoutError

from processor.domain.entries import DIED, ERROR, to_iso
from processor.domain.errors import FileBusyError, MessageFailedError
from processor.domain.file_states import FileState
from processor.domain.object_keys import file_id
from processor.ledger.run_begin import RunStart
from tests.integration.kill import Kill, Killer
from tests.integration.stage import MIXED_FILE, s3_event

if TYPE_CHECKING:
    from processor.domain.object_keys import ObjectVersion
    from tests.integration.stage import Stage

CALLS_OF_A_TAKEOVER = 3
"""Refused, looked at, taken over."""


def dead_run(stage: Stage) -> ObjectVersion:
    """Let the first run of a file die, and its lease end."""
    version = stage.upload("orders.csv", MIXED_FILE)
    with pytest.raises(Kill), Killer(5).watching(stage.clients):
        stage.deliver(version)
    stage.advance_clock()
    return version


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("step", range(CALLS_OF_A_TAKEOVER + 1))
def test_dead_run_is_on_record_wherever_the_next_one_dies(stage: Stage, step: int, after: bool) -> None:
    """The takeover and the record are one write: whoever dies at it, each run that has begun is in the ledger."""
    version = dead_run(stage)
    message = stage.message(s3_event(version), receive_count=2)
    with pytest.raises(Kill), Killer(step, after).watching(stage.clients):
        stage.handle(message)
    stage.advance_clock()

    stage.deliver(version, receive_count=3)

    outcomes = [run.outcome for run in stage.runs(version)]
    second_began = step > CALLS_OF_A_TAKEOVER - 1 or (step == CALLS_OF_A_TAKEOVER - 1 and after)
    assert outcomes == [DIED, *[DIED] * second_began, FileState.PARTIAL]
    assert len(stage.orders()) == 60


def test_lost_answer_of_a_takeover_is_no_conflict(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """The takeover that is sent twice finds itself, and the dead run is recorded all the same."""
    version = dead_run(stage)
    transact = stage.clients.files.transact_write_items

    def twice(**request: Any) -> Any:
        transact(**request)
        return transact(**request)

    with monkeypatch.context() as patch:
        patch.setattr(stage.clients.files, "transact_write_items", twice)
        stage.services.ledger.begin_run(file_id(version), version, _start(stage))

    assert [run.outcome for run in stage.runs(version)] == [DIED]
    assert stage.entry(version).run_id == "r2"


def test_run_that_has_settled_its_file_is_never_recorded_as_failed(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The settlement took effect and its answer never came: the run's entry stays that of the settled file."""
    version = stage.upload("orders.csv", MIXED_FILE)
    transact = stage.clients.files.transact_write_items

    def lose_answer(**request: Any) -> Any:
        transact(**request)
        monkeypatch.setattr(stage.clients.files, "transact_write_items", transact)
        raise ReadTimeoutError(endpoint_url="https://dynamodb")

    monkeypatch.setattr(stage.clients.files, "transact_write_items", lose_answer)
    with pytest.raises(MessageFailedError):
        stage.deliver(version)

    assert stage.deliver(version, receive_count=2)

    assert stage.entry(version).state is FileState.PARTIAL
    assert [run.outcome for run in stage.runs(version)] == [FileState.PARTIAL]
    assert stage.objects("raw-data/") == []


def test_message_is_not_acknowledged_while_its_file_is_given_back(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second delivery meets a run that fails in that very moment: it comes again, as nobody else brings the file."""
    version = stage.upload("orders.csv", MIXED_FILE)
    ledger = stage.services.ledger
    begun = ledger.begin_run(file_id(version), version, _start(stage, "r1"))
    table = ledger._table
    read = table.get_item

    def give_back_first(*key: str) -> Any:
        monkeypatch.setattr(table, "get_item", read)
        ledger.fail_run(begun.entry, FileState.QUEUED, cause=ERROR, error="throttled")
        return read(*key)

    monkeypatch.setattr(table, "get_item", give_back_first)

    with pytest.raises(FileBusyError):
        ledger.begin_run(file_id(version), version, _start(stage))

    assert stage.handle(stage.message(s3_event(version), receive_count=3))
    assert len(stage.orders()) == 60


def _start(stage: Stage, run_id: str = "r2") -> RunStart:
    now = stage.services.now()
    seconds = int(now.timestamp())
    return RunStart(run_id, to_iso(now), "m1", 2, seconds, seconds + 60)
