"""Tests for what scripts add to pages: shortcuts, selecting, copying, values under the pointer, quiet refreshes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from playwright.sync_api import expect

from processor.domain.file_states import FileState
from tests.browser.pages import largest_file
from tests.e2e.order_files import SLOW

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.e2e.deployment import Deployment

TICKS = "tbody input[type=checkbox]"


def test_keys_open_pages_but_never_while_somebody_types(page: Page, waybill: Deployment) -> None:
    """G and a letter opens a page, / the search box, where letters are text; ? shows all keys."""
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


def test_keys_select_and_open_rows(page: Page, waybill: Deployment) -> None:
    """J and k move, x selects, the bar counts the selected rows, Enter opens the row."""
    page.goto("/files")

    for key in ("j", "x", "j", "j", "x", "k"):
        page.keyboard.press(key)

    expect(page.locator(f"{TICKS}:checked")).to_have_count(2)
    expect(page.get_by_role("group", name="Actions on the selected files")).to_contain_text("2 selected")
    row_link = page.locator("tbody td.main a").nth(1)
    expect(row_link).to_be_focused()
    href = row_link.get_attribute("href")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(f"{href}$"), timeout=SLOW)


def test_refresh_keeps_selected_rows(page: Page, waybill: Deployment) -> None:
    """The list reloads itself every few seconds without losing what is selected."""
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


def test_list_that_nobody_watches_is_reloaded_ever_more_seldom(page: Page, waybill: Deployment) -> None:
    """Every few seconds at first, once a minute when nothing changes, never while hidden, and at once when shown."""
    polls: list[str] = []
    answered: list[str] = []
    page.on("request", lambda request: polls.append(request.url) if "hx-request" in request.headers else None)
    page.on("requestfinished", lambda request: answered.append(request.url) if request.url in polls else None)
    page.clock.install()
    page.goto("/files?state=failed")
    page.wait_for_load_state()

    def wait_for_answers() -> None:
        page.wait_for_timeout(50)
        while len(answered) < len(polls):
            page.wait_for_timeout(20)

    def pass_minutes(number: int) -> int:
        before = len(polls)
        for _ in range(number * 12):
            page.clock.run_for(5_000)
            wait_for_answers()
        return len(polls) - before

    watched, resting = pass_minutes(2), pass_minutes(3)
    page.evaluate("Object.defineProperty(document, 'hidden', { value: true, configurable: true })")
    hidden = pass_minutes(3)
    page.evaluate("delete document.hidden; document.dispatchEvent(new Event('visibilitychange'))")
    wait_for_answers()
    caught_up = len(polls) - watched - resting - hidden

    assert 3 <= watched <= 8
    assert 2 <= resting <= 4
    assert hidden == 0
    assert caught_up == 1


def test_pointer_shows_the_values_of_its_moment(page: Page, waybill: Deployment) -> None:
    """The values equal those in the chart's table, also after a refresh under the pointer."""
    page.goto("/?window=hour")
    chart = page.locator("svg[data-plot]").first
    box = chart.bounding_box()
    assert box

    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)

    values = page.locator(".readout")
    expect(values).to_be_visible()
    with page.expect_response(lambda answer: "window=hour" in answer.url):
        pass
    page.wait_for_timeout(500)
    expect(values).to_be_visible()
    moment = values.locator("b").first.inner_text()
    row = chart.locator("xpath=..").locator("tbody tr").filter(has_text=moment)
    shown = values.locator("span b").all_inner_texts()
    assert shown == [cell.strip() for cell in row.locator("td").all_text_contents()]


def test_theme_changes_at_once_and_stays(page: Page, waybill: Deployment) -> None:
    """It needs no reload, and the next page has it, too."""
    page.goto("/")

    page.get_by_role("button", name="Switch to light").click()
    page.get_by_role("button", name="Switch to dark").click()

    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.goto("/files")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")


def test_times_are_in_the_readers_zone_or_in_utc(page: Page, waybill: Deployment) -> None:
    """The browser is in Berlin, which the hover text names; a switch changes to UTC."""
    failed = largest_file(waybill, FileState.FAILED)
    page.goto("/")
    page.goto(f"/files/{failed.file_id}?tab=runs")
    began = page.locator("tbody time").first
    assert "Europe/Berlin" in (began.get_attribute("title") or "")
    in_berlin = began.inner_text()

    page.get_by_role("button", name="switch the clock").click()

    expect(page.get_by_role("button", name="switch the clock")).to_contain_text("UTC", timeout=SLOW)
    assert page.locator("tbody time").first.inner_text() != in_berlin


def test_id_is_copied_in_full(page: Page, waybill: Deployment) -> None:
    """The copy has the middle, which the page does not show."""
    failed = largest_file(waybill, FileState.FAILED)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(f"/files/{failed.file_id}")

    page.get_by_role("button", name=f"Copy the file id {failed.file_id}").click()

    expect(page.get_by_text("Copied.")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == failed.file_id
