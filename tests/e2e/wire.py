"""HTTP/1.1 messages as the fault proxy passes them on: byte for byte unless a fault says otherwise."""

import select
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from email.message import Message
from http.client import HTTPResponse, IncompleteRead
from io import BufferedIOBase
from typing import Self

type Headers = tuple[tuple[str, str], ...]

_BLOCK = 64 * 1024
_LONGEST_LINE = 64 * 1024
_BODILESS = frozenset({204, 304})
_UPSTREAM_TIMEOUT = 120.0


@dataclass(frozen=True)
class Request:
    """A request: `payload` is its body, `framed` the body in its original chunks, if it was chunked."""

    method: str
    target: str
    headers: Headers
    payload: bytes = b""
    framed: bytes | None = None

    @classmethod
    def read(cls, method: str, target: str, headers: Message, stream: BufferedIOBase) -> Self:
        """Read the body that the headers announce; raise IncompleteRead if the client goes away before its end."""
        fields = tuple(headers.items())
        if "chunked" in headers.get("Transfer-Encoding", "").lower():
            payload, framed = _read_chunks(stream)
            return cls(method, target, fields, payload, framed)
        return cls(method, target, fields, _read_exactly(stream, int(headers.get("Content-Length", "0"))))

    def header(self, name: str) -> str:
        """Return a header's value; empty if there is none."""
        return _header(self.headers, name)

    def with_payload(self, payload: bytes) -> Self:
        """Return the same request with another body. Its signature no longer fits, which the emulator ignores."""
        return replace(self, headers=_sized(self.headers, payload), payload=payload, framed=None)

    def encode(self) -> bytes:
        """Return the request's bytes."""
        body = self.payload if self.framed is None else self.framed
        return _head(f"{self.method} {self.target} HTTP/1.1", self.headers) + body


@dataclass(frozen=True)
class Response:
    """A whole response, in memory so that a fault can read, change or drop it."""

    status: int
    reason: str
    headers: Headers
    body: bytes

    @classmethod
    def read(cls, upstream: HTTPResponse) -> Self:
        """Read an answer to its end."""
        return cls(upstream.status, upstream.reason, tuple(upstream.getheaders()), upstream.read())

    def header(self, name: str) -> str:
        """Return a header's value; empty if there is none."""
        return _header(self.headers, name)

    def with_body(self, body: bytes) -> Self:
        """Return the same response with another body, without the checksum that DynamoDB sends of the old one."""
        headers = tuple(field for field in self.headers if field[0].lower() != "x-amz-crc32")
        return replace(self, headers=_sized(headers, body), body=body)

    def encode(self, method: str) -> bytes:
        """Return the bytes of the response to a request of this method."""
        status_line = f"HTTP/1.1 {self.status} {self.reason}"
        if not _has_body(method, self.status):
            return _head(status_line, self.headers)
        return _head(status_line, _sized(self.headers, self.body)) + self.body


class Upstream:
    """One keep-alive connection to the target, opened when it is first needed."""

    def __init__(self, host: str, port: int) -> None:
        self._address = (host, port)
        self._socket: socket.socket | None = None

    @contextmanager
    def send(self, request: Request) -> Iterator[HTTPResponse]:
        """Send a request and yield the answer, read as far as its headers."""
        connection = self._connect()
        response = HTTPResponse(connection, method=request.method)
        finished = False
        try:
            connection.sendall(request.encode())
            response.begin()
            yield response
            finished = not response.will_close and (response.isclosed() or response.length == 0)
        finally:
            response.close()
            if not finished:
                self.close()

    def _connect(self) -> socket.socket:
        # A connection that is readable while idle was closed by the target. Finding that out beforehand is better than
        # sending the request twice, which would make one call two.
        if self._socket is not None and select.select([self._socket], [], [], 0)[0]:
            self.close()
        if self._socket is None:
            self._socket = socket.create_connection(self._address, timeout=_UPSTREAM_TIMEOUT)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return self._socket

    def abort(self) -> None:
        """Wake the thread that waits for the target."""
        if (connection := self._socket) is not None:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close the connection; the next request opens a new one."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None


def relay(response: HTTPResponse, method: str, write: Callable[[bytes], object]) -> None:
    """Pass an answer on while it arrives; raise IncompleteRead if the target ends it too early."""
    write(_head(f"HTTP/1.1 {response.status} {response.reason}", tuple(response.getheaders())))
    if not _has_body(method, response.status):
        response.read()
    elif response.chunked:
        while block := response.read1(_BLOCK):
            write(b"%x\r\n%b\r\n" % (len(block), block))
        write(b"0\r\n\r\n")
    else:
        while block := response.read1(_BLOCK):
            write(block)
        if response.length:
            raise IncompleteRead(b"", response.length)


def _read_exactly(stream: BufferedIOBase, length: int) -> bytes:
    body = stream.read(length)
    if len(body) < length:
        raise IncompleteRead(body, length - len(body))
    return body


def _read_line(stream: BufferedIOBase) -> bytes:
    line = stream.readline(_LONGEST_LINE)
    if not line.endswith(b"\n"):
        raise IncompleteRead(line)
    return line


def _read_chunks(stream: BufferedIOBase) -> tuple[bytes, bytes]:
    """Read a chunked body; return its data, and the very bytes that it came in, trailers included."""
    data, framed = bytearray(), bytearray()
    while True:
        size_line = _read_line(stream)
        framed += size_line
        size = int(size_line.partition(b";")[0], 16)
        if size == 0:
            break
        chunk = _read_exactly(stream, size)
        data += chunk
        framed += chunk + _read_line(stream)
    while (trailer := _read_line(stream)).strip():
        framed += trailer
    return bytes(data), bytes(framed + trailer)


def _header(headers: Headers, name: str) -> str:
    return next((value for key, value in headers if key.lower() == name.lower()), "")


def _sized(headers: Headers, body: bytes) -> Headers:
    """Return the headers with the body's length instead of their framing."""
    if _header(headers, "Content-Length") == str(len(body)):
        return headers
    rest = tuple(field for field in headers if field[0].lower() not in {"content-length", "transfer-encoding"})
    return (*rest, ("Content-Length", str(len(body))))


def _has_body(method: str, status: int) -> bool:
    return method != "HEAD" and status not in _BODILESS


def _head(first_line: str, headers: Headers) -> bytes:
    lines = [first_line, *(f"{name}: {value}" for name, value in headers), "", ""]
    return "\r\n".join(lines).encode("latin-1")
