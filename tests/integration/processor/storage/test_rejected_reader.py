"""Rejected rows are read back stretch by stretch, each with every reason, whatever stands in the cells."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from processor.domain.columns import Problem
from processor.storage.rejected_reader import RejectedRowsError, read_rejected_stretch
from tests.integration.stage import BUCKET, csv_file

if TYPE_CHECKING:
    from processor.domain.entries import FileEntry
    from tests.integration.stage import Stage

ODD = ['"Zoë\n""the"" first"', "Ada", "日本", "=1+1", '"a,b"']


def rejected_file(stage: Stage, rows: int) -> FileEntry:
    """Process a file with so many rejected rows, some of them over several lines and bytes."""
    lines = [f"A-{number},{ODD[number % len(ODD)]},Engine,three,1.00" for number in range(rows)]
    return stage.process("orders.csv", csv_file(*lines))


@pytest.mark.parametrize("limit", [1, 3, 7, 50])
def test_stretches_join_without_a_gap(stage: Stage, limit: int) -> None:
    """Each begins at the byte where the one before has ended; the last one says that it is the last."""
    stage.configure(hold_above_rejected_percent=100)
    entry = rejected_file(stage, 21)
    numbers: list[int] = []
    first_byte, stretches = 0, 0

    while first_byte or not stretches:
        stretch = read_rejected_stretch(
            stage.clients.s3, BUCKET, entry.rejected_key, first_byte=first_byte, limit=limit
        )
        numbers += [row.number for row in stretch.rows]
        first_byte, stretches = stretch.next_byte, stretches + 1

    assert len(numbers) == 21
    assert numbers == sorted(set(numbers))
    assert stretches == -(-21 // limit)


def test_row_comes_with_its_cells_and_reasons(stage: Stage) -> None:
    """A row comes with everything that a person needs to correct it."""
    entry = rejected_file(stage, 1)

    [row] = read_rejected_stretch(stage.clients.s3, BUCKET, entry.rejected_key).rows

    assert row.problems[0] == Problem("quantity", row.problems[0].reason)
    assert row.cells[1] == 'Zoë\n"the" first'


def test_object_that_is_gone_is_told_in_words(stage: Stage) -> None:
    """A lifecycle rule, or a person, has removed it."""
    with pytest.raises(RejectedRowsError, match="no longer in the bucket"):
        read_rejected_stretch(stage.clients.s3, BUCKET, "failed-data/nothing.csv")


@pytest.mark.parametrize("body", [b"order_id\nA-1\n", b"", b'"\xff'])
def test_object_that_was_replaced_is_told_in_words(stage: Stage, body: bytes) -> None:
    """It is another file, or no text at all."""
    stage.clients.s3.put_object(Bucket=BUCKET, Key="failed-data/x.csv", Body=body)

    with pytest.raises(RejectedRowsError, match="replaced"):
        read_rejected_stretch(stage.clients.s3, BUCKET, "failed-data/x.csv")


def test_byte_that_is_no_rows_beginning_is_told_in_words(stage: Stage) -> None:
    """An address that somebody changed by hand shows no half row."""
    entry = rejected_file(stage, 5)

    with pytest.raises(RejectedRowsError, match="from byte 150"):
        read_rejected_stretch(stage.clients.s3, BUCKET, entry.rejected_key, first_byte=150)
    assert read_rejected_stretch(stage.clients.s3, BUCKET, entry.rejected_key, first_byte=10**9).rows == ()
