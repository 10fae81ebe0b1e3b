"""Faults that kill: the right client, at the right call, and nobody else."""

import http.client
import socket
import subprocess
import sys
import threading
import time

import pytest

from tests.e2e.fault_proxy.stub_target import Stub, get, run_client
from tests.e2e.faults import Fault, FaultProxy, delay, kill_after, kill_before

pytestmark = [pytest.mark.enable_socket, pytest.mark.timeout(30)]


def test_kill_before_ends_the_client_and_hides_the_call_from_the_target(stub: Stub, proxy: FaultProxy) -> None:
    """The client dies of SIGKILL while it waits, and the target sees the calls before that one only."""
    armed = proxy.add(Fault(kill_before, about=("/b/two",)))

    status, output = run_client(proxy, "/b/one", "/b/two", "/b/three")

    assert status == -9
    assert output == ["asks /b/one", "got 200", "asks /b/two"]
    assert stub.paths == ["/b/one"]
    assert [call.text.strip() for call in proxy.calls] == ["/b/one", "/b/two"]
    [firing] = armed.wait(1)
    assert firing.killed is not None


def test_kill_after_ends_the_client_once_the_target_has_done_the_call(stub: Stub, proxy: FaultProxy) -> None:
    """The client dies without the answer, and the target saw the call exactly once."""
    proxy.add(Fault(kill_after, about=("/b/two",)))

    status, output = run_client(proxy, "/b/one", "/b/two", "/b/three")

    assert status == -9
    assert output == ["asks /b/one", "got 200", "asks /b/two"]
    assert stub.paths == ["/b/one", "/b/two"]


def test_nth_matching_call_is_struck_and_the_next_client_lives(stub: Stub, proxy: FaultProxy) -> None:
    """Only calls that match are counted, and a fault that has struck is spent."""
    proxy.add(Fault(kill_before, operations=("GetObject",), about=("key-a", "key-b"), nth=3))
    paths = ("/b/key-a", "/b/other", "/b/key-b", "/b/key-a", "/b/key-b")

    first = run_client(proxy, *paths)
    second = run_client(proxy, *paths)

    assert first[0] == -9
    assert first[1][-1] == "asks /b/key-a"
    assert second == (0, [line for path in paths for line in (f"asks {path}", "got 200")])
    assert stub.paths == [*paths[:3], *paths]


def test_fault_strikes_as_often_as_told(stub: Stub, proxy: FaultProxy) -> None:
    """Each of the next `times` clients is killed, whichever process it is."""
    armed = proxy.add(Fault(kill_before, times=2))

    statuses = [run_client(proxy, "/b/k")[0] for _ in range(3)]

    assert statuses == [-9, -9, 0]
    assert len({firing.killed for firing in armed.firings}) == 2


def test_process_of_the_tests_is_never_killed(proxy: FaultProxy, connection: http.client.HTTPConnection) -> None:
    """A fault that would kill the test process hangs up instead, and says so when checked."""
    proxy.add(Fault(kill_before))

    with pytest.raises(http.client.RemoteDisconnected):
        get(connection, "/b/k")
    with pytest.raises(ExceptionGroup) as problems:
        proxy.check()

    assert "it is the emulator or the tests" in str(problems.value.exceptions[0])


def test_process_that_the_emulator_did_not_start_is_never_killed(stub: Stub, proxy: FaultProxy) -> None:
    """A child of the tests survives when another process is named as the emulator."""
    with subprocess.Popen([sys.executable, "-I", "-c", "input()"], stdin=subprocess.PIPE) as emulator:
        proxy.victim_of = emulator.pid
        proxy.add(Fault(kill_before))

        status, output = run_client(proxy, "/b/k")
        emulator.communicate(b"\n", timeout=10)

    assert (status, emulator.returncode) == (1, 0)
    assert output == ["asks /b/k"]
    with pytest.raises(ExceptionGroup) as problems:
        proxy.check()
    assert "the emulator did not start it" in str(problems.value.exceptions[0])


def test_proxy_serves_on_quietly_after_a_kill(
    proxy: FaultProxy, connection: http.client.HTTPConnection, capfd: pytest.CaptureFixture[str]
) -> None:
    """Neither the dead client's connection nor those of others leave a trace, and no problem is left to raise."""
    get(connection, "/b/before")
    proxy.add(Fault(kill_after, about=("/b/k",)))

    run_client(proxy, "/b/k")

    assert get(connection, "/b/after")[0] == 200
    proxy.check()
    assert capfd.readouterr() == ("", "")


def test_stopping_ends_idle_connections_and_pauses(stub: Stub) -> None:
    """Leaving the context waits neither for a client that keeps its connection nor for a long delay."""
    threads = threading.active_count()
    with socket.socket() as idle:
        with FaultProxy(f"http://127.0.0.1:{stub.port}") as proxy:
            idle.connect(proxy.address)
            paused = proxy.add(Fault(delay(60)))
            slow = http.client.HTTPConnection(*proxy.address)
            slow.request("GET", "/b/k")
            while not paused.seen:
                time.sleep(0.005)
            began = time.monotonic()
        assert time.monotonic() - began < 50
        assert idle.recv(1) == b""
    slow.close()

    while (
        threading.active_count() > threads
    ):  # The stub's end of a connection takes a moment; the test's timeout ends it.
        time.sleep(0.005)
