"""Lists of orders on moto, of all files and of one: their pages, and what they ask AWS for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from admin_api.pages.orders.feed import read_feed
from processor.domain.cursors import pack
from tests.integration.admin_api.console import words
from tests.integration.admin_api.order_lists import download_csv, link_to, list_order_ids, orders_csv
from tests.integration.calls import calls_to, operations
from tests.integration.stage import BUCKET, csv_file

if TYPE_CHECKING:
    from admin_api.pages.orders.feed import FeedPage
    from tests.integration.admin_api.console import ConsoleStage


def test_without_orders_the_page_says_where_they_come_from(console: ConsoleStage) -> None:
    """An empty list does not make a blank page."""
    page = words(console.browser().get("/orders"))

    assert "No orders yet" in page
    assert "as soon as a file with orders is settled" in page


def test_the_newest_orders_stand_first_under_their_files(console: ConsoleStage) -> None:
    """Files come newest first, each with its rows in order; a failed file has no heading here."""
    console.stage.process("old.csv", orders_csv("O", 2))
    console.stage.process("failed.csv", b"nothing\n")
    console.stage.process("new.csv", orders_csv("N", 2))

    page = console.browser().get("/orders")

    assert list_order_ids(page) == ["N-0", "N-1", "O-0", "O-1"]
    assert "failed.csv" not in page.text
    assert words(page).index("new.csv") < words(page).index("old.csv")


def test_pages_of_the_feed_lead_down_through_files_and_up_again(console: ConsoleStage) -> None:
    """Older pages cross from file to file and newer ones lead back: every order once, also while files arrive."""
    for name, number in (("a", 30), ("b", 1), ("c", 70), ("d", 10)):
        console.stage.process(f"{name}.csv", orders_csv(name, number))
    expected = [f"{name}-{n}" for name, number in (("d", 10), ("c", 70), ("b", 1), ("a", 30)) for n in range(number)]
    browser = console.browser()

    first = browser.get("/orders")
    console.stage.process("e.csv", orders_csv("e", 3))
    second = browser.get(link_to(first, "Older"))
    third = browser.get(link_to(second, "Older"))
    back = browser.get(link_to(third, "Newer"))
    top = browser.get(link_to(back, "Newer"))

    assert list_order_ids(first) + list_order_ids(second) + list_order_ids(third) == expected
    assert "Older" not in words(third)
    assert list_order_ids(back) == list_order_ids(second)
    assert list_order_ids(top) == list_order_ids(first)
    assert list_order_ids(browser.get(link_to(top, "Newer"))) == [*(f"e-{n}" for n in range(3)), *expected[:47]]


def test_files_without_orders_are_passed_by_a_page_at_a_time(
    console: ConsoleStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a storm of failures the page says how far it looked, and the next one goes on."""
    monkeypatch.setattr("admin_api.pages.orders.feed._MOST_FILES", 5)
    console.stage.process("good.csv", orders_csv("G", 1))
    for number in range(5):
        console.stage.process(f"bad-{number}.csv", f"nothing {number}\n".encode())
    browser = console.browser()

    page = browser.get("/orders")

    assert "No orders in these files" in words(page)
    assert list_order_ids(browser.get(link_to(page, "Search older"))) == ["G-0"]


def test_the_way_up_leads_past_files_without_orders(console: ConsoleStage, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many of them stand between two files with orders, the newer orders are reached by the link alone."""
    monkeypatch.setattr("admin_api.pages.orders.feed._MOST_FILES", 3)
    console.stage.process("old.csv", orders_csv("O", 1))
    middle = console.stage.process("middle.csv", orders_csv("M", 1))
    for number in range(6):
        console.stage.process(f"bad-{number}.csv", f"nothing {number}\n".encode())
    console.stage.process("new.csv", orders_csv("N", 1))
    browser = console.browser()

    page = browser.get(f"/orders?cursor={pack('older', middle.received_at, middle.file_id, '0')}")
    for _ in range(5):
        page = browser.get(link_to(page, "Newer"))
        if "N-0" in list_order_ids(page):
            break

    assert "N-0" in list_order_ids(page)


def test_the_way_up_into_a_large_file_reads_its_end_only(console: ConsoleStage) -> None:
    """The page above another file's first row is one GET of the end, wherever in a cell its first byte falls."""
    below = console.stage.process("below.csv", orders_csv("B", 1))
    name = '"Ada, ""the first""\nof London ä"'
    console.stage.process("large.csv", csv_file(*(f"L-{n},{name},Widget,1,1.00" for n in range(2_500))))

    with calls_to(console.console.s3) as calls:
        page = read_feed(console.console, pack("newer", below.received_at, below.file_id, "0"))

    assert [order.order_id for order in page.groups[0].orders] == [f"L-{n}" for n in range(2_450, 2_500)]
    assert {order.customer_name for order in page.groups[0].orders} == {'Ada, "the first"\nof London ä'}
    assert [call.parameters["Range"] for call in calls] == ["bytes=-102400"]


def test_a_files_orders_are_paged_by_row(console: ConsoleStage) -> None:
    """Rows stand in the file's order with their place in the whole, and pages lead on and back."""
    entry = console.stage.process("a.csv", orders_csv("A", 120))
    browser = console.browser()

    first = browser.get(f"/orders?file={entry.file_id}")
    second = browser.get(link_to(first, "Older"))

    assert "1\u201350 of 120" in words(first)
    assert "51\u2013100 of 120" in words(second)
    assert list_order_ids(second) == [f"A-{n}" for n in range(50, 100)]
    assert list_order_ids(browser.get(link_to(second, "Newer"))) == list_order_ids(first)
    assert "All 120 orders of this file" in first.text


def test_rows_that_are_no_longer_stored_are_shown_as_such(console: ConsoleStage) -> None:
    """A row whose order was deleted keeps its place, struck out, and the page says what to do."""
    entry = console.stage.process("a.csv", orders_csv("A", 3))
    order = next(each for each in console.stage.orders() if each["order_id"] == "A-1")
    key = {name: {"S": order[name]} for name in ("order_id", "processed_timestamp")}
    console.stage.clients.orders.delete_item(TableName="orders", Key=key)

    browser = console.browser()
    listed = browser.get(f"/orders?file={entry.file_id}")
    page = browser.get(link_to(listed, "Compare with the orders table"))

    assert "as its last run stored them" in words(listed)
    assert list_order_ids(page) == ["A-0", "A-1", "A-2"]
    assert "1 of these rows is no longer in the orders table" in words(page)


def test_a_comparison_without_a_difference_says_so(console: ConsoleStage) -> None:
    """Every page gets an answer, and so does the next one."""
    entry = console.stage.process("a.csv", orders_csv("A", 51))
    browser = console.browser()
    second = browser.get(link_to(browser.get(f"/orders?file={entry.file_id}"), "Older"))

    compared = browser.get(link_to(second, "Compare with the orders table"))

    assert "This row is in the orders table" in words(compared)
    assert "All 50 of these rows are in the orders table" in words(browser.get(link_to(compared, "Newer")))


def test_a_file_whose_rows_object_is_gone_says_so(console: ConsoleStage) -> None:
    """The list names the object and what can still be found; the newest orders of other files stay."""
    console.stage.process("other.csv", orders_csv("B", 1))
    entry = console.stage.process("a.csv", orders_csv("A", 1))
    console.stage.clients.s3.delete_object(Bucket=BUCKET, Key=entry.accepted_key)
    browser = console.browser()

    assert "is no longer in the bucket" in words(browser.get(f"/orders?file={entry.file_id}"))
    assert list_order_ids(browser.get("/orders")) == ["B-0"]


def test_an_object_that_ends_too_soon_shows_what_it_has_and_leads_on(console: ConsoleStage) -> None:
    """Somebody has cut it: its rows are listed, what is wrong is said, and other files' orders follow."""
    console.stage.process("old.csv", orders_csv("O", 1))
    entry = console.stage.process("cut.csv", orders_csv("C", 60))
    body = console.stage.read(entry.accepted_key)
    console.stage.clients.s3.put_object(Bucket=BUCKET, Key=entry.accepted_key, Body=body[: body.index(b"C-20,")])
    browser = console.browser()

    of_file, feed = browser.get(f"/orders?file={entry.file_id}"), browser.get("/orders")
    told = browser.get(f"/api/files/{entry.file_id}/orders").json()

    for page in (of_file, feed):
        assert list_order_ids(page)[:20] == [f"C-{n}" for n in range(20)]
        assert "somebody has replaced it" in words(page)
    assert list_order_ids(browser.get(link_to(feed, "Older"))) == ["O-0"]
    assert (len(told["orders"]), told["following"], told["total"]) == (20, 60, 60)
    exported, _ = download_csv(browser, "/orders/export.csv")
    assert [row[0] for row in exported[1:]] == [*(f"C-{n}" for n in range(20)), "O-0"]


@pytest.mark.parametrize(
    ("body", "says"),
    [(b"nothing\n", "settled without an accepted row"), (orders_csv("A", 1), "The file ends before this row")],
)
def test_a_place_without_orders_is_explained(console: ConsoleStage, body: bytes, says: str) -> None:
    """A failed file and a row beyond a file's end have different messages."""
    entry = console.stage.process("a.csv", body)

    assert says in words(console.browser().get(f"/orders?file={entry.file_id}&first=50"))


def test_a_cursor_from_elsewhere_is_refused_in_words(console: ConsoleStage) -> None:
    """An address that was tampered with is answered by a page, not by an error."""
    browser = console.browser()

    for path in (
        "/orders?cursor=x",
        f"/orders?cursor={pack('older', '2026-11-22T10:00:00.000000Z', 'nobody', '0')}",
        f"/orders?cursor={pack('older', '2026-11-22T10:00:00.000000Z', 'nobody', '-1')}",
        f"/orders?cursor={pack('older', 'yesterday', 'nobody', '0')}",
        f"/orders?cursor={pack('older', '0999-01-01T00:00:00Z', 'nobody', '0')}",
        f"/orders?cursor={pack('older', '0001-01-01T00:00:00+14:00', 'nobody', '0')}",
        "/orders?customer=Ada&cursor=x",
    ):
        response = browser.get(path)
        assert response.status_code == 422, path
        assert "is not a position in this list" in words(response)
    assert browser.get("/orders?file=nobody").status_code == 404


def test_a_page_of_orders_asks_the_ledger_once(console: ConsoleStage) -> None:
    """One query, and a GET for each file shown: for the newest page, those after it and one that leads up again.

    A page that lies deep in a file also asks for its runs, and one that crosses into newer files for those, meanwhile.
    """
    first = console.stage.process("first.csv", orders_csv("F", 60))
    console.stage.process("second.csv", orders_csv("S", 60))
    deep = console.stage.process("deep.csv", orders_csv("D", 1_100))
    made: dict[str, list[str]] = {}

    def read(name: str, cursor: str = "") -> FeedPage:
        with calls_to(console.console.dynamodb, console.console.s3) as calls:
            page = read_feed(console.console, cursor)
        made[name] = operations(calls)
        return page

    following = read("following", read("newest").older)
    read("deep", pack("older", deep.received_at, deep.file_id, "1050"))
    read("back", following.newer)
    read("up", pack("newer", first.received_at, first.file_id, "10"))

    assert made == {
        "newest": ["GetObject", "Query"],
        "deep": ["GetObject", "Query", "Query"],
        "following": ["GetObject", "Query"],
        "back": ["GetObject", "Query"],
        "up": ["GetObject", "GetObject", "Query", "Query"],
    }


def test_a_file_s_orders_ask_the_ledger_once(console: ConsoleStage) -> None:
    """Wherever in the file: its entry and its runs come in one query."""
    entry = console.stage.process("a.csv", orders_csv("A", 1_100))
    browser = console.browser()
    browser.get("/orders")

    with calls_to(console.console.dynamodb, console.console.s3) as calls:
        browser.get(f"/orders?file={entry.file_id}&first=1050")

    assert operations(calls) == ["GetObject", "Query"]
