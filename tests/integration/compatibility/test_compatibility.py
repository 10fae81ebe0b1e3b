"""What earlier versions have written is read, finished and shown by the present one as if it were its own."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from moto.s3.models import s3_backends

from processor.domain.entries import from_iso
from processor.domain.file_states import FileState
from processor.domain.object_keys import ObjectVersion, file_id
from processor.ledger.counters import Counters
from processor.messaging.messages import reprocess_body
from tests.integration.ranges import Machine
from tests.integration.stage import BUCKET, GOOD_ROWS, csv_file, s3_event

if TYPE_CHECKING:
    from tests.integration.admin_api.console import ConsoleStage
    from tests.integration.stage import Stage

WRITTEN = sorted(Path(__file__).parent.glob("*.json"))
ACCOUNT = "123456789012"
ROWS = {
    "processed.csv": 2,
    "partial.csv": 1,
    "zoë.csv": 1,
    "reprocessing.csv": 1,
    "dead.csv": 1,
    "queued.csv": 1,
    "half.csv": 60,
    "large.csv": 40,
    "fresh.csv": 1,
}
"""The good rows of each file that has some and is not a duplicate."""


@pytest.fixture(params=WRITTEN, ids=lambda path: path.stem)
def written(request: pytest.FixtureRequest, stage: Stage) -> dict[str, Any]:
    """Provide a stage that holds what an earlier version left; return the messages that wait."""
    document: dict[str, Any] = json.loads(request.param.read_text(encoding="utf-8"))
    for each in document["objects"]:
        body = base64.b64decode(each["body"])
        stage.clients.s3.put_object(Bucket=BUCKET, Key=each["key"], Body=body, Metadata=each["metadata"])
        key = s3_backends[ACCOUNT]["aws"].buckets[BUCKET].keys[each["key"]]
        key._version_id = each["version"]  # The ids of files follow from those of their versions.
    for table, items in document["tables"].items():
        for item in items:
            stage.clients.files.put_item(TableName=table, Item=item)
    waiting: dict[str, Any] = document["waiting"]
    return waiting


def set_clock(stage: Stage) -> None:
    """Set the processor's clock to two days after the old version's last run, when every lease has ended."""
    newest = max(entry["received_at"] for entry in entries(stage).values() if entry["state"] == "processing")
    then = from_iso(newest) + timedelta(days=2)
    stage.services = stage.services._replace(now=lambda: then)


def finish_all(stage: Stage, written: dict[str, str]) -> None:
    """Deliver all messages that wait, but that of the file in ranges."""
    set_clock(stage)
    for name, body in written.items():
        if name != "large.csv":
            stage.handle(stage.message(body))


def entries(stage: Stage) -> dict[str, dict[str, Any]]:
    """Return the ledger's entry of each file by its name."""
    items = stage.clients.files.scan(TableName="files")["Items"]
    plain: list[dict[str, Any]] = [{name: next(iter(value.values())) for name, value in item.items()} for item in items]
    return {item["object_key"].rpartition("/")[2]: item for item in plain if item["entry"] == "file"}


def orders(stage: Stage) -> dict[tuple[str, str], dict[str, Any]]:
    """Return the orders by their keys, without what differs from run to run."""
    volatile = {"run_id", "trace_id"}
    return {
        (order["order_id"], order["processed_timestamp"]): {k: v for k, v in order.items() if k not in volatile}
        for order in stage.orders()
    }


def orders_by_file(stage: Stage) -> dict[str, int]:
    """Count the orders of each file by its name."""
    names = {entry["file_id"]: name for name, entry in entries(stage).items()}
    counts: dict[str, int] = {}
    for order in stage.orders():
        counts[names[order["file_id"]]] = counts.get(names[order["file_id"]], 0) + 1
    return counts


def test_waiting_messages_are_finished(stage: Stage, written: dict[str, str]) -> None:
    """Files that were queued, dead, half stored, or stored in ranges by a dead execution: each row is one order."""
    before = orders(stage)

    finish_all(stage, written)
    machine = Machine.before(stage, range_bytes=400)
    set_clock(stage)
    stage.handle(stage.message(written["large.csv"]))
    machine.run()

    assert orders_by_file(stage) == ROWS
    assert before.items() <= orders(stage).items()
    states = {name: entry["state"] for name, entry in entries(stage).items()}
    assert {states[name] for name in written} == {FileState.PROCESSED, FileState.PARTIAL}
    assert stage.objects("raw-data/") == []
    assert stage.objects("work-data/") == []


def test_a_new_run_of_a_stored_file_writes_the_same_orders(stage: Stage, written: dict[str, str]) -> None:
    """Reprocessing finds the old version's keys again."""
    stored = {name: entry for name, entry in entries(stage).items() if entry["state"] in {"processed", "partial"}}
    before = orders(stage)

    for entry in stored.values():
        stage.services.ledger.request_reprocess(entry["file_id"])
        stage.handle(stage.message(reprocess_body(entry["file_id"])))

    assert len(stored) == 3
    assert orders(stage) == before
    after = {name: entries(stage)[name]["state"] for name in stored}
    assert after == {name: entry["state"] for name, entry in stored.items()}


def test_old_content_is_recognised(stage: Stage, written: dict[str, str]) -> None:
    """A copy of what the old version stored is held as a duplicate; so is a repeated event."""
    before = orders(stage)
    first = entries(stage)["processed.csv"]

    copy = stage.process("copy.csv", csv_file(*GOOD_ROWS))
    again = ObjectVersion(BUCKET, first["object_key"], first["version_id"])
    stage.handle(stage.message(s3_event(again)))

    assert (copy.state, copy.duplicate_of) == (FileState.DUPLICATE, first["file_id"])
    assert file_id(again) == first["file_id"]
    assert orders(stage) == before


def test_half_stored_content_is_not_stored_twice(stage: Stage, written: dict[str, str]) -> None:
    """A copy of a file whose run died under the old version waits for that file."""
    copy = stage.process("copy.csv", stage.read(entries(stage)["half.csv"]["object_key"]))

    assert copy.state is FileState.DUPLICATE
    assert copy.duplicate_of == entries(stage)["half.csv"]["file_id"]


def test_the_console_shows_all_of_it(console: ConsoleStage, written: dict[str, str]) -> None:
    """Every list, and the page of every file and of every run, is shown."""
    browser = console.browser()
    stage = console.stage

    for path in ("/", "/files", "/orders?order_id=A-1", "/activity", "/dead-letters", "/api/files", "/api/actions"):
        assert browser.get(path).status_code == 200, path
    for name, entry in entries(stage).items():
        for tab in ("", "?tab=orders", "?tab=rejected"):
            page = browser.get(f"/files/{entry['file_id']}{tab}")
            assert (page.status_code, name in page.text) == (200, True), name
        for run in stage.services.ledger.list_runs(entry["file_id"]):
            assert browser.get(f"/files/{entry['file_id']}/runs/{run.run_id}").status_code == 200
        assert browser.get(f"/api/files/{entry['file_id']}").status_code == 200
    asked_again = entries(stage)["reprocessing.csv"]["file_id"]
    story = browser.get(f"/api/files/{asked_again}").json()
    assert [action["kind"] for action in story["actions"]] == ["reprocess"]
    log = browser.get("/api/actions").json()["actions"]
    assert [(action["kind"], action["state"], action["who"]) for action in log] == [
        ("redrive", "done", "ada@example.com"),
        ("reprocess", "done", "ada@example.com"),
    ]
    assert browser.get(f"/api/actions/{log[0]['action_id']}").status_code == 200


def test_old_counters_go_on(stage: Stage, written: dict[str, str]) -> None:
    """The counters that the old version kept stay equal to the table while files go on."""
    finish_all(stage, written)

    counted = [entry["counted_as"] for entry in entries(stage).values() if entry.get("counted_as")]
    found = console_counts(stage)
    assert found == {state: counted.count(state) for state in set(counted)}


def console_counts(stage: Stage) -> dict[str, int]:
    """Return the counters of files at rest that are not zero."""
    counts = Counters(stage.clients.files, "files").read_counts()
    return {str(state): number for state, number in counts.at_rest.items() if number}
