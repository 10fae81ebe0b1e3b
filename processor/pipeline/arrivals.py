"""Arrivals that are no files: a client is still at work on the object, or has left it behind.

- An object under a temporary name is left alone: the client gives it its own name when it is whole.
- An empty version waits for a moment: gateways and mounted buckets create an object empty and write it then. One that
  a later version of its key has followed, or that the client has removed, is deleted, and nobody is called.

Neither gets an entry in the ledger. What a form sends, or a person asks for, is a file whatever it is.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from processor.domain.entries import from_iso, to_iso
from processor.domain.errors import ObjectGoneError
from processor.domain.object_keys import ObjectVersion, is_temporary_name
from processor.observability.telemetry import logger
from processor.pipeline.process_file import DONE, Outcome
from processor.pipeline.retry import RetryPolicy

if TYPE_CHECKING:
    from processor.messaging.messages import Arrival, Message
    from processor.wiring.services import Services

EMPTY_WAIT_S = 60
"""Seconds for which an empty version waits for the one that follows it."""
_COPIED_WITHIN = timedelta(seconds=2 * EMPTY_WAIT_S)
"""An empty version leaves the inbox when it has waited, and its message has come."""


def leave_alone(arrival: Arrival, message: Message, services: Services) -> Outcome | None:
    """Return how the message is left if the object is no file, or not yet; None if it is one."""
    is_temporary = is_temporary_name(arrival.source.name, services.config.temporary_names)
    is_empty = arrival.size_bytes == 0
    if arrival.is_whole or not (is_temporary or is_empty):
        return None
    if services.ledger.read_file(arrival.file_id):
        return None  # A run has begun: an earlier release knew no temporary names, or nothing had followed so far.
    if is_temporary:
        return _ignore("temporary_name")
    return _leave_empty_alone(arrival, message, services)


def _leave_empty_alone(arrival: Arrival, message: Message, services: Services) -> Outcome | None:
    source = arrival.source
    try:
        size_bytes = services.objects.read_facts(source).size_bytes
    except ObjectGoneError:
        return _ignore("object_gone")
    if size_bytes:
        return None
    if _is_newest(source, services):
        if wait_s := _seconds_to_wait(arrival, message, services):
            logger.info("arrival_postponed", extra={"reason": "empty", "seconds": wait_s})
            return Outcome(hidden_until=int(services.now().timestamp()) + wait_s)
        if not _has_been_followed(arrival, services):
            return None
    services.objects.delete(source)
    return _ignore("empty_version")


def _is_newest(source: ObjectVersion, services: Services) -> bool:
    """Tell whether no later version of the key is in the inbox, and no client has deleted this one."""
    try:
        newest = services.objects.read_facts(ObjectVersion(source.bucket, source.key))
    except ObjectGoneError:
        return False
    return newest.version.version_id == source.version_id


def _has_been_followed(arrival: Arrival, services: Services) -> bool:
    """Tell whether a version that followed is a file, which may be settled and have left the inbox.

    Then the empty version has come to light again, and its client may have copied that onto itself.
    """
    if not arrival.uploaded_at:
        return False
    before = _COPIED_WITHIN if arrival.is_copy else timedelta()
    arrived_at = to_iso(from_iso(arrival.uploaded_at) - before)
    return bool(services.ledger.find_later_version(arrival.source.key, (arrived_at, *arrival.order[1:])))


def _seconds_to_wait(arrival: Arrival, message: Message, services: Services) -> int:
    """Return for how long the message is to be hidden; a message on its last receive would not come again."""
    if RetryPolicy.of(services.config).is_last(message):
        return 0
    if not arrival.uploaded_at:
        return EMPTY_WAIT_S if message.receive_count == 1 else 0
    age_s = (services.now() - from_iso(arrival.uploaded_at)).total_seconds()
    return 0 if age_s >= EMPTY_WAIT_S else min(EMPTY_WAIT_S, int(EMPTY_WAIT_S - age_s) + 1)


def _ignore(reason: str) -> Outcome:
    logger.info("arrival_ignored", extra={"reason": reason})
    return DONE
