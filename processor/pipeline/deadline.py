"""The deadline of a run: the moment at which it stops by itself, so that it can still say how far it came."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from processor.domain.errors import OutOfTimeError

if TYPE_CHECKING:
    from collections.abc import Callable

    from processor.wiring.invocation import Invocation

LONGEST_RESERVE_S = 10.0
"""The most time that is set aside for settling the file; of a short invocation it is a fifth."""
_PROGRESS_EVERY_S = 5.0


@dataclass(slots=True, eq=False, repr=False)
class Deadline:
    """Checks the clock now and then: reports progress, and stops a run that would be killed before its end."""

    invocation: Invocation
    report_progress: Callable[[int], None] = lambda _rows: None
    """Takes the number of rows read."""
    remedy: str = ""
    """Advice for a file that takes too long, where the usual one does not fit."""
    _reserve_s: float = field(init=False)
    _next_report: float = field(init=False)

    def __post_init__(self) -> None:
        self._reserve_s = min(LONGEST_RESERVE_S, self.invocation.timeout_s / 5)
        self._next_report = time.monotonic() + _PROGRESS_EVERY_S

    def check(self, rows: int) -> None:
        """Raise :class:`OutOfTimeError` if too little time is left to settle the file."""
        if self.invocation.remaining_s() < self._reserve_s:
            raise OutOfTimeError(rows, **({"remedy": self.remedy} if self.remedy else {}))
        if rows and time.monotonic() >= self._next_report:
            self.report_progress(rows)
            self._next_report = time.monotonic() + _PROGRESS_EVERY_S

    def may_wait(self, seconds: float) -> bool:
        """Tell whether so much can be waited and the file still be settled."""
        return self.invocation.remaining_s() - seconds > self._reserve_s
