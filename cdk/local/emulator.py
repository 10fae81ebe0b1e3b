"""The emulator of AWS: its process on a port of this machine, and the environment of its clients.

It knows nothing of the stack that is deployed into it (deploy.py).
"""

import contextlib
import http.client
import os
import secrets
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from cdk.bundling.sources import find_uv
from cdk.local.processes import SupervisedProcess

PROJECT = Path(__file__).resolve().parent
PYTHON = PROJECT / ".venv/bin/python"
HOST = "127.0.0.1"  # Not a name: clients put the bucket's name in front of one, and Python cannot resolve the result.
REGION = "us-east-1"
ACCOUNT = "000000000000"
START_SECONDS = 60


class EmulatorError(RuntimeError):
    """The emulator does not start; the message says what a person can do."""


def free_port() -> int:
    """Return a port that nothing listens on, and that the system gives to no connection before it is bound."""
    while True:
        with contextlib.suppress(OSError), socket.socket() as probe:
            # Below those that Linux (32,768) and macOS (49,152) give to connections; tests seed the module random.
            probe.bind((HOST, 20_000 + secrets.randbelow(12_000)))
            return int(probe.getsockname()[1])


def install() -> None:
    """Bring the emulator's locked environment up to date; this takes milliseconds if it is."""
    command = [find_uv(), "sync", "--locked", "--quiet", "--project", str(PROJECT)]
    env = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    process = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    if process.returncode:
        raise EmulatorError(
            f"The emulator could not be installed; is the network reachable? uv says: {process.stderr.strip()}"
        )


class Emulator:
    """One emulator process with its Lambda workers; a context manager.

    With `enforce_iam` it speaks TLS, checks signatures and evaluates policies. `extra_env` is added to its environment,
    which every emulated Lambda inherits.
    """

    def __init__(
        self,
        port: int,
        workdir: Path,
        *,
        enforce_iam: bool = False,
        extra_env: Mapping[str, str] | None = None,
    ) -> None:
        self.port = port or free_port()
        self.workdir = workdir.absolute()
        self.enforce_iam = enforce_iam
        self.extra_env = dict(extra_env or {})
        self.endpoint = f"{'https' if enforce_iam else 'http'}://{HOST}:{self.port}"
        self.log = self.workdir / "emulator.log"
        self._temporary = self.workdir / "tmp"
        self.certificate = self._temporary / "ministack-tls/server.crt"
        self._process: SupervisedProcess | None = None

    def __enter__(self) -> Self:
        self.start()
        try:
            self.wait_ready()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start the process without waiting for it; refuse a port that is taken."""
        self._refuse_taken_port()
        install()
        shutil.rmtree(self._temporary, ignore_errors=True)
        self._temporary.mkdir(parents=True)
        self._process = SupervisedProcess(
            [str(PYTHON), "-P", str(PROJECT / "serve.py")], env=self._server_env(), log=self.log
        )

    def wait_ready(self) -> None:
        """Wait until it answers; raise EmulatorError if it does not within START_SECONDS."""
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            if self._process is None or self._process.poll() is not None or time.monotonic() > deadline:
                output = self.log.read_text(errors="replace").strip()[-2000:]
                raise EmulatorError(f"The emulator did not start on port {self.port}. It said:\n{output}")
            time.sleep(0.05)

    def wait(self) -> int:
        """Wait until the emulator ends by itself, which is an error; return its exit code."""
        return self._process.wait() if self._process else 0

    def stop(self) -> None:
        """End it and its Lambda workers, and remove its temporary files but not its log."""
        if self._process is not None:
            self._process.stop()
            self._process = None
        shutil.rmtree(self._temporary, ignore_errors=True)

    def client_env(self) -> dict[str, str]:
        """Return the variables that let an AWS client (boto3, CDK, the CLI) reach the emulator and nothing else."""
        env = {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": "test",  # The emulator's root user.
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        if self.enforce_iam:
            trust = ("AWS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE")
            env |= dict.fromkeys(trust, str(self.certificate))
        return env

    def client(self, service: str) -> Any:
        """Return a boto3 client of the emulator's root user."""
        import boto3  # noqa: PLC0415  Importing it late lets the emulator start sooner.

        return boto3.client(  # type: ignore[call-overload]
            service,
            REGION,
            endpoint_url=self.endpoint,
            aws_access_key_id="test",
            aws_secret_access_key="test",  # noqa: S106  The emulator's.
            verify=str(self.certificate) if self.enforce_iam else None,
        )

    def child_env(self) -> dict[str, str]:
        """Return an environment for a child process: ours without AWS variables, plus client_env()."""
        ours = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        return ours | self.client_env()

    def _server_env(self) -> dict[str, str]:
        # The Lambdas inherit all of its environment, so it gets as little of ours as possible.
        inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        env = inherited | {
            "TMPDIR": str(self._temporary),
            "BIND_HOST": HOST,
            "GATEWAY_PORT": str(self.port),
            "MINISTACK_REGION": REGION,
            "MINISTACK_ACCOUNT_ID": ACCOUNT,
            "SFTP_ENABLED": "0",
            "IOT_MTLS_ENABLED": "0",
            "PYTHONUNBUFFERED": "1",
        }
        if self.enforce_iam:
            env |= {"AUTH": "true", "USE_SSL": "1"}
        return env | self.extra_env

    def _refuse_taken_port(self) -> None:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # As the emulator does.
            try:
                probe.bind((HOST, self.port))
            except OSError as error:
                message = f"Port {self.port} is taken: end what listens there, or choose another with WAYBILL_PORT=…"
                raise EmulatorError(message) from error

    def _answers(self) -> bool:
        connection: http.client.HTTPConnection
        with contextlib.suppress(OSError, http.client.HTTPException):
            if self.enforce_iam:
                trust = ssl.create_default_context(cafile=str(self.certificate))
                connection = http.client.HTTPSConnection(HOST, self.port, timeout=5, context=trust)
            else:
                connection = http.client.HTTPConnection(HOST, self.port, timeout=5)
            with contextlib.closing(connection):
                connection.request("GET", "/health")
                return connection.getresponse().status == http.client.OK
        return False
