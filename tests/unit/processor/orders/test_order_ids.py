"""The set of order ids tells exactly which ids are in it, whatever their text and number, in 16 bytes each."""

from __future__ import annotations

import tracemalloc

from hypothesis import given
from hypothesis import strategies as st

from processor.orders.order_ids import OrderIds


@given(st.sets(st.text(max_size=12)), st.lists(st.text(max_size=12)))
def test_it_tells_which_ids_it_has(known: set[str], asked: list[str]) -> None:
    """As a plain set does, also for ids that were added twice."""
    ids = OrderIds([*known, *known])

    assert [order_id in ids for order_id in (*known, *asked)] == [True] * len(known) + [each in known for each in asked]


def test_many_ids_take_little_memory() -> None:
    """50,000 long ids are below two megabytes, also after each was looked for."""
    tracemalloc.start()
    try:
        ids = OrderIds(f"an order id that is as long as such ids may be, number {number}" for number in range(50_000))
        assert all(
            f"an order id that is as long as such ids may be, number {number}" in ids for number in range(0, 50_000, 7)
        )
        size, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert size < 2_000_000
