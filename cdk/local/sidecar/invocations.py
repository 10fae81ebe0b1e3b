r"""Invocations as the platform's lines of a log stream report them: id, start, end, failure and trace.

The emulator writes one log stream for each invocation when it has ended, all events with one timestamp:

    START RequestId: … Version: $LATEST
    (what the function wrote to stdout and stderr, one event a line; a failed invocation's ends with the traceback,
    "Task timed out after N.00 seconds" or "Worker process died")
    END RequestId: …
    REPORT RequestId: …\tDuration: 12 ms\tBilled Duration: 12 ms\tMemory Size: 512 MB\tMax Memory Used: 80 MB

Duration is wall time and includes the worker's start. Max Memory Used is not the worker's and is not read. There is no
Init Duration. Whether an invocation that wrote nothing failed is unknown.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cdk.local.sidecar.emf import Datum

if TYPE_CHECKING:
    from collections.abc import Iterable

_START = re.compile(r"START RequestId: (\S+) Version: ")
_END = re.compile(r"END RequestId: (\S+)")
_REPORT = re.compile(r"REPORT RequestId: (\S+)\tDuration: ([\d.]+) ms\t")
_DIED = re.compile(r"Task timed out after \d+\.00 seconds|Worker process died|Worker returned no response")
_TRACEBACK = "Traceback (most recent call last):"


@dataclass(frozen=True, slots=True)
class Invocation:
    """One ended invocation of a function."""

    function: str
    request_id: str
    started: float
    ended: float
    failed: bool | None
    """None if the lines do not show it."""
    trace_id: str
    """The trace in its log lines, or ""."""

    def metrics(self) -> list[Datum]:
        """Return the metrics that Lambda would publish.

        Not Throttles, ConcurrentExecutions and memory, which the log does not show.
        """
        figures = [("Invocations", 1.0, "Count"), ("Duration", (self.ended - self.started) * 1000, "Milliseconds")]
        if self.failed is not None:
            figures.append(("Errors", float(self.failed), "Count"))
        dimensions = (("FunctionName", self.function),)
        return [
            Datum("AWS/Lambda", name, dimensions, (round(value, 3),), unit, self.started)
            for name, value, unit in figures
        ]


def invocations(function: str, events: Iterable[tuple[int, str]]) -> list[Invocation]:
    """Return the invocations in one stream's events (milliseconds, line), in order."""
    ended_invocations = []
    body: list[str] = []
    inside = False
    for timestamp, line in events:
        if _START.match(line):
            inside, body = True, []
        elif _END.match(line):
            inside = False
        elif report := _REPORT.match(line):
            ended = timestamp / 1000
            started = ended - float(report[2]) / 1000
            ended_invocations.append(Invocation(function, report[1], started, ended, _failed(body), _trace_id(body)))
            body = []
        elif inside:
            body.append(line)
    return ended_invocations


def _failed(body: list[str]) -> bool | None:
    """Return whether the lines behind the last JSON line show a failure; our own log lines hold tracebacks as JSON."""
    if not body:
        return None
    tail = next((n for n in range(len(body), 0, -1) if body[n - 1].startswith("{")), 0)
    return any(line == _TRACEBACK or _DIED.fullmatch(line) for line in body[tail:])


def _trace_id(body: list[str]) -> str:
    """Return the trace of the last line that names one; the first lines may be the previous invocation's."""
    for line in reversed(body):
        if '"xray_trace_id"' in line and line.startswith("{"):
            try:
                return str(json.loads(line)["xray_trace_id"])
            except (ValueError, KeyError):
                continue
    return ""
