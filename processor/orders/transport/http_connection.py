"""Keep-alive connections to DynamoDB: one HTTP/1.1 request at a time, its answer read later. Knows no rows.

DynamoDB's answers are short and have a length. Emulators also answer in chunks, or until the connection ends.
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
    """A host and port; without ``tls`` the connection is plain text."""

    host: str
    port: int
    tls: ssl.SSLContext | None


class Answer(NamedTuple):
    """An HTTP answer; the head is in lower case."""

    status: int
    head: bytes
    body: bytes


class Connection:
    """One connection, opened by the first request. Its errors are OSErrors, after which it is closed."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._socket: socket.socket | None = None
        self.answers = 0
        """Answers since it was opened. A connection with answers may have been closed while it was idle."""

    def send(self, request: bytes) -> None:
        """Send a request."""
        try:
            if self._socket is None:
                self._open()
            self._socket.sendall(request)  # type: ignore[union-attr]
        except OSError:
            self.close()
            raise

    def receive(self) -> Answer:
        """Wait for the answer to the request."""
        try:
            answer = self._receive()
        except (OSError, ValueError) as error:
            self.close()
            raise error if isinstance(error, OSError) else ConnectionError("the answer is not HTTP") from error
        self.answers += 1
        if _header(answer.head, b"connection") == b"close":
            self.close()
        return answer

    def close(self) -> None:
        """Close it; the next request opens it again."""
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
        data = self._read_some()
        while (end := data.find(b"\r\n\r\n")) < 0:
            data += self._read_some()
        head, body = data[: end + 2].lower(), data[end + 4 :]
        if not head.startswith(b"http/1."):
            raise ConnectionError("the answer is not HTTP")
        if length := _header(head, b"content-length"):
            size = int(length)
            while len(body) < size:
                body += self._read_some()
            if len(body) > size:
                raise ConnectionError("more bytes came than the answer has")
        elif _header(head, b"transfer-encoding") == b"chunked":
            body = self._read_chunks(body)
        else:
            body = self._read_to_end(body)
        return Answer(int(head[9:12]), head, body)

    def _read_some(self) -> bytes:
        if self._socket is None:
            raise ConnectionError("the connection is closed")
        data = self._socket.recv(_RECEIVED_AT_ONCE)
        if not data:
            raise ConnectionResetError("the connection was closed before the answer was complete")
        return data

    def _read_chunks(self, data: bytes) -> bytes:
        """Read a body in chunks (RFC 9112, section 7.1). A connection with trailers is closed."""
        body = b""
        while True:
            while b"\r\n" not in data:
                data += self._read_some()
            size = int(data.partition(b"\r\n")[0].partition(b";")[0], 16)
            data = data.partition(b"\r\n")[2]
            while len(data) < size + 2:
                data += self._read_some()
            body += data[:size]
            data = data[size:].removeprefix(b"\r\n")
            if not size:
                if data:
                    self.close()
                return body

    def _read_to_end(self, data: bytes) -> bytes:
        """Read a body that ends with the connection."""
        try:
            while True:
                data += self._read_some()
        except ConnectionResetError:
            self.close()
            return data


def _header(head: bytes, name: bytes) -> bytes:
    """Return the value of a header, or b""."""
    at = head.find(b"\r\n%b:" % name)
    if at < 0:
        return b""
    start = at + len(name) + 3
    return head[start : head.index(b"\r\n", start)].strip()
