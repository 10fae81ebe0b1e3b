"""Files of many orders, and how many of their rows belong to an order without a bad row."""

from __future__ import annotations

import csv
from itertools import batched
from typing import TYPE_CHECKING, BinaryIO

from sample_data.generate import generate
from sample_data.shape import Shape

if TYPE_CHECKING:
    from collections.abc import Callable

    from sample_data.generate import GeneratedRow


def write_orders(out: BinaryIO, rows: int, kind: str = "usual") -> int:
    """Write a file; returns how many of its rows are of an order without a bad row, and so are to be stored."""
    out.write(Shape().header.encode())
    return ORDERS[kind](out, rows)


def _write_usual(out: BinaryIO, rows: int) -> int:
    """Write orders of a few rows, 1 % of which are bad."""
    good: dict[str, int] = {}
    bad: set[str] = set()
    for batch in batched(generate(rows, bad=0.01), 5_000):
        out.write("".join([row.text for row in batch]).encode())
        for row in batch:
            _count(row, good, bad)
    return sum(count for order_id, count in good.items() if order_id not in bad)


def order_id_of(row: GeneratedRow) -> str:
    """Return the order id of a generated row that is separated by commas."""
    return next(csv.reader([row.text.partition("\n")[0]], skipinitialspace=True))[0].strip(" ")


def _count(row: GeneratedRow, good: dict[str, int], bad: set[str]) -> None:
    order_id = order_id_of(row)
    if not row.reason:
        good[order_id] = good.get(order_id, 0) + 1
    elif row.bad_column != "order_id":  # Otherwise nobody knows to which order it belongs.
        bad.add(order_id)


def _write_single(out: BinaryIO, rows: int) -> int:
    """Write a good row for each order."""
    _write_rows(out, rows, lambda number: f"SO-2026-{number:09},Ann Lee,Widget,{number % 9 + 1},9.99\n")
    return rows


def _write_half_rejected(out: BinaryIO, rows: int) -> int:
    """Write a row for each order; every other one is bad."""
    _write_rows(out, rows, lambda number: f"SO-2026-{number:09},Ann Lee,Widget,{'many' if number % 2 else '3'},9.99\n")
    return rows - rows // 2


def _write_rows(out: BinaryIO, rows: int, row: Callable[[int], str]) -> None:
    out.writelines("".join(map(row, numbers)).encode() for numbers in batched(range(rows), 5_000))


ORDERS: dict[str, Callable[[BinaryIO, int], int]] = {
    "usual": _write_usual,
    "single": _write_single,
    "half rejected": _write_half_rejected,
}
"""Kinds of files: a bad row in a hundred; an order for each row; a bad row for every other order."""
