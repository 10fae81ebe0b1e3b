"""Rows of short texts as lists, so that a test compares them in one assertion."""

from __future__ import annotations

from typing import TYPE_CHECKING

from processor.parsing.reader import RowReader
from tests.unit.processor.mixed_files import PLAIN_ROW
from tests.unit.processor.strategies import HEADER

if TYPE_CHECKING:
    from collections.abc import Sequence

    from processor.parsing.reader import RawRow


PLAIN_CELLS = PLAIN_ROW.split(",")


def open_reader(*lines: str) -> RowReader:
    """Open a file of these lines."""
    return RowReader(["\n".join(lines).encode()])


def read_rows(text: str) -> list[RawRow]:
    """Read the rows behind the usual header; cells come as tuples, so that they compare."""
    return read_blocks([HEADER + "\n" + text])


def read_blocks(blocks: Sequence[str]) -> list[RawRow]:
    """Read a whole file from its blocks."""
    return [
        (number, tuple(cells), problem, text) for number, cells, problem, text in RowReader(map(str.encode, blocks))
    ]


def list_problems(text: str) -> list[tuple[int, str]]:
    """List row numbers and problems of the rows behind the usual header, "" for good rows."""
    return [(number, problem) for number, _, problem, _ in read_rows(text)]
