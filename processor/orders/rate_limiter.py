"""How fast orders are written: as fast as can be until DynamoDB refuses some, then as fast as it takes them. Pure.

A refusal lowers the rate by a third, whatever is taken raises it again, as in congestion control. So a fast writer does
not spend its time on being refused by a table that has yet to grow (a new on-demand one takes 4,000 writes a second).
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_DECREASE = 0.7
_INCREASE = 0.1
"""Items a second, for each item that is taken: a tenth more with every second."""
_LOWEST = 25.0
_ONE_REFUSAL_S = 0.5
"""Batches under way together are refused together, which lowers the rate once."""


@dataclass(eq=False, repr=False)
class RateLimiter:
    """The rate of one run, in items a second."""

    clock: Callable[[], float] = time.monotonic
    rate: float = 0.0
    """0 as long as nothing was refused."""
    _began: float = field(init=False)
    _taken: int = 0
    _next: float = 0.0
    _refused_at: float = float("-inf")

    def __post_init__(self) -> None:
        self._began = self.clock()

    def reserve_wait_s(self, items: int) -> float:
        """Tell how many seconds to wait before so many items are sent, and count on their being sent then."""
        if not self.rate:
            return 0.0
        now = self.clock()
        start = max(now, self._next)
        self._next = start + items / self.rate
        return start - now

    def record_stored(self, items: int) -> None:
        """Note that items were taken."""
        self._taken += items
        if self.rate:
            self.rate += _INCREASE * items

    def record_refusal(self) -> None:
        """Note that a batch was not taken, or not whole."""
        now = self.clock()
        if now - self._refused_at < _ONE_REFUSAL_S:
            return
        if not self.rate:
            self.rate = self._taken / max(now - self._began, _ONE_REFUSAL_S)
        self.rate = max(_LOWEST, self.rate * _DECREASE)
        self._refused_at = now
