"""The keys of a file's orders are read from any accepted row on, whatever stands in the cells."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from processor.storage import objects
from processor.storage.accepted_reader import (
    AcceptedRowsGoneError,
    AcceptedRowsUnreadableError,
    iterate_order_keys,
    run_with_offsets,
)
from tests.integration.calls import calls_to
from tests.integration.stage import csv_file

if TYPE_CHECKING:
    from processor.domain.entries import FileEntry
    from tests.integration.stage import Stage

ROWS = 2_100
ODD = ['"Zoë\n""the"" first"', "Ada", "日本", '"a,b"']


@pytest.fixture
def entry(stage: Stage) -> FileEntry:
    """Store a file that is long enough for three offsets."""
    return stage.process("long.csv", csv_file(*(f"A-{n},{ODD[n % len(ODD)]},Pen,1,1.00" for n in range(ROWS))))


def test_keys_are_those_of_the_orders_from_any_row_on(
    stage: Stage, entry: FileEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the run's offsets and without, wherever a block ends."""
    stored = {(order["order_id"], order["processed_timestamp"]) for order in stage.orders()}
    run = run_with_offsets(stage.services.ledger.list_runs(entry.file_id))
    monkeypatch.setattr(objects, "BLOCK_BYTES", 1_000)

    whole = list(iterate_order_keys(stage.services.objects, entry, None))

    assert (len(whole), set(whole)) == (ROWS, stored)
    assert [order_id for order_id, _ in whole] == [f"A-{n}" for n in range(ROWS)]
    for first in (0, 1, 999, 1_000, 2_050, ROWS):
        assert list(iterate_order_keys(stage.services.objects, entry, run, first)) == whole[first:]


def test_rows_before_are_not_read_again(stage: Stage, entry: FileEntry, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that goes on behind 2,000 rows begins at the offset that the run has kept."""
    run = run_with_offsets(stage.services.ledger.list_runs(entry.file_id))
    monkeypatch.setattr(objects, "BLOCK_BYTES", 100_000)
    assert run is not None

    with calls_to(stage.clients.s3) as calls:
        rest = list(iterate_order_keys(stage.services.objects, entry, run, 2_050))

    assert len(rest) == 50
    first_read = next(call for call in calls if call.operation == "GetObject")
    assert first_read.parameters["Range"].startswith(f"bytes={run.row_offsets[2] - 1}-")


def test_offsets_of_another_object_are_not_trusted(stage: Stage, entry: FileEntry) -> None:
    """A later run may have written the object anew and died: then all rows are read."""
    run = run_with_offsets(stage.services.ledger.list_runs(entry.file_id))
    assert run is not None
    shifted = run._replace(row_offsets=tuple(offset + 3 for offset in run.row_offsets))

    keys = list(iterate_order_keys(stage.services.objects, entry, shifted, 2_000))

    assert [order_id for order_id, _ in keys] == [f"A-{n}" for n in range(2_000, ROWS)]


@pytest.mark.parametrize("fault", ["gone", "foreign"])
def test_what_cannot_be_read_is_said(stage: Stage, fault: str) -> None:
    """No key is made up from an object that is gone, or holds another file's rows."""
    entry = stage.process("short.csv", csv_file("B-1,Ada,Pen,1,1.00"))
    if fault == "gone":
        stage.clients.s3.delete_object(Bucket=entry.bucket, Key=entry.accepted_key)
    else:
        other = stage.process("other.csv", csv_file("B-2,Ada,Pen,1,1.00"))
        foreign = stage.read(other.accepted_key)
        stage.clients.s3.put_object(Bucket=entry.bucket, Key=entry.accepted_key, Body=foreign)

    with pytest.raises(AcceptedRowsGoneError if fault == "gone" else AcceptedRowsUnreadableError):
        list(iterate_order_keys(stage.services.objects, entry, None))
