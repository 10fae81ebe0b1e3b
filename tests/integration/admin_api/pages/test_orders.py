"""The pages of orders on moto: what they list, where they lead, and what they say when there is nothing."""

from __future__ import annotations

import csv
import html
import io
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from botocore.stub import Stubber

from admin_api.pages.orders.feed import read_feed
from admin_api.rendering.urls import order_href
from processor.domain.cursors import pack
from processor.domain.entries import FILE_ENTRY
from processor.domain.orders import CUSTOMER_SHARDS
from processor.ledger.file_list import FileList
from processor.ledger.table import key
from tests.integration.admin_api.console import words
from tests.integration.calls import calls_to, operations
from tests.integration.stage import BUCKET, csv_file

if TYPE_CHECKING:
    from starlette.testclient import TestClient

    from admin_api.pages.orders.feed import FeedPage
    from tests.integration.admin_api.console import ConsoleStage

GOOD = "A-1,Ada Lovelace,Difference Engine,2,10.50"


def rows(prefix: str, number: int, customer: str = "Ada") -> bytes:
    """Build a file of so many orders."""
    return csv_file(*(f"{prefix}-{n},{customer},Widget,1,1.00" for n in range(number)))


def link(page: Any, text: str) -> str:
    """Return where a link of a page leads, by its words."""
    found = re.search(rf'<a [^>]*href="([^"]+)"[^>]*>(?:<svg[^>]*><use[^>]*></svg>)?{text}', page.text)
    assert found, f"no link {text!r}"
    return html.unescape(found[1])


def names_of(page: Any) -> str:
    """Return where a page of a customer's orders asks for the names of their files."""
    found = re.search(r'hx-get="(/files/names[^"]+)" hx-trigger="load"', page.text)
    assert found
    return html.unescape(found[1])


def orders_in(page: Any) -> list[str]:
    """List the order ids of a page's rows."""
    return re.findall(r'<td class="main"><a href="[^"]+">(?:<s>)?([^<]+)', page.text)


def download(browser: TestClient, path: str) -> tuple[list[list[str]], str]:
    """Fetch an export: its rows and its name."""
    response = browser.get(path)
    assert response.status_code == 200
    text = response.text.removeprefix("\ufeff")
    return list(csv.reader(io.StringIO(text, newline=""))), response.headers["content-disposition"]


def test_without_orders_the_page_says_where_they_come_from(console: ConsoleStage) -> None:
    """An empty list is no blank page."""
    page = words(console.browser().get("/orders"))

    assert "No orders yet" in page
    assert "as soon as a file with orders is settled" in page


def test_the_newest_orders_stand_first_under_their_files(console: ConsoleStage) -> None:
    """Files come newest first, each with its rows in order; a failed file has no heading here."""
    console.stage.process("old.csv", rows("O", 2))
    console.stage.process("failed.csv", b"nothing\n")
    console.stage.process("new.csv", rows("N", 2))

    page = console.browser().get("/orders")

    assert orders_in(page) == ["N-0", "N-1", "O-0", "O-1"]
    assert "failed.csv" not in page.text
    assert words(page).index("new.csv") < words(page).index("old.csv")


def test_pages_of_the_feed_lead_down_through_files_and_up_again(console: ConsoleStage) -> None:
    """Older pages cross from file to file and newer ones lead back: every order once, also while files arrive."""
    for name, number in (("a", 30), ("b", 1), ("c", 70), ("d", 10)):
        console.stage.process(f"{name}.csv", rows(name, number))
    expected = [f"{name}-{n}" for name, number in (("d", 10), ("c", 70), ("b", 1), ("a", 30)) for n in range(number)]
    browser = console.browser()

    first = browser.get("/orders")
    console.stage.process("e.csv", rows("e", 3))
    second = browser.get(link(first, "Older"))
    third = browser.get(link(second, "Older"))
    back = browser.get(link(third, "Newer"))
    top = browser.get(link(back, "Newer"))

    assert orders_in(first) + orders_in(second) + orders_in(third) == expected
    assert "Older" not in words(third)
    assert orders_in(back) == orders_in(second)
    assert orders_in(top) == orders_in(first)
    assert orders_in(browser.get(link(top, "Newer"))) == [*(f"e-{n}" for n in range(3)), *expected[:47]]


def test_files_without_orders_are_passed_by_a_page_at_a_time(
    console: ConsoleStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a storm of failures the page says how far it looked, and the next one goes on."""
    monkeypatch.setattr("admin_api.pages.orders.feed._MOST_FILES", 5)
    console.stage.process("good.csv", rows("G", 1))
    for number in range(5):
        console.stage.process(f"bad-{number}.csv", f"nothing {number}\n".encode())
    browser = console.browser()

    page = browser.get("/orders")

    assert "No orders among these files" in words(page)
    assert orders_in(browser.get(link(page, "Search older"))) == ["G-0"]


def test_the_way_up_leads_past_files_without_orders(console: ConsoleStage, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many of them stand between two files with orders, the newer orders are reached by the link alone."""
    monkeypatch.setattr("admin_api.pages.orders.feed._MOST_FILES", 3)
    console.stage.process("old.csv", rows("O", 1))
    middle = console.stage.process("middle.csv", rows("M", 1))
    for number in range(6):
        console.stage.process(f"bad-{number}.csv", f"nothing {number}\n".encode())
    console.stage.process("new.csv", rows("N", 1))
    browser = console.browser()

    page = browser.get(f"/orders?cursor={pack('older', middle.received_at, middle.file_id, '0')}")
    for _ in range(5):
        page = browser.get(link(page, "Newer"))
        if "N-0" in orders_in(page):
            break

    assert "N-0" in orders_in(page)


def test_the_way_up_into_a_large_file_reads_its_end_only(console: ConsoleStage) -> None:
    """The page above another file's first row is one GET of the end, wherever in a cell its first byte falls."""
    below = console.stage.process("below.csv", rows("B", 1))
    name = '"Ada, ""the first""\nof London ä"'
    console.stage.process("large.csv", csv_file(*(f"L-{n},{name},Widget,1,1.00" for n in range(2_500))))

    with calls_to(console.console.s3) as calls:
        page = read_feed(console.console, pack("newer", below.received_at, below.file_id, "0"))

    assert [order.order_id for order in page.groups[0].orders] == [f"L-{n}" for n in range(2_450, 2_500)]
    assert {order.customer_name for order in page.groups[0].orders} == {'Ada, "the first"\nof London ä'}
    assert [call.parameters["Range"] for call in calls] == ["bytes=-102400"]


def test_a_files_orders_are_paged_by_row(console: ConsoleStage) -> None:
    """Rows stand in the file's order with their place in the whole, and pages lead on and back."""
    entry = console.stage.process("a.csv", rows("A", 120))
    browser = console.browser()

    first = browser.get(f"/orders?file={entry.file_id}")
    second = browser.get(link(first, "Older"))

    assert "1\u201350 of 120" in words(first)
    assert "51\u2013100 of 120" in words(second)
    assert orders_in(second) == [f"A-{n}" for n in range(50, 100)]
    assert orders_in(browser.get(link(second, "Newer"))) == orders_in(first)
    assert "All 120 orders of this file" in first.text


def test_rows_that_are_no_longer_stored_are_shown_as_such(console: ConsoleStage) -> None:
    """A row whose order was deleted keeps its place, struck out, and the page says what to do."""
    entry = console.stage.process("a.csv", rows("A", 3))
    order = next(each for each in console.stage.orders() if each["order_id"] == "A-1")
    key = {name: {"S": order[name]} for name in ("order_id", "processed_timestamp")}
    console.stage.clients.orders.delete_item(TableName="orders", Key=key)

    browser = console.browser()
    listed = browser.get(f"/orders?file={entry.file_id}")
    page = browser.get(link(listed, "Compare with the orders table"))

    assert "as its last run stored them" in words(listed)
    assert orders_in(page) == ["A-0", "A-1", "A-2"]
    assert "1 of these rows is no longer in the orders table" in words(page)


def test_a_comparison_without_a_difference_says_so(console: ConsoleStage) -> None:
    """Whoever asks gets an answer, on the page asked from and on the next one."""
    entry = console.stage.process("a.csv", rows("A", 51))
    browser = console.browser()
    second = browser.get(link(browser.get(f"/orders?file={entry.file_id}"), "Older"))

    compared = browser.get(link(second, "Compare with the orders table"))

    assert "This row is in the orders table" in words(compared)
    assert "All 50 of these rows are in the orders table" in words(browser.get(link(compared, "Newer")))


def test_a_file_whose_rows_object_is_gone_says_so(console: ConsoleStage) -> None:
    """The list names the object and what can still be found; the newest orders of other files stay."""
    console.stage.process("other.csv", rows("B", 1))
    entry = console.stage.process("a.csv", rows("A", 1))
    console.stage.clients.s3.delete_object(Bucket=BUCKET, Key=entry.accepted_key)
    browser = console.browser()

    assert "is no longer in the bucket" in words(browser.get(f"/orders?file={entry.file_id}"))
    assert orders_in(browser.get("/orders")) == ["B-0"]


def test_an_object_that_ends_too_soon_shows_what_it_has_and_leads_on(console: ConsoleStage) -> None:
    """Somebody has cut it: its rows are listed, what is wrong is said, and other files' orders follow."""
    console.stage.process("old.csv", rows("O", 1))
    entry = console.stage.process("cut.csv", rows("C", 60))
    body = console.stage.read(entry.accepted_key)
    console.stage.clients.s3.put_object(Bucket=BUCKET, Key=entry.accepted_key, Body=body[: body.index(b"C-20,")])
    browser = console.browser()

    of_file, feed = browser.get(f"/orders?file={entry.file_id}"), browser.get("/orders")
    told = browser.get(f"/api/files/{entry.file_id}/orders").json()

    for page in (of_file, feed):
        assert orders_in(page)[:20] == [f"C-{n}" for n in range(20)]
        assert "somebody has replaced it" in words(page)
    assert orders_in(browser.get(link(feed, "Older"))) == ["O-0"]
    assert (len(told["orders"]), told["following"], told["total"]) == (20, 60, 60)
    exported, _ = download(browser, "/orders/export.csv")
    assert [row[0] for row in exported[1:]] == [*(f"C-{n}" for n in range(20)), "O-0"]


@pytest.mark.parametrize(
    ("body", "says"),
    [(b"nothing\n", "settled without an accepted row"), (rows("A", 1), "The file ends before this row")],
)
def test_a_place_without_orders_is_explained(console: ConsoleStage, body: bytes, says: str) -> None:
    """A failed file, and a row behind a file's end, are told from one another."""
    entry = console.stage.process("a.csv", body)

    assert says in words(console.browser().get(f"/orders?file={entry.file_id}&first=50"))


def test_a_customers_orders_name_their_files(console: ConsoleStage) -> None:
    """Whatever the spelling, all orders of the name come, each with its file and row."""
    a = console.stage.process("a.csv", rows("A", 2, "ADA  lovelace"))
    console.stage.process("b.csv", rows("B", 60, "Ada Lovelace"))
    browser = console.browser()

    page = browser.get("/orders", params={"customer": " ada lovelace "})
    second = browser.get(link(page, "Older"))

    assert orders_in(page) == [f"B-{n}" for n in range(59, 9, -1)]
    assert orders_in(second)[-2:] == ["A-1", "A-0"]
    assert f"{a.file_id[:8]}… · row 2" in words(second)
    unscripted = browser.get(link(second, "Show the names of the files"))
    assert "a.csv · row 2" in words(unscripted)
    assert "data-file" not in unscripted.text
    named = console.part(browser, names_of(second))
    assert f"data-file='{a.file_id}'" in html.unescape(named.text)
    assert [name in words(named) for name in ("a.csv", "b.csv")] == [True, True]
    assert "No orders of this customer" in words(browser.get("/orders?customer=Bob"))


def test_an_order_shows_all_its_lines_and_where_each_came_from(console: ConsoleStage) -> None:
    """Two rows of two files are one order, with its sum, files, rows, runs and traces."""
    first = console.stage.process("a.csv", csv_file(GOOD))
    second = console.stage.process("b.csv", csv_file("A-1,Ada Lovelace,Punched Cards,3,0.50"))
    browser = console.browser()

    page = browser.get("/orders/A-1")

    assert "Lines 2 Sum 22.50 Files 2" in words(page)
    assert "Difference Engine" in page.text
    assert "Punched Cards" in page.text
    for entry in (first, second):
        assert f'href="/files/{entry.file_id}/runs/{entry.run_id}"' in page.text
    assert 'href="/traces/1-trace"' in page.text
    assert browser.get("/orders?order_id=A-1").status_code == 200


def test_lines_that_name_several_customers_are_pointed_out(console: ConsoleStage) -> None:
    """One order id under two names is worth a person's look."""
    console.stage.process("a.csv", csv_file(GOOD, "A-1,Grace Hopper,Wire,1,1"))

    assert "Its lines name 2 customers" in words(console.browser().get("/orders/A-1"))


@pytest.mark.parametrize("order_id", ["A/1", "..", "a b?c#d%", "export.csv", "ä=1", "/x"])
def test_an_order_of_any_id_has_a_page(console: ConsoleStage, order_id: str) -> None:
    """Whatever stands in an id, the list's link leads to the order."""
    console.stage.process("a.csv", csv_file(f"{order_id},Ada,Widget,1,1"))
    browser = console.browser()

    address = re.search(r'<td class="main"><a href="([^"]+)"', browser.get("/orders").text)

    assert address
    assert html.unescape(address[1]) == order_href(order_id)
    assert f"Order {order_id}" in html.unescape(words(browser.get(html.unescape(address[1]))))


def test_an_unknown_order_is_a_page_that_helps(console: ConsoleStage) -> None:
    """Nothing of this id: the page says what ids are like, and why an order may not be there yet."""
    response = console.browser().get("/orders/nobody")

    assert response.status_code == 404
    assert "There is no order &#39;nobody&#39;." in words(response)
    assert "Order ids are exact" in words(response)


def test_what_customers_are_called_is_only_text(console: ConsoleStage) -> None:
    """A customer called like a script is shown as such a name, and is neither markup nor formula anywhere."""
    name = "<script>alert(1)</script>"
    console.stage.process("a.csv", csv_file(f"A-1,{name},=1+1,1,1"))
    browser = console.browser()

    for path in ("/orders", "/orders/A-1", f"/orders?customer={quote(name)}"):
        assert name not in browser.get(path).text
        assert html.escape(name) in browser.get(path).text
    exported, _ = download(browser, "/orders/export.csv")
    assert exported[1][2:4] == [name, "'=1+1"]


def test_each_list_is_exported_as_it_is_filtered(console: ConsoleStage) -> None:
    """An order's lines, a customer's orders, a file's and the newest of all, each named for what it is."""
    entry = console.stage.process("a.csv", rows("A", 120))
    console.stage.process("b.csv", rows("B", 5, "Bob"))
    browser = console.browser()

    every, _ = download(browser, "/orders/export.csv")
    of_file, name = download(browser, f"/orders/export.csv?file={entry.file_id}")
    of_customer, _ = download(browser, "/orders/export.csv?customer=bob")
    one, _ = download(browser, "/orders/export.csv?order_id=A-7")

    assert len(every) == 126
    assert [row[0] for row in of_file[1:]] == [f"A-{n}" for n in range(120)]
    assert 'filename="orders-of-a.csv.csv"' in name
    assert [row[0] for row in of_customer[1:]] == [f"B-{n}" for n in range(4, -1, -1)]
    assert [(row[0], row[7], row[8]) for row in one[1:]] == [("A-7", entry.file_id, "9")]


def test_an_export_is_bounded_and_says_so(console: ConsoleStage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Behind the bound nothing more is read, and the name of the file tells that these are not all."""
    monkeypatch.setattr("admin_api.pages.orders.export._AT_ONCE", 4)
    monkeypatch.setattr("admin_api.rendering.csv_export.write_csv.__kwdefaults__", {**_bounds(), "most_rows": 6})
    console.stage.process("a.csv", rows("A", 20))

    exported, name = download(console.browser(), "/orders/export.csv")

    assert len(exported) == 7
    assert "newest-orders-first-6.csv" in name


def _bounds() -> dict[str, Any]:
    from admin_api.rendering.csv_export import write_csv  # noqa: PLC0415

    return dict(write_csv.__kwdefaults__ or {})


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
        assert "is no position in this list" in words(response)
    assert browser.get("/orders?file=nobody").status_code == 404


def test_without_the_customer_index_nobody_is_asked_for_a_customer(console: ConsoleStage) -> None:
    """A stack without it does not offer the search, and says why where somebody asks all the same."""
    console.console.orders.knows_customers = False
    browser = console.browser()

    assert "Customer, the whole name" not in words(browser.get("/orders"))
    assert "deployed without the index by_customer" in words(browser.get("/orders?customer=Ada"))


def test_a_page_of_orders_asks_the_ledger_once(console: ConsoleStage) -> None:
    """One query, and a GET for each file shown: for the newest page, those after it and one that leads up again.

    A page that lies deep in a file also asks for its runs, and one that crosses into newer files for those, meanwhile.
    """
    first = console.stage.process("first.csv", rows("F", 60))
    console.stage.process("second.csv", rows("S", 60))
    deep = console.stage.process("deep.csv", rows("D", 1_100))
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
    entry = console.stage.process("a.csv", rows("A", 1_100))
    browser = console.browser()
    browser.get("/orders")

    with calls_to(console.console.dynamodb, console.console.s3) as calls:
        browser.get(f"/orders?file={entry.file_id}&first=1050")

    assert operations(calls) == ["GetObject", "Query"]


def test_a_customer_s_orders_ask_for_no_file_and_their_names_come_in_one_call(console: ConsoleStage) -> None:
    """The page asks the table's shards, at once; the names that follow are one call for all of them."""
    for name in ("a.csv", "b.csv"):
        console.stage.process(name, rows(name[0].upper(), 2))
    browser = console.browser()
    browser.get("/orders")
    clients = (console.console.dynamodb, console.console.s3)

    with calls_to(*clients) as of_page:
        page = browser.get("/orders?customer=Ada")
    with calls_to(*clients) as of_names:
        console.part(browser, names_of(page))

    assert operations(of_page) == ["Query"] * CUSTOMER_SHARDS
    assert operations(of_names) == ["BatchGetItem"]


@pytest.mark.parametrize("ids", ["", "?id=", "?id=" + "a" * 65, "?" + "id=0&" * 101])
def test_names_are_asked_for_few_files_at_a_time(console: ConsoleStage, ids: str) -> None:
    """What no page asks for is refused; a file that nobody knows has no name."""
    browser = console.browser()

    assert browser.get(f"/files/names{ids}").status_code == 422
    assert browser.get("/files/names?id=unknown").text.strip() == ""


def test_names_of_a_busy_table_are_answered_with_its_being_busy(console: ConsoleStage) -> None:
    """A throttled table is said to be busy within seconds: the gateway would give up after half a minute."""
    busy = {"Responses": {}, "UnprocessedKeys": {"files": {"Keys": [key("a", FILE_ENTRY)]}}}
    client = console.console.dynamodb
    console.console.__dict__["files"] = FileList(client, "files", sleep=lambda _: None)
    with Stubber(client) as stubber:
        for _ in range(8):
            stubber.add_response("batch_get_item", busy)

        answer = console.browser().get("/files/names?id=a")

    assert answer.status_code == 503
    assert "DynamoDB is busy: 1 files could not be read. Ask again in a few seconds." in words(answer)
