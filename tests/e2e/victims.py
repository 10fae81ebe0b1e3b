"""Finds the worker behind a connection to the proxy and kills it, if it is a descendant of the emulator."""

import os
import time
from contextlib import suppress

import psutil

_DEATH_TIMEOUT = 5.0
_POLL = 0.002

type Address = tuple[str, int]


class NoVictimError(Exception):
    """The client of a call is not a worker of the emulator, so it is not killed."""

    def __init__(self, pid: int | None, reason: str) -> None:
        super().__init__(f"process {pid} is not killed: {reason}")
        self.pid = pid


def kill_client(client: Address, proxy: Address, target: Address, emulator: int | None) -> int:
    """Kill the process that holds the client's end of a connection to the proxy; return its pid once it is dead.

    Its ancestors must include the emulator: the given pid or, without one, the process that listens at the target's
    address. The emulator itself is refused, and so is this process.
    """
    connections = psutil.net_connections("tcp4")
    pid = next((c.pid for c in connections if c.laddr == client and c.raddr == proxy and c.pid), None)
    bound = {target, ("0.0.0.0", target[1])}  # noqa: S104 - somebody else's socket, which we only look for
    listeners = {c.pid for c in connections if c.status == psutil.CONN_LISTEN and c.laddr in bound}
    if pid is None:
        raise NoVictimError(pid, "the client's process is not to be found")
    if pid in {os.getpid(), emulator} | listeners:
        raise NoVictimError(pid, "it is the emulator or the tests")
    try:
        process = psutil.Process(pid)
        ancestors = {parent.pid for parent in process.parents()}
        if not ancestors & ({emulator} if emulator is not None else listeners):
            raise NoVictimError(pid, "the emulator did not start it")
        process.kill()
    except psutil.NoSuchProcess as error:
        raise NoVictimError(pid, "it had ended already") from error
    _wait_until_dead(process)
    return pid


def _wait_until_dead(process: psutil.Process) -> None:
    """Wait without reaping: the exit status belongs to the parent, even if that is this very process."""
    deadline = time.monotonic() + _DEATH_TIMEOUT
    with suppress(psutil.NoSuchProcess):
        while process.status() != psutil.STATUS_ZOMBIE:
            if time.monotonic() > deadline:
                raise NoVictimError(process.pid, "it survived SIGKILL")
            time.sleep(_POLL)
