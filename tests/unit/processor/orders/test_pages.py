"""Pages of orders are cut the same way whichever direction they are walked in."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from processor.domain.orders import Order
from processor.orders.pages import Position, cut_page


def order(second: int, order_id: str = "A-1") -> Order:
    """Build an order of one second."""
    one = Decimal(1)
    return Order(order_id, f"2026-11-22T10:00:{second:02}Z", "Ada", "Widget", 1, one, one, "file", second)


ORDERS = st.lists(st.tuples(st.integers(0, 20), st.sampled_from(["A", "B"])), unique=True, max_size=40).map(
    lambda keys: [order(*key) for key in keys]
)


@given(ORDERS, st.integers(1, 7))
def test_walking_down_and_up_again_meets_every_order_once(orders: list[Order], limit: int) -> None:
    """From the newest page to the oldest and back: nothing is left out, nothing comes twice, the order is time's."""

    def page_at(cursor: str) -> tuple[tuple[Order, ...], str, str]:
        position = Position.from_cursor(cursor)
        page = cut_page([each for each in orders if position is None or position.is_before(each)], position, limit)
        return page.orders, page.older, page.newer

    down = [page_at("")]
    while down[-1][1]:
        down.append(page_at(down[-1][1]))
    up = [down[-1]]
    while up[-1][2]:
        up.append(page_at(up[-1][2]))

    expected = sorted(orders, key=lambda each: (each.processed_timestamp, each.order_id), reverse=True)
    assert [each for page in down for each in page[0]] == expected
    assert [each for page in reversed(up) for each in page[0]] == expected


def test_the_first_page_leads_only_to_older_ones() -> None:
    """The newest page leads to nothing newer."""
    page = cut_page([order(1), order(2), order(3)], None, 2)

    assert [each.row_number for each in page.orders] == [3, 2]
    assert page.older
    assert page.newer == ""
