"""What needs a person right now: the few numbers beside the navigation, on every page and on the overview.

Asked of three services at once, and kept for some seconds, so that a page does not wait for them and a console that
many people watch does not ask for each of them.
"""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from processor.files import FileState
from processor.telemetry import logger

if TYPE_CHECKING:
    from collections.abc import Callable

    from admin_api.alarms import Alarm, AlarmReader
    from processor.counts import Counters, Counts
    from processor.dead_letters import DeadLetterQueue

FRESH_S = 5.0
"""How old the numbers may be."""


@dataclass(frozen=True, slots=True)
class Vitals:
    """The numbers; None stands for one that could not be had, and ``missing`` says which."""

    counts: Counts | None
    dead_letters: int | None
    alarms: tuple[Alarm, ...] | None
    read_at: float
    """Seconds since the epoch."""
    missing: tuple[str, ...] = ()

    def files(self, state: FileState) -> int:
        """Tell how many files rest in a state, 0 where that is not known."""
        return self.counts.at_rest.get(state, 0) if self.counts else 0

    @property
    def failed_files(self) -> int:
        """Files that nobody could read, and those given up."""
        return self.files(FileState.FAILED) + self.files(FileState.DEAD_LETTERED)

    @property
    def waiting_files(self) -> int:
        """Files that wait for a person, for whatever reason: the badge beside Files."""
        return self.failed_files + self.files(FileState.PARTIAL) + self.files(FileState.DUPLICATE)

    @property
    def rejected_rows(self) -> int:
        """Rejected rows that nobody has corrected or dismissed yet."""
        return self.counts.rejected_rows_waiting if self.counts else 0

    @property
    def alarming(self) -> tuple[Alarm, ...]:
        """The alarms that are red."""
        return tuple(alarm for alarm in self.alarms or () if alarm.is_red)

    @property
    def is_calm(self) -> bool:
        """Whether all is known and nothing needs anybody."""
        return not (self.missing or self.waiting_files or self.dead_letters or self.alarming)


@dataclass
class VitalsReader:
    """Reads the vitals, at most once in :data:`FRESH_S` seconds."""

    counters: Counters
    dead_letters: DeadLetterQueue
    alarms: AlarmReader
    now: Callable[[], float] = time.time
    _last: Vitals | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(3, thread_name_prefix="vitals"))

    def read(self) -> Vitals:
        """Return the numbers of now, or of a moment ago."""
        with self._lock:
            if self._last is None or self.now() - self._last.read_at > FRESH_S:
                self._last = self._ask()
            return self._last

    def forget(self) -> None:
        """Let the next reader ask anew, after an action has changed what there is."""
        with self._lock:
            self._last = None

    def _ask(self) -> Vitals:
        asked: dict[str, Any] = {
            "the counts of files": self._pool.submit(self.counters.read),
            "the dead letters": self._pool.submit(self.dead_letters.depth),
            "the alarms": self._pool.submit(self.alarms.read),
        }
        answers, missing = [], []
        for what, future in asked.items():
            try:
                answers.append(future.result())
            except (ClientError, BotoCoreError) as error:
                logger.warning("vitals_missing", extra={"what": what}, exc_info=error)
                answers.append(None)
                missing.append(what)
        counts, depth, alarms = answers
        return Vitals(counts, depth, alarms, self.now(), tuple(missing))
