"""Sends batches over pooled connections, one on each, and reads an answer when its connection is needed again.

The processor reads rows while DynamoDB stores others, without a thread. Batches are sent in groups, which takes much
less CPU than one by one between other work. A batch whose answer is lost, late or a server error is sent again a few
times, as botocore does; storing it twice changes nothing.
"""

from __future__ import annotations

import json
import random
import time
from collections import deque
from contextlib import suppress
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from botocore.exceptions import ClientError, ConnectionClosedError, EndpointConnectionError, ReadTimeoutError

from processor.domain.backoff import backoff
from processor.orders.transport.http_connection import Connection
from processor.orders.transport.sender import THROTTLED_CODES, encode_puts

if TYPE_CHECKING:
    from collections.abc import Callable

    from processor.orders.transport.http_connection import Address
    from processor.orders.transport.sigv4 import RequestSigner

_MOST_CONNECTIONS = 16
_TOGETHER = 8
"""Batches sent together. Larger groups save no CPU (`make bench`)."""
_WAITED_S = 0.0003
"""A longer wait for an answer means that another connection would help."""
_MOST_ATTEMPTS = 4
_FIRST_WAIT_S = 0.2


class _Answer(NamedTuple):
    status: int
    parsed: dict[str, Any]


class PooledSender:
    """A sender with its own connections, which outlive runs."""

    def __init__(
        self,
        address: Address,
        signer: RequestSigner,
        table: str,
        answered: Callable[[dict[str, Any]], None],
        *,
        sleep: Callable[[float], None] = time.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        """``answered`` is called with every answer that is not an error."""
        self.depth = _TOGETHER
        """The number of batches that may be under way; it grows until no answer is waited for."""
        self._address = address
        self._signer = signer
        self._table = table
        self._before = b'{"RequestItems":{%b:[' % json.dumps(table).encode()
        self._answered = answered
        self._sleep = sleep
        self._jitter = jitter
        self._usual_body = b""
        """The last answer: most answers are equal."""
        self._usual = _Answer(0, {})
        self._idle: list[Connection] = []
        self._begun: deque[tuple[Connection, bytes]] = deque()
        self._unsent = 0
        """The number of the last batches that are not sent yet."""

    def begin(self, puts: bytes, *, at_once: bool = False) -> None:
        """Send a batch, ``at_once`` or with the next ones; an error is raised when it is finished."""
        connection = self._idle.pop() if self._idle else Connection(self._address)
        self._begun.append((connection, puts))
        self._unsent += 1
        if at_once or self._unsent == _TOGETHER:
            self._send_unsent()

    def finish(self) -> bytes:
        """Wait for the oldest answer and return the unprocessed items of its batch."""
        if self._unsent == len(self._begun):
            self._send_unsent()
        was_full = len(self._begun) > self.depth
        connection, puts = self._begun.popleft()
        self._idle.append(connection)
        was_used = connection.answers > 0
        waiting_since = time.perf_counter()
        try:
            answer = self._receive(connection)
        except OSError as problem:
            # DynamoDB closes idle connections, which does not count as a failed attempt.
            answer = self._send_with_retries(connection, puts, None if was_used else problem)
        else:
            if answer.status >= 500:
                answer = self._send_with_retries(connection, puts, _error(answer))
        if was_full and time.perf_counter() - waiting_since > _WAITED_S:
            self.depth = min(self.depth + 1, _MOST_CONNECTIONS - 1)
        return self._unprocessed(answer, puts)

    def resend(self, puts: bytes) -> bytes:
        """Send items and wait for the answer, while others are under way."""
        return self._unprocessed(self._send_with_retries(self._idle[-1], puts, None), puts)

    def discard_pending(self) -> None:
        """Close the connections that wait for an answer, so that no later batch takes it for its own."""
        while self._begun:
            self._begun.popleft()[0].close()
        self._unsent = 0

    def close(self) -> None:
        """Close every connection; the next batch opens one."""
        self.discard_pending()
        while self._idle:
            self._idle.pop().close()

    def _send_unsent(self) -> None:
        for connection, puts in islice(self._begun, len(self._begun) - self._unsent, None):
            with suppress(OSError):
                self._send(connection, puts)
        self._unsent = 0

    def _send(self, connection: Connection, puts: bytes) -> None:
        body = b'%b%b]},"ReturnConsumedCapacity":"INDEXES"}' % (self._before, puts)
        request = self._signer.head(body) + body
        was_used = connection.answers > 0
        try:
            connection.send(request)
        except OSError:
            if not was_used:
                raise
            connection.send(request)  # DynamoDB had closed the idle connection.

    def _receive(self, connection: Connection) -> _Answer:
        received = connection.receive()
        if received.status == self._usual.status and received.body == self._usual_body:
            return self._usual
        try:
            parsed = json.loads(received.body)
        except ValueError:
            parsed = None
        if isinstance(parsed, dict):
            self._usual_body, self._usual = received.body, _Answer(received.status, parsed)
            return self._usual
        if received.status == 200:  # Nothing tells whether the batch is stored.
            connection.close()
            raise ConnectionError("the answer is not a JSON object")
        return _Answer(received.status, {})

    def _send_with_retries(self, connection: Connection, puts: bytes, problem: Exception | None) -> _Answer:
        """Send a batch, or send it again after ``problem``, until the answer is not a server error."""
        waits = backoff(_FIRST_WAIT_S, _MOST_ATTEMPTS, jitter=self._jitter)
        while True:
            if problem:
                wait_s = next(waits, None)
                if wait_s is None:
                    self._raise_as_botocore(problem)
                self._sleep(wait_s)
            try:
                self._send(connection, puts)
                answer = self._receive(connection)
            except OSError as error:
                problem = error
            else:
                if answer.status < 500:
                    return answer
                problem = _error(answer)

    def _unprocessed(self, answer: _Answer, puts: bytes) -> bytes:
        if answer.status == 200:
            self._answered(answer.parsed)
            unprocessed = answer.parsed.get("UnprocessedItems")
            return encode_puts(unprocessed[self._table]) if unprocessed else b""
        error = _error(answer)
        if error.response["Error"]["Code"] in THROTTLED_CODES:
            return puts
        raise error

    def _raise_as_botocore(self, problem: Exception) -> NoReturn:
        """Raise the exception of botocore, so that ledger and log say the same for both senders."""
        url = f"{'https' if self._address.tls else 'http'}://{self._address.host}:{self._address.port}/"
        if isinstance(problem, TimeoutError):
            raise ReadTimeoutError(endpoint_url=url, error=problem) from problem
        if isinstance(problem, ConnectionResetError | BrokenPipeError):
            raise ConnectionClosedError(endpoint_url=url, error=problem) from problem
        if isinstance(problem, OSError):
            raise EndpointConnectionError(endpoint_url=url, error=problem) from problem
        raise problem


def _error(answer: _Answer) -> ClientError:
    parsed = answer.parsed
    code = str(parsed.get("__type") or answer.status).rpartition("#")[2]
    error: Any = {
        "Error": {"Code": code, "Message": parsed.get("message") or parsed.get("Message") or ""},
        "ResponseMetadata": {"HTTPStatusCode": answer.status},
    }
    return ClientError(error, "BatchWriteItem")
