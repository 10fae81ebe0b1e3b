"""The reader of log lines on moto."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from admin_api.monitoring.logs import LogReader, LogScope

if TYPE_CHECKING:
    from collections.abc import Callable


NOW = datetime.now(UTC).replace(second=30, microsecond=0)


def test_log_lines_of_a_run_are_read_from_its_log_group(client: Callable[[str], Any]) -> None:
    """The quoted term finds the lines, their fields decide, and the time window bounds the search."""
    logs = client("logs")
    logs.create_log_group(logGroupName="/aws/lambda/processor")
    logs.create_log_stream(logGroupName="/aws/lambda/processor", logStreamName="one")
    said = [
        (NOW, {"level": "INFO", "message": "run_began", "run_id": "run-1"}),
        (NOW, {"level": "INFO", "message": "run_began", "run_id": "run-2"}),
        (NOW - timedelta(hours=2), {"level": "INFO", "message": "long_ago", "run_id": "run-1"}),
    ]
    logs.put_log_events(
        logGroupName="/aws/lambda/processor",
        logStreamName="one",
        logEvents=[
            {"timestamp": int(at.timestamp() * 1000), "message": json.dumps(line)} for at, line in sorted_by_time(said)
        ],
    )

    page = LogReader(logs, "/aws/lambda/processor").read_log_lines(LogScope(run_id="run-1"), NOW, NOW)

    assert [line.event for line in page.lines] == ["run_began"]
    assert page.complete


def sorted_by_time(lines: list[tuple[datetime, Any]]) -> list[tuple[datetime, Any]]:
    """Order lines as PutLogEvents wants them."""
    return sorted(lines, key=lambda line: line[0])
