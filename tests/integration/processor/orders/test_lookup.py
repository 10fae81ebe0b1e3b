"""Orders are found by id, by customer and by file, page by page, and what is no longer stored is said to be so."""

from __future__ import annotations

import random
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from botocore.stub import Stubber

from processor.domain.cursors import CursorError
from processor.domain.errors import LookupThrottledError
from processor.domain.orders import CUSTOMER_SHARDS, put_request
from processor.orders.lookup import CustomerIndexMissingError, OrderLookup
from processor.storage.accepted_reader import run_with_offsets
from tests.integration.calls import calls_to, operations
from tests.integration.stage import BUCKET, csv_file

if TYPE_CHECKING:
    from collections.abc import Callable

    from processor.domain.entries import FileEntry, RunEntry
    from processor.domain.orders import Order
    from processor.orders.pages import OrderPage
    from tests.integration.stage import Stage

AWKWARD = '"Ada ""the first""\nLovelace\u2028of London, Ltd ä"'
"""Quotes, a line feed, a separator that means nothing to CSV, a comma, and more bytes than characters."""


@pytest.fixture
def lookup(stage: Stage) -> OrderLookup:
    """Provide the lookup."""
    return OrderLookup(stage.clients.orders, stage.clients.s3, "orders", ("by_customer",))


def the_run(stage: Stage, entry: FileEntry) -> RunEntry | None:
    """Read the run whose offsets fit the file's accepted rows."""
    return run_with_offsets(stage.services.ledger.list_runs(entry.file_id))


def put_orders(stage: Stage, items: list[dict[str, Any]]) -> None:
    """Store items as they are."""
    for start in range(0, len(items), 25):
        batch: Any = [put_request(item) for item in items[start : start + 25]]
        stage.clients.orders.batch_write_item(RequestItems={"orders": batch})


def item(order_id: str, timestamp: str, shard: int = 0) -> dict[str, Any]:
    """Build an order of the customer "ada" as the table holds it."""
    return {
        "order_id": {"S": order_id},
        "processed_timestamp": {"S": timestamp},
        "customer_key": {"S": f"ada#{shard}"},
        "customer_name": {"S": "Ada"},
        "quantity": {"N": "1"},
    }


def walk(page_at: Callable[[str], OrderPage], step: str = "older", cursor: str = "") -> list[OrderPage]:
    """Follow a list's cursors to its end."""
    pages = [page_at(cursor)]
    while following := getattr(pages[-1], step):
        pages.append(page_at(following))
    return pages


def every(pages: list[OrderPage]) -> list[Order]:
    """Join the orders of pages."""
    return [order for page in pages for order in page.orders]


# By file


def test_a_page_of_four_thousand_rows_is_one_get_and_comparing_it_one_batch(stage: Stage, lookup: OrderLookup) -> None:
    """Every page holds exactly its rows although cells hold line feeds, and the last one costs what the first does."""
    rows = [f"A-{number},{AWKWARD},Widget,{number % 9 + 1},0.50" for number in range(4_000)]
    entry = stage.process("big.csv", csv_file(*rows))
    run = the_run(stage, entry)

    with calls_to(stage.clients.s3, stage.clients.orders) as reads:
        pages = {first: lookup.list_file_orders(entry, run, first=first) for first in (0, 950, 975, 2_000, 3_975)}
    with calls_to(stage.clients.s3, stage.clients.orders) as compares:
        (last,) = lookup.compare_with_table([pages[3_975]])

    assert run is not None
    assert len(run.row_offsets) == 4
    for first, page in pages.items():
        expected = [f"A-{number}" for number in range(first, min(first + 50, 4_000))]
        assert [order.order_id for order in page.orders] == expected
        assert (page.missing, page.first, page.total, page.problem) == ((), first, 4_000, "")
        assert page.following == min(first + 50, 4_000)
    assert pages[3_975].orders[0].customer_name == 'Ada "the first"\nLovelace\u2028of London, Ltd ä'
    assert operations(reads) == ["GetObject"] * 5
    assert operations(compares) == ["BatchGetItem"]
    assert [order.key for order in last.orders] == [order.key for order in pages[3_975].orders]
    assert (last.is_compared, pages[3_975].is_compared) == (True, False)


def test_rows_that_are_no_longer_stored_are_named(stage: Stage, lookup: OrderLookup) -> None:
    """An order that somebody deleted is shown as it stood in the file, and once compared apart from those stored."""
    entry = stage.process("a.csv", csv_file("A-1,Ada,Widget,2,1.25", "A-2,Bob,Widget,1,3.00", "A-3,Cy,Widget,1,3.00"))
    gone = next(order for order in stage.orders() if order["order_id"] == "A-2")
    key = {name: {"S": gone[name]} for name in ("order_id", "processed_timestamp")}
    stage.clients.orders.delete_item(TableName="orders", Key=key)

    listed = lookup.list_file_orders(entry, the_run(stage, entry))
    (page,) = lookup.compare_with_table([listed])

    assert [order.order_id for order in listed.orders] == ["A-1", "A-2", "A-3"]
    assert [order.order_id for order in page.orders] == ["A-1", "A-3"]
    assert [(order.order_id, order.customer_name, order.row_number) for order in page.missing] == [("A-2", "Bob", 3)]
    assert page.following == 3


def test_an_order_tells_where_it_came_from(stage: Stage, lookup: OrderLookup) -> None:
    """Each line leads to its file, row, run and trace, with exact amounts."""
    entry = stage.process("a.csv", csv_file("A-1,Ada,Widget,3,0.10"))

    (stored,) = lookup.compare_with_table([lookup.list_file_orders(entry, the_run(stage, entry))])
    order = stored.orders[0]

    assert (order.file_id, order.row_number, order.run_id, order.trace_id) == (
        entry.file_id,
        2,
        entry.run_id,
        "1-trace",
    )
    assert (order.quantity, order.unit_price, order.line_total) == (3, Decimal("0.10"), Decimal("0.30"))


def test_rows_are_found_without_a_run_and_with_another_runs_offsets(stage: Stage, lookup: OrderLookup) -> None:
    """A run that died left the object and no offsets, or a later run wrote it anew: the rows are found all the same."""
    entry = stage.process("a.csv", csv_file(*(f"A-{number},Ada,Widget,1,1" for number in range(2_000))))
    run = the_run(stage, entry)
    assert run is not None
    astray = run._replace(row_offsets=(run.row_offsets[0], run.row_offsets[1] + 7))

    without, misled = (lookup.list_file_orders(entry, each, first=1_500, limit=3) for each in (None, astray))

    expected = ["A-1500", "A-1501", "A-1502"]
    assert [order.order_id for order in without.orders] == expected
    assert [order.order_id for order in misled.orders] == expected


def test_the_end_of_a_file_is_read_from_its_end(
    stage: Stage, lookup: OrderLookup, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever the first byte falls (in a name's line feed, quote or letter) the last rows are these, without a run."""
    entry = stage.process("a.csv", csv_file(*(f"A-{number},{AWKWARD},Widget,1,1" for number in range(1_010))))

    for longest in range(150, 300):
        monkeypatch.setattr("processor.storage.accepted_reader._LONGEST_ROW", longest)
        with calls_to(stage.clients.s3) as calls:
            page = lookup.list_file_orders(entry, None, first=1_008, limit=2)

        assert [call.parameters["Range"] for call in calls] == [f"bytes=-{2 * longest}"]
        assert [order.order_id for order in page.orders] == ["A-1008", "A-1009"]
        assert page.orders[0].customer_name == 'Ada "the first"\nLovelace\u2028of London, Ltd ä'


@pytest.mark.parametrize("end", [b"total,,,\r\n", b"\r\n" * 5_000, b'A-9,"unfinished', b"A-9"])
def test_an_end_that_somebody_has_written_to_is_given_up(stage: Stage, lookup: OrderLookup, end: bytes) -> None:
    """The last rows that the ledger counts are found from the beginning then."""
    entry = stage.process("a.csv", csv_file(*(f"A-{number},Ada,Widget,1,1" for number in range(3_000))))
    body = stage.read(entry.accepted_key)
    stage.clients.s3.put_object(Bucket=BUCKET, Key=entry.accepted_key, Body=body + end)

    page = lookup.list_file_orders(entry, None, first=2_950)

    assert [order.order_id for order in page.orders] == [f"A-{number}" for number in range(2_950, 3_000)]


def test_beyond_the_last_row_there_is_nothing(stage: Stage, lookup: OrderLookup) -> None:
    """A stretch that begins behind the end is empty, and no error."""
    entry = stage.process("a.csv", csv_file("A-1,Ada,Widget,1,1"))

    page = lookup.list_file_orders(entry, the_run(stage, entry), first=50)

    assert (page.orders, page.missing, page.total) == ((), (), 1)


def test_an_object_that_is_gone_or_was_replaced_is_said_to_be(stage: Stage, lookup: OrderLookup) -> None:
    """In place of the rows stands why there are none, and what to do."""
    entry = stage.process("a.csv", csv_file("A-1,Ada,Widget,1,1"))
    run = the_run(stage, entry)

    stage.clients.s3.put_object(Bucket=BUCKET, Key=entry.accepted_key, Body=b"x" * 500)
    replaced = lookup.list_file_orders(entry, run)
    stage.clients.s3.put_object(Bucket=BUCKET, Key=entry.accepted_key, Body=b"")
    emptied = lookup.list_file_orders(entry, run)
    whole = stage.process("b.csv", csv_file(*(f"B-{number},Ada,Widget,1,1" for number in range(3))))
    body = stage.clients.s3.get_object(Bucket=BUCKET, Key=whole.accepted_key)["Body"].read()
    stage.clients.s3.put_object(Bucket=BUCKET, Key=whole.accepted_key, Body=body[: body.index(b"B-2")])
    shortened = lookup.list_file_orders(whole, the_run(stage, whole))
    stage.clients.s3.delete_object(Bucket=BUCKET, Key=entry.accepted_key)
    gone = lookup.list_file_orders(entry, run)

    assert "somebody has replaced it" in replaced.problem
    assert (emptied.orders, emptied.problem) == ((), replaced.problem)
    assert [order.order_id for order in shortened.orders] == ["B-0", "B-1"]
    assert "somebody has replaced it" in shortened.problem
    assert "is no longer in the bucket" in gone.problem
    assert gone.total == 1


def test_the_newest_orders_fill_a_page_from_several_files(stage: Stage, lookup: OrderLookup) -> None:
    """Files come in the order given, a failed one takes no room, and the last is cut where the page ends."""
    files = [
        stage.process("c.csv", csv_file("C-1,Ada,Widget,1,1", "C-2,Ada,Widget,1,1")),
        stage.process("failed.csv", b"no header at all\n"),
        stage.process("b.csv", csv_file("B-1,Ada,Widget,1,1")),
        stage.process("a.csv", csv_file("A-1,Ada,Widget,1,1", "A-2,Ada,Widget,1,1")),
        stage.process("never.csv", csv_file("N-1,Ada,Widget,1,1")),
    ]

    page = lookup.list_newest(files, first=1, limit=3)

    assert [[order.order_id for order in each.orders] for each in page] == [["C-2"], [], ["B-1"], ["A-1"]]
    assert [each.first for each in page] == [1, 0, 0, 0]
    assert page[-1].following == 1


def test_keys_that_are_left_unprocessed_are_asked_for_again(stage: Stage, lookup: OrderLookup) -> None:
    """DynamoDB may answer a part: the rest is asked for again after growing waits, and only the rest."""
    entry = stage.process("a.csv", csv_file("A-1,Ada,Widget,1,1", "A-2,Ada,Widget,1,1"))
    stored = {order["order_id"]: order for order in stage.orders()}
    keys = [
        {name: {"S": stored[order_id][name]} for name in ("order_id", "processed_timestamp")}
        for order_id in ("A-1", "A-2")
    ]
    waits: list[float] = []
    patient = OrderLookup(stage.clients.orders, stage.clients.s3, "orders", (), sleep=waits.append)
    with Stubber(stage.clients.orders) as stubber:
        for asked, answered, left in ((keys, [], keys), (keys, keys[:1], keys[1:]), (keys[1:], keys[1:], [])):
            stubber.add_response(
                "batch_get_item",
                {"Responses": {"orders": answered}, "UnprocessedKeys": {"orders": {"Keys": left}} if left else {}},
                {"RequestItems": {"orders": {"Keys": asked, "ConsistentRead": True}}},
            )

        (page,) = patient.compare_with_table([patient.list_file_orders(entry, None)])

    assert [order.order_id for order in page.orders] == ["A-1", "A-2"]
    assert waits == [0.05, 0.1]


def test_a_table_that_stays_busy_is_said_to_be(stage: Stage, lookup: OrderLookup) -> None:
    """After a bounded number of attempts the reader is told to come back, rather than shown rows as missing."""
    entry = stage.process("a.csv", csv_file("A-1,Ada,Widget,1,1"))
    key = {"order_id": {"S": "A-1"}, "processed_timestamp": {"S": "t"}}
    impatient = OrderLookup(stage.clients.orders, stage.clients.s3, "orders", (), sleep=lambda _: None)
    with Stubber(stage.clients.orders) as stubber:
        for _ in range(8):
            stubber.add_response("batch_get_item", {"Responses": {}, "UnprocessedKeys": {"orders": {"Keys": [key]}}})

        with pytest.raises(LookupThrottledError, match="1 orders could not be read"):
            impatient.compare_with_table([impatient.list_file_orders(entry, None)])


# By order id


def test_an_orders_lines_are_paged_the_newest_first(stage: Stage, lookup: OrderLookup) -> None:
    """An order of 120 lines is three pages that lead into one another both ways, whole and without a repetition."""
    put_orders(stage, [item("A-1", f"2026-11-22T10:00:00.{number:06}000Z") for number in range(120)])
    put_orders(stage, [item("A-10", "2026-11-22T10:00:00.000000000Z")])

    down = walk(lambda cursor: lookup.find_by_order_id("A-1", cursor))
    up = walk(lambda cursor: lookup.find_by_order_id("A-1", cursor), "newer", down[-1].newer)

    stamps = [order.processed_timestamp for order in every(down)]
    assert stamps == sorted(stamps, reverse=True)
    assert [len(page.orders) for page in down] == [50, 50, 20]
    assert len(set(stamps)) == 120
    assert [page.orders for page in up] == [down[1].orders, down[0].orders]
    assert (down[0].newer, up[-1].newer) == ("", "")


def test_an_unknown_order_has_no_lines(lookup: OrderLookup) -> None:
    """A search that finds nothing is an empty page."""
    page = lookup.find_by_order_id("nobody's")

    assert (page.orders, page.older, page.newer) == ((), "", "")


def test_a_cursor_that_is_none_is_refused(lookup: OrderLookup) -> None:
    """Text that was never a cursor reaches no query."""
    for cursor in ("x", "WyJvbGRlciJd", "WyJzaWRld2F5cyIsInQiLCJBLTEiXQ"):
        with pytest.raises(CursorError, match="is not a position in this list"):
            lookup.find_by_order_id("A-1", cursor)


# By customer


def test_a_customers_four_thousand_orders_are_merged_from_all_shards(stage: Stage, lookup: OrderLookup) -> None:
    """Walking the pages meets every order once, in time's order over all four shards."""
    numbers = list(range(4_000))
    random.Random(7).shuffle(numbers)  # noqa: S311
    put_orders(
        stage,
        [item(f"A-{n}", f"2026-11-22T10:00:00.{n:06}000Z", shard=n * 7 // 5 % CUSTOMER_SHARDS) for n in numbers],
    )

    pages = walk(lambda cursor: lookup.find_by_customer(" ADA ", cursor, limit=1_600))

    assert [order.order_id for order in every(pages)] == [f"A-{n}" for n in reversed(range(4_000))]
    assert [len(page.orders) for page in pages] == [1_600, 1_600, 800]


def test_paging_is_stable_while_orders_arrive(stage: Stage, lookup: OrderLookup) -> None:
    """Orders that arrive between two clicks move nothing on the older pages, and are found on the way back."""
    put_orders(stage, [item(f"A-{n}", f"2026-11-22T10:00:{n:02}.000000000Z", shard=n % 4) for n in range(30)])
    first = lookup.find_by_customer("Ada", limit=10)
    put_orders(stage, [item(f"B-{n}", f"2026-11-22T10:01:{n:02}.000000000Z", shard=n % 4) for n in range(5)])

    second = lookup.find_by_customer("Ada", first.older, limit=10)
    back = lookup.find_by_customer("Ada", second.newer, limit=10)
    newest = lookup.find_by_customer("Ada", back.newer, limit=10)

    assert [order.order_id for order in second.orders] == [f"A-{n}" for n in range(19, 9, -1)]
    assert back.orders == first.orders
    assert [order.order_id for order in newest.orders] == [f"B-{n}" for n in range(4, -1, -1)]
    assert newest.newer == ""


def test_orders_that_share_a_timestamp_do_not_fall_between_two_pages(stage: Stage, lookup: OrderLookup) -> None:
    """Forty orders on one timestamp, in one shard, are each met once, whichever way they are walked."""
    same = "2026-11-22T10:00:00.000000000Z"
    put_orders(stage, [item(f"A-{n:02}", same, shard=n % 2) for n in range(40)])
    put_orders(stage, [item("Z", "2026-11-22T09:00:00.000000000Z")])

    down = walk(lambda cursor: lookup.find_by_customer("Ada", cursor, limit=7))
    up = walk(lambda cursor: lookup.find_by_customer("Ada", cursor, limit=7), "newer", down[-1].newer)

    met = [order.order_id for order in every(down)]
    assert met == [*(f"A-{n:02}" for n in range(39, -1, -1)), "Z"]
    assert sorted(order.order_id for order in every(up)) == sorted(met[: -len(down[-1].orders)])


def test_a_file_that_names_one_customer_lands_in_every_shard_and_is_found_whole(
    stage: Stage, lookup: OrderLookup
) -> None:
    """The search brings together what is spread over the shards, in any spelling of the name."""
    stage.process("a.csv", csv_file(*(f"A-{n},\uff21\uff24\uff21  Lovelace,Widget,1,1" for n in range(40))))

    pages = walk(lambda cursor: lookup.find_by_customer("ada lovelace", cursor, limit=15))

    assert [order.order_id for order in every(pages)] == [f"A-{n}" for n in reversed(range(40))]


def test_without_the_index_nobody_can_search_by_customer(stage: Stage) -> None:
    """A stack deployed without it says so instead of finding nobody."""
    lookup = OrderLookup(stage.clients.orders, stage.clients.s3, "orders", ())

    with pytest.raises(CustomerIndexMissingError, match="deployed without"):
        lookup.find_by_customer("Ada")

    assert not lookup.has_customer_index


def test_files_of_an_order_are_found_at_both_of_its_ends(stage: Stage, lookup: OrderLookup) -> None:
    """Of many lines the newest and the oldest tell: those of the last file, and of the first one."""
    lines = [item("LONG", f"2026-11-22T10:00:00.{number:06}Z") | {"file_id": {"S": "first"}} for number in range(150)]
    lines += [item("LONG", f"2026-11-23T10:00:00.{number:06}Z") | {"file_id": {"S": "last"}} for number in range(150)]
    lines += [item("SHORT", "2026-11-22T10:00:00.000000Z") | {"file_id": {"S": "first"}}]
    put_orders(stage, lines)

    found = lookup.find_files_of_orders(["LONG", "SHORT", "NONE", "LONG"])

    assert found == {"LONG": ("last", "first"), "SHORT": ("first",), "NONE": ()}
