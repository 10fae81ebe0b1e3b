"""Generates order files of any size with an exact number of bad rows: `python -m sample_data.generate --help`.

The same seed makes the same text on every machine. Each row comes with what is wrong with it, so that tests count
independently of the code that they test.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import batched
from random import Random
from typing import BinaryIO, NamedTuple

from sample_data import names, oddities
from sample_data.defects import damage, defects_in_turn
from sample_data.shape import Shape

PLAIN = Shape()
# Most orders have one line; quantities are small numbers or whole packages.
_LINES_AN_ORDER = (1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 4, 5, 7, 12)
_QUANTITIES = [*"111111112222233445566", "8", "10", "10", "12", "20", "24", "25", "50", "100", "250", "1000"]


class GeneratedRow(NamedTuple):
    """A row with its line end; a bad one has `bad_column` (a column, or "row") and `reason`."""

    text: str
    bad_column: str | None = None
    reason: str | None = None


@dataclass(slots=True)
class Summary:
    """The number of rows, of bad rows by (column, reason), and of bytes before compression."""

    rows: int = 0
    rejected: Counter[tuple[str, str]] = field(default_factory=Counter)
    size: int = 0

    @property
    def rejected_rows(self) -> int:
        """The number of bad rows."""
        return self.rejected.total()

    @property
    def accepted_rows(self) -> int:
        """The number of good rows."""
        return self.rows - self.rejected_rows


def generate(rows: int, *, bad: float = 0.0, seed: int = 1, shape: Shape = PLAIN) -> Iterator[GeneratedRow]:
    """Yield the rows below the header (`shape.header`); exactly round(rows * bad) of them are bad.

    No line is empty, so row `n`, counted from 0, is row `n + 2` of a spreadsheet.
    """
    if rows < 0 or seed < 0:
        raise ValueError(f"neither rows ({rows}) nor seed ({seed}) may be negative")
    if not 0 <= bad <= 1:
        raise ValueError(f"bad is a share between 0 and 1, not {bad}")
    return _rows(rows, round(rows * bad), seed, shape)


def write_file(out: BinaryIO, rows: int, *, bad: float = 0.0, seed: int = 1, shape: Shape = PLAIN) -> Summary:
    """Write a whole file as UTF-8, in constant memory, and return its summary."""
    summary = Summary(size=out.write(shape.header.encode()))
    for batch in batched(generate(rows, bad=bad, seed=seed, shape=shape), 5_000):
        summary.size += out.write("".join([row.text for row in batch]).encode())
        summary.rows += len(batch)
        summary.rejected.update((row.bad_column, row.reason) for row in batch if row.bad_column and row.reason)
    return summary


def _rows(left: int, bad_left: int, seed: int, shape: Shape) -> Iterator[GeneratedRow]:
    rng = Random(seed)
    random, bits = rng.random, rng.getrandbits
    customers = [_ranked(names.customers(unicode=unicode), rng) for unicode in (False, True)]
    products = [_ranked(names.products(unicode=unicode), rng) for unicode in (False, True)]
    prices = {price: _prices(price) for table in products for _, price in set(table)}
    defects = defects_in_turn(rng)
    unusual = shape.quoted + shape.multiline + shape.hostile
    delimiter, end = shape.delimiter, shape.line_end
    number = 0
    while left:
        number += 1 + (bits(3) == 0)  # Some orders are in other files.
        order_id = f"SO{seed % 10_000:04d}-{number:07d}"
        table = customers[random() < shape.unicode]
        customer = table[int(random() * len(table))]
        for _ in range(min(_LINES_AN_ORDER[bits(4)], left)):
            goods = products[random() < shape.unicode]
            product, price = goods[int(random() * len(goods))]
            cells = [order_id, customer, product, _QUANTITIES[bits(5)], prices[price][bits(3)]]
            # The probability that makes the total number of bad rows exact.
            if bad_left and random() * left < bad_left:
                bad_left -= 1
                defect, turn = next(defects)
                yield GeneratedRow(damage(cells, defect, turn, shape) + end, defect.column, defect.reason)
            elif random() < unusual:
                yield GeneratedRow(_unusual_row(cells, rng, shape) + end)
            else:
                yield GeneratedRow(delimiter.join(cells) + end)
            left -= 1


def _unusual_row(cells: list[str], rng: Random, shape: Shape) -> str:
    which = rng.random() * (shape.quoted + shape.multiline + shape.hostile)
    if which < shape.quoted:
        return oddities.quoted(cells, rng, shape)
    if which < shape.quoted + shape.multiline:
        return oddities.multiline(cells, rng, shape)
    return oddities.hostile(cells, rng, shape)


def _ranked[T](choices: list[T], rng: Random) -> list[T]:
    """Return a table for random picks, in which the choice of rank n has a weight of 1 / (n + 10)."""
    rng.shuffle(choices)
    # Integer division gives the same on every machine; powers and logarithms do not.
    return [choice for rank, choice in enumerate(choices) for _ in range(max(1, 10_000 // (rank + 10)))]


def _prices(cents: int) -> tuple[str, ...]:
    """Return the prices of a product: mostly its list price, some with rebates, with four decimals, or rounded."""
    listed = f"{cents // 100}.{cents % 100:02d}"
    rebates = [f"{reduced // 100}.{reduced % 100:02d}" for reduced in (cents * 95 // 100, cents * 9 // 10)]
    exact = cents * 9725 // 100
    return (listed,) * 4 + (*rebates, f"{exact // 10_000}.{exact % 10_000:04d}", str(cents // 100 + 1))


if __name__ == "__main__":
    from sample_data.command import main

    raise SystemExit(main())
