"""An operator's day: browse, upload, follow, reprocess, redrive, look at metrics and a trace."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from playwright.sync_api import expect

from processor.domain.file_states import FileState
from tests.browser.pages import largest_file
from tests.e2e.deployment import wait_until
from tests.e2e.order_files import SLOW, dead_letter, write_small_file

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

    from tests.e2e.deployment import Deployment


def test_files_are_browsed_from_the_overview_to_a_rejected_row(page: Page, waybill: Deployment) -> None:
    """Two links lead from what needs attention to the reason of each row."""
    partial = largest_file(waybill, FileState.PARTIAL)
    page.goto("/")

    page.get_by_role("link", name=re.compile("rejected rows")).first.click()
    page.get_by_role("link", name=partial.name).click()

    expect(page.get_by_role("heading", name=partial.name, level=1)).to_be_visible()
    page.get_by_role("link", name=re.compile("Rejected rows")).first.click()
    expect(page.get_by_text(partial.reasons[0].rpartition(" (")[0].partition(": ")[2]).first).to_be_visible()


def test_filter_is_in_the_address_and_survives_the_back_button(page: Page) -> None:
    """A copied address shows the same list."""
    page.goto("/files")

    page.get_by_role("link", name=re.compile("^Failed")).click()
    expect(page).to_have_url(re.compile("state=failed"))
    page.locator("tbody tr a").first.click()
    expect(page).to_have_url(re.compile("/files/[0-9a-f]{24}"))
    page.go_back()

    expect(page).to_have_url(re.compile("state=failed"))
    expect(page.locator("tbody tr")).not_to_have_count(0)


def test_orders_of_a_customer_get_the_names_of_their_files(page: Page) -> None:
    """Orders hold ids alone; a second request brings the names, which link to the files."""
    page.goto("/orders?customer=Amelia+Foster")

    expect(page.locator(".from > [data-file]")).to_have_count(0)
    page.get_by_role("link", name=re.compile(r"\.csv$")).first.click()

    expect(page).to_have_url(re.compile("/files/[0-9a-f]{24}"))


def test_several_files_are_uploaded_and_followed_until_they_are_settled(
    page: Page, waybill: Deployment, tmp_path: Path
) -> None:
    """Each goes to S3 by a presigned POST, and its line shows the result."""
    posts: list[str] = []
    page.on("request", lambda request: posts.append(request.url) if request.method == "POST" else None)
    page.goto("/upload")

    chosen = [
        write_small_file(tmp_path, "browser-good.csv", 5),
        write_small_file(tmp_path, "browser-partly.csv", 3, bad=2),
    ]
    page.locator("input[type=file]").set_input_files(chosen)

    lines = page.locator("#uploads-list > li")
    expect(lines).to_have_count(2)
    expect(lines.filter(has_text="browser-good.csv")).to_contain_text("5 rows stored as orders", timeout=SLOW)
    expect(lines.filter(has_text="browser-partly.csv")).to_contain_text("2 were rejected", timeout=SLOW)
    assert sum(waybill.outputs["BucketName"] in url for url in posts) == 2
    lines.filter(has_text="browser-partly.csv").get_by_role("link", name="Open the file").click()
    expect(page.get_by_role("heading", name="browser-partly.csv", level=1)).to_be_visible()


def test_what_is_announced_goes_with_one_file(page: Page, tmp_path: Path) -> None:
    """With several files nothing is uploaded; one file is bound to it, and held if it holds something else."""
    page.goto("/upload")
    announced = [write_small_file(tmp_path, f"announced-{number}.csv", 3) for number in (1, 2)]
    page.get_by_label("Rows", exact=True).fill("4")

    page.locator("input[type=file]").set_input_files(announced)
    expect(page.get_by_role("alert").filter(has_text="Rows and total are those of one file")).to_be_visible()
    expect(page.locator("#uploads-list > li")).to_have_count(0)
    page.locator("input[type=file]").set_input_files(announced[0])

    expect(page.locator("#uploads-list > li")).to_contain_text("Announced were 4 rows, read were 3.", timeout=SLOW)
    expect(page.get_by_label("Rows", exact=True)).to_have_value("")


def test_file_that_is_no_csv_is_refused_before_its_upload(page: Page, tmp_path: Path) -> None:
    """The page names the kinds of files that can be uploaded."""
    page.goto("/upload")
    (tmp_path / "orders.xlsx").write_bytes(b"PK")

    page.locator("input[type=file]").set_input_files(tmp_path / "orders.xlsx")

    expect(page.locator("#uploads-list > li")).to_contain_text("Only .csv and .csv.gz files can be uploaded")


def test_failed_file_is_reprocessed(page: Page, waybill: Deployment) -> None:
    """One button starts a new run, and the activity names the operator."""
    failed = largest_file(waybill, FileState.FAILED)
    before = len(waybill.ledger.list_runs(failed.file_id))
    page.goto(f"/files/{failed.file_id}")

    page.get_by_text(re.compile("^Reprocess…")).click()
    page.get_by_role("button", name="Reprocess this file").click()

    wait_until(lambda: len(waybill.ledger.list_runs(failed.file_id)) > before, 60, lambda: "there was no new run")
    page.goto(f"/files/{failed.file_id}?tab=runs")
    expect(page.locator("tbody tr")).to_have_count(before + 1, timeout=SLOW)
    page.goto("/activity")
    action = page.get_by_role("row").filter(has_text="Reprocess").filter(has_text=failed.name)
    expect(action.first).to_contain_text(waybill.accounts.operator.user)


def test_dead_letter_is_redriven(page: Page, waybill: Deployment) -> None:
    """The message goes back to the queue, its file is processed, and the activity names the operator."""
    version = dead_letter(waybill, "browser-redriven.csv")
    page.goto("/dead-letters")

    row = page.get_by_role("row").filter(has_text="browser-redriven.csv")
    row.get_by_role("button", name="Redrive").click()

    expect(page.locator("#moving")).to_contain_text("1 sent back", timeout=SLOW)
    [entry] = waybill.wait_at_rest([version])
    assert (entry.state, entry.accepted_rows) == (FileState.PROCESSED, 4)
    page.goto(f"/files/{entry.file_id}")
    expect(page.get_by_text("Processed", exact=True).first).to_be_visible()
    page.goto("/activity")
    expect(page.get_by_role("row").filter(has_text="Redrive").first).to_contain_text(waybill.accounts.operator.user)


def test_metrics_are_charts_with_tables_of_values(page: Page) -> None:
    """The samples' metrics are drawn, and each chart has a table of its values."""
    page.goto("/metrics?window=hour")

    charts = page.locator("svg[role=img], figure svg")
    expect(charts.first).to_be_visible()
    page.get_by_text("Values").first.click()
    expect(page.locator("details[open] table").first).to_be_visible()


def test_run_shows_its_trace_beside_its_log_lines(page: Page, waybill: Deployment) -> None:
    """Spans and log events of the run are on its page."""
    partial = largest_file(waybill, FileState.PARTIAL)
    run = waybill.ledger.list_runs(partial.file_id)[-1]

    page.goto(f"/files/{partial.file_id}/runs/{run.run_id}")

    for part in ("read and validate", "settle", "file_partial"):
        expect(page.get_by_text(part).first).to_be_visible()
