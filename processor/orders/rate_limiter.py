"""Limits the rate of writing: unlimited until DynamoDB refuses items, then by what it takes. Pure.

A refusal lowers the rate by a third, stored items raise it again, as in congestion control. A new on-demand table takes
4,000 writes a second and has yet to grow; a fast writer must not spend its time on refusals.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_DECREASE = 0.7
_INCREASE = 0.1
"""Items a second, for each item stored: the rate grows by 10 % a second."""
_LOWEST = 25.0
_ONE_REFUSAL_S = 0.5
"""Batches under way at once are refused at once, which lowers the rate once."""


@dataclass(eq=False, repr=False)
class RateLimiter:
    """The rate of one run, in items a second."""

    clock: Callable[[], float] = time.monotonic
    rate: float = 0.0
    """0 until the first refusal."""
    _began: float | None = None
    _stored: int = 0
    _next: float = 0.0
    _refused_at: float = float("-inf")

    def reserve_wait_s(self, items: int) -> float:
        """Reserve the sending of items; returns the seconds to wait before it."""
        if self._began is None:  # A limiter may be made long before its first batch, while a file is checked.
            self._began = self.clock()
        if not self.rate:
            return 0.0
        now = self.clock()
        start = max(now, self._next)
        self._next = start + items / self.rate
        return start - now

    def record_stored(self, items: int) -> None:
        """Note that items were stored."""
        self._stored += items
        if self.rate:
            self.rate += _INCREASE * items

    def record_refusal(self) -> None:
        """Note that some or all items of a batch were refused."""
        now = self.clock()
        if now - self._refused_at < _ONE_REFUSAL_S:
            return
        if not self.rate:
            began = now if self._began is None else self._began
            self.rate = self._stored / max(now - began, _ONE_REFUSAL_S)
        self.rate = max(_LOWEST, self.rate * _DECREASE)
        self._refused_at = now
