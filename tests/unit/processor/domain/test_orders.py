"""An accepted row becomes the same order at every run: its keys, exact amounts, wire form and enriched line."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processor.domain.columns import read_cells
from processor.domain.orders import (
    BY_CUSTOMER,
    CUSTOMER_SHARDS,
    ENRICHED_HEADER,
    Order,
    OrderMaker,
    customer_key,
    put_request,
    sort_keys,
)
from tests.unit.processor.made_orders import make
from tests.unit.processor.strategies import ANY_TEXT, GOOD_ROWS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from processor.domain.columns import Value

BASE = datetime(2026, 11, 22, 10, 20, 30, 123_456, tzinfo=UTC)
FILE_ID = "0123456789abcdef01234567"
OTHER_FILE_ID = "0123456789abcdef01234568"
VALUES: list[Value] = ["A-1", "Ann", "Widget", 3, Decimal("9.990")]

BASES = st.datetimes(datetime(1970, 1, 2), datetime(9999, 12, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis
ROW_NUMBERS = st.integers(2, 50_000_000)
FILE_IDS = st.integers(0, 2**96 - 1).map("{:024x}".format)


def maker(*, trace_id: str = "1-abc", indexes: Sequence[str] = (BY_CUSTOMER,)) -> OrderMaker:
    """Provide the maker of one run."""
    return OrderMaker(BASE, FILE_ID, "run-1", trace_id, indexes)


# Sort keys


def test_sort_key_is_the_base_plus_the_row_in_microseconds() -> None:
    """The key is ISO 8601 in UTC, the row number added in microseconds, then nine digits from the file id."""
    sort_key = sort_keys(BASE, FILE_ID)

    keys = [sort_key(2), sort_key(3), sort_key(1_000_002)]

    digits = f"{int(FILE_ID, 16) % 10**9:09}"
    assert keys == [
        f"2026-11-22T10:20:30.123458{digits}Z",
        f"2026-11-22T10:20:30.123459{digits}Z",
        f"2026-11-22T10:20:31.123458{digits}Z",
    ]


def test_sort_key_rolls_over_into_the_next_year() -> None:
    """A file received in the last microseconds of a year runs on into the next."""
    base = datetime(2026, 12, 31, 23, 59, 59, 999_998, tzinfo=UTC)

    keys = list(map(sort_keys(base, "0" * 24), [1, 2, 3]))

    assert keys == [
        "2026-12-31T23:59:59.999999000000000Z",
        "2027-01-01T00:00:00.000000000000000Z",
        "2027-01-01T00:00:00.000001000000000Z",
    ]


def test_sort_key_is_in_utc_whatever_the_zone_of_the_base() -> None:
    """The same moment in another time zone gives the same keys."""
    elsewhere = BASE.astimezone(timezone(timedelta(hours=-9, minutes=-30)))

    assert sort_keys(elsewhere, FILE_ID)(7) == sort_keys(BASE, FILE_ID)(7)


def test_keys_of_an_older_file_stay_as_they_are() -> None:
    """A file that began with three digits has them at every run, or its orders would be stored twice."""
    older, newer = sort_keys(BASE, FILE_ID, tie_digits=3), sort_keys(BASE, FILE_ID)

    digits = f"{int(FILE_ID, 16) % 1000:03}"
    assert older(2) == f"2026-11-22T10:20:30.123458{digits}Z"
    assert older(1) < newer(2) < older(3)


def test_files_whose_ids_end_alike_differ_in_their_keys() -> None:
    """One in a thousand pairs of ids ends in the same three digits; files that begin together are still apart."""
    alike = f"{int(FILE_ID, 16) + 1000:024x}"

    keys = {sort_keys(BASE, identity)(row) for identity in (FILE_ID, alike) for row in range(100)}

    assert len(keys) == 200


def test_files_with_one_base_differ_in_their_keys() -> None:
    """Two files whose first runs began in the same microsecond do not share keys, whichever the rows."""
    keys = {sort_keys(BASE, identity)(row) for identity in (FILE_ID, OTHER_FILE_ID) for row in range(100)}

    assert len(keys) == 200


@given(BASES, FILE_IDS, st.lists(ROW_NUMBERS, min_size=2, max_size=20, unique=True))
def test_sort_keys_are_in_row_order_and_repeatable(base: datetime, file_id: str, numbers: list[int]) -> None:
    """Property: keys rise strictly with the row number and do not depend on which rows came before."""
    in_order = list(map(sort_keys(base, file_id), sorted(numbers)))
    as_drawn = list(map(sort_keys(base, file_id), numbers))

    assert all(first < second for first, second in pairwise(in_order))
    assert dict(zip(sorted(numbers), in_order, strict=True)) == dict(zip(numbers, as_drawn, strict=True))
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{15}Z", key) for key in in_order)


@given(BASES, FILE_IDS, ROW_NUMBERS)
def test_sort_key_is_the_exact_moment(base: datetime, file_id: str, number: int) -> None:
    """Property: read back as a timestamp, a key is the base plus exactly so many microseconds."""
    key = sort_keys(base, file_id)(number)

    assert datetime.fromisoformat(key) == base + timedelta(microseconds=number)


# Orders


def test_order_is_laid_out_in_wire_form() -> None:
    """The item carries what the contract promises: text as S, exact numbers as N, and where it came from."""
    item, _ = make(maker(), 7, VALUES)

    assert item == {
        "order_id": {"S": "A-1"},
        "processed_timestamp": {"S": sort_keys(BASE, FILE_ID)(7)},
        "customer_name": {"S": "Ann"},
        "product_name": {"S": "Widget"},
        "quantity": {"N": "3"},
        "unit_price": {"N": "9.990"},
        "line_total": {"N": "29.970"},
        "row_number": {"N": "7"},
        "file_id": {"S": FILE_ID},
        "run_id": {"S": "run-1"},
        "trace_id": {"S": "1-abc"},
        "customer_key": {"S": "ann#3"},
    }


def test_order_lacks_what_is_switched_off() -> None:
    """Without the index there is no customer key to pay for, without tracing no empty trace id."""
    item, _ = make(maker(trace_id="", indexes=()), 7, VALUES)

    assert {"customer_key", "trace_id"}.isdisjoint(item)


def test_enriched_line_has_the_cells_of_its_header() -> None:
    """The line of the accepted rows says the same as the item, in the order of the header."""
    item, line = make(maker(), 7, VALUES)

    assert list(zip(ENRICHED_HEADER, line, strict=True)) == [
        (name, next(iter(item[name].values()))) for name in ENRICHED_HEADER
    ]


def test_rows_of_one_run_do_not_share_their_items() -> None:
    """Changing one item leaves the next one as it should be."""
    orders = maker()

    first, _ = make(orders, 2, VALUES)
    first["file_id"] = {"S": "changed"}
    second, _ = make(orders, 3, VALUES)

    assert second["file_id"] == {"S": FILE_ID}


def test_item_is_wrapped_for_a_batch() -> None:
    """BatchWriteItem wants each item inside a put request."""
    item, _ = make(maker(), 7, VALUES)

    assert put_request(item) == {"PutRequest": {"Item": item}}


@pytest.mark.parametrize(
    ("quantity", "price", "total"),
    [
        (1_000_000, "9999999.9999", "9999999999900.0000"),
        (3, "0.1", "0.3"),
        (1, "0.0001", "0.0001"),
        (7, "0", "0"),
        (1_000_000, "0.0000", "0.0000"),
    ],
)
def test_line_total_is_written_without_exponent(quantity: int, price: str, total: str) -> None:
    """The extremes of quantity and price multiply exactly, and are written as plain digits."""
    item, _ = make(maker(), 2, ["A-1", "Ann", "Widget", quantity, Decimal(price)])

    assert item["line_total"] == {"N": total}


@given(GOOD_ROWS, ROW_NUMBERS)
def test_line_total_is_exact(cells: tuple[str, ...], number: int) -> None:
    """Property: the line total is the product of the cells as written, to the last digit; numbers are plain digits."""
    values, _ = read_cells(cells)

    item, _ = make(maker(), number, values)

    assert Fraction(item["line_total"]["N"]) == Fraction(cells[3]) * Fraction(cells[4])
    assert Fraction(item["unit_price"]["N"]) == Fraction(cells[4])
    assert all(re.fullmatch(r"[0-9]+(\.[0-9]+)?", value["N"]) for value in item.values() if "N" in value)


# Customer keys


@pytest.mark.parametrize(
    "name",
    ["ann lee", "ANN LEE", "  Ann   Lee  ", "Ann\tLee", "Ann\r\nLee", "Ann\xa0Lee", "Ａｎｎ\u3000Ｌｅｅ"],  # noqa: RUF001 - fullwidth
)
def test_customer_key_ignores_case_width_and_spacing(name: str) -> None:
    """The same customer, however typed, has the same key."""
    key = customer_key(name, 4)

    assert key == "ann lee#0"


@pytest.mark.parametrize(
    ("one", "other"), [("Straße", "STRASSE"), ("Zoe\u0308", "Zoë"), ("ﬁn", "FIN"), ("ΣΊΣΥΦΟΣ", "σίσυφοσ")]
)
def test_customer_key_folds_as_unicode_does(one: str, other: str) -> None:
    """Case folding and compatibility forms are Unicode's own: sharp s, combining marks, ligatures, final sigma."""
    assert customer_key(one, 0) == customer_key(other, 0)


def test_customer_key_spreads_over_its_shards() -> None:
    """The rows of one customer spread evenly, so that no index partition meets them all."""
    keys = [customer_key("Ann", number) for number in range(100)]

    assert sorted(set(keys)) == [f"ann#{shard}" for shard in range(CUSTOMER_SHARDS)]
    assert all(keys.count(key) == 100 / CUSTOMER_SHARDS for key in keys)


def test_customer_key_is_bounded_for_the_character_that_expands_most() -> None:
    """One character may normalise to eighteen; the key stays within DynamoDB's 2,048 bytes."""
    key = customer_key("\ufdfa" * 200, 1)

    assert len(key.encode()) <= 2_048
    assert key.endswith("#1")


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=200) | ANY_TEXT, st.integers(0, 10**9))
def test_customer_key_fits_dynamodb(name: str, number: int) -> None:
    """Property: any name of up to 200 characters has a key that is not empty and fits, and ends in its shard."""
    key = customer_key(name, number)

    assert 0 < len(key.encode()) <= 2_048
    assert key.endswith(f"#{number % CUSTOMER_SHARDS}")


# Read back


@given(base=BASES, file_id=FILE_IDS, row_number=ROW_NUMBERS, cells=GOOD_ROWS)
def test_an_order_is_read_back_from_its_item_and_from_its_line(
    base: datetime, file_id: str, row_number: int, cells: Sequence[str]
) -> None:
    """The item and the line of the enriched CSV are the same order; only the item has run and trace."""
    values, _ = read_cells(cells)
    item, line = make(OrderMaker(base, file_id, "run-1", "1-abc", ()), row_number, values)

    stored, written = Order.from_item(item), Order.from_cells(line, file_id)

    assert (stored.run_id, stored.trace_id, stored.row_number, stored.file_id) == (
        "run-1",
        "1-abc",
        row_number,
        file_id,
    )
    assert [stored.order_id, stored.customer_name, stored.product_name, stored.quantity, stored.unit_price] == values
    assert written._replace(run_id="run-1", trace_id="1-abc") == stored


def test_an_item_that_others_have_written_is_shown_as_far_as_it_goes() -> None:
    """An order that lacks attributes does not fail a page."""
    order = Order.from_item({"order_id": {"S": "A-1"}, "processed_timestamp": {"S": "t"}})

    assert order.key == ("A-1", "t")
    assert (order.quantity, order.unit_price, order.customer_name) == (0, Decimal(0), "")


@pytest.mark.parametrize(
    "line", [["A-1"], ["A-1", "t", "c", "p", "1", "x", "1", "2"], ["A-1", "t", "c", "p", "", "1", "1", "2"]]
)
def test_a_line_that_is_no_order_is_refused(line: list[str]) -> None:
    """A line of another file is not taken for an order."""
    with pytest.raises(ValueError):  # noqa: PT011 - whoever reads the file tells it in words
        Order.from_cells(line, FILE_ID)
