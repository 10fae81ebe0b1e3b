"""Dismissing a file: what waits for a person leaves failed-data/ and raw-data/, whatever dies on the way."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from admin_api.actions.dismissal import Dismissal
from processor.domain.errors import IllegalTransitionError
from processor.domain.file_states import FileState
from processor.messaging.messages import reprocess_body
from tests.integration.admin_api.actions.dismissible_files import (
    CASES,
    MIXED,
    check_dismissed,
    dead_lettered,
    failed,
    partial,
)
from tests.integration.kill import Kill, Killer
from tests.integration.stage import GOOD_ROWS, csv_file

if TYPE_CHECKING:
    from processor.domain.entries import FileEntry
    from tests.integration.stage import Stage


def dismissal(stage: Stage) -> Dismissal:
    """Provide the use case."""
    return Dismissal(stage.services.ledger, stage.services.objects, stage.services.now)


@pytest.mark.parametrize("case", CASES)
def test_dismissed_file_leaves_only_the_archive(stage: Stage, case: str) -> None:
    """From each state that allows it: originals and rejected rows are kept, and nothing waits for a person."""
    make, state, original, with_rejects = CASES[case]
    entry = make(stage)
    assert entry.state is state

    dismissed = dismissal(stage).dismiss(entry.file_id)

    check_dismissed(stage, entry.file_id, original, with_rejects=with_rejects)
    assert dismissed == stage.services.ledger.read_file(entry.file_id)
    assert (dismissed.cause, dismissed.accepted_rows) == (entry.cause, entry.accepted_rows)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("case", CASES)
def test_death_while_dismissing_converges(stage: Stage, case: str, after: bool) -> None:
    """Kill it at every call in turn; dismissing again leaves what an undisturbed one leaves."""
    make, _, original, with_rejects = CASES[case]
    entry = make(stage)
    step, died = 0, True
    while died:
        with Killer(step, after).watching(stage.clients):
            try:
                dismissal(stage).dismiss(entry.file_id)
                died = False
            except Kill:
                step += 1

    check_dismissed(stage, entry.file_id, original, with_rejects=with_rejects)
    assert step >= 4


def test_dismissing_twice_is_dismissing_once(stage: Stage) -> None:
    """A second operator's click changes nothing, and copies nothing again."""
    entry = failed(stage)
    first = dismissal(stage).dismiss(entry.file_id)

    with Killer().watching(stage.clients) as killer:
        second = dismissal(stage).dismiss(entry.file_id)

    assert second == first
    assert "CopyObject" not in killer.calls


@pytest.mark.parametrize("state", ["processed", "reprocessing", "unknown"])
def test_what_needs_nobody_cannot_be_dismissed(stage: Stage, state: str) -> None:
    """It is refused before anything is copied."""
    entry = stage.process("orders.csv", csv_file(*GOOD_ROWS))
    if state == "reprocessing":
        stage.services.ledger.request_reprocess(entry.file_id)
    before = stage.objects()

    with pytest.raises(IllegalTransitionError):
        dismissal(stage).dismiss("nobody" if state == "unknown" else entry.file_id)

    assert stage.objects() == before


def test_dismissed_file_can_be_reprocessed(stage: Stage) -> None:
    """A file dismissed by mistake is processed again from the archive, and its rejected rows need attention again."""
    entry = partial(stage)
    dismissal(stage).dismiss(entry.file_id)
    stage.services.ledger.request_reprocess(entry.file_id)

    stage.handle(stage.message(reprocess_body(entry.file_id)))

    again = stage.services.ledger.read_file(entry.file_id)
    assert again is not None
    assert again.state is FileState.PARTIAL
    assert stage.objects("failed-data/") == [entry.rejected_key] == [again.rejected_key]


def test_dismissed_partial_file_that_runs_clean_keeps_its_archive(stage: Stage) -> None:
    """Rejected rows that went to the archive stay there when a later run rejects nothing."""
    entry = partial(stage)
    dismissed = dismissal(stage).dismiss(entry.file_id)
    stage.clients.s3.put_object(Bucket=entry.bucket, Key=entry.original_key, Body=csv_file(*GOOD_ROWS))
    newest = stage.clients.s3.head_object(Bucket=entry.bucket, Key=entry.original_key)["VersionId"]
    stage.clients.files.update_item(
        TableName="files",
        Key={"file_id": {"S": entry.file_id}, "entry": {"S": "file"}},
        UpdateExpression="SET original_version = :version",
        ExpressionAttributeValues={":version": {"S": newest}},
    )
    stage.services.ledger.request_reprocess(entry.file_id)

    stage.handle(stage.message(reprocess_body(entry.file_id)))

    again = stage.services.ledger.read_file(entry.file_id)
    assert again is not None
    assert again.state is FileState.PROCESSED
    assert sorted(stage.objects("archive/")) == sorted([entry.original_key, dismissed.rejected_key])


def test_clean_up_leaves_a_new_run_alone(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """If somebody reprocesses the file in the same moment, the rows that its run rejects are not swept away."""
    entry = partial(stage)
    dismiss = stage.services.ledger.dismiss

    def dismiss_and_reprocess(*arguments: object) -> FileEntry:
        dismissed = dismiss(*arguments)  # type: ignore[arg-type]
        stage.services.ledger.request_reprocess(entry.file_id)
        stage.handle(stage.message(reprocess_body(entry.file_id)))
        return dismissed

    monkeypatch.setattr(stage.services.ledger, "dismiss", dismiss_and_reprocess)
    dismissal(stage).dismiss(entry.file_id)

    assert stage.objects("failed-data/") == [entry.rejected_key]


def test_redriven_message_of_a_dismissed_file_is_ignored(stage: Stage) -> None:
    """Its dead letter may still be in the queue: sending it back does nothing."""
    entry = dead_lettered(stage)
    dismissal(stage).dismiss(entry.file_id)
    orders = stage.orders()

    stage.deliver(entry.original)

    check_dismissed(stage, entry.file_id, MIXED, with_rejects=True)
    assert stage.orders() == orders
