"""Runs the shipped handler on the stub's file in a process that the operating system refuses more than a limit.

    AWS_ENDPOINT_URL=… python -m tests.integration.processor.pipeline.limited_run MEGABYTES NAME [ALLOCATE_MB]

The limit is RLIMIT_DATA, which any user may set on Linux: the kernel refuses writable memory of the process's own
beyond it, threads' stacks included. RLIMIT_AS would also count what is only mapped. Prints one JSON object. With
ALLOCATE_MB the process takes so much before, to show that the limit bites.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from pathlib import Path

_MB = 1024 * 1024
_STACK = 1 * _MB
"""Of each thread. The default of 8 MB is only reserved, and the limit counts what is reserved."""


def main() -> None:
    """Set the limit, run, report."""
    limit_mb, name, *more = sys.argv[1:]
    resource.setrlimit(resource.RLIMIT_DATA, (int(limit_mb) * _MB, int(limit_mb) * _MB))
    taken = [bytearray(int(size) * _MB) for size in more]
    from tests.bench.waybill import prepare  # noqa: PLC0415  Under the limit from the first import on.

    work = prepare(name=name)
    began = time.process_time()
    work()
    # Not getrusage: its peak begins with that of the process which has started this one.
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    peak = int(status["VmHWM"].split()[0]) * 1024
    told = {"peak_bytes": peak, "cpu_s": time.process_time() - began, "taken": len(taken)}
    sys.stdout.write(f"{json.dumps(told)}\n")
    sys.stdout.flush()
    os._exit(0)  # Telemetry's threads need no farewell.


if __name__ == "__main__":
    import threading

    threading.stack_size(_STACK)
    main()
