"""An order whose lines come from several files says so, and by which, on its page and in every list."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING, Any

import pytest

from admin_api.pages.orders.several_files import addresses_of
from tests.integration.admin_api.console import words
from tests.integration.admin_api.order_lists import link_to
from tests.integration.stage import csv_file

if TYPE_CHECKING:
    from processor.domain.entries import FileEntry
    from tests.integration.admin_api.console import ConsoleStage

BESIDE = '<span class="warn">2 files have lines of it:</span>'


@pytest.fixture
def two_files(console: ConsoleStage) -> tuple[FileEntry, FileEntry]:
    """Settle two files of two senders which have one order in common."""
    first = console.stage.process("acme/a.csv", csv_file("A-1,Ada,Engine,2,10.50", "A-2,Ada,Wire,1,1.00"))
    second = console.stage.process("zeta/b.csv", csv_file("A-1,Ada,Engine,2,10.50", "B-1,Ada,Wire,1,1.00"))
    return first, second


def test_the_order_s_page_names_each_file_beside_the_sum(
    console: ConsoleStage, two_files: tuple[FileEntry, FileEntry]
) -> None:
    """How many lines each brought, and what they come to: nobody takes a doubled sum for the order's."""
    page = console.browser().get("/orders/A-1")

    text = words(page)
    assert "Sum, 2 files together 42.00 Files 2" in text
    assert "2 files brought lines of this order. The sum counts the lines of each." in text
    for entry in two_files:
        assert f"{entry.name} Processed 1 line, 21.00" in text
    assert "counted twice" not in text


def test_an_order_of_one_file_is_left_in_peace(console: ConsoleStage, two_files: tuple[FileEntry, FileEntry]) -> None:
    """Its sum is the order's."""
    text = words(console.browser().get("/orders/A-2"))

    assert "Sum 1.00 Files 1" in text
    assert two_files[1].name not in text


@pytest.mark.parametrize("address", ["/orders", "/orders?customer=Ada", "/orders?file={}"])
def test_lists_mark_such_orders(console: ConsoleStage, two_files: tuple[FileEntry, FileEntry], address: str) -> None:
    """Afterwards, by a request of their own; without JavaScript by a link."""
    browser, address = console.browser(), address.format(two_files[0].file_id)

    page = browser.get(address)
    marks = browser.get(_marks_href(page)).text
    unscripted = browser.get(link_to(page, "Show (?:orders with|file names)"))

    [place] = re.findall(r"\[data-order='([0-9a-f]+)'\]", html.unescape(marks))
    assert f'data-order="{place}"' in page.text
    assert BESIDE in marks
    assert BESIDE not in page.text
    assert BESIDE in unscripted.text
    assert 'hx-get="/orders-of-several-files' not in unscripted.text
    for entry in two_files:
        assert f'href="/files/{entry.file_id}" title="{entry.name}"' in marks


def test_lines_on_other_pages_of_the_order_count(console: ConsoleStage) -> None:
    """An order with more lines than a page has shows one file's, and names the other."""
    console.stage.process("acme/first.csv", csv_file("A-1,Ada,Engine,1,1.00"))
    console.stage.process("zeta/second.csv", csv_file(*("A-1,Ada,Engine,1,1.00" for _ in range(60))))

    text = words(console.browser().get("/orders/A-1"))

    assert "2 files brought lines of this order." in text
    assert "first.csv Processed lines on other pages" in text
    assert "second.csv Processed 50 lines on this page, 50.00" in text


def test_a_file_that_the_ledger_does_not_know_is_named_by_its_id(
    console: ConsoleStage, two_files: tuple[FileEntry, FileEntry]
) -> None:
    """Somebody wrote the line by hand, or deleted the entry."""
    stored = console.stage.orders()[0]
    item: Any = {name: {"S": value} for name, value in stored.items()}
    item |= {"quantity": {"N": "1"}, "unit_price": {"N": "1"}, "line_total": {"N": "1"}, "row_number": {"N": "1"}}
    item |= {"order_id": {"S": "A-2"}, "file_id": {"S": "f" * 24}, "processed_timestamp": {"S": "2026-01-01"}}
    console.stage.clients.orders.put_item(TableName="orders", Item=item)
    browser = console.browser()

    marks = browser.get("/orders-of-several-files?id=A-2")

    assert "ffffffff…" in words(marks)
    assert browser.get("/orders/A-2").status_code == 200
    assert two_files[0].name in words(marks)


@pytest.mark.parametrize("query", ["", "?id=", f"?id={'a' * 65}", "?" + "id=0&" * 101])
def test_malformed_requests_are_refused(console: ConsoleStage, query: str) -> None:
    """And an unknown order has no mark."""
    browser = console.browser()

    assert browser.get(f"/orders-of-several-files{query}").status_code == 422
    assert browser.get("/orders-of-several-files?id=unknown").text.strip() == ""


def test_addresses_stay_short_whatever_the_ids_are() -> None:
    """Sixty-four characters of four bytes each become 768 in an address, and a list has fifty orders."""
    orders: Any = [type("Line", (), {"order_id": f"{number:02}" + "\U0001f600" * 62}) for number in range(50)]

    addresses = addresses_of(orders)

    assert max(map(len, addresses)) < 4_100
    assert sum(address.count("id=") for address in addresses) == 50


def _marks_href(page: Any) -> str:
    found = re.search(r'hx-get="(/orders-of-several-files[^"]+)" hx-trigger="load"', page.text)
    assert found
    return html.unescape(found[1])
