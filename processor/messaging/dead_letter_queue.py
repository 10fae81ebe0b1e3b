"""The dead-letter queue, as a person works with it: take a snapshot, redrive, delete. Nothing is cached.

SQS cannot be read without receiving. So a snapshot hides letters for a moment only, gives them back at once, and says
whether it has missed any.

SQS has a task of its own that moves letters back (StartMessageMoveTask). It is not used: it takes whatever the queue
holds, also what nobody was shown, gives each message a new id, and never says which ones it has moved.
"""

from __future__ import annotations

import random
import time
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from itertools import batched
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from processor.messaging.dead_letters import DeadLetter, MoveResult, QueueSnapshot

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Generator, Iterable, Iterator
    from datetime import datetime

    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.literals import QueueAttributeNameType

HOLD_S = 30
"""Seconds for which a received letter is hidden from others if its holder dies; otherwise it is given back at once."""
_MARGIN_S = 5.0
"""A letter that was held for almost so long is left alone: somebody else may have it soon."""
_BATCH = 10
"""SQS's limit of messages a call."""
_RECEIVERS = 8
_PATIENCE_S = 2.5
"""Seconds for which a snapshot waits for letters that somebody else holds."""
_LONGEST_SNAPSHOT_S = 8.0
_GONE_AFTER_S = HOLD_S + 5.0
"""A letter that does not come for so long is gone, as nobody can have held it all the time."""
_COUNTS: tuple[QueueAttributeNameType, ...] = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)


@dataclass
class _HeldLetters:
    """The letters that are hidden from others now: receipt handle and time of receipt, by message id."""

    clock: Callable[[], float]
    _letters: dict[str, tuple[str, float]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self._letters)

    def add(self, messages: Iterable[Any]) -> None:
        now = self.clock()
        for message in messages:  # One by one: several threads add at the same time.
            self._letters[message["MessageId"]] = message["ReceiptHandle"], now

    def is_safe(self, message_id: str) -> bool:
        """Tell whether nobody else can have received the letter since."""
        return self.clock() - self._letters[message_id][1] < HOLD_S - _MARGIN_S

    def forget(self, message_id: str) -> None:
        del self._letters[message_id]

    def take_all(self) -> list[str]:
        """Return the receipt handles that are still valid, and forget all letters."""
        handles = [handle for message_id, (handle, _) in self._letters.items() if self.is_safe(message_id)]
        self._letters.clear()
        return handles


type Prepare = Callable[[DeadLetter], None]


def _do_nothing(_letter: DeadLetter) -> None:
    """Prepare nothing."""


class DeadLetterQueue:
    """The queue of messages that failed at their last receive."""

    def __init__(
        self,
        client: SQSClient,
        url: str,
        ingest_url: str,
        bucket: str,
        *,
        wait_s: int = 1,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._url = url
        self._ingest_url = ingest_url
        self._bucket = bucket
        self._wait_s = wait_s
        self._clock = clock

    def count_letters(self) -> int:
        """Return about how many letters there are, hidden ones included; SQS counts approximately."""
        answer = self._client.get_queue_attributes(QueueUrl=self._url, AttributeNames=_COUNTS)
        return sum(int(answer["Attributes"].get(name, "0")) for name in _COUNTS)

    def take_snapshot(self, most: int = 1000) -> QueueSnapshot:
        """Read up to ``most`` letters, and leave them there.

        Two snapshots at the same time see different letters. One that misses some gives back what it holds, and goes
        on until it has seen all or its time is up.
        """
        about = self.count_letters()
        letters_by_id: dict[str, DeadLetter] = {}
        held = _HeldLetters(self._clock)
        with ThreadPoolExecutor(_RECEIVERS) as pool:
            try:
                self._receive(letters_by_id, min(most, about), most, held, pool)
            finally:
                self._release(held, pool)
        letters = sorted(letters_by_id.values(), key=lambda letter: letter.sent_at)[:most]
        return QueueSnapshot(tuple(letters), max(about, len(letters)), complete=len(letters) >= about)

    def _receive(
        self, letters_by_id: dict[str, DeadLetter], likely: int, most: int, held: _HeldLetters, pool: ThreadPoolExecutor
    ) -> None:
        """Receive ``likely`` letters, then go on until no more come without waiting."""
        began_at = news_at = self._clock()
        while len(letters_by_id) < most:
            missed = likely - len(letters_by_id)
            receivers = max(1, min(_RECEIVERS, -(-missed // _BATCH)))
            # Waiting until SQS has asked all of its servers is worth it only if something must be there.
            waits = [self._wait_s if missed > 0 else 0] * receivers
            receiving = [pool.submit(self._hold, held, wait_s) for wait_s in waits]
            wait(receiving)  # All of them, even if one fails: what the others receive must be given back.
            messages = [message for each in receiving for message in each.result()]
            now = self._clock()
            for message in messages:
                if message["MessageId"] not in letters_by_id:
                    letters_by_id[message["MessageId"]] = DeadLetter.from_message(message, self._bucket)
                    news_at = now
            if now - news_at > _PATIENCE_S or now - began_at > _LONGEST_SNAPSHOT_S or (missed <= 0 and not messages):
                return
            if not messages:
                # Not again at once: another snapshot gets the chance to see ours, to end, and to give back its own.
                self._release(held, pool)
                time.sleep(random.uniform(0.05, 0.3))  # noqa: S311 - two snapshots must not move in step

    def redrive(
        self, message_ids: Collection[str] | None, *, before: datetime, prepare: Prepare = _do_nothing
    ) -> Generator[MoveResult]:
        """Send letters back to the ingest queue, unchanged; yield the result of each. None means all sent ``before``.

        If two people redrive the same letter, SQS hands it to one of them. It is sent first and deleted then: a death
        in between leaves it in both queues, which is harmless, as a second run of the same file changes nothing.
        ``before`` leaves out letters that have come back meanwhile. ``prepare`` is called with each letter before it
        is moved, so that what it records is known even if the caller dies on the way.
        """
        yield from self._each(message_ids, before, prepare, self._send_back)

    def delete(
        self, message_ids: Collection[str] | None, *, before: datetime, prepare: Prepare = _do_nothing
    ) -> Generator[MoveResult]:
        """Delete letters for good; yield the result of each. The parameters are those of :meth:`redrive`."""
        yield from self._each(message_ids, before, prepare, lambda _message: None)

    def _each(
        self, message_ids: Collection[str] | None, before: datetime, prepare: Prepare, act: Callable[[Any], None]
    ) -> Generator[MoveResult]:
        """Receive letters until all wanted ones have come; act on these and delete them, and give the others back."""
        wanted_ids = None if message_ids is None else set(message_ids)
        handled_ids: set[str] = set()
        held = _HeldLetters(self._clock)
        try:
            for message in self._fresh_messages(wanted_ids, handled_ids, held):
                letter = DeadLetter.from_message(message, self._bucket)
                is_wanted = letter.sent_at < before if wanted_ids is None else letter.message_id in wanted_ids
                handled_ids.add(letter.message_id)
                if is_wanted:
                    prepare(letter)
                    yield MoveResult(letter, self._move(message, act, held))
        finally:
            with ThreadPoolExecutor(_RECEIVERS) as pool:
                self._release(held, pool)

    def _move(self, message: Any, act: Callable[[Any], None], held: _HeldLetters) -> str:
        """Act on a message and delete it; return "", or the reason why it is still there."""
        try:
            act(message)
            self._client.delete_message(QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"])
        except ClientError as error:
            return str(error)
        held.forget(message["MessageId"])
        return ""

    def _fresh_messages(self, wanted_ids: set[str] | None, handled_ids: set[str], held: _HeldLetters) -> Iterator[Any]:
        """Yield messages that have not come before and are certainly still held, until there are no more."""
        stale, empty, enough = 0, 0, 10 + self.count_letters() // 5
        news_at = self._clock()
        while (wanted_ids is None or not wanted_ids <= handled_ids) and stale < enough:
            messages = self._hold(held, self._wait_s)
            if not messages:
                empty += 1
                # Letters that others hold come back unless they want them.
                if (empty > 1 and self.count_letters() <= len(held)) or self._clock() - news_at > _GONE_AFTER_S:
                    return
                continue
            empty, news_at = 0, self._clock()
            news = [message for message in messages if message["MessageId"] not in handled_ids]
            stale = 0 if news else stale + 1
            for message in news:
                if held.is_safe(message["MessageId"]):
                    yield message

    def _hold(self, held: _HeldLetters, wait_s: int) -> list[Any]:
        """Receive up to ten messages, which are hidden from others from now on."""
        answer = self._client.receive_message(
            QueueUrl=self._url,
            MaxNumberOfMessages=_BATCH,
            VisibilityTimeout=HOLD_S,
            WaitTimeSeconds=wait_s,
            MessageSystemAttributeNames=["All"],
            MessageAttributeNames=["All"],
        )
        messages = answer.get("Messages", [])
        held.add(messages)
        return messages

    def _send_back(self, message: Any) -> None:
        request: dict[str, Any] = {"QueueUrl": self._ingest_url, "MessageBody": message["Body"]}
        if message.get("MessageAttributes"):
            request["MessageAttributes"] = message["MessageAttributes"]
        trace_header = message.get("Attributes", {}).get("AWSTraceHeader")
        if trace_header:
            # So the run's trace still leads to the trace of the upload.
            request["MessageSystemAttributes"] = {"AWSTraceHeader": {"DataType": "String", "StringValue": trace_header}}
        self._client.send_message(**request)

    def _release(self, held: _HeldLetters, pool: ThreadPoolExecutor) -> None:
        """Give back all letters that are held; one that cannot be comes back by itself after :data:`HOLD_S` seconds."""

        def give_back(handles: tuple[str, ...]) -> None:
            entries: Any = [
                {"Id": str(number), "ReceiptHandle": handle, "VisibilityTimeout": 0}
                for number, handle in enumerate(handles)
            ]
            self._client.change_message_visibility_batch(QueueUrl=self._url, Entries=entries)

        list(pool.map(give_back, batched(held.take_all(), _BATCH)))
