"""The audit of a file's books on moto: healthy files differ nowhere, and what was not compared is said."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING, Any

import pytest

from admin_api.actions.dismissal import Dismissal
from processor.domain.audits import AuditState
from processor.domain.file_states import FileState
from processor.orders.auditing.audit_file import AuditBounds
from processor.orders.auditing.original import RetentionDays
from tests.integration.kill import Kill, Killer
from tests.integration.processor.orders.books import (
    FILE,
    NO_BOUNDS,
    audit,
    auditor,
    change_ledger,
    delete_order,
    differences,
    reprocess,
)
from tests.integration.ranges import Machine
from tests.integration.stage import BAD_ROW, BUCKET, GOOD_ROWS, csv_file

if TYPE_CHECKING:
    from collections.abc import Callable

    from processor.domain.entries import FileEntry
    from tests.integration.stage import Stage

ODD_ROWS = (
    '"B-1, a","Zoë ""Z"" Ünal","two\nlines",1,0.0000',
    "B-2,=1+1;@x,-2,1000000,9999999.9999",
    "B-3, spaced , 李 ,3,1.10",
    ",nobody,nothing,0,x",
    "too,few",
    "B-4,\x01,Pen,1,1",
    "",
    "B-1,Ada,Pen,1,1.00",
)


def _child(stage: Stage) -> FileEntry:
    parent = stage.process("parent.csv", FILE)
    corrected = stage.read(parent.rejected_key).replace(b"three", b"3", 1)
    return stage.process("child.csv", corrected)


def _duplicate(stage: Stage) -> FileEntry:
    stage.process("first.csv", FILE)
    return stage.process("second.csv", FILE)


def _dismissed(stage: Stage, entry: FileEntry) -> FileEntry:
    return Dismissal(stage.services.ledger, stage.services.objects, stage.services.now).dismiss(entry.file_id)


def _in_ranges(stage: Stage) -> FileEntry:
    machine = Machine.before(stage, range_bytes=2_000)
    version = stage.upload("a.csv", csv_file(*(f"A-{n},Ada,Pen,1,1.00" for n in range(500)), BAD_ROW))
    stage.deliver(version)
    machine.run()
    return stage.entry(version)


def _failed_later(stage: Stage) -> FileEntry:
    entry = stage.process("a.csv.gz", gzip.compress(FILE))
    stage.configure(max_gzip_bytes=1)
    return reprocess(stage, entry)


def _under_an_earlier_default(stage: Stage) -> FileEntry:
    stage.configure(default_encoding="cp1252")
    return stage.process("a.csv", WINDOWS_1252)


def _after_the_default_was_corrected(stage: Stage) -> FileEntry:
    stage.configure(default_encoding="cp1252")
    entry = stage.process("a.csv", csv_file("A-1,Zoë,Café,1,2"))
    stage.configure(default_encoding="utf-8")
    return reprocess(stage, entry)


def _failed_after_a_death(stage: Stage) -> FileEntry:
    version = stage.upload("a.csv", FILE)
    with pytest.raises(Kill), Killer(6).watching(stage.clients):
        stage.deliver(version)
    stage.configure(max_file_bytes=1)
    stage.advance_clock()
    stage.deliver(version, receive_count=2)
    return stage.entry(version)


WINDOWS_1252 = csv_file("A-1,Zoë,Café,1,2").decode().encode("cp1252")
WITH_MARK = b"\xef\xbb\xbf" + csv_file(*GOOD_ROWS).replace(b"\n", b"\r\n")
OTHER_COLUMNS = b"note|unit_price|quantity|product_name|customer_name|ORDER_ID\nx|1.50|2|Pen|Ada|A-1\n"

HEALTHY: dict[str, Callable[[Stage], FileEntry]] = {
    "processed": lambda stage: stage.process("a.csv", csv_file(*GOOD_ROWS)),
    "partial": lambda stage: stage.process("a.csv", FILE),
    "all rejected": lambda stage: stage.process("a.csv", csv_file(BAD_ROW)),
    "odd cells": lambda stage: stage.process("a.csv", csv_file(*ODD_ROWS)),
    "gzip": lambda stage: stage.process("a.csv.gz", gzip.compress(FILE)),
    "Windows-1252": lambda stage: stage.process("a.csv", WINDOWS_1252, encoding="cp1252"),
    "byte order mark and CRLF": lambda stage: stage.process("a.csv", WITH_MARK),
    "semicolons": lambda stage: stage.process("a.csv", csv_file(*GOOD_ROWS).replace(b",", b";")),
    "other columns": lambda stage: stage.process("a.csv", OTHER_COLUMNS),
    "reprocessed": lambda stage: reprocess(stage, stage.process("a.csv", FILE)),
    "failed": lambda stage: stage.process("a.csv", b"%PDF-1.7"),
    "empty": lambda stage: stage.process("a.csv", b""),
    "wrong name": lambda stage: stage.process("a.txt", csv_file(*GOOD_ROWS)),
    "child": _child,
    "duplicate": _duplicate,
    "dismissed": lambda stage: _dismissed(stage, stage.process("a.csv", FILE)),
    "dismissed failure": lambda stage: _dismissed(stage, stage.process("a.csv", b"%PDF-1.7")),
    "ranges": _in_ranges,
    "failed when run again": _failed_later,
    "read under an earlier default": _under_an_earlier_default,
    "read again under another default": _after_the_default_was_corrected,
    "failed after a run has died": _failed_after_a_death,
    "processed anyway": lambda stage: reprocess(stage, _duplicate(stage)),
}


@pytest.mark.parametrize("kind", HEALTHY)
def test_healthy_file_differs_nowhere(stage: Stage, kind: str) -> None:
    """A file of every kind and state that a run or a person leaves is in order."""
    entry = HEALTHY[kind](stage)

    result = audit(stage, entry)

    assert differences(result) == []
    assert result.state is AuditState.VERIFIED


def test_orders_of_other_files_under_the_same_keys_are_no_differences(stage: Stage) -> None:
    """Two files share every order id and customer."""
    first = stage.process("first.csv", FILE)
    second = stage.process("second.csv", FILE + b"A-99,Ada,Engine,1,1\n")

    assert differences(audit(stage, first)) == []
    assert differences(audit(stage, second)) == []


@pytest.mark.parametrize("change", ["reprocess", "dismiss"])
def test_file_that_changes_meanwhile_gives_no_result(stage: Stage, change: str) -> None:
    """A run or a person is at work between the audit's reads: what it saw means nothing."""
    entry = stage.process("a.csv", FILE)
    delete_order(stage, "A-7", entry)
    reader = auditor(stage).read_story
    calls: list[str] = []

    def read_story(file_id: str) -> Any:
        if calls:
            reprocess(stage, entry) if change == "reprocess" else _dismissed(stage, entry)
        calls.append(file_id)
        return reader(file_id)

    result = auditor(stage, read_story=read_story).audit(entry.file_id, NO_BOUNDS, who="ada")

    assert result is None


@pytest.mark.parametrize("state", [FileState.REPROCESSING, FileState.PROCESSING, FileState.DEAD_LETTERED])
def test_file_that_is_not_settled_is_not_audited(stage: Stage, state: FileState) -> None:
    """Its orders are being written, or are there in part."""
    entry = stage.process("a.csv", FILE)
    change_ledger(stage, entry.file_id, "file", state=state)

    assert auditor(stage).audit(entry.file_id, NO_BOUNDS, who="ada") is None


def test_large_file_is_sampled_and_says_so(stage: Stage) -> None:
    """Its rows are all read, its orders only in stretches; counts and outputs are compared whole."""
    entry = stage.process("a.csv", csv_file(*(f"A-{n % 5},Ada,Pen,1,1.00" for n in range(1_700))))

    result = audit(stage, entry, AuditBounds(orders=800, rows=10_000))

    assert result.state is AuditState.INCOMPLETE
    assert 0 < result.orders_compared < 1_700
    assert any(note.startswith("A sample of the orders was compared") for note in result.notes)
    assert differences(result) == []


def test_file_beyond_the_bounds_is_compared_as_far_as_they_reach(stage: Stage) -> None:
    """The notes name the last row, and the missing rest is no difference."""
    entry = stage.process("a.csv", FILE)

    result = audit(stage, entry, AuditBounds(orders=1_000, rows=5))

    assert (result.state, result.rows, differences(result)) == (AuditState.INCOMPLETE, 5, [])
    assert "compared up to its row 6" in result.notes[0]


def test_audit_without_time_says_so(stage: Stage) -> None:
    """It ends by itself, without a difference."""
    entry = stage.process("a.csv", FILE)

    result = audit(stage, entry, remaining_s=lambda: 0.0)

    assert (result.state, differences(result)) == (AuditState.INCOMPLETE, [])
    assert result.notes[0].startswith("The time for one audit is up.")


def test_original_of_which_nothing_is_known_is_not_read(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that failed before its content was checked has no hash to compare, and may have many gigabytes."""
    entry = stage.process("orders.txt", csv_file(*GOOD_ROWS))
    monkeypatch.setattr(stage.clients.s3, "get_object", None)

    result = audit(stage, entry)

    assert (result.state, differences(result)) == (AuditState.VERIFIED, [])


@pytest.mark.parametrize("storage_class", ["GLACIER", "DEEP_ARCHIVE"])
def test_original_that_must_be_restored_is_not_read(stage: Stage, storage_class: str) -> None:
    """A cold original costs hours and money: the audit says so instead."""
    entry = stage.process("a.csv", FILE)
    request: Any = {
        "CopySource": {"Bucket": BUCKET, "Key": entry.original_key},
        "StorageClass": storage_class,
        "MetadataDirective": "REPLACE",
    }
    copied = stage.clients.s3.copy_object(Bucket=BUCKET, Key=entry.original_key, **request)
    change_ledger(stage, entry.file_id, "file", original_version=copied["VersionId"])

    result = audit(stage, entry)

    assert (result.state, result.rows, differences(result)) == (AuditState.INCOMPLETE, 0, [])
    assert f"is in {storage_class} and was not read" in result.notes[0]


def test_expired_objects_are_no_differences(stage: Stage) -> None:
    """Lifecycle rules delete the outputs after their days, and later the original."""
    entry = stage.process("a.csv", FILE)
    for key in (entry.accepted_key, entry.rejected_key):
        stage.clients.s3.delete_object(Bucket=BUCKET, Key=key)
    stage.advance_clock(hours=48)

    result = audit(stage, entry, retention=RetentionDays(1, 1, 730))

    assert (result.state, differences(result)) == (AuditState.INCOMPLETE, [])
    assert len(result.notes) == 2
