"""A strategy for files in which plain rows, near misses and trouble meet, and the cutting of a file into blocks."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from hypothesis import strategies as st

from processor.domain.columns import NAMES
from processor.parsing.header import DELIMITERS
from tests.unit.processor.strategies import ANY_CELL, GOOD_ROWS, HEADER, TROUBLE, csv_text

if TYPE_CHECKING:
    from collections.abc import Iterable

PLAIN_ROW = "A-1,Ann,Widget,3,9.99"
_NEARLY_PLAIN = st.sampled_from(
    [
        "A-1,Ann,Widget,03,9.99",
        "A-1,Ann,Widget,3,09.99",
        "A-1,Ann,Widget,3,9.99999",
        "A-1,Ann,Widget,0,9.99",
        "A-1,Ann,Widget,1000000,9.99",
        "A-1,Ann,Widget,1000001,9.99",
        "A-1,Ann,Widget,3,9999999.9999",
        "A-1,Ann,Widget,3,10000000",
        "A-1,Ann,Widget,3,0.0000",
        "A-1,Ann,Widget,3,.5",
        "A-1,Ann,Widget,3,5.",
        "A-1,Ann,Widget,3,1e3",
        "A-1,Ann,Widget,３,9.99",  # noqa: RUF001 - fullwidth
        "A-1,Ann,Widget,3,9.99\r",
        "A-1,Ann,Widget,3,9.99\r\r",
        "A-1,Ann,Widget,3,9.99 ",
        " A-1,Ann,Widget,3,9.99",
        "A-1,Ann ,Widget,3,9.99",
        "A-1,Ann  Lee,Widget,3,9.99",
        "A-1,ANN LEE,Widget,3,9.99",
        "A-1,\u3000,Widget,3,9.99",
        "A-1,\u2003Ann,Widget,3,9.99",
        "A-1,\xa0,Widget,3,9.99",
        "A-1,Ann\x85,Widget,3,9.99",
        "A-1,Ann\x7f,Widget,3,9.99",
        "A-1,Ann\t,Widget,3,9.99",
        "A\t1,Ann,Widget,3,9.99",
        "A-1,Ann\x00,Widget,3,9.99",
        "A-1,\uff02Ann\uff3c,Widget,3,9.99",
        "A-1,Ann\\,Widget,3,9.99",
        "A-1,ﷺ,Widget,3,9.99",
        "A-1,Zoë,日本の帽子,3,9.99",
        "A-1,Straße,ひらがな,3,9.99",
        "A-1,Ann;Lee,Wid|get,3,9.99",
        '"A-1",Ann,Widget,3,9.99',
        'A-1,"Lee, Ann",Widget,3,9.99',
        'A-1,"Ann\nLee",Widget,3,9.99',
        'A-1,"Ann,Widget,3,9.99',
        f"{'i' * 64},{'n' * 200},{'ü' * 100},3,9.99",
        f"{'i' * 65},{'n' * 201},{'ü' * 101},3,9.99",
        "A-1,Ann,Widget,3",
        "A-1,Ann,Widget,3,9.99,more",
        "",
        " ",
    ]
)
_COMMA = "\ue000"
"""A comma that is one whatever the delimiter is."""


def _maybe_quoted(*cells: str) -> st.SearchStrategy[str]:
    return st.tuples(st.sampled_from(cells), st.booleans()).map(lambda drawn: f'"{drawn[0]}"' if drawn[1] else drawn[0])


_QUOTED = st.tuples(
    _maybe_quoted("A-1", f"A{_COMMA}1", "A;1", " A-1", "A-1 ", "", "i" * 64, "i" * 65),
    _maybe_quoted(
        "Ann",
        f"Lee{_COMMA} Ann",
        "Lee| Ann",
        "Ann\\",
        "Ann\t",
        "Ann\x85",
        "\u3000",
        f"{'n' * 199}{_COMMA}",
        f'{"n" * 199}""',
    ),
    _maybe_quoted(
        "Widget",
        f"{_COMMA}Widget",
        "Zoë's",
        " ",
        "n" * 201,
        '""',
        '""a"" b',
        '3/4""',
        ' ""',
        f'{"n" * 200}""',
        "a\nb",
        "a\r",
    ),
    _maybe_quoted("3", "03", "3 ", "1000000", "1000001", f"1{_COMMA}000"),
    _maybe_quoted("9.99", "9.9900", "009", f"9{_COMMA}99", "-1"),
).map(",".join)
_ROWS = st.lists(
    st.just(PLAIN_ROW)
    | _QUOTED
    | GOOD_ROWS.map(lambda cells: csv_text([cells], line_end="", quote_all=True))
    | GOOD_ROWS.map(lambda cells: csv_text([cells], line_end=""))
    | _NEARLY_PLAIN
    | TROUBLE
    | st.lists(ANY_CELL, min_size=5, max_size=5).map(",".join),
    max_size=40,
)
_HEADERS = st.sampled_from(
    [HEADER, f"\n{HEADER}\r", f"{HEADER},note", "unit_price,quantity,product_name,customer_name,order_id"]
) | st.permutations([*NAMES, "note", "more"]).map(",".join)
MIXED_FILES = st.tuples(_HEADERS, _ROWS, st.sampled_from(["\n", "\r\n"]), st.sampled_from(DELIMITERS)).map(
    lambda drawn: drawn[2].join([drawn[0], *drawn[1]]).replace(",", drawn[3]).replace(_COMMA, ",")
)


def cut_into_blocks(data: bytes, cuts: Iterable[int]) -> list[bytes]:
    """Cut bytes into blocks."""
    ends = [0, *sorted(at % (len(data) + 1) for at in cuts), len(data)]
    return [data[start:end] for start, end in pairwise(ends)]
