"""The fault proxy against a stub of the target, with child processes as clients that are killed for real."""

import http.client
import json
import socket
import socketserver
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any, cast

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.e2e.faults import (
    Action,
    Fault,
    FaultProxy,
    Response,
    aws_error,
    delay,
    drop_after,
    drop_before,
    kill_after,
    kill_before,
    leave_unprocessed,
    respond,
    rewrite,
)
from tests.e2e.wire import Request

pytestmark = [pytest.mark.enable_socket, pytest.mark.timeout(30)]

# Makes each GET in turn over one keep-alive connection, announcing it before and telling the answer after it.
CLIENT = """
import http.client, sys
connection = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]))
for path in sys.argv[2:]:
    print("asks", path, flush=True)
    connection.request("GET", path)
    answer = connection.getresponse()
    answer.read()
    print("got", answer.status, flush=True)
"""


@dataclass
class Stub:
    """A target that remembers the requests it saw and answers as it is told."""

    port: int
    requests: list[Request] = field(default_factory=list)
    answers: dict[str, bytes] = field(default_factory=dict)

    @property
    def paths(self) -> list[str]:
        """The targets of the requests, in order."""
        return [request.target for request in self.requests]


class _StubServer(socketserver.ThreadingTCPServer):
    request_queue_size = 64
    stub: Stub


class _StubConnection(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def handle_one_request(self) -> None:
        self.raw_requestline = self.rfile.readline(65537)
        if not self.raw_requestline or not self.parse_request():
            self.close_connection = True
            return
        stub = cast("_StubServer", self.server).stub
        request = Request.read(self.command, self.requestline.split()[1], self.headers, self.rfile)
        stub.requests.append(request)
        self.close_connection |= bool(request.header("x-stub-close"))
        self.wfile.write(stub.answers.get(self.command) or stub.answers.get(self.path) or _echo(request))

    def log_message(self, *args: object) -> None:
        """Stay quiet."""


def _echo(request: Request) -> bytes:
    body = request.payload
    kind = request.header("content-type") or "text/plain"
    return b"HTTP/1.1 200 Fine\r\nX-Stub: yes\r\nContent-Type: %b\r\nContent-Length: %d\r\n\r\n%b" % (
        kind.encode(),
        len(body),
        body,
    )


@pytest.fixture
def stub() -> Iterator[Stub]:
    """Run a target."""
    with _StubServer(("127.0.0.1", 0), _StubConnection) as server:
        server.stub = Stub(server.server_address[1])
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield server.stub
        server.shutdown()
        thread.join()


@pytest.fixture
def proxy(stub: Stub) -> Iterator[FaultProxy]:
    """Run a proxy in front of the target, so that it ends before the target does."""
    with FaultProxy(f"http://127.0.0.1:{stub.port}") as running:
        yield running


@pytest.fixture
def connection(proxy: FaultProxy) -> Iterator[http.client.HTTPConnection]:
    """Connect to the proxy from the test process."""
    client = http.client.HTTPConnection(*proxy.address, timeout=10)
    yield client
    client.close()


def aws(service: str, proxy: FaultProxy, **config: Any) -> Any:
    """Make a boto3 client that reaches AWS through the proxy."""
    return boto3.client(
        cast("Any", service),
        endpoint_url=proxy.url,
        region_name="eu-west-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(**{"retries": {"total_max_attempts": 1}, **config}),
    )


def run_client(proxy: FaultProxy, *paths: str) -> tuple[int, list[str]]:
    """Run a child process that makes the requests; return its exit status and what it printed."""
    command = [sys.executable, "-I", "-c", CLIENT, str(proxy.address[1]), *paths]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    return done.returncode, done.stdout.splitlines()


def get(connection: http.client.HTTPConnection, path: str, **headers: str) -> tuple[int, bytes]:
    """Make a GET request; return the answer's status and body."""
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    return answer.status, answer.read()


# What passes through unchanged.


def test_request_and_response_pass_unchanged(
    stub: Stub, proxy: FaultProxy, connection: http.client.HTTPConnection
) -> None:
    """Target, Host, unusual headers and body arrive as they were sent, and so does the answer."""
    connection.request(
        "PUT", "//a%20b/%C3%A4?x=%2B&y", b"\x00body", {"Host": "bucket.example:1", "x-Amz-Meta-Q": "a, b"}
    )
    answer = connection.getresponse()

    assert (answer.status, answer.reason, answer.headers["X-Stub"], answer.read()) == (200, "Fine", "yes", b"\x00body")
    [seen] = stub.requests
    assert seen.target == "//a%20b/%C3%A4?x=%2B&y"
    assert dict(seen.headers) == {
        "Host": "bucket.example:1",
        "Accept-Encoding": "identity",
        "Content-Length": "5",
        "x-Amz-Meta-Q": "a, b",
    }


def test_chunked_request_keeps_its_framing_and_trailers(stub: Stub, proxy: FaultProxy) -> None:
    """A chunked body goes on in the same chunks, after `100 Continue` where the client waits for it."""
    body = b"5;ext=1\r\nhello\r\n1\r\n!\r\n0\r\nx-amz-checksum-crc32: AAAA\r\n\r\n"
    head = b"PUT /b/k HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n"

    with socket.create_connection(proxy.address, timeout=10) as client:
        client.sendall(head)
        interim = client.recv(1000)
        client.sendall(body)
        final = client.recv(1000)

    assert interim == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert final.startswith(b"HTTP/1.1 200 Fine\r\n")
    assert stub.requests[0].framed == body
    assert stub.requests[0].payload == b"hello!"


@pytest.mark.parametrize(
    ("method", "answer", "expected"),
    [
        ("GET", b"HTTP/1.1 206 Partial\r\nContent-Range: bytes 2-4/9\r\nContent-Length: 3\r\n\r\ncde", (206, b"cde")),
        ("HEAD", b"HTTP/1.1 200 OK\r\nContent-Length: 123456\r\n\r\n", (200, b"")),
        ("DELETE", b"HTTP/1.1 204 No Content\r\n\r\n", (204, b"")),
        (
            "GET",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
            (200, b"abcde"),
        ),
        ("GET", b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", (404, b"")),
    ],
)
def test_every_kind_of_answer_keeps_the_connection_usable(
    stub: Stub,
    connection: http.client.HTTPConnection,
    method: str,
    answer: bytes,
    expected: tuple[int, bytes],
) -> None:
    """Range, HEAD, 204, chunked and error answers are each followed by a second one on the same connection."""
    stub.answers[method] = answer

    for _ in range(2):
        connection.request(method, "/b/k", headers={"Range": "bytes=2-4"})
        response = connection.getresponse()
        assert (response.status, response.read()) == expected
        assert response.headers.get("Content-Length") in (None, "0", "3", "123456")
        assert connection.sock is not None
    assert stub.requests[0].header("range") == "bytes=2-4"


def test_eight_megabyte_part_passes_both_ways(stub: Stub, connection: http.client.HTTPConnection) -> None:
    """A large body comes back whole."""
    part = bytes(range(256)) * 32768
    connection.request("PUT", "/b/k?partNumber=1&uploadId=u", part)

    assert connection.getresponse().read() == part
    assert len(stub.requests[0].payload) == 8 * 1024 * 1024


def test_answer_cut_short_by_the_target_is_cut_short_for_the_client(
    stub: Stub, connection: http.client.HTTPConnection
) -> None:
    """The proxy never makes a truncated answer look complete, nor waits for the rest."""
    stub.answers["GET"] = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"

    with pytest.raises(http.client.IncompleteRead):
        get(connection, "/b/k", **{"X-Stub-Close": "yes"})


def test_many_clients_at_once_each_get_their_own_answer(stub: Stub, proxy: FaultProxy) -> None:
    """Hundreds of calls over parallel keep-alive connections neither mix nor get lost."""

    def client(number: int) -> list[bytes]:
        connection = http.client.HTTPConnection(*proxy.address, timeout=10)
        bodies = []
        for step in range(40):
            connection.request("POST", "/b/k", b"%d-%d" % (number, step))
            bodies.append(connection.getresponse().read())
        connection.close()
        return bodies

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(client, range(8)))

    assert answers == [[b"%d-%d" % (number, step) for step in range(40)] for number in range(8)]
    assert len(proxy.calls) == len(stub.requests) == 320


# Whom and when it kills.


def test_kill_before_ends_the_client_and_hides_the_call_from_the_target(stub: Stub, proxy: FaultProxy) -> None:
    """The client dies of SIGKILL while it waits, and the target sees the calls before that one only."""
    armed = proxy.add(Fault(kill_before, about=("/b/two",)))

    status, output = run_client(proxy, "/b/one", "/b/two", "/b/three")

    assert status == -9
    assert output == ["asks /b/one", "got 200", "asks /b/two"]
    assert stub.paths == ["/b/one"]
    assert [call.text.strip() for call in proxy.calls] == ["/b/one", "/b/two"]
    [firing] = armed.wait(1)
    assert firing.killed is not None


def test_kill_after_ends_the_client_once_the_target_has_done_the_call(stub: Stub, proxy: FaultProxy) -> None:
    """The client dies without the answer, and the target saw the call exactly once."""
    proxy.add(Fault(kill_after, about=("/b/two",)))

    status, output = run_client(proxy, "/b/one", "/b/two", "/b/three")

    assert status == -9
    assert output == ["asks /b/one", "got 200", "asks /b/two"]
    assert stub.paths == ["/b/one", "/b/two"]


def test_nth_matching_call_is_struck_and_the_next_client_lives(stub: Stub, proxy: FaultProxy) -> None:
    """Only calls that match are counted, and a fault that has struck is spent."""
    proxy.add(Fault(kill_before, operations=("GetObject",), about=("key-a", "key-b"), nth=3))
    paths = ("/b/key-a", "/b/other", "/b/key-b", "/b/key-a", "/b/key-b")

    first = run_client(proxy, *paths)
    second = run_client(proxy, *paths)

    assert first[0] == -9
    assert first[1][-1] == "asks /b/key-a"
    assert second == (0, [line for path in paths for line in (f"asks {path}", "got 200")])
    assert stub.paths == [*paths[:3], *paths]


def test_fault_strikes_as_often_as_told(stub: Stub, proxy: FaultProxy) -> None:
    """Each of the next `times` clients is killed, whichever process it is."""
    armed = proxy.add(Fault(kill_before, times=2))

    statuses = [run_client(proxy, "/b/k")[0] for _ in range(3)]

    assert statuses == [-9, -9, 0]
    assert len({firing.killed for firing in armed.firings}) == 2


def test_process_of_the_tests_is_never_killed(proxy: FaultProxy, connection: http.client.HTTPConnection) -> None:
    """A fault that would kill the test process hangs up instead, and says so when checked."""
    proxy.add(Fault(kill_before))

    with pytest.raises(http.client.RemoteDisconnected):
        get(connection, "/b/k")
    with pytest.raises(ExceptionGroup) as problems:
        proxy.check()

    assert "it is the emulator or the tests" in str(problems.value.exceptions[0])


def test_process_that_the_emulator_did_not_start_is_never_killed(stub: Stub, proxy: FaultProxy) -> None:
    """A child of the tests survives when another process is named as the emulator."""
    with subprocess.Popen([sys.executable, "-I", "-c", "input()"], stdin=subprocess.PIPE) as emulator:
        proxy.victim_of = emulator.pid
        proxy.add(Fault(kill_before))

        status, output = run_client(proxy, "/b/k")
        emulator.communicate(b"\n", timeout=10)

    assert (status, emulator.returncode) == (1, 0)
    assert output == ["asks /b/k"]
    with pytest.raises(ExceptionGroup) as problems:
        proxy.check()
    assert "the emulator did not start it" in str(problems.value.exceptions[0])


def test_proxy_serves_on_quietly_after_a_kill(
    proxy: FaultProxy, connection: http.client.HTTPConnection, capfd: pytest.CaptureFixture[str]
) -> None:
    """Neither the dead client's connection nor those of others leave a trace, and no problem is left to raise."""
    get(connection, "/b/before")
    proxy.add(Fault(kill_after, about=("/b/k",)))

    run_client(proxy, "/b/k")

    assert get(connection, "/b/after")[0] == 200
    proxy.check()
    assert capfd.readouterr() == ("", "")


def test_stopping_ends_idle_connections_and_pauses(stub: Stub) -> None:
    """Leaving the context waits neither for a client that keeps its connection nor for a long delay."""
    threads = threading.active_count()
    with socket.socket() as idle:
        with FaultProxy(f"http://127.0.0.1:{stub.port}") as proxy:
            idle.connect(proxy.address)
            paused = proxy.add(Fault(delay(60)))
            slow = http.client.HTTPConnection(*proxy.address)
            slow.request("GET", "/b/k")
            while not paused.seen:
                time.sleep(0.005)
            began = time.monotonic()
        assert time.monotonic() - began < 5
        assert idle.recv(1) == b""
    slow.close()

    while (
        threading.active_count() > threads
    ):  # The stub's end of a connection takes a moment; the test's timeout ends it.
        time.sleep(0.005)


# What else it does to a call.


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        (respond(503, b"busy", {"Retry-After": "1"}), (503, b"busy")),
        (rewrite(lambda response: response.with_body(b"other")), (200, b"other")),
        (delay(0.05), (200, b"")),
    ],
)
def test_answer_is_replaced_rewritten_or_delayed(
    connection: http.client.HTTPConnection, proxy: FaultProxy, action: Action, expected: tuple[int, bytes]
) -> None:
    """One call is struck, and the next on the same connection is let through."""
    proxy.add(Fault(action))

    assert get(connection, "/b/k") == expected
    assert get(connection, "/b/k") == (200, b"")


@pytest.mark.parametrize(("action", "seen"), [(drop_before, 1), (drop_after, 2)])
def test_dropped_call_is_made_again_by_boto3(stub: Stub, proxy: FaultProxy, action: Action, seen: int) -> None:
    """The client's retry is the first call that the target sees, or the second when only the answer was lost."""
    stub.answers["PUT"] = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
    proxy.add(Fault(action))

    aws("s3", proxy, retries={"total_max_attempts": 2}).put_object(Bucket="b", Key="k", Body=b"x")

    assert [request.payload for request in stub.requests] == [b"x"] * seen
    assert [call.operation for call in proxy.calls] == ["PutObject", "PutObject"]


@pytest.mark.parametrize(
    ("service", "code", "status", "ask"),
    [
        ("s3", "InternalError", 500, lambda s3: s3.get_object(Bucket="b", Key="k")),
        ("sns", "Throttled", 400, lambda sns: sns.publish(TopicArn="t", Message="m")),
        ("sqs", "RequestThrottled", 400, lambda sqs: sqs.delete_message(QueueUrl="http://q", ReceiptHandle="r")),
        (
            "dynamodb",
            "ProvisionedThroughputExceededException",
            400,
            lambda table: table.get_item(TableName="t", Key={"k": {"S": "v"}}),
        ),
    ],
)
def test_aws_error_is_what_boto3_raises(
    proxy: FaultProxy, service: str, code: str, status: int, ask: Callable[[Any], object]
) -> None:
    """Each protocol's error reaches the caller with its code and status."""
    proxy.add(Fault(aws_error(code, status)))
    client = aws(service, proxy)

    with pytest.raises(ClientError) as error:
        ask(client)

    assert error.value.response["Error"]["Code"] == code
    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == status
    client.close()


def test_unprocessed_items_are_those_that_the_target_never_saw(stub: Stub, proxy: FaultProxy) -> None:
    """Two items of three, over two tables, are kept back, and the answer names just these."""
    stub.answers["/"] = b'HTTP/1.1 200 OK\r\nx-amz-crc32: 1\r\nContent-Length: 24\r\n\r\n{"UnprocessedItems": {}}'
    proxy.add(Fault(leave_unprocessed(2), operations=("BatchWriteItem",)))
    puts = [{"PutRequest": {"Item": {"k": {"S": name}}}} for name in "abc"]

    answer = aws("dynamodb", proxy).batch_write_item(RequestItems={"one": puts[:1], "two": puts})

    assert answer["UnprocessedItems"] == {"two": puts[1:]}
    assert json.loads(stub.requests[0].payload)["RequestItems"] == {"one": puts[:1], "two": puts[:1]}


def test_fault_that_lost_a_call_to_another_takes_the_next(
    connection: http.client.HTTPConnection, proxy: FaultProxy
) -> None:
    """Of two faults due at one call the first added strikes, and the second is not lost."""
    proxy.add(Fault(respond(501)))
    proxy.add(Fault(respond(502)))

    assert [get(connection, "/b/k")[0] for _ in range(3)] == [501, 502, 200]


def test_waiting_for_a_fault_that_does_not_strike_tells_what_it_saw(
    connection: http.client.HTTPConnection, proxy: FaultProxy
) -> None:
    """The timeout's message has the counts that explain it."""
    armed = proxy.add(Fault(respond(500), nth=5))
    get(connection, "/b/k")

    with pytest.raises(TimeoutError, match="struck 0 of 1 times, saw 1 calls"):
        armed.wait(0.01)


def test_reset_disarms_and_forgets(connection: http.client.HTTPConnection, proxy: FaultProxy) -> None:
    """A proxy that serves many tests starts each of them afresh."""
    proxy.add(Fault(respond(500)))
    proxy.reset()

    assert get(connection, "/b/k")[0] == 200
    assert len(proxy.calls) == 1


def test_target_that_closes_idle_connections_is_connected_to_again(
    stub: Stub, connection: http.client.HTTPConnection
) -> None:
    """The client's keep-alive connection outlives the target's, and each call is made once."""
    for _ in range(3):
        assert get(connection, "/b/k", **{"X-Stub-Close": "yes"}) == (200, b"")
        time.sleep(0.02)

    assert len(stub.requests) == 3


def test_dead_target_looks_dead(stub: Stub) -> None:
    """With nothing behind the proxy its clients are hung up on, as without it."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with FaultProxy(f"http://127.0.0.1:{port}") as proxy:
        client = http.client.HTTPConnection(*proxy.address, timeout=10)

        with pytest.raises(http.client.RemoteDisconnected):
            get(client, "/b/k")


def test_checksum_of_a_rewritten_answer_is_left_out() -> None:
    """DynamoDB's checksum of the old body would make boto3 refuse the new one."""
    old = Response(200, "OK", (("x-amz-crc32", "1"), ("Content-Length", "3")), b"abc")

    assert old.with_body(b"xy") == Response(200, "OK", (("Content-Length", "2"),), b"xy")
