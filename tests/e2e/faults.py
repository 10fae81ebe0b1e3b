"""A reverse proxy between Lambda workers and the emulator that makes chosen calls fail.

It owns connections, the log of calls and the counts of faults; `fault_actions` holds the faults, `aws_calls` names the
calls. Tests and CDK call the emulator directly. Workers go through the proxy, as the emulator is started with
`AWS_ENDPOINT_URL` set to its address.
"""

import socket
import socketserver
import threading
from contextlib import suppress
from functools import partial
from http.client import HTTPException
from http.server import BaseHTTPRequestHandler
from types import TracebackType
from typing import NoReturn, Self
from urllib.parse import urlsplit

from tests.e2e.aws_calls import Call, name_call
from tests.e2e.fault_actions import (
    Action,
    ArmedFault,
    Exchange,
    Fault,
    Firing,
    HangUpError,
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
from tests.e2e.victims import Address, kill_client
from tests.e2e.wire import Request, Response, Upstream, relay

__all__ = [
    "Action",
    "ArmedFault",
    "Call",
    "Exchange",
    "Fault",
    "FaultProxy",
    "Firing",
    "Request",
    "Response",
    "aws_error",
    "delay",
    "drop_after",
    "drop_before",
    "kill_after",
    "kill_before",
    "leave_unprocessed",
    "respond",
    "rewrite",
]

_STOP_TIMEOUT = 10.0


class FaultProxy:
    """The proxy: `url` from the start on, faults by `add`, the calls so far in `calls`.

    Kills only descendants of `victim_of`, which may be set later; without it, of whoever listens at the target's port.
    `check`, which leaving the context calls, raises problems of the proxy itself, such as no process to kill.
    """

    def __init__(self, target: str, *, victim_of: int | None = None, port: int = 0) -> None:
        address = urlsplit(target)
        if address.scheme != "http" or not address.hostname or not address.port:
            raise ValueError(f"not an http://host:port address: {target}")
        self.target: Address = (socket.gethostbyname(address.hostname), address.port)
        self.victim_of = victim_of
        self.stopping = threading.Event()
        self._lock = threading.Lock()
        self._calls: list[Call] = []
        self._armed: list[ArmedFault] = []
        self._problems: list[Exception] = []
        self._connections: dict[_Connection, threading.Thread] = {}
        self._server = _Server(("127.0.0.1", port), partial(_Connection, self))
        self.address: Address = ("127.0.0.1", self._server.server_address[1])
        self.url = f"http://127.0.0.1:{self.address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), name="fault-proxy")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.shutdown()
        self._thread.join()
        self.stopping.set()
        with self._lock:
            connections = dict(self._connections)
        for connection in connections:
            connection.abort()
        for thread in connections.values():
            thread.join(_STOP_TIMEOUT)
        self._server.server_close()
        if error is None:
            self.check()

    @property
    def calls(self) -> list[Call]:
        """The calls so far, in the order of their arrival, whatever became of them."""
        with self._lock:
            return list(self._calls)

    def add(self, fault: Fault) -> ArmedFault:
        """Arm a fault. Where several are due, the one that was added first takes the call."""
        armed = ArmedFault(fault)
        with self._lock:
            self._armed.append(armed)
        return armed

    def reset(self) -> None:
        """Disarm all faults, forget the calls, and check."""
        with self._lock:
            self._armed.clear()
            self._calls.clear()
        self.check()

    def check(self) -> None:
        """Raise what went wrong in the proxy itself since the last check."""
        with self._lock:
            problems, self._problems = self._problems, []
        if problems:
            raise ExceptionGroup("the fault proxy had problems", problems)

    def take(self, call: Call) -> ArmedFault | None:
        """Log a call, let every armed fault count it, and return the fault that strikes it, if any."""
        with self._lock:
            self._calls.append(call)
            due = [armed for armed in self._armed if armed.takes(call)]
            for armed in due[:1]:
                armed.taken += 1
                return armed
        return None

    def report(self, problem: Exception) -> None:
        """Keep a problem of the proxy itself for `check`."""
        with self._lock:
            self._problems.append(problem)

    def opened(self, connection: "_Connection") -> None:
        """Note a connection, so that stopping ends it."""
        with self._lock:
            self._connections[connection] = threading.current_thread()
        if self.stopping.is_set():
            connection.abort()

    def closed(self, connection: "_Connection") -> None:
        """Forget a connection."""
        with self._lock:
            self._connections.pop(connection, None)


class _Server(socketserver.ThreadingTCPServer):
    # FaultProxy joins the threads itself, after it has woken them; as daemons they never outlive an aborted test run.
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 256


class _Exchange:
    """One call that a fault has taken."""

    def __init__(self, connection: "_Connection", request: Request, call: Call) -> None:
        self.request = request
        self.call = call
        self.killed: int | None = None
        self._connection = connection

    def forward(self, request: Request | None = None) -> Response:
        with self._connection.upstream.send(request or self.request) as response:
            return Response.read(response)

    def kill(self) -> NoReturn:
        proxy = self._connection.proxy
        client: Address = self._connection.client_address
        self.killed = kill_client(client, proxy.address, proxy.target, proxy.victim_of)
        raise HangUpError

    def pause(self, seconds: float) -> None:
        self._connection.proxy.stopping.wait(seconds)


class _Connection(BaseHTTPRequestHandler):
    """One keep-alive connection of a client, served by a thread of its own."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    client_address: Address

    def __init__(self, proxy: FaultProxy, client: socket.socket, address: Address, server: _Server) -> None:
        self.proxy = proxy
        self.upstream = Upstream(*proxy.target)
        super().__init__(client, address, server)

    def handle(self) -> None:
        self.proxy.opened(self)
        try:
            super().handle()
        except (HangUpError, OSError, HTTPException):
            pass  # The client or the target has gone, or a fault wants it to look like that.
        except Exception as problem:  # noqa: BLE001 - the thread's outermost boundary: tests hear of it through `check`.
            self.proxy.report(problem)
        finally:
            self.upstream.close()
            self.proxy.closed(self)

    def handle_one_request(self) -> None:
        self.raw_requestline = self.rfile.readline(65537)
        if not self.raw_requestline:
            self.close_connection = True
        elif self.parse_request():  # which also answers `Expect: 100-continue`
            target = self.requestline.split()[1]  # self.path has lost a slash where there were two in front
            request = Request.read(self.command, target, self.headers, self.rfile)
            call = name_call(request)
            if (armed := self.proxy.take(call)) is None:
                self._pass_on(request)
            else:
                self._strike(armed, _Exchange(self, request, call))

    def _pass_on(self, request: Request) -> None:
        with self.upstream.send(request) as response:
            self.close_connection |= response.will_close
            relay(response, request.method, self.wfile.write)

    def _strike(self, armed: ArmedFault, exchange: _Exchange) -> None:
        try:
            response = armed.fault.action(exchange)
        finally:
            armed.record(Firing(exchange.call, exchange.killed))
        self.wfile.write(response.encode(exchange.request.method))

    def abort(self) -> None:
        """Wake this connection's thread, from another one, so that it ends."""
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)
        self.upstream.abort()

    def log_message(self, *args: object) -> None:
        """Log nothing: the log of calls has more."""
