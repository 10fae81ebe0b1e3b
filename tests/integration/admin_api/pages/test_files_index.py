"""The list of files on moto: its filters, its pages, its export."""

from __future__ import annotations

import csv
import io
import re
from typing import TYPE_CHECKING, Any

import pytest

from processor.domain.file_states import FileState
from tests.integration.admin_api.console import VIEWER, words
from tests.integration.calls import calls_to, operations
from tests.integration.file_items import put_file
from tests.integration.stage import BAD_ROW, GOOD_ROWS, csv_file

if TYPE_CHECKING:
    from tests.integration.admin_api.console import ConsoleStage


def test_list_shows_what_became_of_each_file(console: ConsoleStage) -> None:
    """State, rows, what is wrong, what it took and cost; and how many files are in each state."""
    stage = console.stage
    stage.process("good.csv", csv_file(*GOOD_ROWS))
    stage.process("another-sender/mixed.csv", csv_file(GOOD_ROWS[0], BAD_ROW))
    stage.process("broken.csv", b"%PDF")

    page = console.browser().get("/files")

    text = words(page)
    assert page.status_code == 200
    assert text.index("broken.csv") < text.index("mixed.csv") < text.index("good.csv")
    assert "All 3 Processing 0 Processed 1 Partial 1 Failed 1 Held 0 Dead letter 0 Duplicate 0" in text
    assert "quantity: not a whole number (1)" in text
    assert "$0.0000" in text


def test_empty_list_says_how_a_file_gets_there(console: ConsoleStage) -> None:
    """Before the first upload, and to a viewer without offering what only operators may do."""
    operator = words(console.browser().get("/files"))
    viewer = words(console.browser(VIEWER).get("/files"))

    assert "No files yet" in operator
    assert "Upload files" in operator
    assert "Upload files" not in viewer


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("state=failed&name=x&received=7d", "No file is failed, received in the last 7 days, named “x”."),
        ("name=x&rejected=1", "No file was named “x”, with rejected rows."),
    ],
)
def test_filter_that_nothing_passes_says_so_and_leads_back(console: ConsoleStage, query: str, said: str) -> None:
    """In the words of the filter, with a state or without, and with the way to all files."""
    console.stage.process("good.csv", csv_file(*GOOD_ROWS))

    page = console.browser().get(f"/files?{query}")

    assert said in words(page)
    assert '<a class="button" href="/files">Show all files</a>' in page.text


@pytest.mark.parametrize(
    "query", ["state=asleep", "received=2y", "since=yesterday", "cursor=nonsense", "order=random", f"name={'x' * 201}"]
)
def test_what_cannot_be_read_is_refused_in_words(console: ConsoleStage, query: str) -> None:
    """An address that somebody changed by hand gives a page, not an error of ours."""
    page = console.browser().get(f"/files?{query}")

    assert page.status_code == 422
    assert "Traceback" not in page.text


def test_pages_lead_to_all_files_and_keep_the_filter(console: ConsoleStage) -> None:
    """From page to page by the links that are on it."""
    for number in range(120):
        put_file(console.stage, number, state=FileState.FAILED, cause="empty")
    browser = console.browser()
    seen: list[str] = []
    address = "/files?cause=empty&state=failed"

    while address:
        page = browser.get(address)
        seen += re.findall(r'id="file-([0-9a-f]+)"', page.text)
        older = re.search(r'rel="next" href="([^"]+)"', page.text)
        address = older.group(1).replace("&amp;", "&") if older else ""

    assert seen == [f"{number:024x}" for number in reversed(range(120))]


def test_list_can_be_turned_round(console: ConsoleStage) -> None:
    """The oldest first, page after page."""
    for number in range(60):
        put_file(console.stage, number)

    page = console.browser().get("/files?order=oldest")

    assert re.findall(r'id="file-([0-9a-f]+)"', page.text) == [f"{number:024x}" for number in range(50)]
    assert 'rel="prev"' in page.text


def test_page_takes_one_read_at_any_number_of_files(console: ConsoleStage, monkeypatch: pytest.MonkeyPatch) -> None:
    """One for the list, the same for ten files and for three hundred; the cached numbers of the states need none."""
    monkeypatch.setattr("admin_api.monitoring.status.FRESH_S", 600)  # A slow machine needs more than the usual seconds.
    calls = []
    browser = console.browser()
    for upto in (10, 300):
        for number in range(upto):
            put_file(console.stage, number)
        browser.get("/files")
        with calls_to(console.console.dynamodb) as asked:
            browser.get("/files")
        calls.append(operations(asked))

    assert calls == [["Query"], ["Query"]]


def test_htmx_gets_the_table_alone(console: ConsoleStage) -> None:
    """And keeps asking while it is the newest page; an older page, a search or an order from the end stays as it is."""
    console.stage.process("good.csv", csv_file(*GOOD_ROWS))
    browser = console.browser()

    part = console.part(browser, "/files?state=processed")

    assert part.text.lstrip().startswith("<div")
    assert "<html" not in part.text
    assert 'hx-get="/files?state=processed"' in part.text
    assert "hx-get" not in console.part(browser, "/files?name=good").text
    assert "hx-get" not in console.part(browser, "/files?order=oldest").text


def test_list_is_exported_as_it_is_filtered(console: ConsoleStage) -> None:
    """All pages of it, to a viewer too; a name that a spreadsheet would run is only text."""
    stage = console.stage
    for number in range(120):
        put_file(stage, number, state=FileState.FAILED, cause="empty")
    stage.process("=HYPERLINK(1).csv", csv_file(*GOOD_ROWS))
    browser = console.browser(VIEWER)

    failed = browser.get("/files/export.csv?state=failed")
    whole = list(csv.DictReader(io.StringIO(browser.get("/files/export.csv").text.lstrip("\ufeff"), newline="")))

    assert 'href="/files/export.csv?state=failed"' in browser.get("/files?state=failed&order=oldest").text
    assert failed.headers["x-waybill-rows"] == "120"
    assert "files-failed.csv" in failed.headers["content-disposition"]
    assert len(whole) == 121
    assert whole[0]["name"] == "'=HYPERLINK(1).csv"
    assert (whole[0]["state"], whole[0]["accepted_rows"]) == ("processed", "2")


def test_list_that_cannot_be_had_says_so_and_the_rest_stands(
    console: ConsoleStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DynamoDB is away for the list: the page is there, with what failed and the way to try again."""
    browser = console.browser()
    browser.get("/files")

    def fail(*_: Any, **__: Any) -> None:
        raise console.console.dynamodb.exceptions.InternalServerError(
            {"Error": {"Code": "InternalServerError"}}, "Query"
        )

    monkeypatch.setattr("processor.ledger.file_list.read_index_page", fail)
    page = browser.get("/files")

    assert page.status_code == 200
    assert "The files could not be loaded Query failed: InternalServerError." in words(page)
    assert "Try again" in words(page)
