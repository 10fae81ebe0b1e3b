"""The page of one file and its tabs, on moto: what it says, what it offers, where its bytes are."""

from __future__ import annotations

import re
import urllib.parse
from typing import TYPE_CHECKING

import pytest

from admin_api.actions.dismissal import Dismissal
from processor.domain.errors import MessageFailedError
from processor.domain.file_states import FileState
from processor.messaging.messages import reprocess_body
from tests.integration.admin_api.console import VIEWER, words
from tests.integration.calls import calls_to
from tests.integration.file_items import put_file
from tests.integration.kill import Kill, Killer
from tests.integration.stage import BAD_ROW, GOOD_ROWS, csv_file, s3_event

if TYPE_CHECKING:
    from processor.domain.entries import FileEntry
    from tests.integration.admin_api.console import ConsoleStage
    from tests.integration.stage import Stage

EVIL = '"<script>alert(1)</script>"'


def file_text(console: ConsoleStage, entry: FileEntry, query: str = "") -> str:
    """Open a file's page and return its words."""
    page = console.browser().get(f"/files/{entry.file_id}{query}")
    assert page.status_code == 200, page.text[:2000]
    return words(page)


def partial(stage: Stage) -> FileEntry:
    """Settle a file with one rejected row."""
    return stage.process("orders.csv", csv_file(*GOOD_ROWS, BAD_ROW))


def test_partial_file_says_what_why_and_what_to_do(console: ConsoleStage) -> None:
    """Its rejected rows stand first, each with its reason and its cells."""
    text = file_text(console, partial(console.stage))

    assert "1 of 3 rows were not stored. quantity: not a whole number (1)" in text
    assert "upload it; its waybill_ columns may stay" in text
    assert "Run 1 rejected some rows" in text
    assert "Needs attention" in text
    assert "quantity : not a whole number" in text
    assert "Edsger Dijkstra" in text
    assert "Rejected rows 1 Orders 2 Runs 1 Objects Activity 0" in text


def test_processed_file_shows_its_orders(console: ConsoleStage) -> None:
    """In row order, each a link, and none is missed."""
    entry = console.stage.process("orders.csv", csv_file(*GOOD_ROWS))

    text = file_text(console, entry)

    assert "2 A-1 Ada Lovelace Difference Engine 1 1,999.99 1,999.99" in text
    assert "Rows 1 to 2 of 2" in text
    assert "Settled" in text


@pytest.mark.parametrize(
    "uploaded_at", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-11-22T10:00:00"]
)
def test_entry_with_a_forged_time_has_a_page(console: ConsoleStage, uploaded_at: str) -> None:
    """An entry of before may hold a time that the calendar ends with, or one without a zone; its page opens, too."""
    file_id = put_file(console.stage, 1, uploaded_at=uploaded_at, settled_at="2026-11-22T10:00:00.000000Z")
    browser = console.browser()
    browser.cookies.set("waybill_zone", "Pacific/Kiritimati")

    answers = [browser.get(address) for address in (f"/files/{file_id}", "/files", "/files/export.csv", "/")]

    assert [answer.status_code for answer in answers] == [200] * 4


def test_orders_are_paged_by_row(console: ConsoleStage) -> None:
    """From stretch to stretch, by their number."""
    entry = console.stage.process("orders.csv", csv_file(*(f"A-{n},Ada,Pen,1,1.00" for n in range(120))))

    second = file_text(console, entry, "?tab=orders&first=50")
    last = file_text(console, entry, "?tab=orders&first=100")

    assert "Rows 51 to 100 of 120" in second
    assert "Rows 101 to 120 of 120" in last
    assert "Next rows" not in last


def test_rejected_rows_are_paged_to_the_last(console: ConsoleStage) -> None:
    """By links from stretch to stretch."""
    console.stage.configure(hold_above_rejected_percent=100)
    entry = console.stage.process("orders.csv", csv_file(*(f"A-{n},Ada,Pen,x,1.00" for n in range(120))))
    browser, address, seen = console.browser(), f"/files/{entry.file_id}?tab=rejected", 0

    while address:
        page = browser.get(address)
        seen += page.text.count("not a whole number</div>")
        following = re.search(r'href="([^"]+byte=\d+)"', page.text)
        address = following.group(1).replace("&amp;", "&") if following else ""

    assert seen == 120


def test_failed_file_leads_with_the_cause(console: ConsoleStage) -> None:
    """And its runs say so, too; there are no rejected rows and no orders."""
    entry = console.stage.process("orders.csv", b"%PDF")

    text = file_text(console, entry)

    assert entry.error in text
    assert "Correct the file and upload it again." in text
    assert "Run 1 failed the file" in text
    assert "No rejected rows" in file_text(console, entry, "?tab=rejected")
    assert "None of its rows became an order." in file_text(console, entry, "?tab=orders")


def test_duplicate_leads_to_the_first(console: ConsoleStage) -> None:
    """Which file came before, what has become of it since, and what may be done."""
    console.stage.process("first.csv", csv_file(*GOOD_ROWS))
    entry = console.stage.process("again.csv", csv_file(*GOOD_ROWS))

    text = file_text(console, entry)

    assert "The same content came before, as first.csv. The rows of that file are stored." in text
    assert "first.csv Processed received" in text
    assert "counted twice" not in text
    assert "Process anyway…" in text
    assert "Reprocess…" not in text


def test_dead_lettered_file_tells_its_retries(console: ConsoleStage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each run on the line of its life, and the way to the dead letters."""
    stage = console.stage
    version = stage.upload("orders.csv", csv_file(*GOOD_ROWS))
    with monkeypatch.context() as patch:
        patch.setattr(stage.clients.s3, "get_object", None)
        for receive_count in (1, 2, 3):
            with pytest.raises(MessageFailedError):
                stage.deliver(version, receive_count=receive_count)
            stage.advance_clock()

    text = file_text(console, stage.entry(version))

    assert "All of its runs failed; its message is in the dead-letter queue." in text
    assert all(f"Run {number} failed" in text for number in (1, 2, 3))
    assert "Dead letter needs attention" in text


def test_file_under_way_is_followed_and_not_offered_anything(console: ConsoleStage) -> None:
    """Its page asks again by itself while a run reads it, and no longer when it has come to rest."""
    stage = console.stage
    version = stage.upload("orders.csv", csv_file(*GOOD_ROWS))
    with pytest.raises(Kill), Killer(3).watching(stage.clients):
        stage.handle(stage.message(s3_event(version)))
    browser, address = console.browser(), f"/files/{stage.entry(version).file_id}"

    during = browser.get(address)
    stage.advance_clock()
    stage.deliver(version, receive_count=2)
    after = console.part(browser, address)

    assert f'hx-get="{address}?tab=runs"' in during.text
    assert "Run 1 is reading" in words(during)
    assert "Reprocess…" not in words(during)
    assert "hx-get" not in after.text
    assert "<html" not in after.text


def test_run_that_died_without_a_word_is_called_stuck(console: ConsoleStage, monkeypatch: pytest.MonkeyPatch) -> None:
    """After the last receive nobody else would say so; the way out is offered, and works."""
    stage = console.stage
    version = stage.upload("orders.csv", csv_file(*GOOD_ROWS))
    with pytest.raises(Kill), Killer(3).watching(stage.clients):
        stage.handle(stage.message(s3_event(version), receive_count=3))
    stage.advance_clock()
    monkeypatch.setitem(console.console.__dict__, "now", stage.services.now)
    entry = stage.entry(version)
    browser = console.browser()

    page = browser.get(f"/files/{entry.file_id}")
    form = {"kind": "reprocess", "file_id": entry.file_id, "action_id": console.action_id()}
    answer = browser.post("/files/actions", data=form)
    stage.handle(stage.message(reprocess_body(entry.file_id)))

    assert "Its run died without a report, and no other has taken over." in words(page)
    assert "hx-get" not in page.text
    assert answer.status_code == 303
    assert stage.entry(version).state is FileState.PROCESSED
    assert [run.outcome for run in stage.runs(version)] == ["died", "processed"]


def test_dismissal_stands_with_who_and_why(console: ConsoleStage) -> None:
    """On the page, on the line of its life, and in its activity."""
    entry = partial(console.stage)
    form = {"kind": "dismiss", "file_id": entry.file_id, "action_id": console.action_id(), "reason": "Tests only."}
    console.browser().post("/files/actions", data=form)

    text = file_text(console, entry, "?tab=activity")

    assert "operator@example.com dismissed it. Tests only." in text
    assert "Dismiss “Tests only.” operator@example.com" in text
    assert re.search(r"Dismissed \d{1,2} [A-Z][a-z]{2} ", text)


@pytest.mark.parametrize("dismissed", [False, True])
def test_every_object_can_be_downloaded_for_a_minute(console: ConsoleStage, dismissed: bool) -> None:
    """Wherever it lies, under its own name, also for a viewer."""
    stage = console.stage
    entry = stage.process("Größe 1.csv", csv_file(*GOOD_ROWS, BAD_ROW))
    if dismissed:
        entry = Dismissal(stage.services.ledger, stage.services.objects, stage.services.now).dismiss(entry.file_id)
    browser = console.browser(VIEWER)
    page = browser.get(f"/files/{entry.file_id}?tab=objects")

    for which, key in (
        ("original", entry.original_key),
        ("accepted", entry.accepted_key),
        ("rejected", entry.rejected_key),
    ):
        answer = browser.get(f"/files/{entry.file_id}/objects/{which}")
        address = urllib.parse.urlsplit(answer.headers["location"])
        query = urllib.parse.parse_qs(address.query)
        assert answer.status_code == 303
        assert urllib.parse.unquote(address.path).endswith(key)
        assert query["X-Amz-Expires"] == ["60"]
        assert "filename*=UTF-8''Gr%C3%B6%C3%9Fe%201" in query["response-content-disposition"][0]
        assert query["response-content-type"] == ["text/csv; charset=utf-8"]
        assert f'data-copy="{key}"' in page.text
    assert page.text.count('title="Download"') == 3


def test_deleted_object_is_called_deleted(console: ConsoleStage) -> None:
    """It has expired: the page says so, and the tab of its rows, too."""
    entry = partial(console.stage)
    console.stage.clients.s3.delete_object(Bucket=entry.bucket, Key=entry.rejected_key)

    assert "deleted" in file_text(console, entry, "?tab=objects")
    assert "is no longer in the bucket" in file_text(console, entry, "?tab=rejected")


def test_object_that_a_file_has_not_is_a_404(console: ConsoleStage) -> None:
    """A processed file has no rejected rows; nothing has an object of another name."""
    entry = console.stage.process("orders.csv", csv_file(*GOOD_ROWS))
    browser = console.browser()

    assert browser.get(f"/files/{entry.file_id}/objects/rejected").status_code == 404
    assert browser.get(f"/files/{entry.file_id}/objects/else").status_code in {404, 422}


def test_unknown_file_is_a_helpful_404(console: ConsoleStage) -> None:
    """It says where to look instead."""
    page = console.browser().get("/files/nobody")

    assert page.status_code == 404
    assert "Find it by its name in the list of files." in words(page)


def test_what_somebody_typed_is_only_text(console: ConsoleStage) -> None:
    """A customer's and a file's name may be anything."""
    entry = console.stage.process("<b>bold</b>.csv", csv_file(f"A-1,{EVIL},Pen,1,1.00", f"A-2,{EVIL},Pen,x,1.00"))
    browser = console.browser()

    for tab in ("rejected", "orders", "runs", "objects", "activity"):
        page = browser.get(f"/files/{entry.file_id}?tab={tab}")
        assert page.status_code == 200
        assert "<b>bold" not in page.text
        assert "<script>alert" not in page.text


@pytest.mark.parametrize("query", ["tab=else", "first=-1", "byte=-1", "byte=x"])
def test_place_that_cannot_be_is_refused(console: ConsoleStage, query: str) -> None:
    """An address that somebody changed by hand gives a page in words."""
    entry = partial(console.stage)

    assert console.browser().get(f"/files/{entry.file_id}?{query}").status_code == 422


def test_page_takes_few_calls(console: ConsoleStage) -> None:
    """One query for the whole story; the tab's own reads apart."""
    entry = partial(console.stage)
    browser = console.browser()
    browser.get("/files")

    with calls_to(console.console.dynamodb, console.console.s3) as calls:
        browser.get(f"/files/{entry.file_id}?tab=runs")
        browser.get(f"/files/{entry.file_id}?tab=rejected")

    assert [call.operation for call in calls] == ["Query", "Query", "GetObject"]
