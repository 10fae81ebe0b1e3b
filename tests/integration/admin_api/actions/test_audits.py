"""Audits by the worker, on moto: a press of Verify, the schedule, what they leave behind, and what they report."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from admin_api.actions.audit_schedule import begin_scheduled_audit, draw_sample
from admin_api.actions.audits import AuditWork, BooksDifferError, fail_if_books_differ
from admin_api.actions.bulk import BulkWork
from processor.domain.actions import ActionState
from processor.domain.audits import AuditState
from processor.domain.entries import from_iso, to_iso
from processor.domain.file_states import FileState
from processor.ledger.table import FilesTable, ItemUpdate
from processor.orders.auditing.auditor import Auditor
from tests.integration.admin_api.console import VIEWER, ConsoleStage, words
from tests.integration.file_items import put_file
from tests.integration.processor.orders.books import change_ledger, delete_order, reprocess
from tests.integration.stage import BAD_ROW, GOOD_ROWS, csv_file

if TYPE_CHECKING:
    from processor.domain.actions import ActionEntry
    from processor.domain.entries import FileEntry
    from tests.integration.stage import Stage

EVENT = {
    "version": "0",
    "id": "53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa",
    "detail-type": "Scheduled Event",
    "source": "aws.events",
    "account": "123456789012",
    "time": "2099-10-08T16:53:06Z",
    "region": "us-east-1",
    "resources": ["arn:aws:events:us-east-1:123456789012:rule/my-scheduled-rule"],
    "detail": {},
}


def work(console: ConsoleStage, action: ActionEntry | None = None) -> ActionEntry:
    """Let the worker carry out an action, or what it was called for, to its end."""
    action = action or console.console.actions.read_action(console.worker.calls.pop()["action_id"])
    assert action is not None
    console.console.__dict__.pop("recount", None)
    audits = AuditWork(console.console, lambda: 900.0)
    return BulkWork(console.console, audits.execute, lambda: 900.0, sleep=lambda _: None).carry_out(action)


def run_schedule(console: ConsoleStage, **changes: Any) -> ActionEntry:
    """Let the worker do a scheduled audit."""
    return work(console, begin_scheduled_audit(console.console, EVENT | changes))


def press_verify(console: ConsoleStage, entry: FileEntry) -> str:
    """Ask for a file's audit as its page does; returns the address that follows."""
    form = {"kind": "verify", "file_id": entry.file_id, "action_id": console.action_id()}
    answer = console.browser().post("/files/actions", data=form)
    assert answer.status_code == 303
    return answer.headers["location"]


def processed(console: ConsoleStage, name: str = "a.csv", row: int = 1) -> FileEntry:
    """Settle a file with orders of its own and a rejected row."""
    return console.stage.process(name, csv_file(*(f"{name}-{n},Ada,Pen,{row},1.50" for n in range(3)), BAD_ROW))


def emitted(output: str) -> list[tuple[float, float]]:
    """Return audited files and differences of each EMF line."""
    lines = [json.loads(line) for line in output.splitlines() if '"AuditedFiles"' in line]
    return [(line["AuditedFiles"][0], line["AuditDifferences"][0]) for line in lines]


def test_verify_is_followed_on_the_files_page(console: ConsoleStage) -> None:
    """The page waits for the worker, then shows who verified the file and that its books agree."""
    entry = processed(console)

    address = press_verify(console, entry)
    waiting = console.browser().get(address)
    done = work(console)
    after = console.browser().get(address)

    assert address == f"/files/{entry.file_id}?verifying={done.action_id}#books"
    assert "Being verified" in words(waiting)
    assert f"verifying={done.action_id}" in waiting.text
    assert (done.state, done.done, done.failed) == (ActionState.DONE, 1, 0)
    assert re.search(r"The books agree · verified [\w ]+ by operator@example\.com", words(after))
    assert "4 rows of the original read, 3 stored orders compared" in words(after)
    assert 'hx-get="' not in after.text.partition('id="file"')[2].partition(">")[0]


def test_differences_are_shown_and_mended_by_what_the_page_advises(
    console: ConsoleStage, capsys: pytest.CaptureFixture[str]
) -> None:
    """Row, column and both values; the overview lists the file until it is verified without one."""
    entry = processed(console)
    delete_order(console.stage, "a.csv-1", entry)
    address = press_verify(console, entry)
    work(console)

    page, overview = words(console.browser().get(address)), words(console.browser().get("/"))
    found = emitted(capsys.readouterr().out)
    reprocess(console.stage, entry)
    outdated = words(console.browser().get(f"/files/{entry.file_id}"))
    press_verify(console, entry)
    work(console)

    assert "The books differ" in page
    assert "1 difference Reprocess the file" in page
    assert "the order a.csv-1 no such order in the table" in page
    assert "1 differs : a.csv" in overview
    assert found == [(1, 1)]
    assert "before its newest run" in outdated
    assert "differs" not in words(console.browser().get("/"))


def test_script_verifies_and_reads_the_result(console: ConsoleStage) -> None:
    """The action is under way at once; the file's story then has the audit."""
    entry = processed(console)
    change_ledger(console.stage, entry.file_id, "file", accepted_rows=4)
    browser = console.browser()

    action = browser.post(f"/api/files/{entry.file_id}/actions", json={"kind": "verify"}).json()
    work(console)

    assert (action["kind"], action["state"]) == ("verify", "running")
    assert browser.get(f"/api/actions/{action['action_id']}").json()["state"] == "done"
    audit = browser.get(f"/api/files/{entry.file_id}").json()["audit"]
    assert (audit["state"], audit["difference_count"]) == ("differs", 1)
    wrong = {"part": "ledger", "row": 0, "column": "accepted_rows", "expected": "3", "found": "4"}
    assert audit["differences"] == [wrong]


def test_file_that_is_not_settled_cannot_be_verified(console: ConsoleStage) -> None:
    """The refusal says when it can be."""
    entry = processed(console)
    change_ledger(console.stage, entry.file_id, "file", state=FileState.REPROCESSING)

    answer = console.browser().post(f"/api/files/{entry.file_id}/actions", json={"kind": "verify"})

    assert answer.status_code == 409
    assert "is not settled" in answer.json()["title"] + answer.json()["detail"]
    assert console.worker.calls == []


def test_verify_that_is_sent_again_is_answered_though_the_file_runs_again(console: ConsoleStage) -> None:
    """Whoever lost the answer gets the action that has begun, not a refusal."""
    entry = console.stage.process("orders.csv", csv_file(*GOOD_ROWS))
    browser, path = console.browser(), f"/api/files/{entry.file_id}/actions"
    asked = {"kind": "verify", "action_id": console.action_id()}
    first = browser.post(path, json=asked)
    browser.post(path, json={"kind": "reprocess"}).raise_for_status()

    second = browser.post(path, json=asked)

    assert (first.status_code, second.status_code) == (200, 200)
    assert second.json()["action_id"] == asked["action_id"]
    assert len(console.worker.calls) == 1


def test_viewer_may_not_verify(console: ConsoleStage) -> None:
    """It costs money, and stands in the log of actions."""
    entry = processed(console)

    answer = console.browser(VIEWER).post(f"/api/files/{entry.file_id}/actions", json={"kind": "verify"})

    assert answer.status_code == 403


def test_many_files_are_verified_one_by_one(console: ConsoleStage) -> None:
    """One that differs, or is under way, takes nothing from the others."""
    entries = [processed(console, f"{number}.csv", number + 1) for number in range(3)]
    delete_order(console.stage, "1.csv-0", entries[1])
    change_ledger(console.stage, entries[2].file_id, "file", state=FileState.REPROCESSING)
    ids = [entry.file_id for entry in entries]

    console.browser().post("/api/files/actions", json={"kind": "verify", "file_ids": ids})
    done = work(console)

    assert (done.done, done.failed, done.skipped) == (1, 1, 1)
    assert done.error == "1.csv: 1 difference found."


def test_schedule_verifies_and_the_overview_says_so(console: ConsoleStage, capsys: pytest.CaptureFixture[str]) -> None:
    """Its files, what differs, and metrics also where nothing does."""
    entries = [processed(console, f"{number}.csv", number + 1) for number in range(2)]
    delete_order(console.stage, "1.csv-0", entries[1])

    done = run_schedule(console)

    overview = words(console.browser().get("/"))
    assert (done.who, done.done, done.failed) == ("schedule", 1, 1)
    assert "The books: 2 files verified " in overview
    assert "1 differs : 1.csv" in overview
    assert sorted(emitted(capsys.readouterr().out)) == [(0, 0), (1, 0), (1, 1)]


def test_repeated_event_finds_its_action_and_sample(console: ConsoleStage) -> None:
    """EventBridge may deliver an event twice, and Lambda repeats one whose worker died."""
    processed(console)
    first = begin_scheduled_audit(console.console, EVENT)
    processed(console, "later.csv", 2)

    again = begin_scheduled_audit(console.console, EVENT)

    assert (again.action_id, again.selection) == (first.action_id, first.selection)
    assert begin_scheduled_audit(console.console, EVENT | {"time": "2031-10-09T16:53:06Z"}) != first


def test_wrong_counter_is_found(console: ConsoleStage) -> None:
    """One file more than there is; the overview names both numbers."""
    entry = processed(console)
    table = FilesTable(console.stage.clients.files, "files")
    table.update_item(ItemUpdate("counts", f"shard#{entry.file_id[:1]}", add={"partial": 1}))

    done = run_schedule(console)

    wrong = "The counter says 2 partial files; there are 1."
    assert done.error == wrong
    assert wrong in words(console.browser().get("/"))


def test_right_counters_are_found_right(console: ConsoleStage) -> None:
    """Of files in every state, and of rejected rows."""
    processed(console)
    console.stage.process("b.csv", csv_file(*GOOD_ROWS))
    console.stage.process("c.csv", b"%PDF-1.7")

    assert console.console.recount.compare() == ()


def test_sample_takes_what_differed_then_new_files_then_any(console: ConsoleStage) -> None:
    """It is the same for the same time, has no file twice, and leaves out what is not settled."""
    ids = [put_file(console.stage, number) for number in range(60)]
    put_file(console.stage, 60, state=FileState.PROCESSING)
    at = from_iso("2026-11-22T00:01:30.000000Z")
    files = console.console.files

    sample = draw_sample(files, ids[:1], at, 10)

    assert sample[0] == ids[0]
    assert len(sample) == len(set(sample)) == 10
    assert set(sample) <= set(ids)
    assert draw_sample(files, ids[:1], at, 10) == sample
    assert draw_sample(files, ids[:1], from_iso("2026-11-22T00:01:31.000000Z"), 10) != sample


def test_empty_ledger_has_an_empty_sample(console: ConsoleStage) -> None:
    """The audit is done at once."""
    done = run_schedule(console)

    assert (done.state, done.expected) == (ActionState.DONE, 0)
    assert "0 files verified" in words(console.browser().get("/"))


def test_result_outlives_the_worker(console: ConsoleStage) -> None:
    """The ledger has the result with the time, the person and the run that it speaks of."""
    entry = processed(console)
    press_verify(console, entry)
    action = work(console)

    story = console.console.files.read_story(entry.file_id)

    assert story is not None
    assert story.audit is not None
    assert (story.audit.state, story.audit.run_id) == (AuditState.VERIFIED, entry.run_id)
    assert (story.audit.who, story.audit.action_id) == ("operator@example.com", action.action_id)
    assert story.audit.at >= to_iso(from_iso(entry.settled_at))


@pytest.mark.parametrize(("monitoring", "rings"), [("small", True), ("full", False)])
def test_differences_ring_without_a_metric_where_monitoring_is_small(
    stage: Stage, monitoring: str, rings: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    """The worker fails in each of Lambda's tries, and the alarm on failed actions rings."""
    console = ConsoleStage(stage, monitoring=monitoring)
    delete_order(stage, "a.csv-0", processed(console))
    action = run_schedule(console)

    failures = []
    for _ in range(3):
        try:
            fail_if_books_differ(console.console, action.action_id)
        except BooksDifferError as error:
            failures.append(str(error))

    assert len(failures) == (3 if rings else 0)
    assert bool(emitted(capsys.readouterr().out)) is not rings


def test_audit_that_fails_does_not_stop_those_behind_it(console: ConsoleStage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever goes wrong with one file: the action names it, and nothing is called a difference."""
    entries = [processed(console, f"{number}.csv", number + 1) for number in range(2)]
    whole = Auditor.audit

    def audit(auditor: Auditor, file_id: str, *given: Any, **named: Any) -> Any:
        if file_id == entries[0].file_id:
            raise RecursionError("too deep")
        return whole(auditor, file_id, *given, **named)

    monkeypatch.setattr(Auditor, "audit", audit)
    console.browser().post(
        "/api/files/actions", json={"kind": "verify", "file_ids": [entry.file_id for entry in entries]}
    )

    done = work(console)

    assert (done.done, done.failed) == (1, 1)
    assert done.error == "0.csv could not be verified: RecursionError: too deep"
    assert console.console.audits.read_books().differing == ()
