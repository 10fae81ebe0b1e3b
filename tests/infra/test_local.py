"""The emulator's process: clean start, clear refusals, and nothing left behind."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

import cdk.app
from cdk.local import deploy, run
from cdk.local.emulator import HOST, Emulator, EmulatorError
from cdk.local.processes import ROOT, CommandError, SupervisedProcess
from cdk.local.processes import run as run_command

STARTER = """
import os, sys, time
from pathlib import Path
from cdk.local.processes import SupervisedProcess
SupervisedProcess([sys.executable, "-c", sys.argv[1]], env=os.environ, log=Path(sys.argv[2]))
time.sleep(600)
"""
# A process that starts another one, as the emulator starts its Lambda workers, and tells both ids.
FAMILY = """
import os, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print(os.getpid(), child.pid, flush=True)
time.sleep(600)
"""


def until(condition: object, seconds: float = 120) -> None:
    """Wait for something that happens in another process."""
    assert callable(condition)
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)


def family(log: Path) -> list[psutil.Process]:
    """Return the two processes that FAMILY prints."""
    until(lambda: log.exists() and log.read_text().endswith("\n"))
    return [psutil.Process(int(pid)) for pid in log.read_text().split()]


def gone(processes: list[psutil.Process]) -> bool:
    """Return whether all have ended, zombies included."""
    return not any(process.is_running() for process in processes)


@pytest.fixture
def taken_port() -> Iterator[int]:
    """Listen on a port of this machine."""
    with socket.create_server((HOST, 0)) as listener:
        yield int(listener.getsockname()[1])


def test_emulator_answers_and_leaves_no_process(tmp_path: Path) -> None:
    """It starts on a free port and is gone with its temporary files at the end of the block."""
    others = psutil.Process().children(recursive=True)
    with Emulator(0, tmp_path) as emulator:
        descendants = [child for child in psutil.Process().children(recursive=True) if child not in others]

        with socket.create_connection((HOST, emulator.port), timeout=5):
            pass

    assert len(descendants) >= 2
    assert gone(descendants)
    assert not (tmp_path / "tmp").exists()


def test_a_taken_port_is_one_sentence(tmp_path: Path, taken_port: int) -> None:
    """It names the port and how to choose another."""
    with pytest.raises(EmulatorError) as caught, Emulator(taken_port, tmp_path):
        pass

    assert f"Port {taken_port} is taken" in str(caught.value)
    assert "WAYBILL_PORT" in str(caught.value)


@pytest.mark.parametrize("text", ["none", "0", "65536", "-1"])
def test_an_impossible_port_is_one_sentence(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """WAYBILL_PORT is checked before anything is started."""
    monkeypatch.setenv("WAYBILL_PORT", text)

    with pytest.raises(EmulatorError, match=f"WAYBILL_PORT={text} is not a port"):
        run.read_port()


def test_emulator_gets_little_of_the_callers_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its environment leaks into every emulated Lambda, which would hide a variable missing from the stack."""
    monkeypatch.setenv("BUCKET_NAME", "of-another-project")
    monkeypatch.setenv("AWS_PROFILE", "production")

    env = Emulator(0, tmp_path, extra_env={"AWS_ENDPOINT_URL_S3": "http://proxy"})._server_env()

    assert not {"BUCKET_NAME", "AWS_PROFILE"} & env.keys()
    assert env["AWS_ENDPOINT_URL_S3"] == "http://proxy"
    assert env["BIND_HOST"] == HOST


def test_children_reach_the_emulator_and_no_account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The caller's profile and session do not travel into a deployment on this machine."""
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "real")
    emulator = Emulator(0, tmp_path)

    env = emulator.child_env()

    assert env["AWS_ENDPOINT_URL"] == emulator.endpoint
    assert not {"AWS_PROFILE", "AWS_SESSION_TOKEN"} & env.keys()
    assert env["PATH"] == os.environ["PATH"]


def test_stopping_ends_grandchildren(tmp_path: Path) -> None:
    """Lambda workers are the emulator's children, not ours."""
    log = tmp_path / "log"
    with SupervisedProcess([sys.executable, "-c", FAMILY], env=os.environ, log=log):
        processes = family(log)

    assert gone(processes)


def test_a_killed_starter_leaves_nothing_behind(tmp_path: Path) -> None:
    """After `kill -9` of the starter its supervisor ends the command."""
    log = tmp_path / "log"
    with subprocess.Popen([sys.executable, "-c", STARTER, FAMILY, str(log)], cwd=ROOT) as starter:
        processes = family(log)
        starter.send_signal(signal.SIGKILL)

    until(lambda: gone(processes))


def test_a_failed_command_shows_the_end_of_its_output(tmp_path: Path) -> None:
    """The message says what failed and where all of it can be read."""
    log = tmp_path / "log"
    code = "print('early'); [print('line', n) for n in range(30)]; raise SystemExit(3)"

    with pytest.raises(CommandError) as caught:
        run_command("Deployment", [sys.executable, "-c", code], env=os.environ, log=log)

    assert str(caught.value).startswith(f"Deployment failed (all of its output: {log}):")
    assert "line 29" in str(caught.value)
    assert "early" not in str(caught.value)


def test_a_missing_command_is_a_failed_one(tmp_path: Path) -> None:
    """Its supervisor says so in the log."""
    with pytest.raises(CommandError, match="/nonexistent cannot be run"):
        run_command("Bootstrap", ["/nonexistent"], env=os.environ, log=tmp_path / "log")


def test_an_unchanged_stack_is_not_synthesised_again(tmp_path: Path) -> None:
    """A warm `make run` takes seconds."""
    first = deploy.Synthesis(tmp_path)
    (tmp_path / ".fingerprint").write_text(first._fingerprint)

    assert deploy.synthesize(tmp_path) is False


def test_another_context_is_another_synthesis(tmp_path: Path) -> None:
    """A test's shorter timeout must not be served from the assembly of `make run`."""
    usual = deploy.Synthesis(tmp_path)

    assert deploy.Synthesis(tmp_path, {"timeout_s": 10})._fingerprint != usual._fingerprint
    assert deploy.Synthesis(tmp_path, {})._fingerprint == usual._fingerprint


def test_a_change_of_any_module_of_the_stack_is_another_synthesis() -> None:
    """Each module that the application loads goes into the fingerprint of the assembly."""
    assert cdk.app
    loaded = [module.__file__ for name, module in sys.modules.items() if name.partition(".")[0] == "cdk"]
    modules = {Path(file).relative_to(ROOT) for file in loaded if file}
    of_the_stack = {path for path in modules if path.parts[1] != "local"}

    assert Path("cdk/resources/storage.py") in of_the_stack
    assert of_the_stack <= set(deploy._ingredients())
