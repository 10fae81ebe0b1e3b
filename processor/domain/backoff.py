"""Waits between attempts: exponential backoff with full jitter. Pure.

https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def backoff(
    first_s: float, attempts: int, *, longest_s: float = float("inf"), jitter: Callable[[], float] = random.random
) -> Iterator[float]:
    """Yield the seconds to wait before each of ``attempts`` but the first.

    Each wait is a share, ``jitter()`` from 0 to 1, of a time that begins with ``first_s`` and doubles up to
    ``longest_s``.
    """
    for retry in range(attempts - 1):
        yield jitter() * min(longest_s, first_s * 2**retry)


def full_wait() -> float:
    """Return 1, so that each wait lasts its whole time."""
    return 1.0
