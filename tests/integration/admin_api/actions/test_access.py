"""Downloads and exports in the log, on moto: who, what and when, in a list of their own and bounded in number."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from tests.integration.admin_api.console import VIEWER, words
from tests.integration.stage import GOOD_ROWS, csv_file

if TYPE_CHECKING:
    from tests.integration.admin_api.console import ConsoleStage

NOON = datetime(2026, 11, 28, 12, 0, 1, tzinfo=UTC)


def test_a_download_is_recorded_once_in_ten_minutes(console: ConsoleStage) -> None:
    """A script in a loop fills no list; the next one after that counts again."""
    now = NOON
    console.console.__dict__["now"] = lambda: now
    entry = console.stage.process("orders.csv", csv_file(*GOOD_ROWS))
    browser = console.browser(VIEWER)

    for seconds in (0, 60, 700):
        now = NOON + timedelta(seconds=seconds)
        browser.get(f"/files/{entry.file_id}/objects/original")

    listed = browser.get("/api/actions?show=downloads").json()["actions"]
    assert [(each["kind"], each["who"], each["subject"]) for each in listed] == [
        ("download", VIEWER.email, "orders.csv: original")
    ] * 2


def test_downloads_have_a_list_of_their_own(console: ConsoleStage) -> None:
    """They do not hide what people change."""
    entry = console.stage.process("orders.csv", csv_file(*GOOD_ROWS))
    browser = console.browser()
    browser.get(f"/files/{entry.file_id}/objects/original")
    browser.get("/files/export.csv?state=processed")

    actions, downloads = browser.get("/activity"), browser.get("/activity?show=downloads")

    assert "orders.csv: original" not in words(actions)
    assert "Download · orders.csv: original" in words(downloads)
    assert "Export · files" in words(downloads)


def test_a_customers_name_does_not_get_into_the_log(console: ConsoleStage) -> None:
    """The log is kept for good; a digest tells whether it was this customer."""
    console.stage.process("orders.csv", csv_file(*GOOD_ROWS))
    browser = console.browser()

    browser.get("/orders/export.csv", params={"customer": "Ada Lovelace"})

    [entry] = console.console.actions.list_actions(kind="access").actions
    assert entry.subject == "orders of one customer"
    assert "Ada" not in str(entry)
