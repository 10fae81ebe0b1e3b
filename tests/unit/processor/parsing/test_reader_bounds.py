"""The bounds of the row reader, which keep memory and work flat however hostile a file is."""

from __future__ import annotations

from unittest.mock import patch

import pytest

from processor.parsing import reader as rows
from processor.parsing.reader import AFTER_QUOTE, LONGEST_ROW, MOST_REREAD, NEVER_CLOSED, TOO_LONG, RowReader
from tests.unit.processor.mixed_files import PLAIN_ROW
from tests.unit.processor.parsing.row_lists import list_problems, read_blocks, read_rows
from tests.unit.processor.strategies import HEADER


class CountingReader(RowReader):
    """Counts how many lines were taken up, and how many characters they had; a line read again counts again."""

    lines_fed = 0
    characters_fed = 0

    def _next_line(self) -> str | None:
        line = super()._next_line()
        if line is not None:
            self.lines_fed += 1
            self.characters_fed += len(line)
        return line


@pytest.mark.parametrize(("length", "problem"), [(LONGEST_ROW, ""), (LONGEST_ROW + 1, TOO_LONG), (10**6, TOO_LONG)])
@pytest.mark.parametrize("cell", ["{}", '"{}"'])
def test_longest_row_is_bounded(length: int, problem: str, cell: str) -> None:
    """A row of the greatest length is read, a longer one rejected with the beginning of its text."""
    row = "A-1,Ann," + cell.format("x" * (length - len("A-1,Ann,,3,9.99") - len(cell) + 2)) + ",3,9.99"
    assert len(row) == length

    result = read_rows(f"{row}\n{PLAIN_ROW}\n")

    assert [(number, found) for number, _, found, _ in result] == [(2, problem), (3, "")]
    assert result[0][3] == row[:LONGEST_ROW]


def test_row_that_is_too_long_over_many_lines_is_rejected_once() -> None:
    """A properly quoted row that outgrows the bound with its last line is one rejected row."""
    row = 'A-1,"' + "\n".join(["x" * 100] * 640) + "y" * 2_000 + '",Widget,3,9.99'

    result = list_problems(f"{row}\n{PLAIN_ROW}\n")

    assert result == [(2, TOO_LONG), (3, "")]


def test_quote_open_beyond_the_bound_costs_its_line_only() -> None:
    """A stray quote in a large file is given up at the bound, and every row behind it is read."""
    result = list_problems('A-1,"Ann,Widget,3,9.99\n' + f"{PLAIN_ROW}\n" * 10_000)

    assert result[0] == (2, NEVER_CLOSED)
    assert result[1:] == [(number, "") for number in range(3, 10_003)]


def test_ten_megabyte_cell_is_one_rejected_row() -> None:
    """One huge cell, quoted or not, neither fills the memory nor harms its neighbours."""
    blocks = [
        f'{HEADER}\nA-1,"',
        *["x" * 1_000_000] * 10,
        f'",Widget,3,9.99\n{PLAIN_ROW}\nA-1,',
        *["x" * 1_000_000] * 10,
        f"\n{PLAIN_ROW}\n",
    ]

    result = read_blocks(blocks)

    assert [(number, problem) for number, _, problem, _ in result] == [(2, TOO_LONG), (3, ""), (4, TOO_LONG), (5, "")]
    assert all(len(text) <= LONGEST_ROW for _, _, _, text in result)


def test_no_line_is_cut_when_lines_are_rejected_together() -> None:
    """Lines that a stray quote swallows beyond the budget stand whole in the texts: the last one is not cut off."""
    lines = ['A-1,"Ann,Widget,3,9.99', *[PLAIN_ROW] * 10_000]

    with patch.object(rows, "MOST_REREAD", 0):
        result = read_rows("\n".join(lines))

    assert "\n".join(text for _, _, _, text in result) == "\n".join(lines)
    assert result[0][2] == NEVER_CLOSED
    assert all(not problem for _, _, problem, _ in result[1:])


def test_reading_again_ends_at_its_budget() -> None:
    """Stray quotes beyond the budget cost the lines that they swallow, which are rejected together and not lost."""
    stray = 'A-1,"Ann,Widget,3,9.99'
    group = f"{stray}\n{PLAIN_ROW}\n{stray}\n{PLAIN_ROW}\n"

    with patch.object(rows, "MOST_REREAD", 500):
        result = read_rows(group * 4)

    assert result[0] == (2, (), AFTER_QUOTE, stray)
    assert f"{stray}\n{PLAIN_ROW}\n{stray}" in [text for _, _, problem, text in result if problem == AFTER_QUOTE]
    assert "\n".join(text for _, _, _, text in result) + "\n" == group * 4


def test_balanced_stray_quotes_spare_the_rows_between() -> None:
    """Two stray quotes that close one another cost their own lines only, if the cells do not add up."""
    result = list_problems(f'A-1,"Ann,Widget,1,2\n{PLAIN_ROW}\n{PLAIN_ROW}\nA-2,Bob 24",1,2\n')

    assert result == [
        (2, "has 4 cells where the header has 5"),
        (3, ""),
        (4, ""),
        (5, "has 4 cells where the header has 5"),
    ]


@pytest.mark.parametrize("line", ['"', 'A,"x', '"a"b', '"\n', '"a\n"b', "x\r"])
def test_work_is_linear_in_hostile_files(line: str) -> None:
    """However many stray quotes, lines are read again only within the budget."""
    lines = 30_000
    reader = CountingReader([(HEADER + "\n" + (line + "\n") * lines).encode()])

    for _ in reader:
        pass

    once = (line.count("\n") + 1) * lines
    assert once <= reader.lines_fed <= once + 1 + MOST_REREAD // 32
    assert reader.characters_fed <= len(HEADER) + len(line) * lines + MOST_REREAD


def test_stray_quotes_before_many_rows_cost_bounded_work() -> None:
    """The costliest file, stray quotes each followed by a bound's worth of rows, reads no row more than the budget."""
    group = '"\n' + "x,x\n" * 20_000
    reader = CountingReader([f"{HEADER}\n".encode(), *[group.encode()] * 20])

    for _ in reader:
        pass

    assert reader.lines_fed <= 1 + 2 * 20 * 20_001
    assert reader._reread > 20 * LONGEST_ROW
