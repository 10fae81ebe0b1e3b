"""The page of a file whose orders go back: voided or replaced, how far it is, and what to press."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from processor.domain.actions import ActionEntry, ActionKind, ActionState
from processor.domain.entries import to_iso
from processor.domain.file_states import FileState
from processor.domain.take_backs import TakeBack, replacement_id
from processor.ledger.table import serialise
from tests.integration.admin_api.console import words
from tests.integration.admin_api.file_actions import hidden_fields
from tests.integration.file_items import put_file
from tests.integration.stage import GOOD_ROWS, csv_file

if TYPE_CHECKING:
    from tests.integration.admin_api.console import ConsoleStage

VOID = "20261129T100000Z-0123abcd"
VOIDED_AT = "2026-11-29T10:00:00.000000Z"


def page_of(console: ConsoleStage, file_id: str) -> str:
    """Open a file's page and return its words."""
    return words(console.browser().get(f"/files/{file_id}"))


def void(console: ConsoleStage, *, rows: int = 1_000, **progress: Any) -> str:
    """Put a voided file into the ledger, with the account of how far it came."""
    is_over = "finished_at" in progress
    file_id = put_file(
        console.stage,
        1,
        object_key="raw-data/orders-1.csv",
        state=FileState.VOIDED,
        accepted_rows=rows,
        voided_at=VOIDED_AT,
        **{} if is_over else {"taking_back": VOID},
    )
    item = TakeBack(file_id, VOID, rows=rows, **progress).to_item()
    console.stage.clients.files.put_item(TableName="files", Item=serialise(item))
    return file_id


def begin(console: ConsoleStage, file_id: str, kind: ActionKind = ActionKind.VOID, **values: Any) -> None:
    """Put the action into the log, and note it on the file."""
    known: dict[str, Any] = {
        "action_id": VOID,
        "kind": kind,
        "at": to_iso(console.console.now() - timedelta(minutes=5)),
        "who": "ada@example.com",
        "state": ActionState.RUNNING,
        "file_id": file_id,
        "subject": "orders-1.csv",
        "reason": "Wrong price list.",
        "progressed_at": to_iso(console.console.now()),
    }
    action = ActionEntry(**known | values)
    console.console.actions.begin_action(action)
    console.console.actions.note_on_file(action, file_id, action.subject)


def test_a_voided_file_tells_who_why_and_how_many(console: ConsoleStage) -> None:
    """Taken back, kept, and gone before; and how to bring it back."""
    file_id = void(console, position=1_000, taken_back=985, kept=5, absent=10, finished_at=VOIDED_AT)
    begin(console, file_id, state=ActionState.DONE)

    text = page_of(console, file_id)

    assert "ada@example.com had its orders taken back. Wrong price list." in text
    assert "985 of 1,000 orders were taken back; 5 stayed, as they are another file's; 10 were gone before" in text
    assert "Reprocess it to bring its orders back" in text
    assert "Reprocess…" in text


def test_a_void_under_way_shows_how_far_it_is(console: ConsoleStage) -> None:
    """The page follows it, and leads to where it can be stopped; it is not begun twice."""
    file_id = void(console, position=400, taken_back=400)
    begin(console, file_id, expected=1_000, done=400)

    page = console.browser().get(f"/files/{file_id}")
    text = words(page)

    assert "400 of 1,000 rows gone through 40 %" in text
    assert "Follow, stop or resume it" in text
    assert "hx-trigger" in page.text
    assert "Void…" not in text
    assert "Reprocess…" not in text


def test_a_stopped_void_can_go_on(console: ConsoleStage) -> None:
    """By the same button."""
    file_id = void(console, position=400, taken_back=400)
    begin(console, file_id, state=ActionState.STOPPED, expected=1_000, done=400)

    text = page_of(console, file_id)

    assert "It was stopped, or ended with an error, before all were taken back. Press Void again" in text
    assert "Void…" in text


def test_a_void_whose_worker_is_gone_leads_to_resuming_it(console: ConsoleStage) -> None:
    """And the page no longer follows it."""
    file_id = void(console, position=400, taken_back=400)
    long_ago = to_iso(console.console.now() - timedelta(minutes=4))
    begin(console, file_id, expected=1_000, done=400, progressed_at=long_ago)

    page = console.browser().get(f"/files/{file_id}")

    assert "its worker is gone. Resume it" in words(page)
    assert 'id="file" hx-get' not in page.text


def test_a_file_that_replaces_others_shows_which_and_how_many(console: ConsoleStage) -> None:
    """The earlier files with their states now, and the progress of taking their lines back."""
    earlier = put_file(console.stage, 1, object_key="raw-data/orders-1.csv", accepted_rows=1_000)
    later = put_file(
        console.stage,
        2,
        accepted_rows=1_000,
        replaces=[earlier],
        run_id="r" * 16,
        run_started_at="2026-11-29T09:00:00.000000Z",
    )
    entry = console.console.ledger.read_file(later)
    assert entry is not None
    begin(console, later, ActionKind.TAKE_BACK, action_id=replacement_id(entry), expected=1_000, done=600, skipped=3)

    text = page_of(console, later)

    assert "Replaced orders" in text
    assert "603 of 1,000 rows gone through" in text
    assert "orders-1.csv Processed" in text


def test_a_replacement_that_has_not_begun_is_awaited(console: ConsoleStage) -> None:
    """The worker is called when the file's own orders are stored."""
    earlier = put_file(console.stage, 1, accepted_rows=5)
    started = {"run_id": "r" * 16, "run_started_at": "2026-11-29T09:00:00.000000Z"}
    later = put_file(console.stage, 2, accepted_rows=5, replaces=[earlier], **started)

    assert "The worker begins in a moment" in page_of(console, later)


def test_a_replaced_file_names_the_later_one(console: ConsoleStage) -> None:
    """How many of its rows are gone, and for whom."""
    later = put_file(console.stage, 2, object_key="raw-data/orders-2.csv", accepted_rows=12)
    earlier = put_file(console.stage, 1, accepted_rows=1_000, replaced_rows=12, replaced_by=[later])

    text = page_of(console, earlier)

    assert "12 of its 1,000 rows were replaced by orders-2.csv ." in text


def test_orders_that_a_voided_file_had_replaced_are_told_on_both_pages(console: ConsoleStage) -> None:
    """They are stored nowhere until somebody reprocesses the earlier file, which is said until it is done."""
    earlier_id, later_id = f"{1:024x}", f"{2:024x}"
    gone: dict[str, Any] = {"accepted_rows": 12, "replaced_rows": 12, "replaced_by": [later_id]}
    put_file(console.stage, 1, object_key="raw-data/orders-1.csv", **gone)
    later: dict[str, Any] = {"state": FileState.VOIDED, "voided_at": VOIDED_AT, "replaces": [earlier_id]}
    put_file(console.stage, 2, object_key="raw-data/orders-2.csv", **later)

    of_earlier, of_later = page_of(console, earlier_id), page_of(console, later_id)
    put_file(console.stage, 1, object_key="raw-data/orders-1.csv", accepted_rows=12)
    once_it_is_back = page_of(console, later_id)

    assert "That file was voided since : reprocess this one to bring these orders back." in of_earlier
    told = "What it had replaced of this file stays away until it is reprocessed, too: orders-1.csv Processed"
    assert told in of_later
    assert "stays away until it is" not in once_it_is_back


def test_voiding_asks_for_a_reason_and_leads_to_its_progress(console: ConsoleStage) -> None:
    """The confirmation says how many orders go; the answer is the page that shows how far it is."""
    entry = console.stage.process("orders.csv", csv_file(*GOOD_ROWS))
    browser = console.browser()

    asked = browser.get("/files/actions", params={"kind": "void", "file_id": entry.file_id})
    fields = hidden_fields(asked) | {"reason": "Wrong price list."}
    answer = browser.post("/files/actions", data=fields)

    assert "2 orders of orders.csv are taken back." in words(asked)
    assert 'name="reason"' in asked.text
    assert answer.headers["location"] == f"/activity/{fields['action_id']}"
    progress = browser.get(answer.headers["location"])
    assert "Void Running orders.csv" in words(progress)
    assert "Stop" in words(progress)
    assert "Taken back" in words(progress)
    assert len(console.worker.calls) == 1


def test_voiding_and_replacing_are_decided_file_by_file(console: ConsoleStage) -> None:
    """Neither is offered for many, nor done for them if somebody forges the address."""
    for number in (1, 2):
        put_file(console.stage, number, accepted_rows=5, accepted_key="processed-data/a.csv")
    browser = console.browser()

    assert "Void…" not in words(browser.get("/files"))
    for kind in ("void", "replace"):
        refused = browser.get("/files/actions", params={"kind": kind, "all": "1"})
        assert refused.status_code == 409
        assert "one file at a time" in words(refused)
