"""Guarded cells hold no formula, however a spreadsheet splits them, and are read back exactly."""

from __future__ import annotations

import re

import pytest
from hypothesis import given

from processor.domain.formulas import guard_cell, unguard_cell
from tests.unit.processor.strategies import ANY_TEXT, FORMULAS

SIGNS = "=+-@\uff1d\uff0b\uff0d\uff20"
SEPARATORS = [";", ",", "[|]", "\t", "\r", "\n", "[;,|\t\r\n]"]
CELLS = ANY_TEXT | FORMULAS


def formulas(cell: str) -> list[str]:
    """List the parts that some spreadsheet takes for a formula, whichever separator it splits at."""
    parts = [cell, *(part for separator in SEPARATORS for part in re.split(separator, cell))]
    return [part for part in parts if part.lstrip(' "\t\r\n\u00a0\ufeff\0').startswith(tuple(SIGNS))]


@pytest.mark.parametrize(
    ("cell", "guarded"),
    [
        ('=HYPERLINK("https://example.com")', '\'=HYPERLINK("https://example.com")'),
        ("+49 30 1234", "'+49 30 1234"),
        ("-5", "'-5"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("  =1", "'  =1"),
        ("\u00a0=1", "'\u00a0=1"),
        ("\uff1d1+1", "'\uff1d1+1"),
        ("x;=cmd|calc!A1;y", "x;'=cmd|calc!A1;y"),
        ('x; "=1+1"', 'x;\' "=1+1"'),
        ("x\t=1", "x\t'=1"),
        ("two\r\n=lines", "two\r\n'=lines"),
        ("\t=1", "'\t'=1"),
        ("\tindented", "'\tindented"),
        ("'=1", "''=1"),
        ("''=1", "'''=1"),
        ("x|'-1", "x|''-1"),
    ],
)
def test_formula_becomes_text(cell: str, guarded: str) -> None:
    """An apostrophe stands before a formula at the cell's start and behind a separator, and is added to those there."""
    result = guard_cell(cell)

    assert result == guarded


@pytest.mark.parametrize("cell", ["", "Ada Lovelace", "O'Brien", "'s-Hertogenbosch", "a=b", "1-2", "x; y", "1,5", "'"])
def test_other_cells_stay_as_they_are(cell: str) -> None:
    """Signs in the middle of a word, and apostrophes of names, are nobody's formula."""
    assert guard_cell(cell) == cell
    assert unguard_cell(cell) == cell


@given(CELLS)
def test_guard_comes_off_again(cell: str) -> None:
    """Property: what is guarded is read back exactly, whatever apostrophes it had."""
    assert unguard_cell(guard_cell(cell)) == cell


@given(CELLS)
def test_no_formula_survives(cell: str) -> None:
    """Property: split at any separator, a guarded cell has no part that begins like a formula."""
    assert formulas(guard_cell(cell)) == []


@given(FORMULAS)
def test_spaces_in_front_do_not_matter(cell: str) -> None:
    """Property: a reader that skips spaces in front, as ours does, reads back the same text without them."""
    skipped = guard_cell(cell).lstrip(" ")

    assert unguard_cell(skipped).lstrip(" ") == cell.lstrip(" ")
