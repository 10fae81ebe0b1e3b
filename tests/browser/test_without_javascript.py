"""The console without JavaScript: everything works by links and forms."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from processor.domain.file_states import FileState
from tests.browser.pages import largest_file
from tests.e2e.deployment import wait_until
from tests.e2e.order_files import SLOW, dead_letter, small_file, write_small_file

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Page

    from tests.e2e.deployment import Deployment


@pytest.fixture
def plain(open_tab: Callable[..., Page]) -> Page:
    """Open a tab without JavaScript as the operator."""
    return open_tab(javascript=False)


def test_files_are_found_by_a_filter(plain: Page, waybill: Deployment) -> None:
    """The filter is a form, and each file is a link."""
    partial = largest_file(waybill, FileState.PARTIAL)
    plain.goto("/files")

    plain.get_by_role("textbox", name="Name or id").or_(plain.get_by_role("searchbox", name="Name or id")).fill(
        partial.name
    )
    plain.get_by_role("button", name="Filter").click()

    expect(plain.locator("tbody tr")).to_have_count(1)
    plain.get_by_role("link", name=partial.name).click()
    expect(plain.get_by_role("heading", name=partial.name, level=1)).to_be_visible()


def test_file_is_uploaded_by_a_plain_form(plain: Page, tmp_path: Path) -> None:
    """S3 redirects to a page that reloads itself until the file is settled."""
    plain.goto("/upload")

    plain.get_by_label("Rows", exact=True).fill("3")
    plain.locator("input[type=file]").set_input_files(write_small_file(tmp_path, "plain-form.csv", 3))
    plain.get_by_role("button", name="Upload").click()

    expect(plain.get_by_role("heading", name="plain-form.csv", level=1)).to_be_visible()
    expect(plain.get_by_text("3 rows stored as orders")).to_be_visible(timeout=SLOW)


def test_failed_file_is_reprocessed_by_a_form(plain: Page, waybill: Deployment) -> None:
    """The form starts a new run."""
    failed = largest_file(waybill, FileState.FAILED)
    before = len(waybill.ledger.list_runs(failed.file_id))
    plain.goto(f"/files/{failed.file_id}")

    plain.get_by_text("Reprocess…").click()
    plain.get_by_role("button", name="Reprocess this file").click()

    expect(plain.get_by_role("heading", name=failed.name, level=1)).to_be_visible()
    wait_until(lambda: len(waybill.ledger.list_runs(failed.file_id)) > before, 60, lambda: "there was no new run")


def test_a_file_is_voided_by_a_form(plain: Page, waybill: Deployment) -> None:
    """A reason is asked for; the page that follows shows how many orders were taken back."""
    [entry] = waybill.wait_at_rest([waybill.upload("plain-voided.csv", small_file("plain-voided.csv", 4))])
    plain.goto(f"/files/{entry.file_id}")

    plain.get_by_text("Void…").click()
    plain.locator("#f-reason-void").fill("It was the wrong price list.")
    plain.get_by_role("button", name="Void this file").click()

    expect(plain.locator("#action")).to_contain_text("Done", timeout=SLOW)
    plain.goto(f"/files/{entry.file_id}")
    expect(plain.locator("#going-back")).to_contain_text("4 of 4 orders were taken back", timeout=SLOW)


def test_dead_letter_is_redriven_by_a_form(plain: Page, waybill: Deployment) -> None:
    """The next page shows the progress."""
    version = dead_letter(waybill, "plain-redriven.csv")
    plain.goto("/dead-letters")

    row = plain.get_by_role("row").filter(has_text=re.compile(r"plain-redriven\.csv"))
    row.get_by_role("button", name="Redrive").click()

    expect(plain.locator("#moving")).to_contain_text("1 sent back", timeout=SLOW)
    [entry] = waybill.wait_at_rest([version])
    assert (entry.state, entry.accepted_rows) == (FileState.PROCESSED, 4)


@pytest.mark.parametrize("path", ["/", "/metrics?window=hour", "/orders", "/activity"])
def test_page_is_complete_without_scripts(plain: Page, path: str) -> None:
    """No part of the page waits for a script."""
    plain.goto(path)

    expect(plain.get_by_role("heading", level=1)).to_be_visible()
    expect(plain.locator(".skeleton:visible")).to_have_count(0)


def test_orders_of_a_customer_name_their_files_by_a_link(plain: Page) -> None:
    """A link loads the names that a script would load."""
    plain.goto("/orders?customer=Amelia+Foster")
    expect(plain.locator(".from > [data-file]").first).to_be_visible()

    plain.get_by_role("link", name="Show file names").click()

    expect(plain.locator(".from").first).to_contain_text(".csv")
    expect(plain.locator("[data-file]")).to_have_count(0)
