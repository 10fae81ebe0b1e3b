"""Reads the processor's log group: the lines of one run or request, and the runs whose lines mention an id.

FilterLogEvents matches a quoted term anywhere in a line; the line's fields then decide whether it belongs. Lines never
hold the contents of a row (``processor.observability.telemetry``).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from admin_api.monitoring.log_lines import LogLine, parse_log_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_logs.type_defs import FilteredLogEventTypeDef

MOST_LINES = 200
_MOST_CALLS = 5
"""FilterLogEvents may return any number of empty pages with a token while it searches."""
_BEFORE, _AFTER = timedelta(seconds=10), timedelta(minutes=1)
"""The invocation begins before the run and ends after it."""


@dataclass(frozen=True, slots=True)
class LogScope:
    """The ids whose lines are read: a run's, a request's, or those of a run and of the request around it."""

    run_id: str = ""
    request_id: str = ""

    @property
    def pattern(self) -> str:
        """The filter pattern of lines with either id: a run in ranges has many requests, and some lines name no run.

        https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
        """
        terms = [f'"{term}"' for term in (self.request_id, self.run_id) if term]
        return " ".join(f"?{term}" for term in terms) if len(terms) > 1 else terms[0]

    def has(self, line: LogLine) -> bool:
        """Tell whether a line is theirs: of the request, and of no other run within it."""
        if self.run_id and line.run_id:
            return line.run_id == self.run_id
        return bool(self.request_id) and line.request_id == self.request_id


@dataclass(frozen=True, slots=True)
class LogPage:
    """Log lines in order of time."""

    lines: tuple[LogLine, ...]
    complete: bool
    """Whether these are all lines of the time searched."""


@dataclass(frozen=True, slots=True)
class LogMention:
    """A run whose log lines mention an id."""

    file_id: str
    run_id: str


class LogReader:
    """Reads one log group."""

    def __init__(self, logs: CloudWatchLogsClient, log_group: str) -> None:
        self._logs = logs
        self._log_group = log_group

    def read_log_lines(self, scope: LogScope, since: datetime, until: datetime) -> LogPage:
        """Read the lines of a run or a request within this time. Raises botocore's errors."""
        lines: list[LogLine] = []
        complete = False
        for events, is_last in self._pages(scope.pattern, since - _BEFORE, until + _AFTER):
            for event in events:
                line = parse_log_line(event["message"], datetime.fromtimestamp(event["timestamp"] / 1000, UTC))
                if line and scope.has(line):
                    lines.append(line)
            complete = is_last and len(lines) <= MOST_LINES
            if len(lines) >= MOST_LINES:
                break
        return LogPage(tuple(sorted(lines, key=lambda line: line.at)[:MOST_LINES]), complete)

    def find_mentions(self, identifier: str, since: datetime, until: datetime) -> tuple[LogMention, ...]:
        """List the runs whose lines mention the id, each once, as far as a few calls reach. Raises botocore's errors.

        The ledger finds runs by file alone; each log line of a run names its file, run, message and request.
        """
        found: dict[LogMention, None] = {}
        for events, _ in self._pages(f'"{identifier}"', since, until):
            found.update(dict.fromkeys(filter(None, (_mention(event["message"]) for event in events))))
            if found:
                break
        return tuple(found)

    def _pages(
        self, pattern: str, since: datetime, until: datetime
    ) -> Iterator[tuple[list[FilteredLogEventTypeDef], bool]]:
        """Yield pages of matching events, and whether each is the last; one empty page if there is no log group."""
        request: dict[str, Any] = {
            "logGroupName": self._log_group,
            "filterPattern": pattern,
            "startTime": int(since.timestamp() * 1000),
            "endTime": int(until.timestamp() * 1000),
            "limit": 1000,
        }
        for _ in range(_MOST_CALLS):
            try:
                answer = self._logs.filter_log_events(**request)
            except ClientError as error:
                if error.response["Error"]["Code"] == "ResourceNotFoundException":
                    yield [], True
                    return
                raise
            request["nextToken"] = answer.get("nextToken")
            yield answer["events"], not request["nextToken"]
            if not request["nextToken"]:
                return


def _mention(text: str) -> LogMention | None:
    try:
        document = json.loads(text)
    except ValueError:
        return None
    if not isinstance(document, dict) or not isinstance(document.get("file_id"), str):
        return None
    return LogMention(document["file_id"], str(document.get("run_id") or ""))
