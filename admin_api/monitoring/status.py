"""The status of the pipeline: the numbers beside the navigation and on the overview.

Three services are asked at once, and their answers are cached for some seconds, so that many readers cost no more than
one. The counts of files under way, which the list of files shows, are cached the same way.
"""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from processor.domain.file_states import MOVING, NEEDS_PERSON, FileState
from processor.observability.telemetry import logger

if TYPE_CHECKING:
    from collections.abc import Callable

    from admin_api.monitoring.alarms import Alarm, AlarmReader
    from processor.ledger.counters import Counters, Counts
    from processor.messaging.dead_letter_queue import DeadLetterQueue

FRESH_S = 5.0
"""The greatest age of a cached answer in seconds."""


@dataclass(frozen=True, slots=True)
class Status:
    """The numbers; one that could not be loaded is None, and ``missing`` names it."""

    counts: Counts | None
    dead_letters: int | None
    alarms: tuple[Alarm, ...] | None
    read_at: float
    """Seconds since the epoch."""
    missing: tuple[str, ...] = ()

    def files(self, state: FileState) -> int:
        """Return the number of files at rest in a state, 0 if unknown."""
        return self.counts.at_rest.get(state, 0) if self.counts else 0

    @property
    def waiting_files(self) -> int:
        """Files that need a person, for whatever reason: the badge beside Files."""
        return sum(map(self.files, NEEDS_PERSON))

    @property
    def rejected_rows(self) -> int:
        """Rejected rows of the files that need a person."""
        return self.counts.rejected_rows_waiting if self.counts else 0

    @property
    def alarming(self) -> tuple[Alarm, ...]:
        """The alarms that fire."""
        return tuple(alarm for alarm in self.alarms or () if alarm.is_red)


@dataclass
class _CachedAnswer[T]:
    """An answer that is shared by all readers for some seconds."""

    ask: Callable[[], T]
    now: Callable[[], float]
    _answer: tuple[float, T] | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def get(self) -> T:
        """Return the cached answer, or ask again; concurrent readers wait for the same answer."""
        with self._lock:
            if self._answer is None or self.now() - self._answer[0] > FRESH_S:
                answer = self.ask()
                self._answer = self.now(), answer
            return self._answer[1]

    def forget(self) -> None:
        """Drop the cached answer."""
        with self._lock:
            self._answer = None


class StatusReader:
    """Reads the status, at most once in :data:`FRESH_S` seconds."""

    def __init__(
        self,
        counters: Counters,
        dead_letters: DeadLetterQueue,
        alarms: AlarmReader,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._counters, self._dead_letters, self._alarms, self._now = counters, dead_letters, alarms, now
        self._pool = ThreadPoolExecutor(3 + len(MOVING), thread_name_prefix="status")
        self._status = _CachedAnswer(self._ask_status, now)
        self._moving = _CachedAnswer(self._ask_moving, now)

    def read_status(self) -> Status:
        """Return the status, at most :data:`FRESH_S` seconds old."""
        return self._status.get()

    def count_moving_files(self) -> dict[FileState, int | None]:
        """Count the files under way by state; None for a count that could not be loaded."""
        return self._moving.get()

    def forget(self) -> None:
        """Drop the cached answers after an action, which may have changed the numbers."""
        self._status.forget()
        self._moving.forget()

    def _ask_status(self) -> Status:
        futures: dict[str, Future[Any]] = {
            "the counts of files": self._pool.submit(self._counters.read_counts),
            "the dead letters": self._pool.submit(self._dead_letters.count_letters),
            "the alarms": self._pool.submit(self._alarms.read_alarms),
        }
        counts, depth, alarms = answers = [_result_or_none(what, future) for what, future in futures.items()]
        missing = [what for what, answer in zip(futures, answers, strict=True) if answer is None]
        return Status(counts, depth, alarms, self._now(), tuple(missing))

    def _ask_moving(self) -> dict[FileState, int | None]:
        futures = {state: self._pool.submit(self._counters.count_moving, state) for state in MOVING}
        return {state: _result_or_none(f"the files {state}", future) for state, future in futures.items()}


def _result_or_none(what: str, future: Future[Any]) -> Any:
    """Wait for an answer; None if the service failed."""
    try:
        return future.result()
    except (ClientError, BotoCoreError) as error:
        logger.warning("vitals_missing", extra={"what": what}, exc_info=error)
        return None
