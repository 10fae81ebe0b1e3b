"""Parses one line of the processor's log: its time, level, event and fields. Pure.

Lines are Powertools' JSON, Lambda's own reports (JSON on AWS, plain text elsewhere), or plain text of the runtime.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
_SHOWN_ELSEWHERE = frozenset({
    "level", "message", "timestamp", "service", "location", "sampling_rate", "exception", "exception_name",
    "stack_trace", "cold_start", "function_name", "function_memory_size", "function_arn", "function_request_id",
    "xray_trace_id", "file_id", "object_key", "run_id", "message_id", "receive_count",
})  # fmt: skip
"""Not shown as fields: bound to every line of a run and shown once above them, or shown in another way."""
_REQUEST_ID = re.compile(r"\b(?:RequestId: |)([0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12})\b")


@dataclass(frozen=True, slots=True)
class LogLine:
    """One log line."""

    at: datetime
    level: str
    """``DEBUG`` to ``CRITICAL``; "" where the line has none."""
    event: str
    fields: tuple[tuple[str, str], ...] = ()
    exception: str = ""
    """The traceback, if there is one."""
    location: str = ""
    run_id: str = ""
    request_id: str = ""

    @property
    def is_bad(self) -> bool:
        """Whether it is a warning or worse."""
        return self.level in {"WARNING", "ERROR", "CRITICAL"}


def parse_log_line(text: str, at: datetime) -> LogLine | None:
    """Parse a line that CloudWatch received at this time; None for metrics and Lambda's START and END lines."""
    try:
        document = json.loads(text)
    except ValueError:
        return _parse_plain_line(text.strip(), at)
    if not isinstance(document, dict):
        return _parse_plain_line(text.strip(), at)
    if "_aws" in document:  # The invocation's metrics.
        return None
    if str(document.get("type", "")).startswith("platform."):
        return _parse_platform_line(document, at)
    level = str(document.get("level", "")).upper()
    return LogLine(
        at=_line_time(document.get("timestamp"), at),
        level=level if level in _LEVELS else "",
        event=str(document.get("message", document.get("errorMessage", ""))),
        fields=tuple((name, _field_text(value)) for name, value in document.items() if name not in _SHOWN_ELSEWHERE),
        exception=str(document.get("exception", "")),
        location=str(document.get("location", "")),
        run_id=str(document.get("run_id", "")),
        request_id=str(document.get("function_request_id") or document.get("requestId") or ""),
    )


def _parse_plain_line(text: str, at: datetime) -> LogLine | None:
    if not text or text.startswith(("START RequestId", "END RequestId")):
        return None
    match = _REQUEST_ID.search(text)
    request_id = match[1] if match else ""
    if text.startswith("REPORT RequestId"):
        parts = [part.partition(":") for part in text.split("\t")[1:] if ":" in part]
        fields = tuple((name.strip(), value.strip()) for name, _, value in parts)
        return LogLine(at, "", "invocation_reported", fields, request_id=request_id)
    return LogLine(at, "", text, request_id=request_id)


def _parse_platform_line(document: Mapping[str, Any], at: datetime) -> LogLine | None:
    """Parse a line of Lambda's own; None unless it is an invocation's report.

    https://docs.aws.amazon.com/lambda/latest/dg/telemetry-schema-reference.html
    """
    record = document.get("record")
    if document["type"] != "platform.report" or not isinstance(record, dict):
        return None
    fields = {**record.get("metrics", {}), "status": record.get("status", "")}
    shown = tuple((name, _field_text(value)) for name, value in fields.items() if value != "")
    level = "" if record.get("status") in {None, "success"} else "ERROR"
    request_id = str(record.get("requestId", ""))
    return LogLine(_line_time(document.get("time"), at), level, "invocation_reported", shown, request_id=request_id)


def _line_time(text: object, otherwise: datetime) -> datetime:
    """Read the line's own time, which has milliseconds; use the other one if it has no zone or cannot be read."""
    try:
        moment = datetime.fromisoformat(str(text).replace(",", "."))
    except ValueError:
        return otherwise
    return moment if moment.tzinfo else otherwise


def _field_text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
