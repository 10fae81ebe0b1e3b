"""Tests for the page of a run and the page of a trace, on moto."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from admin_api.monitoring.logs import LogPage, LogScope
from processor.domain.entries import RunEntry, from_iso, to_iso
from processor.domain.object_keys import file_id
from processor.ledger.run_begin import RunStart
from processor.wiring.invocation import Invocation
from tests.clocks import TickingClock
from tests.integration.admin_api.console import words
from tests.integration.stage import BAD_ROW, GOOD_ROWS, csv_file

if TYPE_CHECKING:
    from processor.domain.entries import FileEntry
    from tests.integration.admin_api.console import ConsoleStage
    from tests.integration.stage import Stage

UPSTREAM = "1-5759e988-0123456789abcdef01234567"
REQUEST = "8c7f1c0e-4f5b-4f5e-9d63-0d6d6d1c2b3a"


def trace_id_of(moment: datetime) -> str:
    """Make a trace id of this moment."""
    return f"1-{int(moment.timestamp()):08x}-bd862e3fe1be46a994272793"


@pytest.fixture
def traced(stage: Stage) -> str:
    """Let the stage's runs belong to a trace of now, and return its id."""
    trace_id = trace_id_of(datetime.now(UTC))
    stage.invocation = Invocation(REQUEST, trace_id, timeout_s=300, sampled=True, began=0.0, clock=TickingClock())
    return trace_id


def run_of(stage: Stage, entry: FileEntry, number: int = 0) -> RunEntry:
    """Read one of a file's runs."""
    return stage.services.ledger.list_runs(entry.file_id)[number]


def path_of(run: RunEntry) -> str:
    """Name a run's page."""
    return f"/files/{run.file_id}/runs/{run.run_id}"


def send_trace(console: ConsoleStage, run: RunEntry) -> None:
    """Store the trace of a run: its function, the run within it, and a writing that went wrong."""
    start = from_iso(run.started_at).timestamp()
    write = {
        "id": "3" * 16,
        "name": "write",
        "start_time": start,
        "end_time": start + 1,
        "fault": True,
        "cause": {"exceptions": [{"type": "ClientError", "message": "<b>Rate exceeded</b>"}]},
    }
    annotations = {"file_id": run.file_id, "run_id": run.run_id, "upstream_trace_id": UPSTREAM}
    inner = {"id": "2" * 16, "name": "run", "start_time": start, "end_time": start + 2, "annotations": annotations}
    segment = {
        "id": "1" * 16,
        "trace_id": run.trace_id,
        "name": "waybill-test-processor",
        "start_time": start,
        "end_time": start + 2,
        "aws": {"request_id": run.request_id},
        "subsegments": [inner | {"subsegments": [write]}],
    }
    console.console.client("xray").put_trace_segments(TraceSegmentDocuments=[json.dumps(segment)])


def send_log(
    console: ConsoleStage, run: RunEntry, event: str, *, after: timedelta = timedelta(milliseconds=500), **fields: Any
) -> None:
    """Store one log line of a run, some time after its beginning."""
    at = from_iso(run.started_at) + after
    line = {
        "level": "WARNING",
        "message": event,
        "timestamp": at.isoformat(timespec="milliseconds"),
        "function_request_id": run.request_id,
        "run_id": run.run_id,
        **fields,
    }
    logs = console.console.client("logs")
    logs.create_log_group(logGroupName="/aws/lambda/processor")
    logs.create_log_stream(logGroupName="/aws/lambda/processor", logStreamName="one")
    logs.put_log_events(
        logGroupName="/aws/lambda/processor",
        logStreamName="one",
        logEvents=[{"timestamp": int(at.timestamp() * 1000), "message": json.dumps(line)}],
    )


def test_a_run_shows_its_receipt_its_counts_and_its_reasons(
    console: ConsoleStage, stage: Stage, traced: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Costs by what was used with their shares, the dearest first, and hints to save any amount."""
    monkeypatch.setattr("processor.observability.cost._HINT_FROM_USD", 0)
    entry = stage.process("orders.csv", csv_file(*GOOD_ROWS, BAD_ROW))
    run = run_of(stage, entry)

    page = words(console.browser().get(path_of(run)))

    assert "Run 1" in page
    assert "Rows accepted 2 Rows rejected 1" in page
    assert "SQS: requests $0.0000012" in page
    assert page.index("SQS: requests") < page.index("Lambda: request")
    assert f"Total ${float(run.estimated_cost):.7f}" in page
    assert "fewer, larger files are cheaper" in page


def test_a_failed_run_says_why_and_what_happens_next(
    console: ConsoleStage, stage: Stage, traced: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error is in words on top, with its cause; the runs before and after are one step away."""
    version = stage.upload("orders.csv", csv_file(*GOOD_ROWS))
    with monkeypatch.context() as patch:
        patch.setattr(stage.clients.s3, "get_object", _away)
        with pytest.raises(Exception, match="S3 is away"):
            stage.deliver(version)
    stage.deliver(version, receive_count=2)
    first, second = stage.runs(version)

    answer = console.browser().get(path_of(first))

    assert "S3 is away Cause: ConnectionError . The queue delivers the message again" in words(answer)
    assert f'rel="next" href="{path_of(second)}"' in answer.text
    assert f'rel="prev" href="{path_of(first)}"' in console.browser().get(path_of(second)).text


def _away(**_: Any) -> Any:
    raise ConnectionError("S3 is away")


def test_trace_and_log_lines_share_the_keys_by_which_they_light_up(
    console: ConsoleStage, stage: Stage, traced: str
) -> None:
    """A line written while "write" ran carries its key; exceptions are text, whatever they hold."""
    run = run_of(stage, stage.process("orders.csv", csv_file(*GOOD_ROWS)))
    send_trace(console, run)
    send_log(console, run, "writes_throttled", items=12)

    answer = console.browser().get(path_of(run))

    assert 'data-part="p2" data-depth="2" data-tone="fail"' in answer.text
    assert '<li data-part="p2" tabindex="0" data-tone="warn">' in answer.text
    assert "WARNING writes_throttled items= 12" in words(answer)
    assert "ClientError: &lt;b&gt;Rate exceeded" in answer.text
    assert f'href="/traces/{UPSTREAM}"' in answer.text


@pytest.mark.parametrize(
    ("age", "sampled", "says"),
    [
        (timedelta(0), False, "This run was not sampled"),
        (timedelta(0), True, "The trace is on its way"),
        (timedelta(hours=1), True, "X-Ray has no trace with this id"),
        (timedelta(days=31), True, "The trace has expired"),
    ],
)
def test_a_trace_that_is_not_there_says_why_and_looks_again_if_it_may_come(
    console: ConsoleStage, stage: Stage, age: timedelta, sampled: bool, says: str
) -> None:
    """Only the one that is on its way makes the page ask again."""
    trace_id = trace_id_of(datetime.now(UTC) - age)
    stage.invocation = Invocation(REQUEST, trace_id, timeout_s=300, sampled=sampled)
    run = run_of(stage, stage.process("orders.csv", csv_file(*GOOD_ROWS)))

    answer = console.browser().get(path_of(run))

    assert says in words(answer)
    assert ("hx-trigger" in answer.text) == (says == "The trace is on its way")


def test_a_run_under_way_is_shown_as_far_as_it_is_known_and_keeps_looking(console: ConsoleStage, stage: Stage) -> None:
    """It has no entry of its own before it ends; the page is there all the same, from the first second."""
    version = stage.upload("orders.csv", csv_file(*GOOD_ROWS))
    now = datetime.now(UTC)
    start = RunStart("run-1", to_iso(now), "m1", 1, int(now.timestamp()), int(now.timestamp()) + 300)
    stage.services.ledger.begin_run(file_id(version), version, start)

    answer = console.browser().get(f"/files/{file_id(version)}/runs/run-1")

    page = words(answer)
    assert "Processing" in page
    assert "Still running" in page
    assert "The receipt is written when the run ends." in page
    assert "The trace comes with the end" in page
    assert "hx-trigger" in answer.text


def test_a_run_in_ranges_shows_lines_later_than_one_invocation_may_last(console: ConsoleStage, stage: Stage) -> None:
    """Its lease bounds the search: a large file's run goes on for hours, step by step."""
    version = stage.upload("orders.csv", csv_file(*GOOD_ROWS))
    began = datetime.now(UTC) - timedelta(minutes=50)
    start = RunStart("run-1", to_iso(began), "m1", 1, int(began.timestamp()), int(began.timestamp()) + 4 * 3600)
    stage.services.ledger.begin_run(file_id(version), version, start)
    run = RunEntry(file_id(version), "run-1", to_iso(began), "m1", 1, outcome="processing")
    send_log(console, run, "range_stored", after=timedelta(minutes=40))

    answer = console.browser().get(path_of(run))

    assert "WARNING range_stored" in words(answer)


@pytest.mark.parametrize("taken_over", [False, True])
def test_a_run_that_died_is_searched_for_until_its_lease_or_the_next_run(
    console: ConsoleStage, stage: Stage, taken_over: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has no end of its own; what came after its lease cannot be its."""
    version = stage.upload("orders.csv", csv_file(*GOOD_ROWS))
    began = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=3)
    next_began = began + timedelta(hours=1)
    for number, moment in enumerate([began, next_began][: 1 + taken_over], 1):
        lease_until = int(moment.timestamp()) + 1800
        start = RunStart(f"run-{number}", to_iso(moment), "m1", number, int(moment.timestamp()), lease_until)
        stage.services.ledger.begin_run(file_id(version), version, start)
    until: list[datetime] = []

    def read_log_lines(_scope: LogScope, _since: datetime, end: datetime) -> LogPage:
        until.append(end)
        return LogPage((), complete=True)

    monkeypatch.setattr(console.console.logs, "read_log_lines", read_log_lines)

    answer = console.browser().get(f"/files/{file_id(version)}/runs/run-1")

    assert answer.status_code == 200
    assert until == [next_began if taken_over else began + timedelta(minutes=30)]


def test_without_xray_and_logs_the_receipt_still_stands(
    console: ConsoleStage, stage: Stage, traced: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each part says which of its calls failed."""
    run = run_of(stage, stage.process("orders.csv", csv_file(*GOOD_ROWS)))
    refusal = {"Error": {"Code": "AccessDeniedException", "Message": ""}}

    def refuse(operation: str) -> Any:
        def call(*_: Any, **__: Any) -> Any:
            raise ClientError(refusal, operation)  # type: ignore[arg-type]

        return call

    monkeypatch.setattr(console.console.traces, "read_trace", refuse("BatchGetTraces"))
    monkeypatch.setattr(console.console.logs, "read_log_lines", refuse("FilterLogEvents"))

    answer = console.browser().get(path_of(run))

    assert answer.status_code == 200
    assert "BatchGetTraces failed: AccessDeniedException." in words(answer)
    assert "FilterLogEvents failed: AccessDeniedException." in words(answer)
    assert "Receipt" in words(answer)


def test_what_does_not_exist_is_named_and_the_way_on_is_shown(console: ConsoleStage, stage: Stage, traced: str) -> None:
    """An unknown file, an unknown run of a known one, and a text that is not a trace id."""
    entry = stage.process("orders.csv", csv_file(*GOOD_ROWS))
    browser = console.browser()

    assert browser.get("/files/nothing/runs/run-1").status_code == 404
    unknown = browser.get(f"/files/{entry.file_id}/runs/nothing")
    assert unknown.status_code == 404
    assert "orders.csv has no run" in words(unknown)
    assert browser.get("/traces/1-nonsense").status_code == 404


def test_a_bare_trace_leads_to_its_file_its_run_and_its_lines(console: ConsoleStage, stage: Stage, traced: str) -> None:
    """From an id in a log or a mail to everything else in one step."""
    run = run_of(stage, stage.process("orders.csv", csv_file(*GOOD_ROWS)))
    send_trace(console, run)
    send_log(console, run, "file_processed")

    answer = console.browser().get(f"/traces/{run.trace_id}")

    assert f'href="/files/{run.file_id}"' in answer.text
    assert f'href="{path_of(run)}"' in answer.text
    assert "WARNING file_processed" in words(answer)


def test_a_trace_that_nobody_has_says_so(console: ConsoleStage) -> None:
    """A foreign or lost id is a page and no error."""
    answer = console.browser().get("/traces/1-5759e988-bd862e3fe1be46a994272793")

    assert answer.status_code == 200
    assert "The trace has expired" in words(answer)
