"""A server in a process of its own that answers the processor's calls to DynamoDB, S3 and SNS.

    python -m tests.bench.stub '{"body": "orders.csv", "delay_s": 0.008, "keep": true}'

Prints its port. PUT /faults says which faults (keys of ``FAULTS``; "" strikes none) are to strike the next calls of
BatchWriteItem, in their order, and forgets what was stored; GET /stored tells that. Nothing is kept that was not asked
to be, so that a benchmark is not slowed down.
"""

from __future__ import annotations

import json
import re
import socketserver
import subprocess
import sys
import time
from collections import deque
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.request import Request as UrlRequest
from urllib.request import urlopen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).parents[2]
_LENGTH = re.compile(rb"\r\ncontent-length: *([0-9]+)", re.IGNORECASE)
_RANGE = re.compile(rb"\r\nrange: *bytes=([0-9]+)-([0-9]+)", re.IGNORECASE)
_TARGET = re.compile(rb"\r\nx-amz-target: *DynamoDB_[0-9]+\.([A-Za-z]+)", re.IGNORECASE)


_KEY_SCHEMA = [
    {"AttributeName": "order_id", "KeyType": "HASH"},
    {"AttributeName": "processed_timestamp", "KeyType": "RANGE"},
]


@dataclass
class State:
    """The server's file, faults and stored puts."""

    body: bytes = b""
    delay_s: float = 0.0
    keep: bool = False
    faults: deque[str] = field(default_factory=deque)
    calls: int = 0
    puts: int = 0
    stored: dict[str, Any] = field(default_factory=dict)
    entry: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Request:
    """One request."""

    head: bytes
    body: bytes

    @property
    def method(self) -> bytes:
        """The verb."""
        return self.head[: self.head.index(b" ")]

    @property
    def query(self) -> bytes:
        """The query string."""
        return self.head.split(b" ", 2)[1].partition(b"?")[2]


@dataclass
class HangUpError(Exception):
    """The connection ends here, perhaps after part of an answer."""

    last: bytes = b""


def answer(status: int, body: bytes = b"", *headers: str) -> bytes:
    """Return an HTTP answer."""
    lines = [f"HTTP/1.1 {status} Stub", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def _error(code: str, status: int = 400) -> bytes:
    return answer(status, json.dumps({"__type": f"com.amazonaws.dynamodb#{code}", "message": "by the stub"}).encode())


def _drop_after(state: State, request: Request) -> bytes:
    _store(state, request, 25)
    raise HangUpError


def _drop(_state: State, _request: Request) -> bytes:
    raise HangUpError


def _truncated(_state: State, _request: Request) -> bytes:
    raise HangUpError(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{")


def _silent(_state: State, _request: Request) -> bytes:
    time.sleep(5)
    raise HangUpError


def _slow(state: State, request: Request) -> bytes:
    time.sleep(0.05)
    return _store(state, request, 25)


def _chunked(state: State, request: Request) -> bytes:
    body = _store(state, request, 25).partition(b"\r\n\r\n")[2]
    pieces = [body[:10], body[10:], b""]
    head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
    return head + b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces)


def _closing(state: State, request: Request) -> bytes:
    return _store(state, request, 25).replace(b"\r\n", b"\r\nConnection: close\r\n", 1)


FAULTS: dict[str, Callable[[State, Request], bytes]] = {
    "": lambda state, request: _store(state, request, 25),
    "throttle": lambda _state, _request: _error("ProvisionedThroughputExceededException"),
    "unprocessed": lambda state, request: _store(state, request, 3),
    "500": lambda _state, _request: _error("InternalServerError", 500),
    "503": lambda _state, _request: answer(503, b"<html>busy</html>"),
    "denied": lambda _state, _request: _error("AccessDeniedException"),
    "garbage": lambda _state, _request: answer(200, b"<html>not DynamoDB</html>"),
    "no_http": lambda _state, _request: b"nonsense\r\n\r\n",
    "truncated": _truncated,
    "drop": _drop,
    "drop_after": _drop_after,
    "slow": _slow,
    "silent": _silent,
    "chunked": _chunked,
    "closing": _closing,
}


def _store(state: State, request: Request, most: int) -> bytes:
    """Take up to ``most`` put requests and report the others as unprocessed."""
    count = request.body.count(b'"PutRequest"')
    left: dict[str, Any] = {}
    if state.keep:
        parsed = json.loads(request.body)
        [(table, requests)] = parsed["RequestItems"].items()
        if requests[most:]:
            left = {table: requests[most:]}
        for put in requests[:most]:
            item = put["PutRequest"]["Item"]
            state.stored[item["order_id"]["S"] + item["processed_timestamp"]["S"]] = item
    taken = min(count, most)
    state.puts += taken
    capacity = {
        "TableName": "orders",
        "CapacityUnits": 2.0 * taken,
        "Table": {"CapacityUnits": 1.0 * taken},
        "GlobalSecondaryIndexes": {"by_customer": {"CapacityUnits": 1.0 * taken}},
    }
    return answer(200, json.dumps({"UnprocessedItems": left, "ConsumedCapacity": [capacity]}).encode())


def _dynamodb(state: State, operation: bytes, request: Request) -> bytes:
    if operation == b"BatchWriteItem":
        state.calls += 1
        if state.delay_s:
            time.sleep(state.delay_s)
        fault = state.faults.popleft() if state.faults else ""
        return FAULTS[fault](state, request)
    if operation == b"UpdateItem":
        update = json.loads(request.body)
        if update["UpdateExpression"].startswith("ADD"):  # The number of mails.
            return answer(200, b'{"Attributes": {"mails": {"N": "1"}}}')
        old, names = dict(state.entry), update["ExpressionAttributeNames"]
        state.entry |= update["Key"]
        values = update["ExpressionAttributeValues"]
        state.entry |= {
            name: values[f":{place[1:]}"] for place, name in names.items() if place[2:].isdigit() and place[1] == "s"
        }
        return answer(200, json.dumps({"Attributes": old}).encode())
    if operation == b"Query":  # No earlier file has brought the same orders.
        return answer(200, b'{"Items": [], "Count": 0, "ScannedCount": 0}')
    if operation == b"DescribeTable":
        return answer(200, json.dumps({"Table": {"KeySchema": _KEY_SCHEMA}}).encode())
    return answer(200, b"{}")


def _posted(query: bytes) -> bytes:
    if query.startswith(b"uploads"):
        return b"<Result><UploadId>u</UploadId></Result>"
    if query:
        return b'<CompleteMultipartUploadResult><ETag>"e"</ETag></CompleteMultipartUploadResult>'
    return b"<PublishResponse><PublishResult><MessageId>m</MessageId></PublishResult></PublishResponse>"


def _s3(state: State, request: Request) -> bytes:
    facts = ('ETag: "e"', "x-amz-version-id: v")
    match request.method:
        case b"HEAD":
            return answer(200, b"", *facts).replace(b"Content-Length: 0", b"Content-Length: %d" % len(state.body), 1)
        case b"GET":
            part = _RANGE.search(request.head)
            first, last = (int(part[1]), int(part[2])) if part else (0, len(state.body))
            return answer(206, state.body[first : last + 1], *facts)
        case b"PUT" if b"x-amz-copy-source" in request.head.lower():
            return answer(200, b'<CopyObjectResult><ETag>"e"</ETag></CopyObjectResult>', *facts)
        case b"POST":
            return answer(200, _posted(request.query))
        case b"DELETE":
            return answer(204)
        case _:
            return answer(200, b"", *facts)


class _Connection(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        data = b""
        try:
            while True:
                while (end := data.find(b"\r\n\r\n")) < 0:
                    data += self._more()
                head, data = data[: end + 2], data[end + 4 :]
                length = _LENGTH.search(head)
                size = int(length[1]) if length else 0
                if b"100-continue" in head:
                    self.request.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
                pieces, received = [data], len(data)
                while received < size:
                    pieces.append(self._more())
                    received += len(pieces[-1])
                data = b"".join(pieces)
                request, data = Request(head, data[:size]), data[size:]
                self.request.sendall(self._answer(request))
        except HangUpError as ended:
            if ended.last:
                self.request.sendall(ended.last)
        except ConnectionError:
            return

    def _more(self) -> bytes:
        received: bytes = self.request.recv(1 << 20)
        if not received:
            raise HangUpError
        return received

    def _answer(self, request: Request) -> bytes:
        state: State = self.server.state  # type: ignore[attr-defined]
        if request.head.startswith(b"GET /stored"):
            told = {"calls": state.calls, "puts": state.puts, "items": list(state.stored.values())}
            return answer(200, json.dumps(told).encode(), "Connection: close")
        if request.head.startswith(b"PUT /faults"):
            self.server.state = State(  # type: ignore[attr-defined]
                state.body, state.delay_s, state.keep, deque(json.loads(request.body))
            )
            return answer(200, b"", "Connection: close")
        if target := _TARGET.search(request.head):
            return _dynamodb(state, target[1], request)
        if b"secretsmanager.GetSecretValue" in request.head:
            return answer(200, json.dumps({"SecretString": "s" * 64}).encode())
        return _s3(state, request)


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    request_queue_size = 64


@dataclass(frozen=True)
class Stub:
    """A running server."""

    url: str

    def stored(self) -> dict[str, Any]:
        """Return what was stored: calls, puts, and the items if they are kept."""
        with urlopen(f"{self.url}/stored") as told:
            found: dict[str, Any] = json.load(told)
        return found

    def strike(self, *faults: str) -> None:
        """Arm faults for the next calls, and forget the stored ones."""
        with urlopen(UrlRequest(f"{self.url}/faults", json.dumps(faults).encode(), method="PUT")):
            pass


@contextmanager
def running(**options: Any) -> Iterator[Stub]:
    """Run a server in a process of its own."""
    command = [sys.executable, "-m", "tests.bench.stub", json.dumps(options)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield Stub(f"http://127.0.0.1:{int(server.stdout.readline())}")
        finally:
            server.terminate()


def main() -> None:
    """Serve until terminated."""
    options = json.loads(sys.argv[1])
    state = State(
        body=Path(options["body"]).read_bytes() if "body" in options else b"",
        delay_s=options.get("delay_s", 0.0),
        keep=options.get("keep", False),
    )
    with _Server(("127.0.0.1", 0), _Connection) as server:
        server.state = state  # type: ignore[attr-defined]
        print(server.server_address[1], flush=True)
        server.serve_forever(poll_interval=0.05)


if __name__ == "__main__":
    main()
