"""Child processes that cannot outlive this one, with their output in log files."""

import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

SUPERVISOR = Path(__file__).with_name("supervisor.py")
ROOT = Path(__file__).resolve().parent.parent.parent


class CommandError(RuntimeError):
    """A command failed; the message holds the end of its output."""

    def __init__(self, what: str, log: Path) -> None:
        self.what = what
        self.log = log
        lines = log.read_text(errors="replace").rstrip().splitlines() if log.exists() else []
        super().__init__("\n".join([f"{what} failed (all of its output: {log}):", *lines[-25:]]))


class SupervisedProcess:
    """A command under its supervisor, in a session of its own, so that Ctrl-C reaches only this process."""

    def __init__(self, command: Sequence[str], *, env: Mapping[str, str], log: Path, cwd: Path = ROOT) -> None:
        log.parent.mkdir(parents=True, exist_ok=True)
        self.command = list(command)
        self.log = log
        with log.open("wb") as output:
            self._supervisor = subprocess.Popen(
                [sys.executable, "-I", "-S", str(SUPERVISOR), *self.command],
                cwd=cwd,
                env=dict(env),
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def poll(self) -> int | None:
        """Return the exit code if the command has ended."""
        return self._supervisor.poll()

    def wait(self, timeout: float | None = None) -> int:
        """Wait until the command ends by itself; return its exit code."""
        return self._supervisor.wait(timeout)

    def stop(self) -> None:
        """End the command and all that it started; return when nothing of it is left."""
        if self._supervisor.stdin and not self._supervisor.stdin.closed:
            self._supervisor.stdin.close()
        self._supervisor.wait()


def run(what: str, command: Sequence[str], *, env: Mapping[str, str], log: Path, cwd: Path = ROOT) -> None:
    """Run a command with its output in the log; raise CommandError if it fails."""
    with SupervisedProcess(command, env=env, log=log, cwd=cwd) as process:
        if process.wait():
            raise CommandError(what, log)
