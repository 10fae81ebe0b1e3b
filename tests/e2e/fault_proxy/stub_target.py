"""A target behind the fault proxy, and clients in this process, in a child process and by boto3."""

import http.client
import socketserver
import subprocess
import sys
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any, cast

import boto3
from botocore.config import Config

from tests.e2e.faults import FaultProxy
from tests.e2e.wire import Request

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
    """A target that keeps the requests it gets and gives the answers it was set to."""

    port: int
    requests: list[Request] = field(default_factory=list)
    answers: dict[str, bytes] = field(default_factory=dict)

    @property
    def paths(self) -> list[str]:
        """The targets of the requests, in order."""
        return [request.target for request in self.requests]


class StubServer(socketserver.ThreadingTCPServer):
    """Serves each connection in a thread of its own."""

    request_queue_size = 64
    stub: Stub


class StubConnection(BaseHTTPRequestHandler):
    """Reads requests, keeps them in the stub, and answers."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def handle_one_request(self) -> None:
        self.raw_requestline = self.rfile.readline(65537)
        if not self.raw_requestline or not self.parse_request():
            self.close_connection = True
            return
        stub = cast("StubServer", self.server).stub
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
    process = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    return process.returncode, process.stdout.splitlines()


def get(connection: http.client.HTTPConnection, path: str, **headers: str) -> tuple[int, bytes]:
    """Make a GET request; return the answer's status and body."""
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    return answer.status, answer.read()
