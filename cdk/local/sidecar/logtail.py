"""Read log groups exactly once through the CloudWatch Logs API, whatever order and times their events come in.

Neither event ids (the emulator gives Lambda's lines none) nor timestamps (equal for a whole invocation) nor reading
positions (a late event with an earlier timestamp moves them) identify an event. So a stream is read again, whole, when
it has grown, and what has been given out of it is remembered by its content and number: two equal lines are two.
A stream is one invocation in the emulator, hence small, and is written once.
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
"""How late the emulator may be with showing an invocation's stream, whose time is that of its end."""
_EVERYTHING_EVERY_S = 30
"""How often streams are looked at that got no event with a recent timestamp: other writers may choose theirs."""
_SHARE = 20
"""Looking at everything takes at most this part of the time: it takes seconds after ten thousand invocations."""

Event = tuple[int, str]
"""Its timestamp in milliseconds, and its line."""


@dataclass(slots=True)
class _Stream:
    signature: tuple[Any, ...] = ()
    given: Counter[int] = field(default_factory=Counter)
    """How many events of each content (by hash) were given out."""


@dataclass(frozen=True, slots=True)
class Growth:
    """A stream that has grown: all of its events, and those among them that nobody has been given yet."""

    group: str
    stream: str
    events: list[Event]
    fresh: list[Event]


class LogTail:
    """The reader. One thread at a time; ``matters`` says which lines have to be remembered and given out as fresh."""

    def __init__(self, logs: Any, matters: Callable[[str], bool]) -> None:
        self._logs = logs
        self._matters = matters
        self._streams: dict[tuple[str, str], _Stream] = {}
        self._looked = 0.0
        self._look_everywhere = 0.0

    def poll(self, groups: Iterable[str], *, everything: bool = False) -> Generator[Growth]:
        """Give out what is new in some groups, by stream; one counts as given once the caller asks for the next.

        `everything` looks at every stream, however old its events say that it is.
        """
        now = time.time()
        everything = everything or now > self._look_everywhere
        horizon = 0.0 if everything else (self._looked - _LOOK_BACK_S) * 1000
        for group in groups:
            for name, signature in self._listed(group, horizon):
                stream = self._streams.setdefault((group, name), _Stream())
                if signature == stream.signature:
                    continue
                events = list(self._events(group, name))
                counted = Counter(hash(event) for event in events if self._matters(event[1]))
                yield Growth(group, name, events, _fresh(events, counted - stream.given))
                # The signature is older than the events: what came in between is looked at again, and found given.
                stream.signature = signature
                stream.given |= counted
        self._looked = now
        if everything:
            self._look_everywhere = now + max(_EVERYTHING_EVERY_S, (time.time() - now) * _SHARE)

    def _listed(self, group: str, horizon: float) -> Iterator[tuple[str, tuple[Any, ...]]]:
        """Yield the streams with what changes when they grow, newest first; one that moves up is met next time."""
        arguments: dict[str, Any] = {"logGroupName": group, "orderBy": "LastEventTime", "descending": True}
        while True:
            try:
                page = self._logs.describe_log_streams(**arguments, limit=_PAGE)
            except self._logs.exceptions.ResourceNotFoundException:
                return  # Made with the first line that is written to it.
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
    """Pick the due events in their order."""
    fresh = []
    for event in events:
        if due[hash(event)] > 0:
            due[hash(event)] -= 1
            fresh.append(event)
    return fresh
