"""Whose content it is: claimed once a row is read, by bytes and encoding, whoever asked for the run."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import pytest

from processor.domain.file_states import FileState
from processor.messaging.messages import reprocess_body
from tests.integration.kill import Kill, Killer
from tests.integration.ranges import Machine
from tests.integration.stage import GOOD_ROWS, HEADER, csv_file

if TYPE_CHECKING:
    from processor.domain.entries import FileEntry
    from processor.domain.object_keys import ObjectVersion
    from tests.integration.stage import Stage

UMLAUT = csv_file("A-1,M\u00fcller,Pen,1,1.00")


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
    """Whoever declared the wrong encoding uploads the file once more with the right one: its order is changed."""
    stage.process("wrong.csv", UMLAUT, encoding="cp1252")

    right = stage.process("right.csv", UMLAUT)
    again = stage.process("again.csv", UMLAUT, encoding="windows-1252")

    assert (right.state, right.cause) == (FileState.HELD, "same_orders")
    assert right.same_orders["changed"] == 1
    assert again.state is FileState.DUPLICATE


def test_ascii_is_the_same_in_every_encoding(stage: Stage) -> None:
    """The default encoding changes, or an upload declares another: rows that read alike are not stored twice."""
    first = stage.process("a.csv", csv_file(*GOOD_ROWS))

    declared = stage.process("b.csv", csv_file(*GOOD_ROWS), encoding="cp1252")
    stage.configure(default_encoding="cp1252")
    machine = Machine.before(stage)
    large = stage.upload("c.csv", csv_file(*GOOD_ROWS))
    stage.deliver(large)
    machine.run()

    assert declared.duplicate_of == stage.entry(large).duplicate_of == first.file_id
    assert len(stage.orders()) == 2


def test_claim_of_an_earlier_release_holds_in_any_encoding(stage: Stage) -> None:
    """Claims did not say the encoding once. What was stored before an upgrade is not stored again after it."""
    stage.configure(default_encoding="cp1252")
    body = UMLAUT.decode().encode("cp1252")
    first = stage.process("orders.csv", body)
    _write_as_before(stage, first, body)

    again = stage.process("again.csv", body)

    assert (again.state, again.duplicate_of) == (FileState.DUPLICATE, first.file_id)


def _write_as_before(stage: Stage, entry: FileEntry, body: bytes) -> None:
    """Turn a file's claim and base timestamp into those of an earlier release, which knew nothing of its orders."""
    files = stage.clients.files
    for item in files.scan(TableName="files")["Items"]:
        if item["file_id"]["S"].startswith(("content#", "orders#")):
            files.delete_item(TableName="files", Key={name: item[name] for name in ("file_id", "entry")})
    key = f"content#{hashlib.md5(body, usedforsecurity=False).hexdigest()}#{len(body)}"
    claim = {"file_id": key, "entry": "content", "owner": entry.file_id}
    files.put_item(TableName="files", Item={name: {"S": text} for name, text in claim.items()})
    files.update_item(
        TableName="files",
        Key={"file_id": {"S": entry.file_id}, "entry": {"S": "file"}},
        UpdateExpression="SET base_timestamp = :base",
        ExpressionAttributeValues={":base": {"S": entry.received_at}},
    )
    stage.configure()  # Another process, which remembers none of the orders that this one has registered.


def test_file_that_fails_after_a_run_has_died_keeps_its_content(stage: Stage) -> None:
    """Its first run stored some rows; before the second, somebody lowered the limit: the rows are still there."""
    body = csv_file(*(f"A-{number},Ada,Engine,1,2.50" for number in range(400)))
    version = stage.upload("orders.csv", body)
    with pytest.raises(Kill), Killer(15).watching(stage.clients):
        stage.deliver(version)
    stage.configure(max_file_bytes=len(body) - 1)
    stage.advance_clock()
    stage.deliver(version, receive_count=2)
    stage.configure(max_file_bytes=len(body))

    again = stage.process("again.csv", body)

    assert stage.orders()
    assert (stage.entry(version).state, again.state) == (FileState.FAILED, FileState.HELD)


def test_file_that_was_stored_because_somebody_asked_holds_others(stage: Stage) -> None:
    """Its first run failed before it read a row. The sender hears of that and sends the file again: once is enough."""
    body = UMLAUT.decode().encode("cp1252")
    failed = stage.process("orders.csv", body)
    stage.configure(default_encoding="cp1252")
    stage.services.ledger.request_reprocess(failed.file_id)
    stage.handle(stage.message(reprocess_body(failed.file_id)))

    again = stage.process("again.csv", body)

    assert failed.state is FileState.FAILED
    assert (again.state, again.duplicate_of) == (FileState.DUPLICATE, failed.file_id)
    assert len(stage.orders()) == 1


@pytest.mark.parametrize("is_large", [False, True], ids=["one run", "ranges"])
@pytest.mark.parametrize("body", [HEADER.encode() + b"\n", b"no header\n"], ids=["no rows", "no header"])
def test_file_that_fails_keeps_what_was_announced_of_it(stage: Stage, body: bytes, is_large: bool) -> None:
    """An upload that broke off behind the header has announced rows, and the receipt says so; no row was read."""
    machine = Machine.before(stage) if is_large else None
    failed = stage.upload("orders.csv", body, rows="3", total="10.01")

    stage.deliver(failed)
    if machine:
        machine.run()

    entry = stage.entry(failed)
    [*_, run] = stage.services.ledger.list_runs(entry.file_id)
    for told in (entry, run):
        assert (told.announced_rows, told.announced_total, told.read_rows, told.read_total) == ("3", "10.01", 0, "")
    assert entry.state is FileState.FAILED
    [mail] = stage.mails()
    assert "rows 3, total 10.01" in mail["Message"]
    assert "no row\n" in mail["Message"]


def test_mail_of_a_duplicate_says_what_to_do(stage: Stage) -> None:
    """Nothing, most often: the first file has stored its rows."""
    stage.process("a.csv", csv_file(*GOOD_ROWS))
    stage.process("b.csv", csv_file(*GOOD_ROWS))

    [mail] = stage.mails()

    assert "The same content came before, as a.csv" in mail["Message"]
    assert "Dismiss it on its page" in mail["Message"]


def test_large_file_with_known_content_is_not_stored(stage: Stage) -> None:
    """Its content is recognised once it was read, before its ranges are stored."""
    first = stage.process("a.csv", csv_file(*GOOD_ROWS))
    machine = Machine.before(stage)
    again = stage.upload("b.csv", csv_file(*GOOD_ROWS))

    stage.deliver(again)
    machine.run()

    assert (stage.entry(again).state, stage.entry(again).duplicate_of) == (FileState.DUPLICATE, first.file_id)
    assert len(stage.orders()) == 2


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
