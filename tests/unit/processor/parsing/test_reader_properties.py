"""Properties of the row reader: nothing is lost, whatever the text and wherever its blocks end."""

from __future__ import annotations

from itertools import pairwise
from unittest.mock import patch

from hypothesis import given
from hypothesis import strategies as st

from processor.domain.columns import NAMES
from processor.domain.errors import PermanentError
from processor.parsing import reader as rows
from processor.parsing.header import DELIMITERS
from processor.parsing.reader import LONGEST_ROW
from tests.unit.processor.mixed_files import PLAIN_ROW
from tests.unit.processor.parsing.row_lists import read_blocks
from tests.unit.processor.strategies import ANY_CELL, ANY_TEXT, GOOD_ROWS, HEADER, TROUBLE, csv_text

ROWS_OF_TROUBLE = st.lists(
    st.just(PLAIN_ROW) | TROUBLE | st.lists(ANY_CELL, min_size=5, max_size=5).map(",".join), max_size=12
).map("\n".join)
FILES = st.tuples(st.sampled_from([HEADER, HEADER.replace(",", ";"), f"\n{HEADER},note\r"]), ROWS_OF_TROUBLE).map(
    "\n".join
)


@given(
    st.lists(GOOD_ROWS, max_size=6),
    st.sampled_from(DELIMITERS),
    st.sampled_from(["\n", "\r\n"]),
    st.booleans(),
    st.booleans(),
)
def test_what_a_csv_writer_writes_is_read_back(
    written: list[tuple[str, ...]], delimiter: str, line_end: str, quote_all: bool, ended: bool
) -> None:
    """Property: cells survive writing and reading, whatever the delimiter, the line end, the quoting and the end."""
    # Python 3.12's writer quotes a lone CR only where the line end holds one.
    quote_all = quote_all or line_end == "\n"
    text = csv_text([NAMES, *written], delimiter=delimiter, line_end=line_end, quote_all=quote_all)

    result = read_blocks([text if ended else text.removesuffix(line_end)])

    assert [(number, cells, problem) for number, cells, problem, _ in result] == [
        (number, cells, "") for number, cells in enumerate(written, start=2)
    ]
    assert "".join(row_text + line_end for _, _, _, row_text in result) == text.partition(line_end)[2]


@given(ANY_TEXT | TROUBLE | FILES)
def test_arbitrary_text_raises_nothing_but_permanent_errors(text: str) -> None:
    """Property: any text is a file of rows or fails permanently; texts stay within the bound, numbers rise."""
    try:
        result = read_blocks([text])
    except PermanentError:
        return

    assert all(len(row_text) <= LONGEST_ROW for _, _, _, row_text in result)
    assert all(len(cells) == (0 if problem else 5) for _, cells, problem, _ in result)
    assert all(first[0] < second[0] for first, second in pairwise(result))


@given(FILES, st.data())
def test_rows_do_not_depend_on_blocks(text: str, data: st.DataObject) -> None:
    """Property: the rows are the same wherever the text is cut into blocks, for short and for over-long lines."""
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=8)))
    blocks = [text[start:end] for start, end in pairwise([0, *cuts, len(text)])]

    with patch.object(rows, "LONGEST_ROW", data.draw(st.sampled_from([70, LONGEST_ROW]))):
        whole, cut, single = read_blocks([text]), read_blocks(blocks), read_blocks(list(text))

    assert whole == cut == single


def test_over_long_line_in_a_quoted_row_does_not_depend_on_blocks() -> None:
    """A quote that would close only behind the bound gives the same rows whether or not its line came cut."""
    text = f'{HEADER}\nA-1,"Ann\n{"x" * (LONGEST_ROW + 10)}",Widget,3,9.99\n{PLAIN_ROW}\n'

    whole, cut = read_blocks([text]), read_blocks([text[: LONGEST_ROW + 80], text[LONGEST_ROW + 80 :]])

    assert whole == cut


def physical_lines(text: str) -> list[str]:
    """List the lines of a text that are not blank, without their line ends."""
    lines = (line.rstrip("\r") for line in text.split("\n"))
    return [line for line in lines if line.strip(" ")]


@given(FILES)
def test_no_line_is_lost(text: str) -> None:
    """Property: every line that is not blank stands in exactly one row's text, in order."""
    result = read_blocks([text])

    texts = [line for _, _, _, row_text in result for line in physical_lines(row_text)]
    assert texts == physical_lines(text)[1:]


@given(FILES, st.integers(0, 500))
def test_no_line_is_lost_beyond_the_budget(text: str, budget: int) -> None:
    """Property: the same holds when stray quotes have used up their budget."""
    with patch.object(rows, "MOST_REREAD", budget):
        result = read_blocks([text])

    texts = [line for _, _, _, row_text in result for line in physical_lines(row_text)]
    assert texts == physical_lines(text)[1:]


@given(FILES, st.sampled_from([70, 90, 200]), st.integers(0, 500))
def test_texts_are_bounded(text: str, longest: int, budget: int) -> None:
    """Property: no row's text or cells together outgrow the bound, whatever the file holds."""
    with patch.object(rows, "LONGEST_ROW", longest), patch.object(rows, "MOST_REREAD", budget):
        result = read_blocks([text])

    assert all(len(row_text) <= longest for _, _, _, row_text in result)
    assert all(sum(map(len, cells)) <= longest for _, cells, _, _ in result)
