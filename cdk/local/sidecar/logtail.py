"""Reads each event of log groups exactly once, in whatever order and with whatever times events arrive.

Nothing identifies an event: the emulator gives Lambda's lines no ids, timestamps are equal within an invocation, and a
late event with an earlier timestamp shifts positions. So a stream that has grown is read again as a whole, and the
events already given out are counted by content; two equal lines are two events. In the emulator a stream is one
invocation: small, and written once.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator

_PAGE = 50
_LOOK_BACK_S = 120
"""The longest delay before the emulator shows a stream, whose time is the end of its invocation."""
_EVERYTHING_EVERY_S = 30
"""The interval of readings that include streams without recent timestamps, as other writers choose theirs."""
_SHARE = 20
"""Reading everything takes at most one part in this many of the time; after 10,000 invocations it takes seconds."""

Event = tuple[int, str]
"""Timestamp in milliseconds, and line."""


@dataclass(slots=True)
class _Stream:
    signature: tuple[Any, ...] = ()
    given: Counter[int] = field(default_factory=Counter)
    """The number of events given out, by the hash of their content."""


@dataclass(frozen=True, slots=True)
class Growth:
    """A stream that has grown: all events, and those that are new."""

    group: str
    stream: str
    events: list[Event]
    fresh: list[Event]


class LogTail:
    """Reads log groups, one thread at a time. Only lines that pass `is_relevant` are counted and given out as fresh."""

    def __init__(self, logs: Any, is_relevant: Callable[[str], bool]) -> None:
        self._logs = logs
        self._is_relevant = is_relevant
        self._streams: dict[tuple[str, str], _Stream] = {}
        self._read_at = 0.0
        self._read_everything_at = 0.0

    def poll(self, groups: Iterable[str], *, everything: bool = False) -> Generator[Growth]:
        """Yield the streams of these groups that have grown. One counts as given out when the next is asked for.

        `everything` includes streams with old timestamps.
        """
        now = time.time()
        everything = everything or now > self._read_everything_at
        horizon = 0.0 if everything else (self._read_at - _LOOK_BACK_S) * 1000
        for group in groups:
            for name, signature in self._list_streams(group, horizon):
                stream = self._streams.setdefault((group, name), _Stream())
                if signature == stream.signature:
                    continue
                events = list(self._events(group, name))
                counted = Counter(hash(event) for event in events if self._is_relevant(event[1]))
                yield Growth(group, name, events, _fresh(events, counted - stream.given))
                # The signature is older than the events: those in between are read again, but not given out again.
                stream.signature = signature
                stream.given |= counted
        self._read_at = now
        if everything:
            self._read_everything_at = now + max(_EVERYTHING_EVERY_S, (time.time() - now) * _SHARE)

    def _list_streams(self, group: str, horizon: float) -> Iterator[tuple[str, tuple[Any, ...]]]:
        """Yield streams, newest first, with signatures that change as they grow. One that moves up comes next time."""
        arguments: dict[str, Any] = {"logGroupName": group, "orderBy": "LastEventTime", "descending": True}
        while True:
            try:
                page = self._logs.describe_log_streams(**arguments, limit=_PAGE)
            except self._logs.exceptions.ResourceNotFoundException:
                return  # The group is created with its first line.
            for stream in page["logStreams"]:
                keys = ("storedBytes", "uploadSequenceToken", "lastIngestionTime", "lastEventTimestamp")
                yield stream["logStreamName"], tuple(stream.get(key) for key in keys)
            newest = max((stream.get("lastEventTimestamp", 0) for stream in page["logStreams"]), default=0)
            if newest < horizon or "nextToken" not in page:
                return
            arguments["nextToken"] = page["nextToken"]

    def _events(self, group: str, stream: str) -> Iterator[Event]:
        arguments: dict[str, Any] = {"logGroupName": group, "logStreamName": stream, "startFromHead": True}
        while True:
            page = self._logs.get_log_events(**arguments)
            for event in page["events"]:
                yield event["timestamp"], event["message"]
            if page["nextForwardToken"] == arguments.get("nextToken") or not page["events"]:
                return
            arguments["nextToken"] = page["nextForwardToken"]


def _fresh(events: list[Event], due: Counter[int]) -> list[Event]:
    """Return the due events in their order."""
    fresh = []
    for event in events:
        if due[hash(event)] > 0:
            due[hash(event)] -= 1
            fresh.append(event)
    return fresh
