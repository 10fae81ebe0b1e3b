"""Signals to the workers of the emulated functions, found by the emulator's port and named by their environment."""

from __future__ import annotations

import signal
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

import psutil

if TYPE_CHECKING:
    from tests.chaos.history import History
    from tests.chaos.plan import Strike

_YOUNG_S = 1.0
"""A worker that dies while it starts ends all workers of its function, which is the emulator's own fault."""


class Worker(NamedTuple):
    """A process that runs a function."""

    process: psutil.Process
    function: str


def list_workers(port: int) -> list[Worker]:
    """List the workers of the emulator at a port of this machine that are past their start."""
    listeners = {
        c.pid for c in psutil.net_connections("tcp4") if c.status == psutil.CONN_LISTEN and c.laddr[1:] == (port,)
    }
    workers = []
    for listener in listeners - {None}:
        for process in psutil.Process(listener).children(recursive=True):
            with suppress(psutil.Error):
                function = process.environ().get("AWS_LAMBDA_FUNCTION_NAME")
                if function and time.time() - process.create_time() > _YOUNG_S:
                    workers.append(Worker(process, function))
    return sorted(workers, key=lambda worker: (worker.function, worker.process.pid))


class Hunter:
    """Strikes workers, and wakes those that it has stopped."""

    def __init__(self, port: int, history: History) -> None:
        self._port = port
        self._history = history
        self._asleep: list[tuple[psutil.Process, threading.Timer]] = []

    def strike(self, strike: Strike, pick: float) -> None:
        """Kill a worker, or stop it for a while. Functions are chosen first, so that the rarer ones are struck too."""
        workers = list_workers(self._port)
        functions = sorted({worker.function for worker in workers})
        if not functions:
            return
        function = functions[int(pick * len(functions))]
        candidates = [worker for worker in workers if worker.function == function]
        victim = candidates[int(pick * len(functions) % 1 * len(candidates))].process
        with suppress(psutil.NoSuchProcess):
            if not strike.stopped_s:
                victim.kill()
                self._history.killed += 1
                return
            victim.send_signal(signal.SIGSTOP)
            self._history.stopped += 1
            timer = threading.Timer(strike.stopped_s, self._wake, [victim])
            timer.daemon = True
            self._asleep.append((victim, timer))
            timer.start()

    def wake_all(self) -> None:
        """Let every stopped worker go on."""
        for victim, timer in self._asleep:
            timer.cancel()
            self._wake(victim)

    @staticmethod
    def _wake(victim: psutil.Process) -> None:
        with suppress(psutil.Error):
            victim.send_signal(signal.SIGCONT)
