"""Clocks that tests hand in, so that no test depends on how fast its machine is."""

from __future__ import annotations


class TickingClock:
    """A clock that moves when it is told to, and a microsecond whenever somebody looks."""

    def __init__(self, now: float = 0.0) -> None:
        self.now = now

    def __call__(self) -> float:
        """Tell the time."""
        self.now += 1e-6
        return self.now
