"""The sidecar's process beside an emulator: starts it, tells it which stack to follow, and ends it."""

from __future__ import annotations

import http.client
import json
import os
import sys
import time
from contextlib import closing
from typing import TYPE_CHECKING, Any, Self

from cdk.local.emulator import HOST, REGION
from cdk.local.processes import SupervisedProcess
from cdk.local.sidecar import mailbox

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from cdk.local.emulator import Emulator

_START_SECONDS = 30
_CALL_SECONDS = 60


class SidecarError(RuntimeError):
    """The sidecar did not start or did not answer; the message says where to look."""


class Sidecar:
    """The process that supplies what the emulator lacks; a context manager.

    Enter it before the emulator, which needs `extra_env`; call `follow` once a stack is deployed.
    """

    def __init__(self, workdir: Path, mail_folder: Path | None = None) -> None:
        self.workdir = workdir.absolute()
        self.mail_folder = mail_folder.absolute() if mail_folder else self.workdir / "mail"
        self.log = self.workdir / "sidecar.log"
        self.port = 0
        self._process: SupervisedProcess | None = None

    def __enter__(self) -> Self:
        self.workdir.mkdir(parents=True, exist_ok=True)
        port_file = self.workdir / "sidecar.port"
        port_file.unlink(missing_ok=True)
        options = ["--port-file", str(port_file), "--mail-folder", str(self.mail_folder)]
        ours = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        no_profile = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
        command = [sys.executable, "-m", "cdk.local.sidecar", *options]
        self._process = SupervisedProcess(command, env=ours | no_profile, log=self.log)
        deadline = time.monotonic() + _START_SECONDS
        while not port_file.exists():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self._process.stop()
                raise SidecarError(f"The sidecar did not start. It said:\n{self._log_tail()}")
            time.sleep(0.02)
        self.port = int(port_file.read_text())
        return self

    def __exit__(self, *_: object) -> None:
        if self._process:
            self._process.stop()
            self._process = None

    @property
    def endpoint(self) -> str:
        """The address that answers X-Ray's calls."""
        return f"http://{HOST}:{self.port}"

    @property
    def client_env(self) -> dict[str, str]:
        """The variable that lets a client of the emulator find traces."""
        return {"AWS_ENDPOINT_URL_XRAY": self.endpoint}

    @property
    def extra_env(self) -> dict[str, str]:
        """The variables by which the emulator's Lambdas find the sidecar."""
        return self.client_env | {"AWS_XRAY_DAEMON_ADDRESS": f"{HOST}:{self.port}"}

    def follow(self, emulator: Emulator, outputs: Mapping[str, str]) -> None:
        """Follow this stack from now on; return once its alerts are subscribed to."""
        certificate = str(emulator.certificate) if emulator.enforce_iam else None
        target = {"endpoint": emulator.endpoint, "region": REGION, "certificate": certificate, "outputs": dict(outputs)}
        self._call("/follow", target)

    def carry(self) -> dict[str, int]:
        """Turn all log lines of this moment into metrics before returning; return the counts since the start.

        `delivered` counts data put, `uncertain` those whose answer was lost, `waiting` those to be sent again.
        """
        return {name: int(number) for name, number in self._call("/carry", {}).items()}

    def mails(self) -> list[Path]:
        """List the mails in the order of their arrival."""
        return mailbox.mails(self.mail_folder)

    def _call(self, path: str, request: dict[str, Any]) -> dict[str, Any]:
        try:
            with closing(http.client.HTTPConnection(HOST, self.port, timeout=_CALL_SECONDS)) as connection:
                connection.request("POST", path, json.dumps(request))
                response = connection.getresponse()
                document: dict[str, Any] = json.loads(response.read())
        except OSError as error:
            raise SidecarError(f"The sidecar does not answer ({error}). It said:\n{self._log_tail()}") from error
        if response.status != http.client.OK:
            raise SidecarError(f"The sidecar's {path} failed: {document.get('message')} (see {self.log})")
        return document

    def _log_tail(self) -> str:
        return self.log.read_text(errors="replace").strip()[-2000:] if self.log.exists() else ""
