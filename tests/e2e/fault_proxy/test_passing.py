"""Calls that no fault concerns pass through the proxy unchanged."""

import http.client
import socket
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.e2e.fault_proxy.stub_target import Stub, get
from tests.e2e.faults import FaultProxy

pytestmark = [pytest.mark.enable_socket, pytest.mark.timeout(30)]


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
