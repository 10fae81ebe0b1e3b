"""The page of orders on moto: customers, single orders, exports, names of files."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from botocore.stub import Stubber

from admin_api.rendering.urls import order_href
from processor.domain.entries import FILE_ENTRY
from processor.domain.orders import CUSTOMER_SHARDS
from processor.ledger.file_list import FileList
from processor.ledger.table import item_key
from tests.integration.admin_api.console import words
from tests.integration.admin_api.order_lists import download_csv, link_to, list_order_ids, names_href, orders_csv
from tests.integration.calls import calls_to, operations
from tests.integration.stage import csv_file

if TYPE_CHECKING:
    from tests.integration.admin_api.console import ConsoleStage


GOOD = "A-1,Ada Lovelace,Difference Engine,2,10.50"


def test_a_customers_orders_name_their_files(console: ConsoleStage) -> None:
    """Whatever the spelling, all orders of the name come, each with its file and row."""
    a = console.stage.process("a.csv", orders_csv("A", 2, "ADA  lovelace"))
    console.stage.process("b.csv", orders_csv("B", 60, "Ada Lovelace"))
    browser = console.browser()

    page = browser.get("/orders", params={"customer": " ada lovelace "})
    second = browser.get(link_to(page, "Older"))

    assert list_order_ids(page) == [f"B-{n}" for n in range(59, 9, -1)]
    assert list_order_ids(second)[-2:] == ["A-1", "A-0"]
    assert f"{a.file_id[:8]}… · row 2" in words(second)
    unscripted = browser.get(link_to(second, "Show file names"))
    assert "a.csv · row 2" in words(unscripted)
    assert "data-file" not in unscripted.text
    named = console.part(browser, names_href(second))
    assert f"data-file='{a.file_id}'" in html.unescape(named.text)
    assert [name in words(named) for name in ("a.csv", "b.csv")] == [True, True]
    assert "No orders of this customer" in words(browser.get("/orders?customer=Bob"))


def test_an_order_shows_all_its_lines_and_where_each_came_from(console: ConsoleStage) -> None:
    """Two rows of two files are one order, with its sum, files, rows, runs and traces."""
    first = console.stage.process("a.csv", csv_file(GOOD))
    second = console.stage.process("another-sender/b.csv", csv_file("A-1,Ada Lovelace,Punched Cards,3,0.50"))
    browser = console.browser()

    page = browser.get("/orders/A-1")

    assert "Lines 2 Sum, 2 files together 22.50 Files 2" in words(page)
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
    exported, _ = download_csv(browser, "/orders/export.csv")
    assert exported[1][2:4] == [name, "'=1+1"]


def test_each_list_is_exported_as_it_is_filtered(console: ConsoleStage) -> None:
    """An order's lines, a customer's orders, a file's and the newest of all, each named for what it is."""
    entry = console.stage.process("a.csv", orders_csv("A", 120))
    console.stage.process("b.csv", orders_csv("B", 5, "Bob"))
    browser = console.browser()

    every, _ = download_csv(browser, "/orders/export.csv")
    of_file, name = download_csv(browser, f"/orders/export.csv?file={entry.file_id}")
    of_customer, _ = download_csv(browser, "/orders/export.csv?customer=bob")
    one, _ = download_csv(browser, "/orders/export.csv?order_id=A-7")

    assert len(every) == 126
    assert [row[0] for row in of_file[1:]] == [f"A-{n}" for n in range(120)]
    assert 'filename="orders-of-a.csv.csv"' in name
    assert [row[0] for row in of_customer[1:]] == [f"B-{n}" for n in range(4, -1, -1)]
    assert [(row[0], row[7], row[8]) for row in one[1:]] == [("A-7", entry.file_id, "9")]


def test_an_export_is_bounded_and_says_so(console: ConsoleStage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Behind the bound nothing more is read, and the name of the file tells that these are not all."""
    monkeypatch.setattr("admin_api.pages.orders.export._AT_ONCE", 4)
    monkeypatch.setattr("admin_api.rendering.csv_export.write_csv.__kwdefaults__", {**_bounds(), "most_rows": 6})
    console.stage.process("a.csv", orders_csv("A", 20))

    exported, name = download_csv(console.browser(), "/orders/export.csv")

    assert len(exported) == 7
    assert "newest-orders-first-6.csv" in name


def _bounds() -> dict[str, Any]:
    from admin_api.rendering.csv_export import write_csv  # noqa: PLC0415

    return dict(write_csv.__kwdefaults__ or {})


def test_without_the_customer_index_nobody_is_asked_for_a_customer(console: ConsoleStage) -> None:
    """A stack without it does not offer the search, and says why where somebody asks all the same."""
    console.console.orders.has_customer_index = False
    browser = console.browser()

    assert "Customer, the whole name" not in words(browser.get("/orders"))
    assert "deployed without the index by_customer" in words(browser.get("/orders?customer=Ada"))


def test_a_customer_s_orders_ask_for_no_file_and_their_names_come_in_one_call(console: ConsoleStage) -> None:
    """The page asks the table's shards, at once; the names that follow are one call for all of them."""
    for name in ("a.csv", "b.csv"):
        console.stage.process(name, orders_csv(name[0].upper(), 2))
    browser = console.browser()
    browser.get("/orders")
    clients = (console.console.dynamodb, console.console.s3)

    with calls_to(*clients) as of_page:
        page = browser.get("/orders?customer=Ada")
    with calls_to(*clients) as of_names:
        console.part(browser, names_href(page))

    assert operations(of_page) == ["Query"] * CUSTOMER_SHARDS
    assert operations(of_names) == ["BatchGetItem"]


@pytest.mark.parametrize("ids", ["", "?id=", "?id=" + "a" * 65, "?" + "id=0&" * 101])
def test_names_are_asked_for_few_files_at_a_time(console: ConsoleStage, ids: str) -> None:
    """A malformed request is refused, and an unknown file has no name."""
    browser = console.browser()

    assert browser.get(f"/files/names{ids}").status_code == 422
    assert browser.get("/files/names?id=unknown").text.strip() == ""


def test_names_of_a_busy_table_are_answered_with_its_being_busy(console: ConsoleStage) -> None:
    """A throttled table is said to be busy within seconds: the gateway would give up after half a minute."""
    busy = {"Responses": {}, "UnprocessedKeys": {"files": {"Keys": [item_key("a", FILE_ENTRY)]}}}
    client = console.console.dynamodb
    console.console.__dict__["files"] = FileList(client, "files", sleep=lambda _: None)
    with Stubber(client) as stubber:
        stubber.add_response("get_item", {})  # The session has not ended.
        for _ in range(8):
            stubber.add_response("batch_get_item", busy)

        answer = console.browser().get("/files/names?id=a")

    assert answer.status_code == 503
    assert "DynamoDB is busy: 1 files could not be read. Ask again in a few seconds." in words(answer)
