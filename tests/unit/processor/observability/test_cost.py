"""The price list and its arithmetic."""

from __future__ import annotations

from dataclasses import fields
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processor.observability.cost import PRICES, Usage, hints


def test_everything_that_is_counted_has_a_price() -> None:
    """No usage is forgotten by the price list, and it prices nothing else."""
    assert set(PRICES) == {each.name for each in fields(Usage)}


def test_a_thousand_rows_cost_what_the_price_list_says() -> None:
    """1,000 orders of one unit each with one index: $0.00125, the floor that DynamoDB sets."""
    usage = Usage(orders_write_units=1_000, orders_index_write_units=1_000)

    assert usage.total() == Decimal("0.00125")
    assert usage.costs() == {
        "orders_index_write_units": Decimal("0.000625"),
        "orders_write_units": Decimal("0.000625"),
    }


def test_receipt_lists_the_dearest_first_and_nothing_that_is_free() -> None:
    """A person reads the top of it."""
    usage = Usage(s3_writes=3, sqs_requests=3, lambda_requests=1)

    assert list(usage.costs()) == ["s3_writes", "sqs_requests", "lambda_requests"]


@given(
    st.lists(st.integers(0, 10**6), min_size=10, max_size=10), st.lists(st.integers(0, 10**6), min_size=10, max_size=10)
)
def test_costs_add_up(first: list[int], second: list[int]) -> None:
    """Property: the cost of two runs together is the sum of their costs, and taking one away leaves the other."""
    one, two = Usage(*first), Usage(*second)

    assert (one + two).total() == one.total() + two.total()
    assert (one + two) - two == one


def test_hint_names_the_index_where_it_is_a_large_share() -> None:
    """For large files the index is half of the bill, and the setting that drops it is named."""
    found = hints(Usage(orders_write_units=100_000, orders_index_write_units=100_000), rows=100_000)

    assert found == ("The index by_customer is 50% of the bill; order_indexes= leaves it out.",)


@pytest.mark.parametrize(("index_units", "is_worth_it"), [(15_999, False), (16_000, True)])
def test_hint_saves_a_cent_at_least(index_units: int, is_worth_it: bool) -> None:
    """However large its share of a small bill, nobody changes a setting for less."""
    found = hints(Usage(orders_index_write_units=index_units), rows=index_units)

    assert bool(found) is is_worth_it


def test_hint_names_what_a_file_costs_besides_its_rows() -> None:
    """Larger files would save requests, if those are most of the bill."""
    usage = Usage(orders_write_units=10, s3_writes=3_000, s3_reads=2)

    [hint] = hints(usage, rows=10)

    assert hint.startswith("What every file costs, whatever its size, is 100%")
    assert "10 rows" in hint


def test_nothing_used_gives_no_hint() -> None:
    """There is nothing to divide by."""
    assert hints(Usage(), rows=0) == ()
