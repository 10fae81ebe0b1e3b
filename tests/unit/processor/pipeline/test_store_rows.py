"""An order with a rejected row is laid aside whole, and comes back whole with the corrected rows."""

from __future__ import annotations

import csv
import io
from itertools import islice
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processor.domain.columns import NAMES
from processor.domain.errors import PermanentError
from processor.domain.holds import Reject
from processor.storage.rejected_rows import RejectedRow
from tests.unit.processor.mixed_files import MIXED_FILES, cut_into_blocks
from tests.unit.processor.outcomes import Outcome, fast
from tests.unit.processor.parsing.readings import read
from tests.unit.processor.strategies import GOOD_ROWS, HEADER, csv_text

if TYPE_CHECKING:
    from collections.abc import Iterable

AGAIN = "order_id: another row of this order was rejected"


def process(text: str, reject: Reject = Reject.ORDER, cuts: Iterable[int] = ()) -> Outcome:
    """Read a file twice, as a run does."""
    blocks = cut_into_blocks(text.encode(), cuts)
    return fast(blocks, rejected_orders=read(*blocks, reject=reject).rejected_orders)


def stored_rows(outcome: Outcome) -> list[tuple[str, ...]]:
    """List the values of the stored rows: order, customer, product, quantity, price."""
    return [
        tuple(item["PutRequest"]["Item"][name].popitem()[1] for name in NAMES)
        for batch in outcome.batches
        for item in batch
    ]


def rejected_rows(outcome: Outcome) -> list[RejectedRow]:
    """Read the rejected-rows file."""
    rows = csv.reader(io.StringIO(outcome.rejected.decode(), newline=""))
    return [RejectedRow.from_cells(cells) for cells in islice(rows, 1, None)]


ORDER = 'A-1,Ann,Widget,1,1\nA-2,Bob,Widget,1,1\n"A-1","Lee, Ann",Hat,2,"2.50"\nA-1,"Ann\nLee",Cap,3,3\n'


def test_an_order_is_laid_aside_whole() -> None:
    """Its good rows, plain, quoted and of two lines, lie among the rejected ones in the file's order, as they stood."""
    found = process(f"{HEADER}\n{ORDER}A-1,Ann,Widget,many,1\n")

    assert stored_rows(found) == [("A-2", "Bob", "Widget", "1", "1")]
    assert [(row.number, row.cells, row.original) for row in rejected_rows(found)] == [
        (2, ("A-1", "Ann", "Widget", "1", "1"), "A-1,Ann,Widget,1,1"),
        (4, ("A-1", "Lee, Ann", "Hat", "2", "2.50"), '"A-1","Lee, Ann",Hat,2,"2.50"'),
        (5, ("A-1", "Ann\nLee", "Cap", "3", "3"), 'A-1,"Ann\nLee",Cap,3,3'),
        (6, ("A-1", "Ann", "Widget", "many", "1"), "A-1,Ann,Widget,many,1"),
    ]
    assert found.reasons == {AGAIN: 3, "quantity: not a whole number": 1}


@pytest.mark.parametrize("reject", [Reject.ROW, Reject.FILE])
def test_other_policies_lay_no_order_aside(reject: Reject) -> None:
    """Under reject=row a bad row is rejected alone; under reject=file, a file that a person stores all the same."""
    found = process(f"{HEADER}\n{ORDER}A-1,Ann,Widget,many,1\n", reject)

    assert len(stored_rows(found)) == 4
    assert found.reasons == {"quantity: not a whole number": 1}


@given(MIXED_FILES, st.lists(st.integers(0, 5_000), max_size=4))
def test_no_order_is_stored_in_part(text: str, cuts: list[int]) -> None:
    """Property: no order has both a stored row and a rejected one, and every row is one of both."""
    try:
        rows = read(text).rows
    except PermanentError:
        return

    found = process(text, cuts=cuts)

    stored, rejected = stored_rows(found), rejected_rows(found)
    ids = {row.cells[0].strip(" ") for row in rejected}
    assert not ids.intersection(order_id for order_id, *_ in stored)
    assert len(stored) + len(rejected) == rows


WRONG = {"many": 3, "": 3, "-1": 3, "0": 4}


@given(
    st.lists(st.tuples(GOOD_ROWS, st.sampled_from("ABCDEF"), st.sampled_from(["", *WRONG])), min_size=1, max_size=30)
)
def test_corrected_rows_bring_whole_orders(rows: list[tuple[tuple[str, ...], str, str]]) -> None:
    """Property: the rejected-rows file, its cells corrected, holds exactly the orders that are not stored."""
    good = [(order, *cells[1:]) for cells, order, _ in rows]
    sent = [(*cells[:3], wrong, cells[4]) if wrong else cells for cells, (_, _, wrong) in zip(good, rows, strict=True)]
    first = process(csv_text([NAMES, *sent], quote_all=True))
    corrected = list(csv.reader(io.StringIO(first.rejected.decode(), newline="")))
    for cells in corrected[1:]:
        cells[3] = good[int(cells[5]) - 2][3]  # The row's number, and its right quantity.

    second = process(csv_text(corrected, quote_all=True)) if corrected else Outcome()

    one, two = stored_rows(first), stored_rows(second)
    assert second.counts[1] == 0
    assert sorted(one + two) == sorted(good)
    assert not {row[0] for row in one} & {row[0] for row in two}
