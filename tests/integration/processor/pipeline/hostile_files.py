"""Files that try to fill the memory or to keep the processor busy, each of about a given size."""

from __future__ import annotations

import gzip
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

HEADER = b"order_id,customer_name,product_name,quantity,unit_price\n"
GOOD = b"A-1,b,c,1,1\n"
LINES = {
    "quotes": '"\n',
    "crossed quotes": '","\n',
    "empty cells": ",,,,\n",
    "text after quotes": '"x"y\n',
    "quotes that meet": 'x","y\n',
    "blank": "\n",
    "letters": "a\n",
    "line breaks in cells": '"\n\n\n\n\n\n\n\n",b,c,1\n',
    "control characters": "\0,\0,\0,\0,\0\n",
    "expanding names": f"A-1,{chr(0xFDFA) * 200},c,1,1\n",
}
"""A line, or a row, of each kind. The last kind is an order, and its name is eighteen times as long when normalised."""


class Hostile(NamedTuple):
    """A file's name, its bytes, and the number of its rows that are orders."""

    name: str
    body: bytes
    orders: int = 0


def hostile_files(size: int) -> dict[str, Callable[[], Hostile]]:
    """Return the makers of all files, by kind."""
    bodies: dict[str, Callable[[], Hostile]] = {
        "one cell": lambda: Hostile("a.csv", HEADER + GOOD + b"x" * size + b"\n" + GOOD, 2),
        "one quoted cell": lambda: Hostile("a.csv", HEADER + GOOD + b'"' + b"x" * size + b'"\n' + GOOD, 2),
        "all quotes": lambda: Hostile("a.csv", HEADER + GOOD + b'"' * size, 1),
        "all commas": lambda: Hostile("a.csv", HEADER + GOOD + b"," * size, 1),
        "many columns": lambda: Hostile("a.csv", HEADER[:-1] + b",x" * 10_000 + b"\n" + GOOD),
        "bomb of zeros": lambda: _packed(HEADER + b"0" * (40 * size)),
        "bomb of lines": lambda: _packed(HEADER + b"\n" * (4 * size)),
        "bomb in a bomb": lambda: _packed(gzip.compress(b"0" * (40 * size), 1)),
        "many members": lambda: Hostile("a.csv.gz", gzip.compress(HEADER) + gzip.compress(b"") * (size // 20)),
        "lines of every kind": partial(_mixed, size),
    }
    return bodies | {kind: partial(_repeated, kind, size) for kind in LINES}


def _repeated(kind: str, size: int) -> Hostile:
    line = LINES[kind].encode()
    times = size // len(line)
    return Hostile("a.csv", HEADER + line * times, times if kind == "expanding names" else 0)


def _mixed(size: int) -> Hostile:
    parts = [_repeated(kind, size // len(LINES)) for kind in LINES if kind != "expanding names"]
    return Hostile("a.csv", HEADER + b"".join(part.body.removeprefix(HEADER) for part in parts))


def _packed(body: bytes) -> Hostile:
    return Hostile("a.csv.gz", gzip.compress(body, 1))
