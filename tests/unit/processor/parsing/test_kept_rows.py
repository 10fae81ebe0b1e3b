"""Rows kept from a first reading are those of a second one, or none are kept."""

from __future__ import annotations

import pytest

from processor.domain.holds import Reject
from processor.parsing import decoding, kept_rows
from processor.parsing.checked_text import CheckedText
from processor.parsing.kept_rows import KeptRows
from processor.parsing.plain_rows import PlainRows
from processor.parsing.reader import RowReader
from processor.parsing.whole_file import read_whole
from sample_data.generate import generate
from sample_data.shape import Shape

SHAPE = Shape(quoted=0.1, multiline=0.05, hostile=0.05, crlf=True)
FILE = (SHAPE.header + "".join(row.text for row in generate(3_000, bad=0.03, shape=SHAPE))).encode()


def keep(data: bytes = FILE) -> KeptRows:
    """Read a file whole, in blocks that end anywhere, and keep its rows."""
    kept = KeptRows()
    blocks = [data[at : at + 7_777] for at in range(0, len(data), 7_777)]
    read_whole(CheckedText(blocks, gzipped=False, encoding="utf-8", limit_bytes=0), Reject.ORDER, kept)
    return kept


def rows_of(rows: RowReader | KeptRows) -> list[tuple[object, ...]]:
    """List each row with its number, its cells and its text, whatever the chunks."""
    found: list[tuple[object, ...]] = []
    for chunk in rows.chunks():
        if isinstance(chunk, PlainRows):
            cells = list(zip(*chunk.columns, strict=True))
            found += [(number, cells[at], rows.plain_text(at)) for at, number in enumerate(chunk.numbers)]
        else:
            found.append(chunk)
    return found


def test_kept_rows_are_those_of_another_reading() -> None:
    """Numbers, cells and texts, of plain rows and of all others, in their order."""
    text = decoding.text([FILE], gzipped=False, encoding="utf-8", limit_bytes=0)

    kept = keep()

    assert kept.is_whole
    assert rows_of(kept) == rows_of(RowReader(text))


@pytest.mark.parametrize("bound", ["MOST_ROWS", "MOST_OTHER"])
def test_more_than_the_bound_is_not_kept(monkeypatch: pytest.MonkeyPatch, bound: str) -> None:
    """Neither many rows nor long ones that are not plain take the memory: then nothing is kept."""
    monkeypatch.setattr(kept_rows, bound, 1_000)

    kept = keep()

    assert not kept.is_whole
    assert list(kept.chunks()) == []
