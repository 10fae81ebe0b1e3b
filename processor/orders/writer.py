"""Writes orders to DynamoDB in batches, until every item is stored. Senders are in ``processor.orders.transport``."""

from __future__ import annotations

import json
import random
import time
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from processor.domain.backoff import backoff
from processor.domain.errors import ThrottledError
from processor.orders.rate_limiter import RateLimiter

if TYPE_CHECKING:
    from collections.abc import Callable

    from processor.orders.batches import Batch
    from processor.orders.transport.sender import Sender

_MOST_ATTEMPTS = 12
_FIRST_WAIT_S = 0.05
_LONGEST_WAIT_S = 10.0


@dataclass(eq=False, repr=False)
class OrderWriter:
    """The orders table, as one run writes it."""

    sender: Sender
    sleep: Callable[[float], None] = time.sleep
    jitter: Callable[[], float] = random.random
    may_wait: Callable[[float], bool] = lambda _seconds: True
    """Whether the run can wait so many seconds and still be settled."""
    rate_limiter: RateLimiter = field(default_factory=RateLimiter)
    batches: int = 0
    retried_items: int = 0
    busy_s: float = 0.0
    """Seconds spent on writing and waiting."""
    _under_way: deque[Batch] = field(default_factory=deque)

    def __post_init__(self) -> None:
        self.sender.discard_pending()  # A failed run may have left some.

    def write(self, batch: Batch) -> list[Batch]:
        """Send a batch; returns the older batches that are now known to be stored, in their order.

        Raises :class:`ThrottledError` when items are still refused after about 20 s of backoff, or when the run has no
        time left to wait.
        """
        began = time.perf_counter()
        try:
            wait_s = self.rate_limiter.reserve_wait_s(batch.rows)
            if wait_s:
                self._wait(wait_s, batch.rows, 0)
            self.sender.begin(batch.puts, at_once=wait_s > 0)  # A throttled run sends batch by batch, not in bursts.
            self.batches += 1
            self._under_way.append(batch)
            return self._finish_oldest(self.sender.depth)
        finally:
            self.busy_s += time.perf_counter() - began

    def finish(self) -> list[Batch]:
        """Wait for every batch that is under way and return them; raises like :meth:`write`."""
        began = time.perf_counter()
        try:
            return self._finish_oldest(0)
        finally:
            self.busy_s += time.perf_counter() - began

    def _finish_oldest(self, under_way: int) -> list[Batch]:
        stored = []
        while len(self._under_way) > under_way:
            batch = self._under_way.popleft()
            unprocessed = self.sender.finish()
            if unprocessed:
                self._resend_until_stored(unprocessed)
            self.rate_limiter.record_stored(batch.rows)
            stored.append(batch)
        return stored

    def _resend_until_stored(self, unprocessed: bytes) -> None:
        """Resend the items that DynamoDB did not take, while the batches behind them wait.

        The SDK's own retries have a small quota, which all calls share.
        """
        waits = backoff(_FIRST_WAIT_S, _MOST_ATTEMPTS, longest_s=_LONGEST_WAIT_S, jitter=self.jitter)
        for attempts, wait_s in enumerate(waits, start=1):
            items = _count_items(unprocessed)
            self.rate_limiter.record_refusal()
            self._wait(wait_s, items, attempts)
            self.retried_items += items
            self.batches += 1
            unprocessed = self.sender.resend(unprocessed)
            if not unprocessed:
                return
        raise ThrottledError(_count_items(unprocessed), _MOST_ATTEMPTS)

    def _wait(self, seconds: float, items: int, attempts: int) -> None:
        if not self.may_wait(seconds):
            raise ThrottledError(items, attempts)
        self.sleep(seconds)


def _count_items(puts: bytes) -> int:
    return len(json.loads(b"[%b]" % puts))
