"""The page of a held file: why nothing is stored, what a person needs to decide, and what each button would do."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from processor.domain.file_states import FileState
from processor.domain.object_keys import comparison_key
from tests.integration.admin_api.console import VIEWER, words
from tests.integration.file_items import put_file
from tests.integration.stage import BUCKET, csv_file

if TYPE_CHECKING:
    from processor.domain.entries import FileEntry
    from tests.integration.admin_api.console import ConsoleStage

HELD = 7
COUNTS = {"orders": 1_000, "known": 997, "same": 994, "changed": 3, "is_exact": True}


def page_of(console: ConsoleStage, file_id: str) -> str:
    """Open a file's page and return its words."""
    return words(console.browser().get(f"/files/{file_id}"))


def entry_of(console: ConsoleStage, file_id: str) -> FileEntry:
    """Read a file's entry."""
    entry = console.console.ledger.read_file(file_id)
    assert entry is not None
    return entry


def hold(console: ConsoleStage, cause: str, **values: Any) -> str:
    """Put a held file into the ledger; returns its id."""
    known: dict[str, Any] = {
        "state": FileState.HELD,
        "cause": cause,
        "bucket": BUCKET,
        "read_rows": 1_000,
        "read_total": "5000.00",
    }
    return put_file(console.stage, HELD, **known | values)


def hold_same_orders(console: ConsoleStage, *earlier: str, **counts: Any) -> str:
    """Put a file into the ledger that is held for orders which earlier files have brought."""
    found = COUNTS | counts | {"files": list(earlier)}
    return hold(console, "same_orders", same_orders=found, received_at="2026-11-25T08:00:00.000000Z")


def compare(console: ConsoleStage, file_id: str, *changed: dict[str, Any], files: dict[str, int] | None = None) -> None:
    """Write the comparison beside the held original."""
    entry = entry_of(console, file_id)
    document = {
        "files": [{"file_id": each, "name": "", "orders": orders} for each, orders in (files or {}).items()],
        "changed_orders": list(changed),
    }
    key = comparison_key(entry.base, entry.file_id, entry.name)
    console.console.objects.put_object(BUCKET, key, json.dumps(document).encode())


def row(number: int, price: str, *, product: str = "Difference Engine") -> dict[str, Any]:
    """Make a row of a comparison."""
    return {
        "row_number": number,
        "customer_name": "Ada Lovelace",
        "product_name": product,
        "quantity": "1",
        "unit_price": price,
        "line_total": price,
    }


def test_same_orders_are_counted_and_shown_side_by_side(console: ConsoleStage) -> None:
    """How many came when and in which file, and what has changed: the differing cells are marked."""
    first = put_file(console.stage, 1, object_key="raw-data/orders-1.csv", accepted_rows=1_000)
    held = hold_same_orders(console, first)
    changed = {"order_id": "A-1", "file_id": first, "before": [row(17, "12")], "now": [row(18, "1299.95")]}
    compare(console, held, changed, files={first: 997})

    page = console.browser().get(f"/files/{held}")
    text = words(page)

    assert re.search(r"997 of 1,000 orders came on [\w ]+ in orders-1.csv : 994 the same, 3 changed, 3 new\.", text)
    assert "orders-1.csv Processed" in text
    assert "997 1,000 orders stored" in text
    assert "A-1 before in orders-1.csv" in text
    assert "Before row 17 Ada Lovelace Difference Engine 1 12 12 Now row 18" in text
    assert "<mark>1299.95</mark>" in page.text
    assert "<mark>Ada Lovelace</mark>" not in page.text


def test_the_earlier_file_is_told_as_it_is_now(console: ConsoleStage) -> None:
    """It was voided after this one was held: replacing takes nothing back any more."""
    voided_at = "2026-11-26T08:00:00.000000Z"
    first = put_file(console.stage, 1, state=FileState.VOIDED, accepted_rows=1_000, voided_at=voided_at)
    held = hold_same_orders(console, first)

    text = page_of(console, held)

    assert "Voided" in text
    assert "none of its orders is stored any more" in text
    assert "None of the earlier files has these orders stored any more, so nothing is taken back." in text


def test_estimated_counts_are_called_so(console: ConsoleStage) -> None:
    """Beyond the orders that are compared one by one."""
    first = put_file(console.stage, 1, accepted_rows=90_000)
    held = hold_same_orders(console, first, is_exact=False)

    text = page_of(console, held)

    assert "About 997 of 1,000 orders" in text
    assert "estimated from a sample" in text


def test_a_comparison_that_is_gone_is_said(console: ConsoleStage) -> None:
    """The counts are in the ledger; the rows are not."""
    held = hold_same_orders(console, put_file(console.stage, 1, accepted_rows=5))

    text = page_of(console, held)

    assert "994 the same" in text
    assert "The changed orders cannot be shown" in text


def test_an_earlier_file_that_is_gone_is_said(console: ConsoleStage) -> None:
    """Somebody deleted its entry: the page still opens."""
    held = hold_same_orders(console, "0" * 24)

    text = page_of(console, held)

    assert "came in a file that the ledger no longer knows" in text
    assert "no longer in the ledger" in text


def test_an_older_file_is_told_that_it_cannot_replace(console: ConsoleStage) -> None:
    """A newer one has brought the orders, so the button is not offered."""
    newer = put_file(console.stage, 1, at="2026-11-29T08:00:00.000000Z", accepted_rows=5)
    held = hold_same_orders(console, newer)

    text = page_of(console, held)

    assert "A file that arrived later has brought some of these orders." in text
    assert "Replace…" not in text
    assert "Store beside…" in text


def test_a_failed_file_tells_what_was_announced_and_that_nothing_was_read(console: ConsoleStage) -> None:
    """It broke off behind its header: "as read" would be untrue."""
    failed = put_file(console.stage, 8, state=FileState.FAILED, cause="no_rows", announced_rows="3", error="No rows.")

    assert "Announced 3 rows: no row was read" in page_of(console, failed)


@pytest.mark.parametrize("kind", ["replace", "store", "dismiss"])
def test_each_button_says_what_it_would_do(console: ConsoleStage, kind: str) -> None:
    """In the file's own numbers, before it is pressed."""
    first = put_file(console.stage, 1, object_key="raw-data/orders-1.csv", accepted_rows=1_000)
    held = hold_same_orders(console, first)
    said = {
        "replace": "997 orders of orders-1.csv will be replaced.",
        "store": "997 orders will have the lines of this file beside those of orders-1.csv, and count in sums",
        "dismiss": "A dismissed file no longer needs attention",
    }

    text = page_of(console, held)

    assert said[kind] in text


def test_totals_stand_side_by_side(console: ConsoleStage) -> None:
    """Announced, read, and the difference, of rows and of amounts."""
    held = hold(console, "totals", announced_rows="1002", announced_total="5100", error="It holds something else.")

    text = page_of(console, held)

    assert "Rows 1,002 1,000 −2 Total 5,100.00 5,000.00 −100.00" in text  # noqa: RUF001
    assert "Ask the sender which is right." in text
    assert "Store…" in text


def test_a_rejected_share_gives_the_reasons(console: ConsoleStage) -> None:
    """One that is in most rows means a wrong export."""
    held = hold(
        console,
        "rejected_share",
        error="612 of 1,000 rows would be rejected: more than 50 %.",
        rejected_rows=612,
        reasons=["unit_price: contains a comma (612)"],
    )

    text = page_of(console, held)

    assert "612 of 1,000 rows would be rejected: more than 50 %." in text
    assert "unit_price: contains a comma (612)" in text


def test_a_file_that_was_cut_off_shows_its_last_row(console: ConsoleStage) -> None:
    """The price of which a digit may be missing."""
    version = console.stage.upload("cut.csv", csv_file("A-1,Ada,Engine,1,5.00") + b"A-2,Ada,Pen,1,12")
    size = len(console.stage.read(version.key))
    held = hold(console, "cut_off", object_key=version.key, version_id=version.version_id, size_bytes=size)

    text = page_of(console, held)

    assert "The last row has no line end: the upload may have been cut off." in text
    assert "A-2,Ada,Pen,1,12 Is each value whole" in text
    assert "A-1,Ada" not in text


def test_a_packed_or_missing_original_shows_no_last_row(console: ConsoleStage) -> None:
    """The page says why."""
    gone = hold(console, "cut_off", size_bytes=10)
    packed = put_file(console.stage, 8, state=FileState.HELD, cause="cut_off", object_key="raw-data/a.csv.gz")

    assert "The original is no longer in the bucket." in page_of(console, gone)
    assert "The file is compressed" in page_of(console, packed)


def test_a_viewer_sees_the_facts_and_no_buttons(console: ConsoleStage) -> None:
    """Whoever may only look can still find out what it is about."""
    held = hold_same_orders(console, put_file(console.stage, 1, accepted_rows=5))

    text = words(console.browser(VIEWER).get(f"/files/{held}"))

    assert "997 of 1,000 orders" in text
    assert "Only operators decide." in text
    assert "Replace…" not in text


def test_hostile_values_stay_text(console: ConsoleStage) -> None:
    """Names and cells are whatever a sender wrote."""
    evil = "<script>alert(1)</script>"
    first = put_file(console.stage, 1, object_key=f"raw-data/{evil}.csv", accepted_rows=5)
    held = hold_same_orders(console, first)
    changed = {"order_id": evil, "file_id": first, "before": [row(1, "1", product=evil)], "now": [row(1, evil)]}
    compare(console, held, changed)

    page = console.browser().get(f"/files/{held}")

    assert page.status_code == 200
    assert evil not in page.text
