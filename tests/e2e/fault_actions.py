"""The faults of the proxy: the calls that they strike, and their actions. Opens no sockets."""

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn, Protocol

from tests.e2e.aws_calls import Call
from tests.e2e.wire import Request, Response

BOTO_TRIES = 3
"""Calls that botocore makes before it gives up; a fault that outlasts them fails the run."""


class HangUpError(Exception):
    """The connection to the client ends here, without an answer."""


class Exchange(Protocol):
    """One call on its way through the proxy, as an action sees it."""

    @property
    def request(self) -> Request:
        """The request, complete."""

    @property
    def call(self) -> Call:
        """The call that the request makes."""

    def forward(self, request: Request | None = None) -> Response:
        """Send the request, or another in its place, to the target and return the whole answer."""

    def kill(self) -> NoReturn:
        """Kill the client process, wait until it is dead, then hang up."""

    def pause(self, seconds: float) -> None:
        """Wait, or less when the proxy is stopped."""


type Action = Callable[[Exchange], Response]


@dataclass(frozen=True)
class Fault:
    """An `action` on `times` matching calls, from the `nth` on.

    A call matches if it is one of the `operations` (any, if none is named), mentions one of the substrings in `about`
    (likewise) and satisfies `when`.
    """

    action: Action
    operations: tuple[str, ...] = ()
    about: tuple[str, ...] = ()
    when: Callable[[Call], bool] | None = None
    nth: int = 1
    times: int = 1

    def matches(self, call: Call) -> bool:
        """Return whether the fault counts this call."""
        return (
            (not self.operations or call.operation in self.operations)
            and call.mentions(*self.about)
            and (self.when is None or self.when(call))
        )


@dataclass(frozen=True)
class Firing:
    """One strike of a fault: its call, and the process that it killed, if any."""

    call: Call
    killed: int | None


class ArmedFault:
    """An armed fault, with its counts and strikes so far."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        self.seen = 0
        self.taken = 0
        self.firings: list[Firing] = []
        self._done = threading.Event()

    def takes(self, call: Call) -> bool:
        """Count a call; return whether the fault is due. If another fault took its call, it takes the next."""
        if not self.fault.matches(call):
            return False
        self.seen += 1
        return self.seen >= self.fault.nth and self.taken < self.fault.times

    def record(self, firing: Firing) -> None:
        """Note that the fault has struck."""
        self.firings.append(firing)
        if len(self.firings) >= self.fault.times:
            self._done.set()

    def wait(self, timeout: float = 30.0) -> list[Firing]:
        """Wait until the fault has struck as often as it can; raise TimeoutError if it does not."""
        if not self._done.wait(timeout):
            message = f"struck {len(self.firings)} of {self.fault.times} times, saw {self.seen} calls: {self.fault}"
            raise TimeoutError(message)
        return list(self.firings)


def kill_before(exchange: Exchange) -> Response:
    """Kill the client before the call reaches the target."""
    exchange.kill()


def kill_after(exchange: Exchange) -> Response:
    """Let the target carry the call out, then kill the client before the answer reaches it."""
    exchange.forward()
    exchange.kill()


def drop_before(exchange: Exchange) -> Response:
    """Close the client's connection before the call reaches the target."""
    raise HangUpError


def drop_after(exchange: Exchange) -> Response:
    """Let the target carry the call out and lose the answer, so that the client repeats it."""
    exchange.forward()
    raise HangUpError


def delay(seconds: float) -> Action:
    """Return an action that keeps the call waiting, then lets it through."""

    def act(exchange: Exchange) -> Response:
        exchange.pause(seconds)
        return exchange.forward()

    return act


def rewrite(change: Callable[[Response], Response]) -> Action:
    """Return an action that lets the call through and changes the answer."""
    return lambda exchange: change(exchange.forward())


def respond(status: int, body: bytes = b"", headers: dict[str, str] | None = None) -> Action:
    """Return an action that answers in the target's place."""
    fields = tuple((headers or {}).items())
    return lambda _exchange: Response(status, "Fault", fields, body)


def aws_error(code: str, status: int = 400, message: str = "Injected by a test.") -> Action:
    """Return an action that answers with an AWS error, in the form that the call's service gives it."""

    def act(exchange: Exchange) -> Response:
        service = exchange.call.service
        if service == "s3":
            body = f"<Error><Code>{code}</Code><Message>{message}</Message><RequestId>fault</RequestId></Error>"
        elif service in {"sns", "sts", "iam"}:
            error = f"<Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>"
            body = f"<ErrorResponse>{error}<RequestId>fault</RequestId></ErrorResponse>"
        else:
            body = json.dumps({"__type": code, "message": message})
        kind = "application/xml" if body.startswith("<") else "application/x-amz-json-1.0"
        fields = (("Content-Type", kind), ("x-amzn-errortype", code), ("x-amzn-requestid", "fault"))
        return Response(status, "Fault", (*fields, ("Content-Length", str(len(body)))), body.encode())

    return act


def leave_unprocessed(keep: int) -> Action:
    """Return an action that lets only the first `keep` items of a BatchWriteItem through and reports the others.

    At least one, since DynamoDB answers with ProvisionedThroughputExceededException when it can take none.
    """
    if keep < 1:
        raise ValueError("keep at least one item")

    def act(exchange: Exchange) -> Response:
        batch: dict[str, Any] = json.loads(exchange.request.payload)
        kept: dict[str, list[object]] = {}
        left: dict[str, list[object]] = {}
        room = keep
        for table, items in batch["RequestItems"].items():
            if items[:room]:
                kept[table] = items[:room]
            if items[room:]:
                left[table] = items[room:]
            room = max(0, room - len(items))
        part = json.dumps({**batch, "RequestItems": kept}).encode()
        response = exchange.forward(exchange.request.with_payload(part))
        if response.status != 200:
            return response
        answer: dict[str, Any] = json.loads(response.body)
        unprocessed: dict[str, list[object]] = answer.get("UnprocessedItems") or {}
        for table, items in left.items():
            unprocessed[table] = unprocessed.get(table, []) + items
        return response.with_body(json.dumps({**answer, "UnprocessedItems": unprocessed}).encode())

    return act
