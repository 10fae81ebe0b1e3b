"""Dead letters, and a snapshot of their queue. Pure; ``dead_letter_queue`` asks the queue.

Anybody who may send to a queue decides what a body holds. Whatever it is becomes a letter, so that a person can read it
and delete it: what is no file of ours is a ``problem`` in words.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from processor.domain.errors import MessageError
from processor.domain.object_keys import file_id
from processor.messaging.messages import Arrival, parse_body

if TYPE_CHECKING:
    from collections.abc import Mapping

LONGEST_BODY = 20_000
"""Characters of a body that are kept: ours have a thousand, and a thousand letters must fit into a small function."""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that failed at its last receive."""

    message_id: str
    body: str
    sent_at: datetime
    """The moment of its first send; dead-lettering does not change it."""
    first_received_at: datetime
    receive_count: int
    """SQS's own count: the processor's receives, and every snapshot since."""
    file_ids: tuple[str, ...] = ()
    object_keys: tuple[str, ...] = ()
    """Object keys of an event; a command has only a file id."""
    problem: str = ""
    """The reason, in words, if it names no file."""

    @classmethod
    def from_message(cls, message: Mapping[str, Any], bucket: str) -> DeadLetter:
        """Read a message as SQS returns it."""
        attributes = message.get("Attributes", {})
        file_ids, object_keys, problem = _files_of(message["Body"], bucket)
        sent_at = _from_epoch_ms(attributes.get("SentTimestamp"))
        first_received_at = _from_epoch_ms(attributes.get("ApproximateFirstReceiveTimestamp"))
        return cls(
            message_id=message["MessageId"],
            body=_printable(message["Body"][:LONGEST_BODY]),
            sent_at=sent_at,
            first_received_at=first_received_at,
            receive_count=int(attributes.get("ApproximateReceiveCount", 0)),
            file_ids=file_ids,
            object_keys=object_keys,
            problem=problem,
        )


@dataclass(frozen=True, slots=True)
class QueueSnapshot:
    """The letters that the queue held when it was last looked at, the oldest first."""

    letters: tuple[DeadLetter, ...]
    about: int
    """SQS's own count of letters, which is approximate."""
    complete: bool
    """Whether these are all letters: there may be more than the bound, or somebody else may have held some."""


@dataclass(frozen=True, slots=True)
class MoveResult:
    """The result of redriving or deleting one letter."""

    letter: DeadLetter
    error: str = ""
    """The reason, in words, if it is still where it was."""


def _files_of(body: str, bucket: str) -> tuple[tuple[str, ...], tuple[str, ...], str]:
    """Return the files of a message, by id and by key, and the reason if there are none."""
    try:
        requests = parse_body(body, bucket=bucket)
    except MessageError as error:
        return (), (), _printable(str(error))
    if not requests:
        return (), (), "The message names no file: it is S3's test message or the marker of an empty folder."
    ids = (file_id(each.source) if isinstance(each, Arrival) else each.file_id for each in requests)
    keys = (each.source.key for each in requests if isinstance(each, Arrival))
    return tuple(dict.fromkeys(ids)), tuple(dict.fromkeys(keys)), ""


def _printable(text: str) -> str:
    """Replace lone surrogates, which no page and no answer can hold."""
    return text.encode(errors="replace").decode()


def _from_epoch_ms(milliseconds: str | None) -> datetime:
    return datetime.fromtimestamp(int(milliseconds or 0) / 1000, UTC)
