"""The two objects of a run: headers, offsets that a page can be read from, reasons that add up."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processor.domain.columns import ROW, Problem
from processor.domain.entries import FIRST_STRIDE
from processor.domain.orders import ENRICHED_HEADER
from processor.storage import outputs
from processor.storage.csv_writer import CsvLines
from processor.storage.outputs import AcceptedRows, RejectedRows
from processor.storage.rejected_rows import HEADER, RejectedRow
from tests.rejected_files import read_rejected_rows
from tests.unit.processor.fake_writer import FakeWriter, as_writer
from tests.unit.processor.strategies import ANY_CELL

BATCH = 25


@pytest.fixture
def writer() -> FakeWriter:
    """Provide a writer that keeps what it gets."""
    return FakeWriter()


def line(number: int, customer: str = "Zoë") -> bytes:
    """Make the enriched line of one row."""
    return CsvLines().write_line((f"A-{number}", "t", customer, "Widget", "3", "9.99", "29.97", str(number)))


def write_accepted(writer: FakeWriter, rows: int) -> AcceptedRows:
    """Write so many accepted rows in batches; their lengths differ."""
    accepted = AcceptedRows(as_writer(writer))
    numbers = list(range(rows))
    for start in range(0, rows, BATCH):
        batch = [line(number, "Zoë\n" * (number % 3)) for number in numbers[start : start + BATCH]]
        accepted.add(b"".join(batch), len(batch))
    return accepted


def firsts_at(offsets: list[int], writer: FakeWriter) -> list[str]:
    """Read the first cell of the row at each offset."""
    return [
        next(csv.reader(io.StringIO(writer.data[at:][:500].decode(errors="ignore"), newline="")))[0] for at in offsets
    ]


def test_objects_without_rows_are_never_written(writer: FakeWriter) -> None:
    """No row, no bytes, no key: not even a header."""
    accepted, rejected = AcceptedRows(as_writer(writer)), RejectedRows(as_writer(writer))

    keys = [accepted.complete(), rejected.complete()]

    assert keys == ["", ""]
    assert writer.data == b""
    assert accepted.offsets == []


def test_header_comes_once_with_the_first_row(writer: FakeWriter) -> None:
    """Rows follow the header, in UTF-8 with CRLF line ends."""
    accepted = AcceptedRows(as_writer(writer))

    accepted.add(line(2), 1)
    accepted.add(line(3), 1)

    assert accepted.complete() == "key"
    assert accepted.size_bytes == len(writer.data)
    assert writer.data.decode() == (
        ",".join(ENRICHED_HEADER) + "\r\nA-2,t,Zoë,Widget,3,9.99,29.97,2\r\nA-3,t,Zoë,Widget,3,9.99,29.97,3\r\n"
    )


def test_aborted_object_is_discarded(writer: FakeWriter) -> None:
    """Giving up reaches the writer."""
    rejected = RejectedRows(as_writer(writer))

    rejected.abort()

    assert writer.ended_by == "abort"


@pytest.mark.parametrize("rows", [1, 24, 25, 999, 1_000, 1_001, 3_010])
def test_offsets_are_where_every_thousandth_row_begins(writer: FakeWriter, rows: int) -> None:
    """Read from an offset, the object goes on with exactly the row that it stands for."""
    accepted = write_accepted(writer, rows)

    firsts = firsts_at(accepted.offsets, writer)

    assert accepted.count == rows
    assert accepted.stride == FIRST_STRIDE
    assert firsts == [f"A-{number}" for number in range(0, rows, FIRST_STRIDE)]


@pytest.mark.parametrize("rows", [4_000, 4_001, 8_001, 9_999, 20_000])
def test_offsets_thin_out_when_there_are_many(writer: FakeWriter, monkeypatch: pytest.MonkeyPatch, rows: int) -> None:
    """The list stays short however many rows there are, and still says where every stride-th row begins."""
    monkeypatch.setattr(outputs, "MOST_OFFSETS", 4)

    accepted = write_accepted(writer, rows)

    firsts = firsts_at(accepted.offsets, writer)
    assert len(accepted.offsets) <= 4
    assert accepted.stride % FIRST_STRIDE == 0
    assert firsts == [f"A-{number}" for number in range(0, rows, accepted.stride)]


def test_reasons_are_counted(writer: FakeWriter) -> None:
    """Equal mistakes add up by column and reason; a row with two mistakes counts for both."""
    rejected = RejectedRows(as_writer(writer))
    empty, low = Problem("order_id", "empty"), Problem("quantity", "below 1")

    for number, problems in enumerate([(empty,), (empty, low), (Problem(ROW, "too long"),)], start=2):
        rejected.add(RejectedRow(number, problems, (), "x"))

    assert rejected.count == 3
    assert rejected.reasons == {"order_id: empty": 2, "quantity: below 1": 1, "row: too long": 1}


@given(st.lists(st.tuples(st.tuples(*[ANY_CELL] * 5), ANY_CELL), min_size=1, max_size=4))
def test_rejected_rows_are_read_back_from_the_object(rows: list[tuple[tuple[str, ...], str]]) -> None:
    """Property: whatever rows held, the object gives them back."""
    writer = FakeWriter()
    rejected = RejectedRows(as_writer(writer))
    written = [
        RejectedRow(number, (Problem("quantity", "below 1"),), cells, original)
        for number, (cells, original) in enumerate(rows, start=2)
    ]

    for row in written:
        rejected.add(row)

    lines = writer.data.decode().split("\n")
    assert lines[0] == ",".join(HEADER) + "\r"
    assert read_rejected_rows([text + "\n" for text in lines[:-1]]) == written
