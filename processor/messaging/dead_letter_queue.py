"""The dead-letter queue, as a person works with it: look, redrive, delete. Its contents are the truth; nothing is kept.

SQS has no way to look without receiving. So a look hides what it sees for a moment only, gives it back at once, and
says what it could not see. AWS's own task that moves everything back is in ``processor.messaging.move_tasks``.
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
"""For how long a received letter is hidden from others if its holder dies; the living give it back at once."""
_MARGIN_S = 5.0
"""A letter that was held almost as long as that is left alone: somebody else may have it by now."""
_BATCH = 10
"""SQS's limit of messages a call."""
_RECEIVERS = 8
_PATIENCE_S = 2.5
"""How long a look waits for letters that somebody else holds."""
_LONGEST_LOOK_S = 8.0
_GONE_AFTER_S = HOLD_S + 5.0
"""A wanted letter that does not come for so long is gone: nobody can have held it all the time."""
_COUNTS: tuple[QueueAttributeNameType, ...] = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)


@dataclass
class _Held:
    """The letters that are hidden from others now: receipt handle and time of receipt by message id."""

    clock: Callable[[], float]
    _letters: dict[str, tuple[str, float]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self._letters)

    def add(self, messages: Iterable[Any]) -> None:
        now = self.clock()
        for message in messages:  # One by one: several threads add at the same time.
            self._letters[message["MessageId"]] = message["ReceiptHandle"], now

    def is_safe(self, message_id: str) -> bool:
        """Tell whether certainly nobody else has received the letter since."""
        return self.clock() - self._letters[message_id][1] < HOLD_S - _MARGIN_S

    def forget(self, message_id: str) -> None:
        del self._letters[message_id]

    def take_all(self) -> list[str]:
        """Return the receipt handles that are still good, and forget everything."""
        handles = [handle for message_id, (handle, _) in self._letters.items() if self.is_safe(message_id)]
        self._letters.clear()
        return handles


class DeadLetterQueue:
    """The queue of what failed at its last receive, and the way back from it."""

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

    def depth(self) -> int:
        """Ask how many letters there are, held ones included; SQS counts approximately."""
        answer = self._client.get_queue_attributes(QueueUrl=self._url, AttributeNames=_COUNTS)
        return sum(int(answer["Attributes"].get(name, "0")) for name in _COUNTS)

    def look(self, most: int = 1000) -> QueueSnapshot:
        """See what is there, up to ``most`` letters, and leave it there.

        Whoever looks at the same time sees the rest. So whoever misses some gives back what it holds, and goes on
        until it has seen everything or its time is up.
        """
        about = self.depth()
        seen: dict[str, DeadLetter] = {}
        held = _Held(self._clock)
        with ThreadPoolExecutor(_RECEIVERS) as pool:
            try:
                self._see(seen, min(most, about), most, held, pool)
            finally:
                self._release(held, pool)
        letters = sorted(seen.values(), key=lambda letter: letter.sent_at)[:most]
        return QueueSnapshot(tuple(letters), max(about, len(letters)), complete=len(letters) >= about)

    def _see(self, seen: dict[str, DeadLetter], likely: int, most: int, held: _Held, pool: ThreadPoolExecutor) -> None:
        """Receive until ``likely`` letters, and whatever else comes without waiting, are seen."""
        began_at = news_at = self._clock()
        while len(seen) < most:
            missed = likely - len(seen)
            receivers = max(1, min(_RECEIVERS, -(-missed // _BATCH)))
            # Only where something must be there is it worth waiting for SQS to ask all of its servers.
            waits = [self._wait_s if missed > 0 else 0] * receivers
            receiving = [pool.submit(self._hold, held, wait_s) for wait_s in waits]
            wait(receiving)  # All of them, also if one fails: what the others have received must be given back.
            messages = [message for each in receiving for message in each.result()]
            now = self._clock()
            for message in messages:
                if message["MessageId"] not in seen:
                    seen[message["MessageId"]] = DeadLetter.from_message(message, self._bucket)
                    news_at = now
            if now - news_at > _PATIENCE_S or now - began_at > _LONGEST_LOOK_S or (missed <= 0 and not messages):
                return
            if not messages:
                # Not back at once: whoever looks as well gets a chance to see ours, and to end and give back theirs.
                self._release(held, pool)
                time.sleep(random.uniform(0.05, 0.3))  # noqa: S311 - two lookers must not move in step

    def redrive(self, message_ids: Collection[str] | None, *, before: datetime) -> Generator[MoveResult]:
        """Send letters back to the ingest queue, unchanged; tell of each one. None means all sent before a moment.

        Of two people who redrive the same letter one gets it, for SQS hands it to one of them. It is sent first and
        deleted then: a death in between leaves it in both queues, which is harmless, for a second run of the same
        file changes nothing. ``before`` keeps letters out that came back while this went on.
        """
        yield from self._each(message_ids, before, self._send_back)

    def delete(self, message_ids: Collection[str] | None, *, before: datetime) -> Generator[MoveResult]:
        """Delete letters for good; tell of each one. None means all sent before a moment."""
        yield from self._each(message_ids, before, lambda _message: None)

    def _each(
        self, message_ids: Collection[str] | None, before: datetime, act: Callable[[Any], None]
    ) -> Generator[MoveResult]:
        """Receive letters until the wanted ones were met, act on each and delete it; give the others back."""
        wanted = None if message_ids is None else set(message_ids)
        done: set[str] = set()
        held = _Held(self._clock)
        try:
            for message in self._fresh_messages(wanted, done, held):
                letter = DeadLetter.from_message(message, self._bucket)
                is_wanted = letter.sent_at < before if wanted is None else letter.message_id in wanted
                done.add(letter.message_id)
                if is_wanted:
                    yield MoveResult(letter, self._move(message, act, held))
        finally:
            with ThreadPoolExecutor(_RECEIVERS) as pool:
                self._release(held, pool)

    def _move(self, message: Any, act: Callable[[Any], None], held: _Held) -> str:
        """Act on a message and delete it; returns "", or why it is still there."""
        try:
            act(message)
            self._client.delete_message(QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"])
        except ClientError as error:
            return str(error)
        held.forget(message["MessageId"])
        return ""

    def _fresh_messages(self, wanted: set[str] | None, done: set[str], held: _Held) -> Iterator[Any]:
        """Yield messages that were not met yet and are certainly still held, until there are no more."""
        stale, empty, enough = 0, 0, 10 + self.depth() // 5
        news_at = self._clock()
        while (wanted is None or not wanted <= done) and stale < enough:
            messages = self._hold(held, self._wait_s)
            if not messages:
                empty += 1
                # What others hold comes back: it may be among what they do not want either.
                if (empty > 1 and self.depth() <= len(held)) or self._clock() - news_at > _GONE_AFTER_S:
                    return
                continue
            empty, news_at = 0, self._clock()
            news = [message for message in messages if message["MessageId"] not in done]
            stale = 0 if news else stale + 1
            for message in news:
                if held.is_safe(message["MessageId"]):
                    yield message

    def _hold(self, held: _Held, wait_s: int) -> list[Any]:
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
            # The run's trace still leads to the trace of whoever uploaded the file.
            request["MessageSystemAttributes"] = {"AWSTraceHeader": {"DataType": "String", "StringValue": trace_header}}
        self._client.send_message(**request)

    def _release(self, held: _Held, pool: ThreadPoolExecutor) -> None:
        """Give back what is held; what cannot be given back comes back by itself after :data:`HOLD_S` seconds."""

        def give_back(handles: tuple[str, ...]) -> None:
            entries: Any = [
                {"Id": str(number), "ReceiptHandle": handle, "VisibilityTimeout": 0}
                for number, handle in enumerate(handles)
            ]
            self._client.change_message_visibility_batch(QueueUrl=self._url, Entries=entries)

        list(pool.map(give_back, batched(held.take_all(), _BATCH)))
