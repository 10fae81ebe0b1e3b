"""What scripts add to the pages: keys, ticking, copying, values beside the pointer; refreshes that disturb nobody."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from playwright.sync_api import expect

from processor.domain.file_states import FileState
from tests.browser.places import file_that_is
from tests.e2e.order_files import SLOW

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.e2e.deployment import Deployment

TICKS = "tbody input[type=checkbox]"


def test_keys_lead_everywhere_and_never_while_somebody_types(page: Page, waybill: Deployment) -> None:
    """The key g and a letter goes to a page, / to the search box, where letters are only letters; ? shows all keys."""
    page.goto("/")

    page.keyboard.press("g")
    page.keyboard.press("f")
    expect(page.get_by_role("heading", name="Files", level=1)).to_be_visible(timeout=SLOW)
    page.wait_for_load_state()
    page.keyboard.press("/")
    page.keyboard.type("g o ?")
    expect(page.get_by_label("Find any id, key or customer")).to_have_value("g o ?")
    expect(page.get_by_role("heading", name="Files", level=1)).to_be_visible()
    page.locator("main").focus()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_hidden()


def test_rows_are_walked_ticked_and_opened_by_keys(page: Page, waybill: Deployment) -> None:
    """The keys j and k walk, x ticks, and the bar says how many are ticked; Enter opens the row."""
    page.goto("/files")

    for key in ("j", "x", "j", "j", "x", "k"):
        page.keyboard.press(key)

    expect(page.locator(f"{TICKS}:checked")).to_have_count(2)
    expect(page.get_by_role("group", name="Actions on the selected files")).to_contain_text("2 selected")
    second = page.locator("tbody td.main a").nth(1)
    expect(second).to_be_focused()
    where = second.get_attribute("href")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(f"{where}$"), timeout=SLOW)


def test_a_refresh_leaves_ticks_and_open_questions_alone(page: Page, waybill: Deployment) -> None:
    """The list asks for itself again every few seconds; what somebody is in the middle of stays."""
    page.goto("/files")
    page.locator(TICKS).nth(0).check()
    page.locator(TICKS).nth(2).check()

    with page.expect_response(
        lambda answer: "/files" in answer.url and answer.request.headers.get("hx-request") == "true"
    ):
        pass
    page.wait_for_timeout(500)

    expect(page.locator(f"{TICKS}:checked")).to_have_count(2)
    expect(page.get_by_role("group", name="Actions on the selected files")).to_contain_text("2 selected")


def test_the_pointer_shows_the_values_of_its_moment(page: Page, waybill: Deployment) -> None:
    """The same words as in the table under the chart; also after the page has refreshed itself under the pointer."""
    page.goto("/?window=hour")
    chart = page.locator("svg[data-plot]").first
    box = chart.bounding_box()
    assert box

    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)

    readout = page.locator(".readout")
    expect(readout).to_be_visible()
    with page.expect_response(lambda answer: "window=hour" in answer.url):
        pass
    page.wait_for_timeout(500)
    expect(readout).to_be_visible()
    moment = readout.locator("b").first.inner_text()
    row = chart.locator("xpath=..").locator("tbody tr").filter(has_text=moment)
    shown = readout.locator("span b").all_inner_texts()
    assert shown == [cell.strip() for cell in row.locator("td").all_text_contents()]


def test_the_theme_changes_at_once_and_stays(page: Page, waybill: Deployment) -> None:
    """No reload is needed, and the next page is in it, too."""
    page.goto("/")

    page.get_by_role("button", name="Switch to light").click()
    page.get_by_role("button", name="Switch to dark").click()

    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.goto("/files")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")


def test_times_are_the_readers_own_or_utc_at_a_switch(page: Page, waybill: Deployment) -> None:
    """The browser is in Berlin; the exact time says so on hover, and the switch takes it back to UTC."""
    failed = file_that_is(waybill, FileState.FAILED)
    page.goto("/")
    page.goto(f"/files/{failed.file_id}?tab=runs")
    began = page.locator("tbody time").first
    assert "Europe/Berlin" in (began.get_attribute("title") or "")
    in_berlin = began.inner_text()

    page.get_by_role("button", name="switch the clock").click()

    expect(page.get_by_role("button", name="switch the clock")).to_contain_text("UTC", timeout=SLOW)
    assert page.locator("tbody time").first.inner_text() != in_berlin


def test_an_id_is_copied_whole(page: Page, waybill: Deployment) -> None:
    """Although its middle is not shown."""
    failed = file_that_is(waybill, FileState.FAILED)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(f"/files/{failed.file_id}")

    page.get_by_role("button", name=f"Copy the file id {failed.file_id}").click()

    expect(page.get_by_text("Copied.")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == failed.file_id
