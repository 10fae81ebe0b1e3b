"""Tests for CSV exports: no formulas, and limits that are named."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from decimal import Decimal
from itertools import count
from typing import TYPE_CHECKING

import pytest

from admin_api.rendering.csv_export import Cell, Export, csv_response, write_csv

if TYPE_CHECKING:
    from collections.abc import Iterator


def cells(export: Export) -> list[list[str]]:
    """Read an export back."""
    return list(csv.reader(io.StringIO(export.text.removeprefix("\ufeff"), newline="")))


@pytest.mark.parametrize(
    "cell",
    [
        '=HYPERLINK("https://example.com")',
        "+1+1",
        "-2+3",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "  =1",
        "\uff1d1+1",
        "\u00a0=1",
    ],
)
def test_formula_becomes_text(cell: str) -> None:
    """A cell that begins like a formula, also after spaces or in fullwidth, gets an apostrophe in front."""
    export = write_csv(["name"], [[cell]])

    assert cells(export)[1] == [f"'{cell}"]


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
    assert export.text.startswith("\ufeffa,b,c,d,e,f\r\n")
    assert (export.rows, export.complete) == (1, True)


def test_long_list_is_cut_and_not_read_to_its_end() -> None:
    """The limit of rows holds even for an endless list, and the export is marked incomplete."""
    export = write_csv(["n"], ([number] for number in count()), most_rows=10)

    assert cells(export)[1:] == [[str(number)] for number in range(10)]
    assert (export.rows, export.complete) == (10, False)


def test_list_of_exactly_the_limit_is_complete() -> None:
    """An export is incomplete only if rows are left out."""
    assert write_csv(["n"], [[1], [2]], most_rows=2) == Export("\ufeffn\r\n1\r\n2\r\n", 2, complete=True)


def test_limit_of_bytes_holds_for_wide_rows() -> None:
    """Bytes are counted, not characters."""
    export = write_csv(["n"], [["ä" * 40]] * 100, most_bytes=500)

    assert export.rows == 6
    assert not export.complete


def test_slow_list_is_cut() -> None:
    """An export ends before the gateway's timeout."""
    seconds = iter(range(0, 1_000, 4))

    def endless() -> Iterator[list[int]]:
        yield from ([number] for number in count())

    export = write_csv(["n"], endless(), clock=lambda: float(next(seconds)))

    assert export.rows == 3
    assert not export.complete


def test_download_has_a_fitting_name() -> None:
    """The name says if only the first rows are in it, and is safe in a header."""
    response = csv_response('orders of "März".csv\r\nX: y', Export("text", 10, complete=False))

    named = response.headers["content-disposition"]
    assert 'filename="orders-of-M-rz-.csv-X-y-first-10.csv"' in named
    assert "M%C3%A4rz" in named
    assert "\n" not in named
    assert response.headers["x-waybill-complete"] == "false"
    assert response.headers["content-type"] == "text/csv; charset=utf-8"
