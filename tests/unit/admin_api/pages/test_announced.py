"""What was announced beside what was read: always both, and the difference with its sign."""

from __future__ import annotations

import pytest

from admin_api.pages.announced import announced_figures
from tests.unit.admin_api.made_files import made_file, made_run


def test_a_receipt_has_rows_quantity_and_total() -> None:
    """Whether or not anything was announced."""
    figures = announced_figures(made_run(read_rows=1_000, read_quantity=2_500, read_total="12345.6"))

    assert [(each.name, each.announced, each.read, each.difference) for each in figures] == [
        ("Rows", "not announced", "1,000", ""),
        ("Quantity", "–", "2,500", ""),  # noqa: RUF001
        ("Total", "not announced", "12,345.60", ""),
    ]


@pytest.mark.parametrize(
    ("announced", "difference"),
    [
        ({"announced_rows": "1000"}, ""),
        ({"announced_rows": "0001000"}, ""),
        ({"announced_rows": "998"}, "+2"),
        ({"announced_rows": "1002"}, "−2"),  # noqa: RUF001
        ({"announced_rows": "many"}, "not a number"),
        ({"announced_total": "5000"}, ""),
        ({"announced_total": "5000.0000"}, ""),
        ({"announced_total": "4999.99"}, "+0.01"),
        ({"announced_total": "5,000"}, "not a number"),
    ],
)
def test_a_difference_is_told_with_its_sign(announced: dict[str, str], difference: str) -> None:
    """Numbers are compared by their value, and what is no number is said to be none."""
    figures = announced_figures(made_file(read_rows=1_000, read_total="5000.00", **announced))

    [told] = [each for each in figures if each.is_announced]
    assert told.difference == difference
    assert told.differs is bool(difference)


def test_a_run_that_read_nothing_has_no_figures() -> None:
    """It died before, or its file has none."""
    assert announced_figures(made_run(outcome="died")) == ()


def test_a_run_of_an_earlier_version_has_its_rows() -> None:
    """It kept no sum."""
    rows, total = announced_figures(made_run(accepted_rows=7, rejected_rows=3))

    assert (rows.read, total.read) == ("10", "–")  # noqa: RUF001
