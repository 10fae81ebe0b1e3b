"""Tests for CSV exports: no formulas, and limits that are named."""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, datetime
from decimal import Decimal
from itertools import count
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from admin_api.rendering.csv_export import Cell, Export, csv_response, write_csv

if TYPE_CHECKING:
    from collections.abc import Iterator


def cells(export: Export) -> list[list[str]]:
    """Read an export back."""
    return list(csv.reader(io.StringIO(export.text.removeprefix("\ufeff"), newline="")))


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        ('=HYPERLINK("https://example.com")', '\'=HYPERLINK("https://example.com")'),
        ("  =1", "'  =1"),
        ("\uff1d1+1", "'\uff1d1+1"),
        ("x;=cmd|calc!A1;y", "x;'=cmd|calc!A1;y"),
        ("two\r\n=lines", "two\r\n'=lines"),
    ],
)
def test_formula_becomes_text(cell: str, written: str) -> None:
    """At the cell's start and behind a separator inside it, by the guard of all files that people open."""
    export = write_csv(["name"], [[cell]])

    assert cells(export)[1] == [written]


@given(st.lists(st.sampled_from([*"=+-@\uff1d;,|\t\r\n\"' ", "a", "1"]), max_size=12).map("".join))
@pytest.mark.parametrize("separator", [";", ",", "\t", "|"])
def test_no_program_finds_a_formula_whatever_its_separator(separator: str, cell: str) -> None:
    """Property: split at the separator, with quotes or without, no part of the line begins like a formula."""
    line = write_csv(["name"], [[cell, "next"]]).text.partition("\r\n")[2]

    quoted = [part for row in csv.reader(io.StringIO(line, newline=""), delimiter=separator) for part in row]
    bare = re.split(f"[{re.escape(separator)}\r\n]", line)

    for part in (*quoted, *bare):
        assert not part.lstrip('" ').startswith(("=", "+", "-", "@", "\uff1d"))


def test_other_cells_stay_as_they_are() -> None:
    """Text with quotes, commas and line breaks, and negative numbers, are not changed."""
    row: list[Cell] = [
        'Ada "the first", of\nLondon',
        -5,
        Decimal("-1.50"),
        datetime(2026, 11, 22, tzinfo=UTC),
        None,
        "a=b",
    ]

    export = write_csv(["a", "b", "c", "d", "e", "f"], [row])

    assert cells(export)[1] == ['Ada "the first", of\nLondon', "-5", "-1.50", "2026-11-22T00:00:00+00:00", "", "a=b"]
    assert export.text.startswith('\ufeff"a","b","c","d","e","f"\r\n')
    assert (export.rows, export.complete) == (1, True)


def test_long_list_is_cut_and_not_read_to_its_end() -> None:
    """The limit of rows holds even for an endless list, and the export is marked incomplete."""
    export = write_csv(["n"], ([number] for number in count()), most_rows=10)

    assert cells(export)[1:] == [[str(number)] for number in range(10)]
    assert (export.rows, export.complete) == (10, False)


def test_list_of_exactly_the_limit_is_complete() -> None:
    """An export is incomplete only if rows are left out."""
    assert write_csv(["n"], [[1], [2]], most_rows=2) == Export('\ufeff"n"\r\n"1"\r\n"2"\r\n', 2, complete=True)


def test_limit_of_bytes_holds_for_wide_rows() -> None:
    """Bytes are counted, not characters."""
    export = write_csv(["n"], [["ä" * 40]] * 100, most_bytes=500)

    assert export.rows == 5
    assert not export.complete


def test_slow_list_is_cut() -> None:
    """An export ends before the gateway's timeout."""
    seconds = iter(range(0, 1_000, 4))

    def endless() -> Iterator[list[int]]:
        yield from ([number] for number in count())

    export = write_csv(["n"], endless(), clock=lambda: float(next(seconds)))

    assert export.rows == 3
    assert not export.complete


def test_search_that_finds_nothing_is_cut_by_time() -> None:
    """Reads that yield no row end, too, before the gateway's timeout."""
    seconds = count(step=4)
    read = []

    def nothing() -> Iterator[None]:
        for number in range(2_000):
            read.append(number)
            yield None

    export = write_csv(["n"], nothing(), clock=lambda: float(next(seconds)))

    assert (export.rows, export.complete) == (0, False)
    assert len(read) == 4


def test_search_that_finds_nothing_is_cut_by_reads() -> None:
    """A quick table is not read to its end either: each read costs."""
    read = []

    def nothing() -> Iterator[None]:
        for number in range(2_000):
            read.append(number)
            yield None

    export = write_csv(["n"], nothing(), most_reads=7, clock=lambda: 0.0)

    assert (export.rows, export.complete) == (0, False)
    assert len(read) == 8


def test_reads_count_for_no_row() -> None:
    """An export of as many reads as are allowed is complete."""
    export = write_csv(["n"], [None, [1], None, [2], None], most_reads=3)

    assert (export.rows, export.complete) == (2, True)


def test_download_has_a_fitting_name() -> None:
    """The name says if only the first rows are in it, and is safe in a header."""
    response = csv_response('orders of "März".csv\r\nX: y', Export("text", 10, complete=False))

    named = response.headers["content-disposition"]
    assert 'filename="orders-of-M-rz-.csv-X-y-first-10.csv"' in named
    assert "M%C3%A4rz" in named
    assert "\n" not in named
    assert response.headers["x-waybill-complete"] == "false"
    assert response.headers["content-type"] == "text/csv; charset=utf-8"
