"""The comparison of an output: equal bytes differ nowhere, and any change of a row is found at that row."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processor.domain.audits import BookPart
from processor.domain.orders import ENRICHED_HEADER
from processor.orders.auditing.findings import MOST_KEPT, Findings
from processor.orders.auditing.outputs import OutputComparison, OutputReader
from processor.storage.csv_writer import CsvLines
from processor.storage.outputs import header_line
from tests.unit.processor.strategies import ANY_CELL

if TYPE_CHECKING:
    from collections.abc import Sequence

NUMBER = len(ENRICHED_HEADER) - 1
LINE_FREE = ANY_CELL.map(lambda cell: cell.replace("\0", ""))  # The csv module reads no NUL.


def numbered(rows: Sequence[Sequence[str]]) -> list[list[str]]:
    """Give each row its number, from 2 on."""
    return [[*row[:NUMBER], str(number)] for number, row in enumerate(rows, 2)]


ROWS = st.lists(st.lists(LINE_FREE, min_size=NUMBER, max_size=NUMBER), min_size=1, max_size=6).map(numbered)


def written(rows: Sequence[Sequence[str]]) -> bytes:
    """Write an output."""
    lines = CsvLines()
    return header_line(ENRICHED_HEADER) + b"".join(lines.write_line(row) for row in rows)


def compare(rows: Sequence[Sequence[str]], body: bytes, *, block: int = 1 << 20) -> tuple[Findings, list[int]]:
    """Compare the bytes with the rows; returns the findings and the offsets."""
    findings = Findings()
    blocks = (body[at : at + block] for at in range(0, len(body), block))
    reader = OutputReader(blocks)
    output = OutputComparison(BookPart.ACCEPTED, ENRICHED_HEADER, "row_number", reader, findings)
    offsets = [output.expect(int(row[NUMBER]), row) for row in rows]
    output.finish()
    return findings, offsets


@given(ROWS, st.integers(1, 40))
def test_output_as_written_differs_nowhere(rows: list[list[str]], block: int) -> None:
    """Whatever the cells hold and wherever its blocks end; each offset is that of the row."""
    body = written(rows)

    findings, offsets = compare(rows, body, block=block)

    assert findings.differences == []
    lengths = [len(written(rows[:number])) for number in range(len(rows))]
    assert offsets == lengths


@given(ROWS, st.data())
def test_changed_cell_is_found_where_it_is(rows: list[list[str]], data: st.DataObject) -> None:
    """One difference, with row, column, and both values."""
    at, column = data.draw(st.integers(0, len(rows) - 1)), data.draw(st.integers(0, NUMBER - 1))
    changed = [list(row) for row in rows]
    changed[at][column] += "x"

    findings, _ = compare(rows, written(changed))

    [difference] = findings.differences
    assert (difference.row, difference.column) == (at + 2, ENRICHED_HEADER[column])
    assert difference.expected != difference.found or len(rows[at][column]) >= 200


@given(ROWS, st.data())
def test_missing_and_extra_rows_are_found(rows: list[list[str]], data: st.DataObject) -> None:
    """A row that is dropped, and one that nobody expects, at any place."""
    at = data.draw(st.integers(0, len(rows) - 1))
    fewer = rows[:at] + rows[at + 1 :]

    dropped, _ = compare(rows, written(fewer))
    added, _ = compare(fewer, written(rows))

    assert [each.row for each in dropped.differences] == [at + 2]
    assert [each.row for each in added.differences] == [at + 2]


@given(ROWS, st.data())
def test_output_that_ends_early_is_found(rows: list[list[str]], data: st.DataObject) -> None:
    """Wherever it is cut, also inside a row or a cell with line breaks."""
    body = written(rows)
    end = data.draw(st.integers(0, len(body) - 1))

    findings, _ = compare(rows, body[:end])

    assert findings.count


@pytest.mark.parametrize("body", [b"", b"no,csv\r\n", b"\xff\xfe\x00", b'"', b"x" * 3_000_000])
def test_other_bytes_are_another_output(body: bytes) -> None:
    """An object that somebody has replaced never raises an error, however long its lines are."""
    findings, offsets = compare(numbered([["a"] * NUMBER] * 3), body)

    assert offsets == [-1, -1, -1]
    assert findings.count


def test_all_differences_are_counted_and_some_are_kept() -> None:
    """A file of which everything differs must fit into an item of the ledger."""
    rows = numbered([["a" * 5_000] * NUMBER] * 40)
    changed = [[*("b" * 5_000 for _ in row[:NUMBER]), row[NUMBER]] for row in rows]

    findings, _ = compare(rows, written(changed))

    assert findings.count == 40 * NUMBER
    assert len(findings.differences) == MOST_KEPT
    assert max(len(each.found) for each in findings.differences) < 250
