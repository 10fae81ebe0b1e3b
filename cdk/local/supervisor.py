"""Runs one command in a process group of its own and ends all of it when the starter ends, however that happens.

A script that needs only the standard library: `python supervisor.py command …`, with a pipe as standard input that
the starter holds open. The pipe's end is the signal to stop, as a killed starter can send no other.
"""

import contextlib
import ctypes
import os
import select
import signal
import subprocess
import sys
import threading

PR_SET_CHILD_SUBREAPER = 36


def adopt_orphans() -> None:
    """Become the parent of orphaned grandchildren, so that none stays as a zombie (Linux)."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def end_group(group: int) -> None:
    """Kill the rest of the process group and wait until it is gone."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, 0):
            pass


def main(command: list[str]) -> int:
    """Run the command until it ends, the starter ends or a signal comes; return its exit code."""
    adopt_orphans()
    woken, wake = os.pipe()
    for sign in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(sign, lambda *_: os.write(wake, b"s"))
    try:
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
    except OSError as error:
        sys.exit(f"{command[0]} cannot be run: {error.strerror}.")

    def watch() -> None:
        with contextlib.suppress(ChildProcessError):  # Ended and collected below, in the meantime.
            os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        os.write(wake, b"e")

    threading.Thread(target=watch, daemon=True).start()
    try:
        select.select([sys.stdin.fileno(), woken], [], [])
        code = child.poll()
    finally:
        end_group(child.pid)
    return 128 + signal.SIGTERM if code is None else code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
