"""Stands for Lambda's runtime in a process of its own: imports a handler from its bundle, then invokes it line by line.

It is run by a Python that knows the standard library alone (``-I -S``). Arguments, as one JSON object: ``task_root``
(the unpacked bundle), ``sdk`` (the folder of boto3), ``memory_mb``, ``handler`` (as the template names it, or a file of
``probes/``), ``results`` (a file descriptor). Each line of standard input holds an event and a context, each line of
the results its answer or its error. Standard output is the function's log.
"""

import importlib
import json
import os
import resource
import runpy
import sys
import time
import traceback
from types import SimpleNamespace

WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
CHANGES = {"os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.symlink", "os.link", "os.chmod", "os.truncate"}
WRITABLE = ("/tmp/", "/dev/")  # noqa: S108  Lambda's own.


def hold_memory(megabytes: int) -> None:
    """Let the operating system refuse what is beyond the function's memory: Lambda would kill the process.

    The bound is on data, private and writable, of which the memory in use is a part.
    """
    resource.setrlimit(resource.RLIMIT_DATA, (megabytes << 20, megabytes << 20))


def refuse_writes(event: str, arguments: tuple[object, ...]) -> None:
    """Refuse every change of a file outside ``/tmp``, as Lambda's read-only file system does."""
    if event == "open":
        path, mode, flags = arguments
        is_write = flags & WRITES if isinstance(flags, int) else set(str(mode)) & set("wxa+")
    else:
        path, is_write = (arguments or ("",))[0], event in CHANGES
    if is_write and isinstance(path, str | bytes) and not os.fsdecode(path).startswith(WRITABLE):
        raise OSError(30, "Read-only file system", path)


def context_of(told: dict[str, object]) -> SimpleNamespace:
    """Build the context object of an invocation; the time that remains runs down."""
    ends = time.monotonic() + float(str(told.pop("timeout_s")))
    return SimpleNamespace(**told, get_remaining_time_in_millis=lambda: int((ends - time.monotonic()) * 1000))


def main() -> None:
    """Import the handler and answer each line."""
    told = json.loads(sys.argv[1])
    sys.path[:0] = [told["task_root"], told["sdk"]]
    os.chdir(told["task_root"])
    hold_memory(told["memory_mb"])
    results = os.fdopen(told["results"], "w", encoding="utf-8")
    sys.addaudithook(refuse_writes)
    if told["handler"].endswith(".py"):
        handle = runpy.run_path(told["handler"])["handle"]
    else:
        module, _, name = told["handler"].rpartition(".")
        handle = getattr(importlib.import_module(module), name)
    for line in sys.stdin:
        event, context = json.loads(line)
        os.environ["_X_AMZN_TRACE_ID"] = context.pop("trace_header")
        try:
            answer = {"answer": handle(event, context_of(context))}
        except BaseException as error:  # noqa: BLE001  Told to the caller, as Lambda tells it.
            told_of = {"errorType": type(error).__name__, "errorMessage": str(error)}
            answer = {"error": {**told_of, "stackTrace": traceback.format_exc()}}
        sys.stdout.flush()
        results.write(json.dumps(answer) + "\n")
        results.flush()


main()
