"""Keep-alive connections to DynamoDB: one HTTP/1.1 request at a time on each, its answer read later. Knows no rows.

An answer of DynamoDB's is short and has a length. Others are read, too (in chunks, or until the connection ends), since
emulators stand in for DynamoDB.
"""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import ssl

CONNECT_TIMEOUT_S = 5.0
READ_TIMEOUT_S = 20.0
_RECEIVED_AT_ONCE = 4 * 1024


class Address(NamedTuple):
    """Where to connect to; without ``tls`` in plain text."""

    host: str
    port: int
    tls: ssl.SSLContext | None


class Answer(NamedTuple):
    """What came back: status, head in lower case, body."""

    status: int
    head: bytes
    body: bytes


class Connection:
    """One connection, opened when it is needed. What goes wrong on it is an OSError, after which it is closed."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._socket: socket.socket | None = None
        self.answers = 0
        """How many came since it was opened: one that has answered before may simply have been closed since."""

    def send(self, request: bytes) -> None:
        """Send a whole request."""
        try:
            if self._socket is None:
                self._open()
            self._socket.sendall(request)  # type: ignore[union-attr]
        except OSError:
            self.close()
            raise

    def receive(self) -> Answer:
        """Wait for the answer to the request that was sent."""
        try:
            answer = self._receive()
        except (OSError, ValueError) as error:
            self.close()
            raise error if isinstance(error, OSError) else ConnectionError("the answer is no HTTP") from error
        self.answers += 1
        if _header(answer.head, b"connection") == b"close":
            self.close()
        return answer

    def close(self) -> None:
        """Close it; the next request opens it anew."""
        if self._socket is not None:
            self._socket.close()
        self._socket = None
        self.answers = 0

    def _open(self) -> None:
        address = self._address
        opened = socket.create_connection((address.host, address.port), CONNECT_TIMEOUT_S)
        try:
            opened.settimeout(READ_TIMEOUT_S)
            opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._socket = address.tls.wrap_socket(opened, server_hostname=address.host) if address.tls else opened
        except OSError:
            opened.close()
            raise

    def _receive(self) -> Answer:
        data = self._more()
        while (end := data.find(b"\r\n\r\n")) < 0:
            data += self._more()
        head, body = data[: end + 2].lower(), data[end + 4 :]
        if not head.startswith(b"http/1."):
            raise ConnectionError("the answer is no HTTP")
        if length := _header(head, b"content-length"):
            wanted = int(length)
            while len(body) < wanted:
                body += self._more()
            if len(body) > wanted:
                raise ConnectionError("more came than the answer")
        elif _header(head, b"transfer-encoding") == b"chunked":
            body = self._chunks(body)
        else:
            body = self._rest(body)
        return Answer(int(head[9:12]), head, body)

    def _more(self) -> bytes:
        if self._socket is None:
            raise ConnectionError("the connection is closed")
        data = self._socket.recv(_RECEIVED_AT_ONCE)
        if not data:
            raise ConnectionResetError("the connection was closed before the answer was complete")
        return data

    def _chunks(self, data: bytes) -> bytes:
        """Read a body in chunks (RFC 9112, section 7.1); a connection with trailers on it is not used again."""
        body = b""
        while True:
            while b"\r\n" not in data:
                data += self._more()
            size = int(data.partition(b"\r\n")[0].partition(b";")[0], 16)
            data = data.partition(b"\r\n")[2]
            while len(data) < size + 2:
                data += self._more()
            body += data[:size]
            data = data[size:].removeprefix(b"\r\n")
            if not size:
                if data:
                    self.close()
                return body

    def _rest(self, data: bytes) -> bytes:
        """Read a body that ends with the connection."""
        try:
            while True:
                data += self._more()
        except ConnectionResetError:
            self.close()
            return data


def _header(head: bytes, name: bytes) -> bytes:
    """Return the value of a header of a head in lower case, or b""."""
    found = head.find(b"\r\n%b:" % name)
    if found < 0:
        return b""
    start = found + len(name) + 3
    return head[start : head.index(b"\r\n", start)].strip()
