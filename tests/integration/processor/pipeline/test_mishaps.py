"""Rarer mishaps: lost answers, pending clean-up, older versions, mails that cannot be sent, changed settings."""

from __future__ import annotations

import gzip
import hashlib
import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from processor.domain.entries import ERROR
from processor.domain.errors import MessageFailedError
from processor.domain.file_states import FileState
from processor.messaging.messages import reprocess_body
from tests.integration.kill import Kill, Killer
from tests.integration.stage import BAD_ROW, GOOD_ROWS, MIXED_FILE, csv_file, s3_event

if TYPE_CHECKING:
    from collections.abc import Callable

    from processor.domain.entries import FileEntry
    from tests.integration.stage import Stage


def reprocess(stage: Stage, entry: FileEntry) -> FileEntry:
    """Ask for a new run and let it happen."""
    stage.services.ledger.request_reprocess(entry.file_id)
    stage.advance_clock()
    stage.handle(stage.message(reprocess_body(entry.file_id)))
    settled = stage.services.ledger.read_file(entry.file_id)
    assert settled is not None
    return settled


def lose_answers(stage: Stage, monkeypatch: pytest.MonkeyPatch, state: FileState) -> list[str]:
    """Let the write that moves a file to ``state`` take effect, lose its answer, and be sent again by the SDK."""
    lost: list[str] = []

    def twice(call: Callable[..., Any]) -> Callable[..., Any]:
        def calling(**request: Any) -> Any:
            answer = call(**request)
            if f'{{"S": "{state}"}}' in json.dumps(request) and not lost:
                lost.append(state)
                return call(**request)
            return answer

        return calling

    for name in ("update_item", "transact_write_items"):
        monkeypatch.setattr(stage.clients.files, name, twice(getattr(stage.clients.files, name)))
    return lost


@pytest.mark.parametrize("state", [FileState.PROCESSING, FileState.PARTIAL])
def test_lost_answer_of_an_own_write_is_no_conflict(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, state: FileState
) -> None:
    """The run recognises itself and goes on after the SDK has repeated a conditional write that had taken effect."""
    lost = lose_answers(stage, monkeypatch, state)

    entry = stage.process("orders.csv", MIXED_FILE)

    assert lost == [state]
    assert entry.state is FileState.PARTIAL
    assert stage.objects("raw-data/") == []
    assert len(stage.mails()) == 1


def test_lost_answer_of_a_dead_lettering_still_tells_a_person(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """The last run recognises its own write when it gives the file up, so the mail goes out."""
    version = stage.upload("orders.csv", MIXED_FILE)
    lost = lose_answers(stage, monkeypatch, FileState.DEAD_LETTERED)
    monkeypatch.setattr(stage.clients.s3, "get_object", None)

    with pytest.raises(MessageFailedError):
        stage.deliver(version, receive_count=3)

    assert lost == [FileState.DEAD_LETTERED]
    assert len(stage.mails()) == 1


@pytest.mark.parametrize("stored", ["2026-11-22T10:00:00", "0001-01-01T00:00:00+14:00", "tomorrow"])
def test_settled_file_stays_settled_whatever_its_event_said(stage: Stage, stored: str) -> None:
    """An old entry may hold a time that cannot be reckoned with; the run that settles the file is no failed one."""
    version = stage.upload("orders.csv", MIXED_FILE)
    stage.fail_first_run(version, uploaded_at=stored)

    done = stage.deliver(version)

    assert done
    assert stage.entry(version).state is FileState.PARTIAL
    assert [run.outcome for run in stage.runs(version)] == [ERROR, FileState.PARTIAL]


def test_pending_clean_up_is_not_forgotten_by_a_reprocess(stage: Stage) -> None:
    """A run that died before it emptied the inbox leaves that to the next one, whoever asks for it."""
    version = stage.upload("orders.csv", MIXED_FILE)
    message = stage.message(s3_event(version))
    with pytest.raises(Kill), Killer(18).watching(stage.clients):
        stage.handle(message)
    assert stage.objects("raw-data/") == [version.key]

    reprocess(stage, stage.entry(version))

    assert stage.objects("raw-data/") == []
    assert len(stage.objects("archive/")) == 1


def test_older_versions_of_settled_rejects_stay_hidden(stage: Stage) -> None:
    """Each run writes a version of the rejected rows; after a correction none of them is visible."""
    entry = reprocess(stage, stage.process("orders.csv", csv_file(*GOOD_ROWS, BAD_ROW)))
    assert stage.objects("failed-data/") == [entry.rejected_key]
    stage.clients.s3.put_object(Bucket=entry.bucket, Key=entry.original_key, Body=csv_file(*GOOD_ROWS))
    newest = stage.clients.s3.head_object(Bucket=entry.bucket, Key=entry.original_key)["VersionId"]
    stage.clients.files.update_item(
        TableName="files",
        Key={"file_id": {"S": entry.file_id}, "entry": {"S": "file"}},
        UpdateExpression="SET original_version = :version",
        ExpressionAttributeValues={":version": {"S": newest}},
    )

    settled = reprocess(stage, entry)

    assert settled.state is FileState.PROCESSED
    assert stage.objects("failed-data/") == []


def test_older_versions_of_a_failed_original_stay_hidden(stage: Stage) -> None:
    """A failed file whose copy was written twice lies in exactly one place once it is reprocessed."""
    stage.configure(max_file_bytes=10)
    version = stage.upload("orders.csv", MIXED_FILE)
    message = stage.message(s3_event(version))
    with pytest.raises(Kill), Killer(4).watching(stage.clients):
        stage.handle(message)
    stage.advance_clock()
    stage.deliver(version, receive_count=2)
    stage.configure(max_file_bytes=1_000_000)

    settled = reprocess(stage, stage.entry(version))

    assert stage.objects("failed-data/") == [settled.rejected_key]
    assert stage.objects("archive/") == [settled.original_key]


def test_file_that_fails_after_it_was_stored_keeps_its_rows_and_its_content(stage: Stage) -> None:
    """A changed limit makes a stored file fail: its orders are still known, and its content is still a duplicate."""
    stored = stage.process("orders.csv", MIXED_FILE)
    stage.configure(max_file_bytes=10)

    failed = reprocess(stage, stored)
    stage.configure(max_file_bytes=1_000_000)
    again = stage.process("again.csv", MIXED_FILE)

    assert (failed.state, failed.cause) == (FileState.FAILED, "too_large")
    assert (failed.accepted_rows, failed.accepted_key) == (60, stored.accepted_key)
    assert (again.state, again.duplicate_of) == (FileState.DUPLICATE, stored.file_id)
    assert len(stage.orders()) == 60


def test_file_of_too_many_rows_fails_before_its_first_order(stage: Stage) -> None:
    """Gzip cannot be read in ranges and is refused whole: the unpacked file may follow, and stores no row twice."""
    stage.configure(max_rows=50)

    entry = stage.process("orders.csv.gz", gzip.compress(MIXED_FILE))

    assert (entry.state, entry.cause) == (FileState.FAILED, "too_large")
    assert "62 lines; a .csv.gz may have 50" in entry.error
    assert stage.orders() == []


def test_mail_that_cannot_be_sent_is_sent_by_the_next_delivery(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """An outage of SNS changes nothing that is settled, and the next delivery sends the mail."""
    version = stage.upload("orders.csv", MIXED_FILE)

    def fail(**_: object) -> None:
        raise ConnectionError("SNS is away")

    with monkeypatch.context() as patch:
        patch.setattr(stage.clients.sns, "publish", fail)
        for receive_count in (1, 2, 3):
            with pytest.raises(MessageFailedError, match="SNS is away"):
                stage.deliver(version, receive_count=receive_count)
    assert [run.outcome for run in stage.runs(version)] == ["partial"]
    assert [entry.message for entry in caplog.records].count("clean_up_failed") == 3

    stage.deliver(version)

    assert stage.entry(version).state is FileState.PARTIAL
    assert len(stage.mails()) == 1
    assert stage.objects("raw-data/") == []


def test_failing_abort_does_not_hide_the_cause(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """The ledger names what went wrong first, and both outputs are given up."""
    version = stage.upload("orders.csv", MIXED_FILE)
    aborted: list[str] = []

    def put(**_: object) -> None:
        raise ReadTimeoutError(endpoint_url="s3")

    def abort(self: Any) -> None:
        aborted.append(self.key)
        raise ClientError({"Error": {"Code": "NoSuchUpload"}}, "AbortMultipartUpload")

    with monkeypatch.context() as patch:
        patch.setattr(stage.clients.s3, "put_object", put)
        patch.setattr("processor.storage.objects.ObjectWriter.abort", abort)
        with pytest.raises(MessageFailedError):
            stage.deliver(version)

    assert stage.entry(version).cause == "ReadTimeoutError"
    assert [key.split("/")[0] for key in aborted] == ["processed-data", "failed-data"]


def test_run_that_fails_late_has_its_rows_on_its_receipt(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that cannot complete its outputs says how many rows it had stored, and what that cost."""
    version = stage.upload("orders.csv", MIXED_FILE)
    with monkeypatch.context() as patch:
        patch.setattr(stage.clients.s3, "put_object", None)
        with pytest.raises(MessageFailedError):
            stage.deliver(version)

    [run] = stage.runs(version)

    assert (run.outcome, run.accepted_rows, run.rejected_rows, run.batches) == (ERROR, 60, 1, 3)
    assert float(run.estimated_cost) > 0


def test_file_that_fails_after_its_check_keeps_its_digest(stage: Stage) -> None:
    """The ledger has size and digest of a file without a usable header, too."""
    body = b"order_id\nA-1\n"

    entry = stage.process("orders.csv", body)

    assert (entry.state, entry.size_bytes) == (FileState.FAILED, len(body))
    assert entry.content_sha256 == hashlib.sha256(body).hexdigest()


def test_large_object_under_a_folder_like_key_is_a_file(stage: Stage) -> None:
    """Only an empty object whose key ends in a slash is a folder marker; one with bytes is a file of a wrong name."""
    version = stage.upload("orders.csv/", MIXED_FILE)

    stage.deliver(version)

    assert stage.entry(version).cause == "wrong_name"


def test_a_storm_of_failures_sends_a_bounded_number_of_mails(stage: Stage) -> None:
    """The last mail of an hour says that it is the last; the next hour sends again, and every file is in the ledger."""
    now = stage.services.now()
    stage.services = stage.services._replace(now=lambda: now)  # The hour does not end in the middle.
    for number in range(30):
        entry = stage.process(f"bad-{number}.csv", b"%PDF-" + bytes([number]))
        assert entry.state is FileState.FAILED

    mails = stage.mails()
    stage.advance_clock()
    stage.process("bad-x.csv", b"%PDF-x")

    assert len(mails) == 20
    assert ["Further ones are held back" in mail["Message"] for mail in mails] == [False] * 19 + [True]
    assert len(stage.mails()) == 1
