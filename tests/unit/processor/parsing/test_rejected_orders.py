"""Any number of order ids with a rejected row is kept, in bounded memory, and found again."""

from __future__ import annotations

from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processor.parsing import rejected_orders
from processor.parsing.rejected_orders import RejectedOrders

IDS = st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1).map(str.encode), max_size=30)


@given(IDS, IDS, st.sampled_from([0, 1, 10, 1_000]))
def test_ids_are_found_and_no_others(added: list[bytes], others: list[bytes], most: int) -> None:
    """Property: it is a set, whether ids are kept as they are or by a hash, and after writing and reading, too."""
    with patch.object(rejected_orders, "MOST_IDS", most), patch.object(rejected_orders, "_FIRST_SIZE", 3):
        rejected = RejectedOrders(added)
        back = RejectedOrders.from_bytes(rejected.to_bytes())

    assert len(rejected) == len(back) == len(set(added))
    for each in (rejected, back):
        assert [order_id in each for order_id in added + others] == [order_id in added for order_id in added + others]


@given(IDS, st.lists(st.integers(0, 40), max_size=20), st.sampled_from([0, 1_000]))
def test_ids_are_found_by_their_index(added: list[bytes], picks: list[int], most: int) -> None:
    """Property: of many order ids at once, those that are rejected are named by their index."""
    choice = [*added, b"A-1", b"A-2"]
    order_ids = [choice[pick % len(choice)] for pick in picks]

    with patch.object(rejected_orders, "MOST_IDS", most):
        found = RejectedOrders(added).find(order_ids)

    assert found == [at for at, order_id in enumerate(order_ids) if order_id in added]


def test_half_a_million_take_little_memory() -> None:
    """Far beyond the bound on ids kept as they are, memory stays below 25 MB: measured with 100,000, a fifth of it."""
    import tracemalloc  # noqa: PLC0415  It slows down whatever runs beside it.

    tracemalloc.start()
    rejected = RejectedOrders(b"SO-2026-%08d" % number for number in range(100_000))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert len(rejected) == 100_000
    assert peak < 6_000_000
    assert b"SO-2026-00099999" in rejected
    assert b"SO-2026-00100000" not in rejected


@pytest.mark.parametrize("count", [0, 1, rejected_orders.MOST_IDS, rejected_orders.MOST_IDS + 1])
def test_what_is_written_is_read_at_the_bound(count: int) -> None:
    """The change from ids to their hashes loses none."""
    ids = [b"A-%d" % number for number in range(count)]

    back = RejectedOrders.from_bytes(RejectedOrders(ids).to_bytes())

    assert len(back) == count
    assert all(order_id in back for order_id in ids)
    assert b"B" not in back
