"""The audit of files of which orders were laid aside, replaced, taken back, or never stored, on moto."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from processor.domain.audits import AuditState
from processor.domain.entries import to_iso
from processor.domain.file_states import FileState
from processor.ledger.table import FilesTable, ItemUpdate
from processor.ledger.take_backs import TakeBacks
from processor.orders.auditing.audit_file import AuditBounds
from processor.orders.order_ids import OrderIds
from processor.orders.taking_back import OrdersTaker
from tests.integration.processor.orders.books import (
    audit,
    auditor,
    change_ledger,
    delete_order,
    differences,
    order_of,
    put_order,
    reprocess,
)
from tests.integration.stage import csv_file

if TYPE_CHECKING:
    from collections.abc import Callable

    from processor.domain.entries import FileEntry
    from tests.integration.stage import Stage

GOOD = tuple(f"A-{number},Ada,Engine,{number + 1},2.50" for number in range(8))
BROKEN_ORDER = csv_file(*GOOD, "A-5,Ada,Crank,three,1.00", 'A-6,Ada,Crank,1,"1.00" ')
"""Two of eight orders have a second row that is rejected, one of which has cells that cannot be told apart."""


def go_back(stage: Stage, entry: FileEntry, by: FileEntry | None = None) -> FileEntry:
    """Take all orders of a file back, or those that another one has, as the worker does; returns the file's entry."""
    table = FilesTable(stage.clients.files, "files")
    take_backs = TakeBacks(table, stage.services.ledger)
    action_id, now = f"by {by.name}" if by else "void", to_iso(stage.services.now())
    if by:
        progress = take_backs.begin_replace(entry, by.file_id, action_id, note_on(entry))
        change_ledger(stage, by.file_id, "file", replaces=[entry.file_id])
    else:
        progress = take_backs.begin_void(entry.file_id, action_id, now, note_on(entry))
    taker = OrdersTaker(
        dynamodb=stage.clients.files,
        orders_table="orders",
        files=table,
        take_backs=take_backs,
        objects=stage.services.objects,
        entry=entry,
        runs=stage.services.ledger.list_runs(entry.file_id),
        wanted=OrderIds(row["order_id"] for row in stage.orders() if row["file_id"] == by.file_id) if by else None,
    )
    progress = [progress, *taker.take_back(progress)][-1]
    if not by:
        stage.clients.s3.delete_object(Bucket=entry.bucket, Key=entry.accepted_key)
    assert take_backs.finish(progress, now)
    return entry_of(stage, entry)


def note_on(entry: FileEntry) -> ItemUpdate:
    """Make what stands for the action's note."""
    return ItemUpdate(entry.file_id, "note", {"who": "ada@example.com"})


def entry_of(stage: Stage, entry: FileEntry) -> FileEntry:
    """Read a file's entry as it is now."""
    found = stage.services.ledger.read_file(entry.file_id)
    assert found is not None
    return found


def held(stage: Stage) -> FileEntry:
    """Hold a file, as one of its rows is rejected."""
    stage.configure(reject="file")
    return stage.process("held.csv", BROKEN_ORDER)


def replaced(stage: Stage) -> FileEntry:
    """Replace three of a file's eight orders."""
    stage.configure(same_orders="store")
    entry = stage.process("monday.csv", csv_file(*GOOD))
    later = stage.process(
        "tuesday.csv", csv_file(*(row.replace("2.50", "3.00") for row in GOOD[:3]), "B-1,Ada,Pen,1,1")
    )
    return go_back(stage, entry, later)


def laid_aside(stage: Stage, reject: str, later: str) -> FileEntry:
    """Settle a file with broken orders under one setting, which has changed by the time of the audit."""
    stage.configure(reject=reject)
    entry = stage.process("orders.csv", BROKEN_ORDER)
    stage.configure(reject=later)
    return entry


HEALTHY: dict[str, Callable[[Stage], FileEntry]] = {
    "broken orders laid aside": lambda stage: laid_aside(stage, "order", "order"),
    "broken orders laid aside, under a setting of before": lambda stage: laid_aside(stage, "order", "row"),
    "only bad rows rejected, under a setting of before": lambda stage: laid_aside(stage, "row", "order"),
    "held": held,
    "replaced in part": replaced,
    "voided": lambda stage: go_back(stage, stage.process("orders.csv", csv_file(*GOOD))),
    "voided with rejected rows": lambda stage: go_back(stage, stage.process("orders.csv", BROKEN_ORDER)),
    "voided and stored again": lambda stage: reprocess(
        stage, go_back(stage, stage.process("orders.csv", csv_file(*GOOD)))
    ),
    "voided after it was replaced in part": lambda stage: go_back(stage, replaced(stage)),
}


@pytest.mark.parametrize("kind", HEALTHY)
def test_file_whose_orders_are_rightly_missing_differs_nowhere(stage: Stage, kind: str) -> None:
    """Everything that ought to be there is there, and nothing else."""
    entry = HEALTHY[kind](stage)

    result = audit(stage, entry)

    assert differences(result) == []
    assert result.state is AuditState.VERIFIED


def test_broken_orders_are_laid_aside_whole_or_row_by_row(stage: Stage) -> None:
    """The two settings leave other books, or the cases above would prove nothing."""
    whole = laid_aside(stage, "order", "order")
    by_row = stage.process("later.csv", BROKEN_ORDER)

    assert (whole.accepted_rows, whole.rejected_rows) == (6, 4)
    assert by_row.state is FileState.DUPLICATE


@pytest.mark.parametrize("make", ["held", "voided"])
def test_order_of_a_file_that_has_none_is_found(stage: Stage, make: str) -> None:
    """Nothing of a held or a voided file is stored, so an order that bears its id is wrong."""
    entry = held(stage) if make == "held" else HEALTHY["voided"](stage)
    stage.configure(reject="order", same_orders="store")
    other = stage.process("other.csv", csv_file(*(row.replace("2.50", "9.00") for row in GOOD)))
    put_order(stage, order_of(stage, "A-3", other), file_id={"S": entry.file_id}, processed_timestamp={"S": "2031"})

    result = audit(stage, entry)

    assert [found for _, _, _, _, found in differences(result)] == ["the order A-3 at 2031, row 5"]


def test_a_missing_order_that_no_other_file_has_is_found(stage: Stage) -> None:
    """Three lines were replaced; a fourth is missing for no reason."""
    entry = replaced(stage)
    delete_order(stage, "A-5", entry)

    found = differences(audit(stage, entry))

    assert found == [("orders", 7, "", "the order A-5", "no such order in the table")]


def test_one_missing_line_too_many_is_found_although_its_order_was_replaced(stage: Stage) -> None:
    """The ledger has counted two; the later file has the order of the third, too."""
    entry = replaced(stage)
    change_ledger(stage, entry.file_id, "file", replaced_rows=2)

    assert differences(audit(stage, entry)) == [("ledger", 0, "replaced_rows", "3", "2")]


def test_a_line_that_ought_to_be_laid_aside_is_found(stage: Stage) -> None:
    """An order must not be shipped without its broken line."""
    entry = laid_aside(stage, "order", "order")
    item = order_of(stage, "A-4", entry)
    put_order(stage, item, order_id={"S": "A-5"}, row_number={"N": "7"})

    found = [each[3:] for each in differences(audit(stage, entry))]

    [(expected, what)] = found
    assert expected == "no such order"
    assert what.startswith("the order A-5 at ")


def test_missing_lines_are_only_counted_when_the_later_file_is_gone(stage: Stage) -> None:
    """It was voided since, and its accepted rows with it: that is said, and is no difference."""
    entry = replaced(stage)
    later = next(
        each for each in (stage.services.ledger.read_file(file_id) for file_id in entry.replaced_by) if each is not None
    )
    go_back(stage, later)

    result = audit(stage, entry)

    assert differences(result) == []
    assert result.state is AuditState.INCOMPLETE
    assert result.notes == (
        "The accepted rows of tuesday.csv, which has replaced orders, are gone: what is missing was only counted.",
    )


def test_file_whose_orders_are_going_back_gives_no_result(stage: Stage) -> None:
    """Some of its orders are there, some are not."""
    entry = stage.process("orders.csv", csv_file(*GOOD))
    take_backs = TakeBacks(FilesTable(stage.clients.files, "files"), stage.services.ledger)
    take_backs.begin_void(entry.file_id, "void", to_iso(stage.services.now()), note_on(entry))

    result = auditor(stage).audit(entry.file_id, bounds(), who="ada@example.com")

    assert result is None


def bounds() -> AuditBounds:
    """Compare everything."""
    return AuditBounds(orders=1_000, rows=1_000)
