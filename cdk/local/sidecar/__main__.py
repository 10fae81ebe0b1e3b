"""The sidecar's process, on one port of this machine for HTTP and for datagrams.

    python -m cdk.local.sidecar --port-file FILE --mail-folder FOLDER

HTTP takes X-Ray's calls, SNS's posts to the mailbox, and two calls of our own, /follow and /carry.
"""

from __future__ import annotations

import argparse
import importlib
import json
import logging
import queue
import socket
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cdk.local.sidecar import mailbox
from cdk.local.sidecar.traces import TraceStore
from cdk.local.sidecar.xray import OPERATIONS, InvalidRequestError, receive_datagram

if TYPE_CHECKING:
    from cdk.local.sidecar.follower import Follower

HOST = "127.0.0.1"
_BUFFER = 4 * 1024 * 1024
"""The socket's buffer in bytes, for bursts of datagrams; the system may grant less."""


class Server(ThreadingHTTPServer):
    """The HTTP server, with the trace store, the mailbox and the follower that requests use."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, store: TraceStore, mail: mailbox.Mailbox) -> None:
        super().__init__((HOST, 0), Handler)
        self.store = store
        self.mail = mail
        self._follower: Follower | None = None
        self._following = threading.Lock()

    def follow(self, request: dict[str, Any]) -> dict[str, Any]:
        """Follow a stack. In an emulator that is already followed, what was delivered is not delivered again."""
        from cdk.local.sidecar.follower import Follower, Target  # noqa: PLC0415  boto3 would delay the start.

        with self._following:
            target = Target(**request)
            if self._follower and self._follower.endpoint != target.endpoint:
                self._follower.stop()
                self._follower = None
            self._follower = self._follower or Follower(target, self.store)
            self._follower.follow(target.outputs)
            if topic := target.outputs.get("AlertsTopicArn"):
                self.mail.subscribe(target.client("sns"), topic, f"http://{HOST}:{self.server_port}{mailbox.PATH}")
        return {}

    def carry(self) -> dict[str, Any]:
        """Turn all log lines of this moment into metrics."""
        return dict(self._follower.carry(everything=True)) if self._follower else {}


class Handler(BaseHTTPRequestHandler):
    """Answers one request."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # One packet: a second one would wait 40 ms for the first one's acknowledgement.
    server: Server

    def do_POST(self) -> None:
        """Answer a POST, which all calls of X-Ray and SNS are."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        if self.headers.get("Origin"):  # From a web page, none of which may call this server.
            self._answer(HTTPStatus.FORBIDDEN, {})
            return
        try:
            self._answer(HTTPStatus.OK, self._call(body))
        except LookupError:
            self._answer(HTTPStatus.NOT_FOUND, {"message": f"No such call: {self.path}"}, "UnknownOperationException")
        except InvalidRequestError as error:
            self._answer(HTTPStatus.BAD_REQUEST, {"message": str(error)}, "InvalidRequestException")
        except Exception as error:
            logging.exception("%s failed", self.path)
            self._answer(HTTPStatus.INTERNAL_SERVER_ERROR, {"message": str(error)}, "InternalFailure")

    def _call(self, body: str) -> dict[str, Any]:
        if self.path == mailbox.PATH:
            self.server.mail.receive(body)
            return {}
        if self.path == "/follow":
            return self.server.follow(json.loads(body))
        if self.path == "/carry":
            return self.server.carry()
        operation = OPERATIONS[self.path]
        try:
            return operation(self.server.store, json.loads(body or "{}"))
        except (KeyError, TypeError, ValueError) as error:
            if isinstance(error, InvalidRequestError):
                raise
            raise InvalidRequestError(f"The request is malformed: {error!r}") from error

    def _answer(self, status: HTTPStatus, document: dict[str, Any], error: str = "") -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        if error:
            self.send_header("x-amzn-ErrorType", error)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  As in the standard library.
        """Log nothing; the log is for errors."""


def receive(daemon: socket.socket, store: TraceStore) -> None:
    """Receive datagrams for ever. One thread only empties the socket, so that no burst is lost while JSON is parsed."""
    waiting: queue.SimpleQueue[bytes] = queue.SimpleQueue()

    def store_datagrams() -> None:
        while True:
            receive_datagram(store, waiting.get())

    threading.Thread(target=store_datagrams, daemon=True).start()
    while True:
        waiting.put(daemon.recv(65536))


def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser(prog="python -m cdk.local.sidecar")
    parser.add_argument("--port-file", type=Path, required=True)
    parser.add_argument("--mail-folder", type=Path, required=True)
    options = parser.parse_args()
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s %(message)s")
    store, mail = TraceStore(), mailbox.Mailbox(options.mail_folder)
    while True:
        server = Server(store, mail)
        daemon = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        daemon.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
        try:
            daemon.bind((HOST, server.server_port))
            break
        except OSError:  # Taken for datagrams: try another port.
            daemon.close()
            server.server_close()
    threading.Thread(target=receive, args=(daemon, store), daemon=True).start()
    draft = options.port_file.with_suffix(".draft")
    draft.write_text(str(server.server_port))
    draft.replace(options.port_file)
    # Import boto3 in the background, so that neither the start nor the first call waits for it.
    threading.Thread(target=importlib.import_module, args=("cdk.local.sidecar.follower",), daemon=True).start()
    server.serve_forever()


if __name__ == "__main__":
    main()
