"""Finds what an id of a run, a message or a request was about, by the processor's log lines that name it.

The ledger can be asked by file alone; every line of a run names its file, run, message and request.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from datetime import datetime

    from mypy_boto3_logs import CloudWatchLogsClient

_MOST_CALLS = 5
"""FilterLogEvents may answer with an empty page and a token any number of times while it searches."""


@dataclass(frozen=True, slots=True)
class LogMention:
    """A run that has the id in its log lines."""

    file_id: str
    run_id: str


class LogSearch:
    """Searches one log group."""

    def __init__(self, logs: CloudWatchLogsClient, log_group: str) -> None:
        self._logs = logs
        self._log_group = log_group

    def find(self, identifier: str, since: datetime, until: datetime) -> tuple[LogMention, ...]:
        """List the runs whose lines name the id, each once, as far as a few calls reach. Raises botocore's errors."""
        request: Any = {
            "logGroupName": self._log_group,
            "filterPattern": f'"{identifier}"',
            "startTime": int(since.timestamp() * 1000),
            "endTime": int(until.timestamp() * 1000),
        }
        found: dict[LogMention, None] = {}
        for _ in range(_MOST_CALLS):
            try:
                answer = self._logs.filter_log_events(**request)
            except ClientError as error:
                if error.response["Error"]["Code"] == "ResourceNotFoundException":
                    return ()  # The function has never logged.
                raise
            for event in answer["events"]:
                mention = _mention(event["message"])
                if mention:
                    found[mention] = None
            if found or not answer.get("nextToken"):
                break
            request["nextToken"] = answer["nextToken"]
        return tuple(found)


def _mention(text: str) -> LogMention | None:
    try:
        document = json.loads(text)
    except ValueError:
        return None
    if not isinstance(document, dict) or not isinstance(document.get("file_id"), str):
        return None
    return LogMention(document["file_id"], str(document.get("run_id") or ""))
