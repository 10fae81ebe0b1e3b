"""Tests for reading the log lines of a run."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from admin_api.monitoring.logs import MOST_LINES, LogReader, LogScope

SINCE = datetime(2026, 11, 25, 18, 47, tzinfo=UTC)
UNTIL = SINCE + timedelta(seconds=3)


class FakeLogs:
    """Returns pages of lines, one a call, and records the requests."""

    def __init__(self, *pages: list[dict[str, Any]], code: str = "") -> None:
        self.pages = list(pages)
        self.code = code
        self.asked: list[dict[str, Any]] = []

    def filter_log_events(self, **request: Any) -> dict[str, Any]:
        """Return the lines of the next page that hold a term, with a token while there are more."""
        self.asked.append(request)
        if self.code:
            raise ClientError({"Error": {"Code": self.code, "Message": "no"}}, "FilterLogEvents")
        terms = re.findall('"([^"]+)"', request["filterPattern"])
        lines = [text for text in map(json.dumps, self.pages.pop(0)) if any(term in text for term in terms)]
        events = [{"timestamp": int(SINCE.timestamp() * 1000), "message": text} for text in lines]
        return {"events": events, **({"nextToken": "more"} if self.pages else {})}


def line(event: str, *, second: int = 0, **fields: str) -> dict[str, Any]:
    """Make a log line."""
    return {"level": "INFO", "message": event, "timestamp": f"2026-11-25 18:47:0{second},000+0000", **fields}


def read(fake: FakeLogs, scope: LogScope) -> Any:
    """Read with a fake client."""
    return LogReader(fake, "/aws/lambda/processor").read_log_lines(scope, SINCE, UNTIL)  # type: ignore[arg-type]


def test_run_has_the_lines_of_its_request_without_other_runs() -> None:
    """Lines before the run has an id belong to it; a line that only mentions the request in a field does not."""
    fake = FakeLogs(
        [
            line("file_processed", second=2, function_request_id="r1", run_id="run-1"),
            line("message_read", second=1, function_request_id="r1"),
            line("file_failed", function_request_id="r1", run_id="run-2"),
            line("delivery_ignored", function_request_id="r2", note="after r1"),
        ]
    )

    page = read(fake, LogScope(run_id="run-1", request_id="r1"))

    assert [each.event for each in page.lines] == ["message_read", "file_processed"]
    assert page.complete
    assert fake.asked[0]["filterPattern"] == '?"r1" ?"run-1"'


def test_run_in_several_invocations_has_the_lines_of_all() -> None:
    """A large file is planned, stored range by range and settled, each step in a request of its own."""
    fake = FakeLogs(
        [
            line("file_handed_over", second=0, function_request_id="r1", run_id="run-1"),
            line("range_stored", second=1, function_request_id="r2", run_id="run-1"),
            line("range_stored", second=2, function_request_id="r3", run_id="run-2"),
            line("file_processed", second=3, function_request_id="r4", run_id="run-1"),
            line("invocation_reported", second=4, function_request_id="r4"),
        ]
    )

    page = read(fake, LogScope(run_id="run-1", request_id="r4"))

    assert [each.event for each in page.lines] == [
        "file_handed_over",
        "range_stored",
        "file_processed",
        "invocation_reported",
    ]


def test_run_without_a_request_id_is_found_by_its_run_id() -> None:
    """The ledger has no request id of a run that died."""
    fake = FakeLogs([line("run_began", run_id="run-1", function_request_id="r1")])

    page = read(fake, LogScope(run_id="run-1"))

    assert [each.event for each in page.lines] == ["run_began"]
    assert fake.asked[0]["filterPattern"] == '"run-1"'


def test_request_has_the_lines_of_every_run_in_it() -> None:
    """A trace's page shows all lines of its invocation."""
    fake = FakeLogs(
        [line("a", function_request_id="r1", run_id="run-1"), line("b", function_request_id="r1", run_id="run-2")]
    )

    assert len(read(fake, LogScope(request_id="r1")).lines) == 2


def test_search_begins_before_the_run_and_ends_after_it() -> None:
    """The invocation's own lines come before and after those of the run."""
    fake = FakeLogs([])

    read(fake, LogScope(run_id="run-1"))

    assert fake.asked[0]["startTime"] < SINCE.timestamp() * 1000
    assert fake.asked[0]["endTime"] > UNTIL.timestamp() * 1000


def test_empty_pages_are_followed_up_to_a_limit() -> None:
    """CloudWatch may return empty pages while it searches; after some calls the result is marked incomplete."""
    found = read(FakeLogs([], [], [line("run_began", run_id="run-1")]), LogScope(run_id="run-1"))
    given_up = FakeLogs(*([] for _ in range(50)))

    page = read(given_up, LogScope(run_id="run-1"))

    assert [each.event for each in found.lines] == ["run_began"]
    assert not page.complete
    assert len(given_up.asked) == 5


def test_too_many_lines_are_cut_and_marked() -> None:
    """The first lines are returned, marked incomplete."""
    page = read(FakeLogs([line("x", run_id="run-1") for _ in range(MOST_LINES + 1)]), LogScope(run_id="run-1"))

    assert len(page.lines) == MOST_LINES
    assert not page.complete


def test_missing_log_group_has_no_lines() -> None:
    """A missing log group is not an error; any other refusal is raised."""
    assert read(FakeLogs(code="ResourceNotFoundException"), LogScope(run_id="run-1")).lines == ()
    with pytest.raises(ClientError):
        read(FakeLogs(code="AccessDeniedException"), LogScope(run_id="run-1"))
