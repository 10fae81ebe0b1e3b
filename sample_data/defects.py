"""The defects of generated rows. Each breaks one rule of the CSV policy in one column.

None is ambiguous. A quote that is never closed, for example, takes its neighbours with it in many readers, and occurs
only in the files written by hand in `rejected_rows/`.
"""

from collections.abc import Iterator
from itertools import count
from random import Random
from typing import NamedTuple

from sample_data.shape import COLUMNS, Shape, quote

WHOLE_ROW = "row"
LONGEST_ROW = 65_536
# A row that is too long is as large as a thousand others, so only one turn in this many has it.
_TURNS_PER_LONG_ROW = 25


class Defect(NamedTuple):
    """One defect. Each turn one of `texts` replaces the column's cell; `{}` stands for the cell's text."""

    column: str
    reason: str
    texts: tuple[str, ...] = ()


# Characters that a reader might trim from a cell's edges are kept inside it.
CELL_DEFECTS = (
    Defect("order_id", "missing", ("", "   ")),
    Defect("order_id", "too_long", ("{}-" + "9" * 64,)),
    Defect("order_id", "tab", ("SO\t{}",)),
    Defect("order_id", "line_break", ("SO\n{}", "SO\r\n{}")),
    Defect("order_id", "control_character", ("SO\x01{}", "SO\x1f{}", "SO\x7f{}")),
    Defect("customer_name", "missing", ("", "   ")),
    Defect("customer_name", "too_long", ("{} " + "and Partners " * 16 + "Ltd",)),
    Defect("customer_name", "control_character", ("A\x01{}", "A\x07{}", "A\x0b{}", "A\x1b[31m{}", "A\x7f{}")),
    Defect("product_name", "missing", ("", "   ")),
    Defect("product_name", "too_long", ("{} " + "x" * 200,)),
    Defect("product_name", "control_character", ("A\x02{}", "A\x08{}", "A\x0c{}", "A\x1d{}", "A\x7f{}")),
    Defect("quantity", "missing", ("", "   ")),
    Defect("quantity", "zero", ("0", "000")),
    Defect("quantity", "negative", ("-1", "-12", "-0")),
    Defect("quantity", "fraction", ("2.5", "1.0", "0.75")),
    Defect("quantity", "words", ("twelve", "10 pcs", "n/a", "1x", "NaN", "inf")),
    Defect("quantity", "other_digits", ("\uff11\uff12", "\u0663", "\u0967\u0968", "\u00b2")),
    Defect("quantity", "thousands_separator", ("1,000", "1.000", "1 000", "1'000", "1_000")),
    Defect("quantity", "notation", ("1e3", "+5", "0x10")),
    Defect("quantity", "too_large", ("1000001", "99999999999999999999")),
    Defect("unit_price", "missing", ("", "   ")),
    Defect("unit_price", "negative", ("-{}", "-0", "-0.00")),
    Defect("unit_price", "words", ("NaN", "Infinity", "free", "tbd", "#N/A")),
    Defect("unit_price", "notation", ("1e400", "1e2", "+{}", "1_000.00", "0x1F")),
    Defect("unit_price", "decimals", ("0.00001", "12.34567", "9.990000")),
    Defect("unit_price", "half_a_number", (".50", "12.", ".", "1.2.3")),
    Defect("unit_price", "decimal_comma", ("12,50", "0,99")),
    Defect("unit_price", "thousands_separator", ("1,299.00", "1 299.00", "1'299.00")),
    Defect("unit_price", "currency", ("\u20ac{}", "${}", "{} EUR", "\u00a5{}")),
    Defect("unit_price", "other_digits", ("\uff19.\uff19\uff10", "\u0661\u0662")),
    Defect("unit_price", "too_large", ("10000000", "10000000.00", "99999999999999999999.99")),
)
_TOO_FEW = Defect(WHOLE_ROW, "too_few_cells")
_TOO_MANY = Defect(WHOLE_ROW, "too_many_cells")
_AFTER_QUOTE = Defect(WHOLE_ROW, "text_after_quote")
_TOO_LONG = Defect(WHOLE_ROW, "row_too_long")
DEFECTS = (*CELL_DEFECTS, _TOO_FEW, _TOO_MANY, _AFTER_QUOTE, _TOO_LONG)


def defects_in_turn(rng: Random) -> Iterator[tuple[Defect, int]]:
    """Yield all defects once a turn, shuffled anew, with the turn's number; without end."""
    defects = [defect for defect in DEFECTS if defect is not _TOO_LONG]
    for turn in count():
        rng.shuffle(defects)
        for defect in defects:
            yield defect, turn
        if turn % _TURNS_PER_LONG_ROW == 0:
            yield _TOO_LONG, turn


def damage(cells: list[str], defect: Defect, turn: int, shape: Shape) -> str:
    """Write five plain cells (none needs quotes) as a row with a defect, without the line end."""
    if defect.column != WHOLE_ROW:
        column = COLUMNS.index(defect.column)
        text = defect.texts[turn % len(defect.texts)].replace("{}", cells[column])
        return shape.row([*cells[:column], text, *cells[column + 1 :]])
    order_id, customer, product, quantity, unit_price = cells
    if defect is _TOO_FEW:
        damaged = cells[: 4 - turn % 4]
    elif defect is _TOO_MANY:
        damaged = [*cells, "paid"]
    elif defect is _AFTER_QUOTE:
        damaged = [order_id, quote(customer) + " Ltd", product, quantity, unit_price]
    else:
        damaged = [order_id, customer, f"{product} " * (LONGEST_ROW // len(product)), quantity, unit_price]
    return shape.delimiter.join(damaged)
