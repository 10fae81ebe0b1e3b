"""Actions on files, on moto: the question beforehand, what it refuses, and the work to its end."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import pytest

from admin_api.actions import bulk_files
from processor.domain.actions import ActionState
from processor.domain.file_states import FileState
from processor.ledger.file_list import FileFilter, FileList
from processor.messaging.messages import reprocess_body
from tests.integration.admin_api.console import VIEWER, words
from tests.integration.admin_api.file_actions import hidden_fields, messages, work
from tests.integration.file_items import put_file
from tests.integration.kill import Kill, Killer
from tests.integration.stage import GOOD_ROWS, csv_file

if TYPE_CHECKING:
    from collections.abc import Iterator

    from httpx2 import Response
    from starlette.testclient import TestClient

    from processor.domain.entries import FileEntry
    from tests.integration.admin_api.console import ConsoleStage
    from tests.integration.stage import Stage


def failed_files(stage: Stage, number: int) -> list[FileEntry]:
    """Fail some files."""
    return [stage.process(f"bad-{each}.csv", b"%PDF" + bytes([each])) for each in range(number)]


def read(stage: Stage, entry: FileEntry) -> FileEntry:
    """Read a file anew."""
    now = stage.services.ledger.read_file(entry.file_id)
    assert now is not None
    return now


@contextmanager
def killing(console: ConsoleStage, killer: Killer) -> Iterator[None]:
    """Let the console die at one of its own calls to DynamoDB, S3 and SQS."""
    clients = (console.console.dynamodb, console.console.s3, console.console.sqs)
    for client in clients:
        client.meta.events.register("before-call", killer._before)
        client.meta.events.register("after-call", killer._after)
    try:
        yield
    finally:
        for client in clients:
            client.meta.events.unregister("before-call", killer._before)
            client.meta.events.unregister("after-call", killer._after)


def post(browser: TestClient, question: Response, **more: Any) -> Response:
    """Answer a question with its form."""
    return browser.post("/files/actions", data=hidden_fields(question) | more)


def test_viewer_sees_no_boxes_and_is_refused(console: ConsoleStage) -> None:
    """An action that is not available is refused if it is posted by hand."""
    [entry] = failed_files(console.stage, 1)
    browser = console.browser(VIEWER)
    form = {"kind": "reprocess", "file_id": entry.file_id, "action_id": console.action_id()}

    assert 'type="checkbox" name="file_id"' not in browser.get("/files").text
    assert browser.get(f"/files/actions?kind=reprocess&file_id={entry.file_id}").status_code == 403
    assert browser.post("/files/actions", data=form).status_code == 403
    assert read(console.stage, entry).state is FileState.FAILED


def test_one_file_is_reprocessed_at_once_and_once(console: ConsoleStage) -> None:
    """A double click is one action with one message; the log says who, and the page leads to the file."""
    stage, browser = console.stage, console.browser()
    [entry] = failed_files(stage, 1)
    question = browser.get(f"/files/actions?kind=reprocess&file_id={entry.file_id}")
    assert "Reprocess 1 file?" in words(question)

    first, second = post(browser, question), post(browser, question)

    assert (first.status_code, first.headers["location"]) == (303, f"/files/{entry.file_id}")
    assert second.headers["location"] == first.headers["location"]
    assert messages(stage) == [reprocess_body(entry.file_id)]
    assert read(stage, entry).state is FileState.REPROCESSING
    [action] = console.console.actions.list_actions().actions
    assert (action.who, action.subject, action.state, action.done) == (
        "operator@example.com",
        "bad-0.csv",
        ActionState.DONE,
        1,
    )
    assert "bad-0.csv was asked to run again." in words(browser.get(f"/files/{entry.file_id}"))


def test_dismissing_needs_a_reason(console: ConsoleStage) -> None:
    """It is kept for those who ask later; without one nothing happens."""
    stage, browser = console.stage, console.browser()
    [entry] = failed_files(stage, 1)
    question = browser.get(f"/files/actions?kind=dismiss&file_id={entry.file_id}")

    refused = post(browser, question, reason="  ")
    assert refused.status_code == 422
    assert read(stage, entry).state is FileState.FAILED

    post(browser, question, reason="Sent\n by mistake. ")

    assert read(stage, entry).state is FileState.DISMISSED
    assert stage.objects("failed-data/") == []
    [action] = console.console.actions.list_actions().actions
    assert action.reason == "Sent by mistake."


def test_duplicate_is_processed_anyway(console: ConsoleStage) -> None:
    """With a warning before, since it cannot be taken back."""
    stage, browser = console.stage, console.browser()
    stage.process("first.csv", csv_file(*GOOD_ROWS))
    entry = stage.process("again.csv", csv_file(*GOOD_ROWS))
    question = browser.get(f"/files/actions?kind=process_anyway&file_id={entry.file_id}")
    assert "To undo it, void the file." in words(question)

    post(browser, question)
    for body in messages(stage):
        stage.handle(stage.message(body))

    assert read(stage, entry).state is FileState.PROCESSED
    assert len(stage.orders()) == 4


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        ("dismiss", "there is nothing to dismiss"),
        ("process_anyway", "is not held as a duplicate"),
    ],
)
def test_what_its_state_does_not_allow_is_refused(console: ConsoleStage, kind: str, why: str) -> None:
    """Whether it is asked for in a form or forced by a post; a refused action stands in the log."""
    stage, browser = console.stage, console.browser()
    entry = stage.process("good.csv", csv_file(*GOOD_ROWS))
    form = {"kind": kind, "file_id": entry.file_id, "action_id": console.action_id(), "reason": "Because."}

    asked = browser.get(f"/files/actions?kind={kind}&file_id={entry.file_id}")
    forced = browser.post("/files/actions", data=form)

    assert (asked.status_code, forced.status_code) == (409, 409)
    assert why in words(asked)
    assert why in words(forced)
    assert read(stage, entry) == entry
    [action] = console.console.actions.list_actions().actions
    assert action.state is ActionState.FAILED


def test_file_that_moved_on_is_refused_after_the_question(console: ConsoleStage) -> None:
    """If another operator was faster, the second one sees it, and nothing is done twice."""
    stage = console.stage
    [entry] = failed_files(stage, 1)
    ada, grace = console.browser(), console.browser()
    questions = [each.get(f"/files/actions?kind=dismiss&file_id={entry.file_id}") for each in (ada, grace)]

    post(ada, questions[0], reason="By Ada.")
    stage.services.ledger.request_reprocess(entry.file_id)
    late = post(grace, questions[1], reason="By Grace.")

    assert late.status_code == 409
    assert read(stage, entry).state is FileState.REPROCESSING


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("step", range(7))
def test_death_in_the_middle_of_an_action_is_made_up_for_by_asking_again(
    console: ConsoleStage, step: int, after: bool
) -> None:
    """Whichever call it dies at: the same form, posted again, leaves one file that is due to run, and its message."""
    stage, browser = console.stage, console.browser()
    [entry] = failed_files(stage, 1)
    question = browser.get(f"/files/actions?kind=reprocess&file_id={entry.file_id}")
    with suppress(Kill), killing(console, Killer(step, after)):
        post(browser, question)

    post(browser, question)

    assert read(stage, entry).state is FileState.REPROCESSING
    assert set(messages(stage)) == {reprocess_body(entry.file_id)}
    [action] = console.console.actions.list_actions().actions
    assert action.is_finished


def test_several_files_are_done_by_the_worker(console: ConsoleStage) -> None:
    """The ones that cannot be are named before; the others get their run, and each one's story says so."""
    stage, browser = console.stage, console.browser()
    bad = failed_files(stage, 3)
    stage.process("good.csv", csv_file(*GOOD_ROWS))
    duplicate = stage.process("again.csv", csv_file(*GOOD_ROWS))
    ticked = "&".join(f"file_id={entry.file_id}" for entry in [*bad, duplicate])
    question = browser.get(f"/files/actions?kind=reprocess&{ticked}&file_id=nobody")
    assert "Reprocess 3 files?" in words(question)
    assert "again.csv is held as a duplicate" in words(question)
    assert "1 of the selected files no longer exists" in words(question)

    answer, again = post(browser, question), post(browser, question)
    assert answer.headers["location"] == again.headers["location"]
    assert len(console.worker.calls) == 1
    done = work(console)

    assert (done.state, done.done, done.skipped, done.failed) == (ActionState.DONE, 3, 0, 0)
    assert sorted(messages(stage)) == sorted(reprocess_body(entry.file_id) for entry in bad)
    assert {read(stage, entry).state for entry in bad} == {FileState.REPROCESSING}
    assert read(stage, duplicate).state is FileState.DUPLICATE
    story = FileList(stage.clients.files, "files").read_story(bad[0].file_id)
    assert story is not None
    assert [(action.action_id, action.part_of_many) for action in story.actions] == [(done.action_id, True)]


def test_all_that_match_are_done_and_no_later_ones(console: ConsoleStage) -> None:
    """The filter is kept as it was; a file that comes in between the question and the work is not meant."""
    stage, browser = console.stage, console.browser()
    bad = failed_files(stage, 3)
    question = browser.get("/files/actions?kind=dismiss&all=1&state=failed")
    assert "Dismiss 3 files?" in words(question)
    late = stage.process("late.csv", b"%PDF-late")

    answer = post(browser, question, reason="Old tests.", rate="0")
    done = work(console)

    assert answer.headers["location"] == f"/activity/{done.action_id}"
    assert (done.state, done.done, done.expected) == (ActionState.DONE, 3, 3)
    assert {read(stage, entry).state for entry in bad} == {FileState.DISMISSED}
    assert read(stage, late).state is FileState.FAILED
    assert console.console.counters.read_counts().at_rest[FileState.DISMISSED] == 3


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("kind", ["reprocess", "dismiss"])
def test_worker_may_die_at_any_call(console: ConsoleStage, kind: str, after: bool) -> None:
    """Its successor goes on until every file is done, also the one that no longer matches the filter."""
    stage, browser = console.stage, console.browser()
    bad = failed_files(stage, 3)
    post(browser, browser.get(f"/files/actions?kind={kind}&all=1&state=failed"), rate="0", reason="Old.")
    call = console.worker.calls[0]
    step, died = 0, True
    while died:
        killer = Killer(step, after)
        console.worker.calls = [call]
        try:
            with killing(console, killer):
                done = work(console)
            died = False
        except Kill:
            step += 3  # Every third call, each time from where the last worker died.

    assert step > 6
    assert done.state is ActionState.DONE
    assert done.done <= 3
    if kind == "dismiss":
        assert {read(stage, entry).state for entry in bad} == {FileState.DISMISSED}
        assert stage.objects("failed-data/") == []
    else:
        assert {read(stage, entry).state for entry in bad} == {FileState.REPROCESSING}
        assert set(messages(stage)) == {reprocess_body(entry.file_id) for entry in bad}


def test_file_that_fails_to_be_done_does_not_stop_the_others(
    console: ConsoleStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Failures are counted, and the last error is shown."""
    failed_files(console.stage, 3)
    browser = console.browser()
    post(browser, browser.get("/files/actions?kind=reprocess&all=1&state=failed"))
    send, sent = console.console.sqs.send_message, []

    def fail_once(**request: Any) -> Any:
        sent.append(request)
        if len(sent) == 2:
            raise console.console.sqs.exceptions.OverLimit({"Error": {"Code": "OverLimit"}}, "SendMessage")
        return send(**request)

    monkeypatch.setattr(console.console.sqs, "send_message", fail_once)
    done = work(console)

    assert (done.state, done.done, done.failed) == (ActionState.DONE, 2, 1)
    assert "SendMessage failed: OverLimit." in done.error


def test_number_of_matching_files_is_honest(console: ConsoleStage, monkeypatch: pytest.MonkeyPatch) -> None:
    """The confirmation says so if counting all files would take too long."""
    monkeypatch.setattr("processor.ledger.file_list.MOST_SEARCHED", 2)
    for number in range(12):
        put_file(console.stage, number, state=FileState.FAILED, cause="empty")

    text = words(console.browser().get("/files/actions?kind=reprocess&all=1&state=failed&cause=empty"))

    assert "Reprocess 10 or more files?" in text
    assert "10 were counted before counting stopped; there are more." in text


@pytest.mark.parametrize(
    "query",
    ["kind=redrive&file_id=x", "kind=reprocess", "kind=sing&file_id=x", "kind=reprocess&all=1&state=failed"],
)
def test_question_about_nothing_is_refused(console: ConsoleStage, query: str) -> None:
    """Another kind, no file, no file that matches."""
    assert console.browser().get(f"/files/actions?{query}").status_code in {409, 422}


def test_question_about_unknown_files_is_a_404(console: ConsoleStage) -> None:
    """Somebody kept an old address."""
    assert console.browser().get("/files/actions?kind=reprocess&file_id=nobody").status_code == 404


def test_form_without_its_id_or_its_bound_is_refused(console: ConsoleStage) -> None:
    """Neither could be done once, or to what was shown."""
    browser = console.browser()

    for form in (
        {"kind": "reprocess", "file_id": "x", "action_id": "1"},
        {"kind": "reprocess", "action_id": console.action_id()},
        {"kind": "reprocess", "all": "1", "state": "failed", "action_id": console.action_id()},
        {"kind": "upload", "file_id": "x", "action_id": console.action_id()},
    ):
        assert browser.post("/files/actions", data=form).status_code == 422
    assert console.worker.calls == []
    assert console.console.actions.list_actions().actions == ()


@pytest.mark.parametrize("ids", [[""], ["", "b"], ["x" * 3_000]])
def test_ids_that_no_file_can_have_begin_no_action(console: ConsoleStage, ids: list[str]) -> None:
    """They would be read from the table for ever: refused at the door, whoever sends them."""
    browser = console.browser()

    asked = browser.get("/files/actions", params={"kind": "reprocess", "file_id": ids})
    form = {"kind": "reprocess", "file_id": ids, "action_id": console.action_id()}
    posted = browser.post("/files/actions", data=form)
    by_api = browser.post("/api/files/actions", json={"kind": "reprocess", "file_ids": ids})

    assert (asked.status_code, posted.status_code, by_api.status_code) == (422, 422, 422)
    assert console.worker.calls == []


def test_selection_survives_the_log() -> None:
    """A filter is the same when it comes back."""
    wanted = FileFilter(state=FileState.FAILED, since="a", until="b", name="n", cause="c", rejected=True)

    assert bulk_files.filter_of(bulk_files.selection_of(wanted)) == wanted
    assert bulk_files.filter_of(bulk_files.selection_of(FileFilter())) == FileFilter()
