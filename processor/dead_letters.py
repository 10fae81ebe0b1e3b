"""The dead-letter queue, as a person works with it: look, redrive, delete. Its contents are the truth; nothing is kept.

SQS has no way to look without receiving. So a look hides what it sees for a few seconds at most and gives it back at
once, and every count says what it could not see.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from processor.errors import MessageError, WaybillError
from processor.files import file_id
from processor.messages import Arrival, parse_body

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from mypy_boto3_sqs import SQSClient


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that failed at its last receive."""

    message_id: str
    body: str
    sent_at: datetime
    first_received_at: datetime
    receive_count: int
    """SQS's own count: the processor's receives and every look since."""
    file_ids: tuple[str, ...] = ()
    problem: str = ""
    """Why the body names no file, in words."""
    trace_id: str = ""


@dataclass(frozen=True, slots=True)
class Look:
    """What a look at the queue has seen, the oldest first."""

    letters: tuple[DeadLetter, ...]
    about: int
    """How many letters SQS says there are; it counts approximately."""
    complete: bool
    """Whether certainly nothing more could be seen: neither a bound nor somebody else's hold was in the way."""


@dataclass(frozen=True, slots=True)
class Moved:
    """How far a redrive or a deletion has come."""

    done: int = 0
    failed: int = 0
    """Refused by SQS: these letters stay where they are."""
    skipped: int = 0
    """Wanted, and not found: somebody else has moved or deleted them, or holds them right now."""
