"""The processor's log lines of one run or one request, from CloudWatch Logs.

FilterLogEvents finds lines by a quoted term, which may stand anywhere in them; what a line is really about is then told
by its fields. The lines never hold the contents of a row (``processor.observability.telemetry``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from admin_api.monitoring.log_lines import LogLine, read_line

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_logs.type_defs import FilterLogEventsResponseTypeDef

MOST_LINES = 200
_MOST_CALLS = 5
"""FilterLogEvents may answer with an empty page and a token any number of times while it searches."""
_BEFORE, _AFTER = timedelta(seconds=10), timedelta(minutes=1)
"""A line belongs to an invocation that began before the run, and ends after it."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Whose lines: a run's, a request's, or those of a run and of the request around it."""

    run_id: str = ""
    request_id: str = ""

    @property
    def term(self) -> str:
        """What every line of theirs holds somewhere."""
        return self.request_id or self.run_id

    def has(self, line: LogLine) -> bool:
        """Tell whether a line is theirs: of the request, and of no other run within it."""
        if self.run_id and line.run_id:
            return line.run_id == self.run_id
        return bool(self.request_id) and line.request_id == self.request_id


@dataclass(frozen=True, slots=True)
class LogPage:
    """Lines in the order of their times."""

    lines: tuple[LogLine, ...]
    complete: bool
    """Whether these are all lines of the time that was searched."""


class LogReader:
    """Reads one log group."""

    def __init__(self, logs: CloudWatchLogsClient, log_group: str) -> None:
        self._logs = logs
        self._log_group = log_group

    def read(self, wanted: Wanted, since: datetime, until: datetime) -> LogPage:
        """Read the lines of a run or a request that was at work in this time. Raises botocore's errors."""
        lines: list[LogLine] = []
        token = ""
        for _ in range(_MOST_CALLS):
            answer = self._ask(wanted.term, since - _BEFORE, until + _AFTER, token)
            if answer is None:
                return LogPage((), complete=True)
            for event in answer["events"]:
                at = datetime.fromtimestamp(event["timestamp"] / 1000, UTC)
                line = read_line(event["message"], at)
                if line and wanted.has(line):
                    lines.append(line)
            token = answer.get("nextToken", "")
            if not token or len(lines) >= MOST_LINES:
                break
        complete = not token and len(lines) <= MOST_LINES
        return LogPage(tuple(sorted(lines, key=lambda line: line.at)[:MOST_LINES]), complete)

    def _ask(self, term: str, since: datetime, until: datetime, token: str) -> FilterLogEventsResponseTypeDef | None:
        """Ask for one page; None where the function has never logged and so has no log group."""
        more = {"nextToken": token} if token else {}
        try:
            return self._logs.filter_log_events(
                logGroupName=self._log_group,
                filterPattern=f'"{term}"',
                startTime=int(since.timestamp() * 1000),
                endTime=int(until.timestamp() * 1000),
                limit=1000,
                **more,  # type: ignore[arg-type]
            )
        except ClientError as error:
            if error.response["Error"]["Code"] == "ResourceNotFoundException":
                return None
            raise
