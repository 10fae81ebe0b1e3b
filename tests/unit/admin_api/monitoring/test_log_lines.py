"""Tests for parsing log lines."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from admin_api.monitoring.log_lines import LogLine, parse_log_line

AT = datetime(2026, 11, 25, 18, 47, 12, tzinfo=UTC)
REQUEST = "8c7f1c0e-4f5b-4f5e-9d63-0d6d6d1c2b3a"


def powertools(**more: Any) -> str:
    """Write a line as Powertools does."""
    line = {
        "level": "WARNING",
        "location": "_give_back:245",
        "message": "run_failed",
        "timestamp": "2026-11-25 18:47:11,250+0000",
        "service": "processor",
        "cold_start": False,
        "function_request_id": REQUEST,
        "xray_trace_id": "1-5759e988-bd862e3fe1be46a994272793",
        "file_id": "f1",
        "run_id": "run-1",
        "cause": "InternalError",
    }
    return json.dumps(line | more)


def read(text: str) -> LogLine:
    """Parse a line that is an event."""
    line = parse_log_line(text, AT)
    assert line is not None
    return line


def test_line_of_the_processor_gives_time_level_event_and_fields() -> None:
    """Fields that every line of a run has are left out."""
    line = read(powertools(consumed_write_units="12", exception="Traceback (most recent call last): …"))

    assert line.at == datetime(2026, 11, 25, 18, 47, 11, 250_000, tzinfo=UTC)
    assert (line.level, line.event, line.location) == ("WARNING", "run_failed", "_give_back:245")
    assert line.fields == (("cause", "InternalError"), ("consumed_write_units", "12"))
    assert line.exception.startswith("Traceback")
    assert (line.run_id, line.request_id) == ("run-1", REQUEST)
    assert line.is_bad


def test_metrics_and_start_and_end_lines_are_left_out() -> None:
    """They are in the same log, but are not events."""
    assert parse_log_line(json.dumps({"_aws": {"Timestamp": 1}, "FilesReceived": 1}), AT) is None
    assert parse_log_line(f"START RequestId: {REQUEST} Version: $LATEST", AT) is None
    assert parse_log_line(f"END RequestId: {REQUEST}", AT) is None
    assert parse_log_line(json.dumps({"time": "…", "type": "platform.start", "record": {}}), AT) is None
    assert parse_log_line("  \n", AT) is None


def test_report_of_an_invocation_is_parsed_as_text_and_as_json() -> None:
    """Lambda writes JSON on AWS and plain text elsewhere."""
    text = f"REPORT RequestId: {REQUEST}\tDuration: 12 ms\tBilled Duration: 13 ms\tMemory Size: 256 MB\t\n"
    report = {"requestId": REQUEST, "status": "timeout", "metrics": {"durationMs": 12.5, "maxMemoryUsedMB": 90}}
    document = {"time": "2026-11-25T18:47:11.250Z", "type": "platform.report", "record": report}

    plain, structured = read(text), read(json.dumps(document))

    assert (plain.event, plain.request_id) == ("invocation_reported", REQUEST)
    assert plain.fields == (("Duration", "12 ms"), ("Billed Duration", "13 ms"), ("Memory Size", "256 MB"))
    assert structured.fields == (("durationMs", "12.5"), ("maxMemoryUsedMB", "90"), ("status", "timeout"))
    assert (structured.level, structured.at.microsecond) == ("ERROR", 250_000)


def test_line_without_a_readable_time_gets_cloudwatchs() -> None:
    """A time that is missing or has no zone is replaced by the time of receipt."""
    assert read(powertools(timestamp="2026-11-25 18:47:11")).at == AT
    assert read(powertools(timestamp=None)).at == AT


def test_plain_text_and_json_without_an_object_are_events() -> None:
    """Nothing that the runtime writes is lost."""
    assert read(f"{REQUEST} Task timed out after 3.00 seconds").request_id == REQUEST
    assert read("[1, 2]").event == "[1, 2]"
    assert read(powertools(level="NOTICE")).level == ""
