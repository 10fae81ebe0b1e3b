"""The audit of a file's books on moto: each planted fault is found, most of them to the value."""

from __future__ import annotations

from typing import TYPE_CHECKING

from processor.domain.orders import ENRICHED_HEADER
from tests.integration.processor.orders import planted_faults as faults
from tests.integration.processor.orders.books import FILE, audit, differences, order_of, put_order, reprocess

if TYPE_CHECKING:
    from collections.abc import Callable

    from processor.domain.audits import AuditEntry
    from processor.domain.entries import FileEntry
    from tests.integration.stage import Stage

type Found = tuple[str, int, str, str, str]

PLANTED: dict[str, tuple[Callable[[Stage, FileEntry], None], list[Found]]] = {
    "order deleted": (faults.delete_one_order, [("orders", 9, "", "the order A-7", "no such order in the table")]),
    "quantity changed": (faults.change_quantity, [("orders", 9, "quantity", "8", "9")]),
    "customer changed": (
        faults.change_customer,
        [("orders", 9, "customer_name", "Ada", "Eve"), ("orders", 9, "customer_key", "ada#1", "eve#0")],
    ),
    "number as text": (faults.change_type, [("orders", 9, "unit_price", "2.50", "2.50")]),
    "attribute dropped": (faults.drop_attribute, [("orders", 9, "line_total", "20.00", "nothing")]),
    "accepted rows cut": (
        faults.cut_accepted,
        [("accepted rows", 9, "", "this row and 2 more", "the object ends before")],
    ),
    "cell changed": (faults.change_cell, [("accepted rows", 9, "quantity", "8", "9")]),
    "line dropped": (faults.drop_line, [("accepted rows", 9, "", "the row", "not in the object")]),
    "rejected rows cut": (faults.cut_rejected, [("rejected rows", 12, "", "this row", "the object ends before")]),
    "reason changed": (
        faults.change_reason,
        [("rejected rows", 12, "waybill_reasons", "quantity: not a whole number", "quantity: negative")],
    ),
    "one accepted row too many counted": (faults.count_one_more, [("ledger", 0, "accepted_rows", "10", "11")]),
    "one rejected row too few counted": (faults.count_one_less, [("ledger", 0, "rejected_rows", "1", "0")]),
    "run counts one more": (faults.count_run, [("ledger", 0, "accepted_rows of the run", "10", "11")]),
}


NAMED: list[tuple[Callable[[Stage, FileEntry], None], str, str]] = [
    (faults.change_file, "orders", "0" * 24),
    (faults.duplicate_order, "orders", "the order A-7 at 2031"),
    (faults.add_under_known_customer, "orders", "the order Z-1 at"),
    (faults.add_under_rejected_id, "orders", "the order B-3 at"),
    (faults.cut_inside_row, "accepted rows", "something else at byte"),
    (faults.repeat_line, "accepted rows", "A-9,"),
    (faults.delete_accepted, "accepted rows", "no such object"),
    (faults.count_bytes, "ledger", ""),
    (faults.change_state, "ledger", "processed"),
    (faults.shift_offset, "offsets", f"{len(','.join(ENRICHED_HEADER)) + 3}"),
    (faults.change_original, "original", ""),
    (faults.delete_original, "original", "no such object"),
]


def plant(stage: Stage, fault: Callable[[Stage, FileEntry], None], number: int) -> AuditEntry:
    """Settle a file of its own, plant a fault in its books, and audit it; one name tells the contents apart."""
    stage.configure(same_orders="store")
    entry = stage.process(f"{number}.csv", FILE.replace(b"A-0,Ada,", b"A-0,Ada %d," % number))
    fault(stage, entry)
    return audit(stage, entry)


def test_planted_faults_are_found_to_the_value(stage: Stage) -> None:
    """Each is its file's only difference, with its row, its column, and both values."""
    found = {
        name: differences(plant(stage, fault, number)) for number, (name, (fault, _)) in enumerate(PLANTED.items())
    }

    assert found == {name: expected for name, (_, expected) in PLANTED.items()}


def test_planted_faults_are_found(stage: Stage) -> None:
    """Whatever else each entails, the part that is wrong is named, and what was found there."""
    found = [differences(plant(stage, fault, number)) for number, (fault, _, _) in enumerate(NAMED)]

    missed = [
        (fault.__name__, each)
        for each, (fault, part, words) in zip(found, NAMED, strict=True)
        if not any(difference[0] == part and words in difference[4] for difference in each)
    ]
    assert missed == []


def test_order_of_a_duplicate_is_found(stage: Stage) -> None:
    """Nothing of a duplicate is stored, so an order that bears its file id was added."""
    original = stage.process("first.csv", FILE)
    entry = stage.process("second.csv", FILE)
    put_order(stage, order_of(stage, "A-7", original), processed_timestamp={"S": "2031"}, file_id={"S": entry.file_id})

    found = differences(audit(stage, entry))

    assert [each[4] for each in found] == ["the order A-7 at 2031, row 9"]
    assert differences(audit(stage, original)) == []


def test_reprocessing_mends_orders_and_outputs(stage: Stage) -> None:
    """What the page advises puts the books in order: the same keys are written again."""
    entry = stage.process("a.csv", FILE)
    for fault in (faults.delete_one_order, faults.cut_accepted, faults.cut_rejected, faults.count_one_more):
        fault(stage, entry)

    mended = reprocess(stage, entry)

    assert differences(audit(stage, mended)) == []
