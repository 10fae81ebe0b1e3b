"""Held files as runs leave them: from the upload to the decision of a person and what came of it, by page and API."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from processor.domain.file_states import FileState
from processor.domain.object_keys import FAILED, ObjectVersion
from tests.integration.admin_api.console import words
from tests.integration.admin_api.file_actions import messages
from tests.integration.stage import BUCKET, csv_file

if TYPE_CHECKING:
    from processor.domain.entries import FileEntry
    from tests.integration.admin_api.console import ConsoleStage

ROWS = [f"A-{number},Ada Lovelace,Engine,1,{number + 1}.00" for number in range(5)]
CHANGED = [*ROWS[:4], "A-4,Ada Lovelace,Engine,1,1299.95", "A-5,Grace Hopper,Wire,1,1.00"]


def hold(console: ConsoleStage) -> tuple[FileEntry, FileEntry]:
    """Process a file, and then another with the same orders, of which one is changed and one is new."""
    first = console.stage.process("orders-1.csv", csv_file(*ROWS))
    second = console.stage.process("orders-2.csv", csv_file(*CHANGED))
    assert second.state is FileState.HELD
    return first, second


def page_of(console: ConsoleStage, entry: FileEntry) -> str:
    """Open a file's page and return its words."""
    return words(console.browser().get(f"/files/{entry.file_id}"))


def decide(console: ConsoleStage, entry: FileEntry, kind: str) -> FileEntry:
    """Ask for a decision through the API, and let the message that follows run."""
    browser = console.browser()
    answer = browser.post(f"/api/files/{entry.file_id}/actions", json={"kind": kind, "reason": "As agreed."})
    assert answer.status_code == 200, answer.text
    for body in messages(console.stage):
        console.stage.handle(console.stage.message(body))
    return console.stage.entry(ObjectVersion(BUCKET, entry.object_key, entry.version_id))


def test_a_file_held_for_its_orders_shows_what_is_the_same_and_what_changed(console: ConsoleStage) -> None:
    """As the run has counted and compared it."""
    first, second = hold(console)

    text = page_of(console, second)
    document = console.browser().get(f"/api/files/{second.file_id}").json()["file"]

    assert re.search(r"5 of 6 orders came [\w ]+ in orders-1.csv : 4 the same, 1 changed, 1 new\.", text)
    assert "A-4 before in orders-1.csv" in text
    assert "Before row 6 Ada Lovelace Engine 1 5.00 5.00 Now row 6 Ada Lovelace Engine 1 1299.95 1299.95" in text
    assert document["state"] == "held"
    assert document["cause"] == "same_orders"
    assert document["same_orders"]["files"] == [first.file_id]
    assert [document["same_orders"][name] for name in ("orders", "known", "same", "changed", "new")] == [6, 5, 4, 1, 1]


def test_storing_beside_keeps_the_lines_of_both(console: ConsoleStage) -> None:
    """And the order's page says so."""
    _, second = hold(console)

    stored = decide(console, second, "store")

    assert stored.state is FileState.PROCESSED
    assert "2 files brought lines of this order." in words(console.browser().get("/orders/A-4"))
    assert "Asked to store it" in page_of(console, stored)


def test_replacing_names_the_earlier_file(console: ConsoleStage) -> None:
    """The file's own orders are stored first; the worker takes the others back."""
    first, second = hold(console)

    stored = decide(console, second, "replace")

    assert stored.state is FileState.PROCESSED
    assert stored.replaces == (first.file_id,)
    text = page_of(console, stored)
    assert "Replaced orders" in text
    assert "orders-1.csv Processed" in text
    assert console.browser().get(f"/api/files/{stored.file_id}").json()["file"]["replaces"] == [first.file_id]


def test_dismissing_leaves_nothing_that_waits_for_a_person(console: ConsoleStage) -> None:
    """Original and comparison move to the archive."""
    _, second = hold(console)

    dismissed = decide(console, second, "dismiss")

    assert dismissed.state is FileState.DISMISSED
    assert console.stage.objects(FAILED) == []
    [comparison] = [key for key in console.stage.objects("archive/") if key.endswith(".same-orders.json")]
    browser = console.browser()
    assert comparison in words(browser.get(f"/files/{dismissed.file_id}?tab=objects"))
    assert browser.get(f"/files/{dismissed.file_id}/objects/comparison").status_code == 303


def test_a_held_file_tells_what_was_announced(console: ConsoleStage) -> None:
    """On its page, on its receipt, and in its JSON."""
    held = console.stage.process("orders.csv", csv_file(*ROWS), rows="7", total="15.00")

    text = page_of(console, held)
    receipt = words(console.browser().get(f"/files/{held.file_id}/runs/{held.run_id}"))
    document = console.browser().get(f"/api/files/{held.file_id}").json()["file"]

    assert (held.state, held.cause) == (FileState.HELD, "totals")
    assert "Rows 7 5 −2 Total 15.00 15.00 –" in text  # noqa: RUF001
    assert "Rows 7 5 −2 Quantity – 5 – Total 15.00 15.00 –" in receipt  # noqa: RUF001
    assert (document["announced_rows"], document["announced_total"]) == (7, "15.00")
    assert (document["read_rows"], document["read_total"]) == (5, "15.00")


def test_every_receipt_shows_what_was_read(console: ConsoleStage) -> None:
    """Also where nothing was announced; and a warning of what may have been cut off."""
    entry = console.stage.process("orders.csv", csv_file(*ROWS).rstrip())

    receipt = words(console.browser().get(f"/files/{entry.file_id}/runs/{entry.run_id}"))

    warning = "The last row has no line end: the upload may have been cut off."
    assert "Rows not announced 5 – Quantity – 5 – Total not announced 15.00 –" in receipt  # noqa: RUF001
    assert warning in receipt
    assert warning in page_of(console, entry)


def test_what_can_t_be_decided_is_refused(console: ConsoleStage) -> None:
    """A reason is needed to void, a processed file is not held, and replacing is for one file at a time."""
    first, second = hold(console)
    browser = console.browser()
    one, several = f"/api/files/{first.file_id}/actions", "/api/files/actions"

    assert browser.post(one, json={"kind": "void"}).status_code == 422
    assert browser.post(one, json={"kind": "store"}).status_code == 409
    for kind in ("replace", "void"):
        body = {"kind": kind, "reason": "Why.", "file_ids": [second.file_id]}
        assert browser.post(several, json=body).status_code == 422


def test_many_held_files_are_stored_by_one_action(console: ConsoleStage) -> None:
    """The list offers it for those that are ticked; each runs by itself."""
    _, second = hold(console)
    browser = console.browser()

    listed = words(browser.get("/files?state=held"))
    answer = browser.post("/api/files/actions", json={"kind": "store", "file_ids": [second.file_id]})

    assert "Store beside…" in listed
    assert "Replace…" not in listed
    assert answer.status_code == 202
    assert len(console.worker.calls) == 1


@pytest.mark.parametrize(("done", "other"), [("store", "replace"), ("replace", "store"), ("reprocess", "replace")])
def test_a_second_decision_is_refused_if_it_is_another(console: ConsoleStage, done: str, other: str) -> None:
    """Two people decide about one file before its run has begun: nobody is told that the other way was taken."""
    _, held = hold(console)
    path, browser = f"/api/files/{held.file_id}/actions", console.browser()

    first, second, same = (browser.post(path, json={"kind": kind}) for kind in (done, other, done))

    assert (first.status_code, first.json()["done"]) == (200, 1)
    assert second.status_code == 409
    assert "is due for a new run already" in second.json()["detail"]
    assert (same.status_code, same.json()["done"], same.json()["skipped"]) == (200, 0, 1)
