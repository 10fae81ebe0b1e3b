"""Lines are those of the text, wherever its bytes are cut into blocks, and a huge one fills no memory."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from processor.parsing.lines import Lines, whole_lines

LONGEST = 100


def lines_of(blocks: list[bytes], longest: int = LONGEST) -> list[str]:
    """Take every line."""
    lines = Lines(blocks, longest)
    taken = []
    while (line := lines.take()) is not None:
        taken.append(line)
    return taken


def cut(data: bytes, cuts: list[int]) -> list[bytes]:
    """Cut bytes into blocks."""
    ends = [*sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    return [data[start:end] for start, end in zip([0, *ends], ends, strict=False)]


@given(st.text("ab\nü😀", max_size=40), st.lists(st.integers(0, 200), max_size=12))
def test_lines_do_not_depend_on_blocks(text: str, cuts: list[int]) -> None:
    """Property: lines are those of the whole text, however its bytes are cut, characters in the middle."""
    lines = lines_of(cut(text.encode(), cuts))

    assert lines == (text.removesuffix("\n").split("\n") if text else [])


@given(st.text("ab\nü😀", max_size=40), st.lists(st.integers(0, 200), max_size=12))
def test_blocks_are_whole_lines(text: str, cuts: list[int]) -> None:
    """Property: every block ends with a line feed, and nothing is lost or added but the last one's."""
    blocks = list(whole_lines(cut(text.encode(), cuts), LONGEST))

    assert all(block.endswith(b"\n") for block in blocks)
    assert b"".join(blocks) in {text.encode(), text.encode() + b"\n"}


def test_line_beyond_the_bound_comes_cut_and_stays_too_long() -> None:
    """A cut line is still too long, not much longer than a block, and its neighbours are whole."""
    lines = lines_of([b"x" * 1_000] * 50 + ["ü".encode() * 300] * 50 + [b"\ny\n", "ü".encode() * 900, b"\nz"])

    assert lines[1] == "y"
    assert lines[3] == "z"
    assert LONGEST < len(lines[0]) <= 4 * (LONGEST + 1) + 1_000
    assert set(lines[2]) == {"ü"}
    assert len(lines[2]) > LONGEST


def test_place_is_known_while_lines_are_taken() -> None:
    """A search of the block knows which of its lines are still to come."""
    lines = Lines([b"a\nb\nc", b"c\nd"], LONGEST)

    places = []
    while lines.more():
        places.append((lines.block, lines.at))
        lines.take()

    assert places == [(b"a\nb\n", 0), (b"a\nb\n", 2), (b"cc\n", 0), (b"d\n", 0)]
