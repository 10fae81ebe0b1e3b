"""The JSON API: the same answers and actions as the pages, with the same permissions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from processor.domain.file_states import FileState
from tests.integration.admin_api.console import VIEWER, ConsoleStage
from tests.integration.stage import BAD_ROW, GOOD_ROWS, csv_file

if TYPE_CHECKING:
    from processor.domain.entries import FileEntry

FORM = "20261125T184400Z-0123abcd"


@pytest.fixture
def partial(console: ConsoleStage) -> FileEntry:
    """Provide a file with one rejected row."""
    return console.stage.process("orders.csv", csv_file(*GOOD_ROWS, BAD_ROW))


def test_files_are_listed_with_their_state(console: ConsoleStage, partial: FileEntry) -> None:
    """A script finds what waits for a person."""
    console.stage.process("other.csv", csv_file("A-9,Alan Turing,Tape,1,2.00"))

    answer = console.browser().get("/api/files", params={"state": "partial"}).json()

    [found] = answer["files"]
    assert (found["file_id"], found["state"], found["rejected_rows"]) == (partial.file_id, "partial", 1)
    assert found["reasons"] == ["quantity: not a whole number (1)"]
    assert answer["older"] == ""


def test_pages_lead_to_one_another(console: ConsoleStage) -> None:
    """The cursor of a page gives the next one, and nothing comes twice."""
    names = [f"{number}.csv" for number in range(3)]
    for number, name in enumerate(names):
        console.stage.process(name, csv_file(f"A-{number},Ada,Engine,1,2.00"))
    browser = console.browser()

    first = browser.get("/api/files", params={"limit": 2}).json()
    second = browser.get("/api/files", params={"limit": 2, "cursor": first["older"]}).json()

    assert [file["name"] for file in first["files"] + second["files"]] == names[::-1]


def test_a_file_tells_its_story(console: ConsoleStage, partial: FileEntry) -> None:
    """State, runs and actions in one answer."""
    story = console.browser().get(f"/api/files/{partial.file_id}").json()

    assert story["file"]["name"] == "orders.csv"
    [run] = story["runs"]
    assert (run["outcome"], run["accepted_rows"]) == ("partial", 2)
    assert story["actions"] == []


def test_a_files_orders_stand_in_row_order(console: ConsoleStage, partial: FileEntry) -> None:
    """As stored, with exact amounts as text."""
    answer = console.browser().get(f"/api/files/{partial.file_id}/orders").json()

    assert [order["order_id"] for order in answer["orders"]] == ["A-1", "A-2"]
    assert answer["orders"][1]["line_total"] == "2.50"
    assert (answer["total"], answer["missing"]) == (2, [])


@pytest.mark.parametrize(("name", "value"), [("order_id", "A-2"), ("customer", " grace  HOPPER ")])
def test_orders_are_found(console: ConsoleStage, partial: FileEntry, name: str, value: str) -> None:
    """By the exact order id, or by the customer in any case and spacing."""
    answer = console.browser().get("/api/orders", params={name: value}).json()

    [order] = answer["orders"]
    assert (order["order_id"], order["file_id"]) == ("A-2", partial.file_id)


@pytest.mark.parametrize(
    "query", [{}, {"order_id": "A-1", "customer": "Ada"}, {"order_id": " "}, {"order_id": "A", "cursor": "x"}]
)
def test_a_search_that_means_nothing_is_refused(console: ConsoleStage, query: dict[str, str]) -> None:
    """Neither, both, blank, or a cursor that nobody gave out."""
    assert console.browser().get("/api/orders", params=query).status_code == 422


def test_a_file_is_reprocessed_once_however_often_it_is_asked(console: ConsoleStage, partial: FileEntry) -> None:
    """The id of the request makes a retry of the script harmless."""
    operator = console.browser()
    body = {"kind": "reprocess", "action_id": FORM}

    answers = [operator.post(f"/api/files/{partial.file_id}/actions", json=body) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert [answer.json()["state"] for answer in answers] == ["done", "done"]
    story = operator.get(f"/api/files/{partial.file_id}").json()
    assert story["file"]["state"] == FileState.REPROCESSING
    [action] = story["actions"]
    assert (action["who"], action["kind"]) == ("operator@example.com", "reprocess")


def test_a_file_is_dismissed_with_a_reason_only(console: ConsoleStage, partial: FileEntry) -> None:
    """The activity says why, for whoever asks later."""
    operator = console.browser()
    path = f"/api/files/{partial.file_id}/actions"

    without = operator.post(path, json={"kind": "dismiss", "reason": "  "})
    with_reason = operator.post(path, json={"kind": "dismiss", "reason": "Sent again by mail."})

    assert without.status_code == 422
    assert with_reason.json()["reason"] == "Sent again by mail."
    assert operator.get(f"/api/files/{partial.file_id}").json()["file"]["state"] == FileState.DISMISSED


def test_what_a_state_does_not_allow_is_refused(console: ConsoleStage, partial: FileEntry) -> None:
    """In words, and with the status of a conflict."""
    answer = console.browser().post(f"/api/files/{partial.file_id}/actions", json={"kind": "process_anyway"})

    assert answer.status_code == 409
    assert "not held as a duplicate" in answer.json()["detail"]


def test_a_viewer_does_nothing_to_files(console: ConsoleStage, partial: FileEntry) -> None:
    """Looking is allowed, acting is not."""
    viewer = console.browser(VIEWER)

    answer = viewer.post(f"/api/files/{partial.file_id}/actions", json={"kind": "reprocess"})

    assert answer.status_code == 403
    assert viewer.get(f"/api/files/{partial.file_id}").json()["actions"] == []


@pytest.mark.parametrize(
    "path", [f"/api/files/{'0' * 24}", f"/api/files/{'0' * 24}/orders", "/api/actions/20261125T184400Z-00000000"]
)
def test_what_is_not_there_is_not_found(console: ConsoleStage, path: str) -> None:
    """With what to do instead."""
    answer = console.browser().get(path)

    assert answer.status_code == 404
    assert answer.json()["title"] == "Not found"


def test_the_activity_lists_what_was_done(console: ConsoleStage, partial: FileEntry) -> None:
    """Every action, the newest first."""
    operator = console.browser()
    operator.post(f"/api/files/{partial.file_id}/actions", json={"kind": "reprocess"})

    [action] = operator.get("/api/actions").json()["actions"]

    assert (action["subject"], action["state"]) == ("orders.csv", "done")


def test_several_files_are_handed_to_the_worker_once(console: ConsoleStage, partial: FileEntry) -> None:
    """The answer says where to look; a retry of the script begins nothing new."""
    operator = console.browser()
    body = {"kind": "reprocess", "file_ids": [partial.file_id, partial.file_id], "action_id": FORM}

    answers = [operator.post("/api/files/actions", json=body) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [202, 202]
    assert console.worker.calls == [{"action_id": FORM}]
    progress = operator.get(f"/api/actions/{FORM}").json()
    assert (progress["state"], progress["expected"], progress["subject"]) == ("running", 1, "1 chosen file")


def test_an_action_on_many_things_can_be_stopped(console: ConsoleStage, partial: FileEntry) -> None:
    """The wish to stop is stored; stopping an unknown action is refused."""
    operator = console.browser()
    body = {"kind": "reprocess", "file_ids": [partial.file_id], "action_id": FORM}
    operator.post("/api/files/actions", json=body)

    stopped = operator.post(f"/api/actions/{FORM}/stop")
    unknown = operator.post("/api/actions/20261125T184400Z-00000000/stop")

    assert stopped.status_code == 200
    stored = console.console.actions.read_action(FORM)
    assert stored is not None
    assert (stored.stop_asked, stored.stop_asked_by) == (True, "operator@example.com")
    assert unknown.status_code == 404


def test_dead_letters_are_looked_at_and_redriven(console: ConsoleStage) -> None:
    """A look leaves them there; the redrive is the worker's, at a rate."""
    sent = console.stage.clients.sqs.send_message(QueueUrl=console.stage.dead_letter_url, MessageBody="not ours")
    operator = console.browser()

    seen = operator.get("/api/dead-letters").json()
    answer = operator.post(
        "/api/dead-letters/actions",
        json={"do": "redrive", "message_ids": [sent["MessageId"]], "rate_per_s": 2, "action_id": FORM},
    )

    [letter] = seen["dead_letters"]
    assert (letter["message_id"], letter["body"]) == (sent["MessageId"], "not ours")
    assert "not JSON" in letter["problem"]
    assert answer.status_code == 202
    stored = console.console.actions.read_action(FORM)
    assert stored is not None
    assert (stored.rate_per_s, stored.selection) == (2, {"message_ids": [sent["MessageId"]]})
    assert operator.get("/api/dead-letters").json()["about"] == 1


@pytest.mark.parametrize("body", [{"do": "delete"}, {"do": "delete", "all": True, "message_ids": ["m-1"]}])
def test_which_letters_are_meant_must_be_clear(console: ConsoleStage, body: dict[str, object]) -> None:
    """Some or all, and never by leaving something out."""
    assert console.browser().post("/api/dead-letters/actions", json=body).status_code == 422
