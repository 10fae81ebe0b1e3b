"""Records calls in the tests' own process, where several functions' code runs: whose call it is, the stack tells.

The outermost module of shipped code decides: a call below the processor's intake is the processor's, one below a page
is the console's. A test that uses a collaborator by itself, such as the ledger, acts for no function; its calls are
left out, as are those of the tests themselves.
"""

from __future__ import annotations

import dataclasses
import functools
import os
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.grants.needs import needs_of
from tests.grants.recorder import Recorder, install, shipped_frames

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

PROCESSOR = "processor.pipeline.intake"
ENTRY_POINTS = {
    "processor.handler": "processor",
    PROCESSOR: "processor",
    "processor.large_files.handler": "ranges",
    "processor.large_files.steps": "ranges",
    "processor.large_files.store_range": "ranges",
    "admin_api.handler": "console",
    "admin_api.app": "console",
    "admin_api.pages": "console",
    "admin_api.api": "console",
    "admin_api.web": "console",
    "admin_api.worker": "console-worker",
    "admin_api.actions.bulk": "console-worker",
    "admin_api.actions.audits": "console-worker",
    "admin_api.actions.audit_schedule": "console-worker",
    "admin_api.actions.unfinished_uploads": "console-worker",
}
"""The modules at which an invocation enters, with the names of their functions after `waybill-<environment>-`."""

_FOLDER = os.environ.get("WAYBILL_TEST_FOLDER")
_carried = threading.local()
_active: list[Recorder] = []


def calls_file(folder: str | Path) -> Path:
    """Return the file of all calls of a run of tests."""
    return Path(folder) / "calls.jsonl"


def kept_template(folder: str | Path) -> Path:
    """Return where the template's tests leave the template for the check of the calls."""
    return Path(folder) / "grants.template.json"


def keep_template(template: Path) -> None:
    """Leave the template for the check of the calls, if `make test` has given a folder for it."""
    if _FOLDER:
        shutil.copy(template, kept_template(_FOLDER))


def start_recording() -> None:
    """Record the calls of this process, if `make test` has given a folder for them."""
    if _FOLDER:
        recorder = Recorder(calls_file(_FOLDER), calling_function, needs_of)
        install(recorder)
        carry_callers_into_threads()
        _active.append(recorder)


def learn_names(config: Any) -> None:
    """Learn a function's configuration, whose fields are its variables."""
    names: Mapping[str, Any] = config._asdict() if hasattr(config, "_asdict") else dataclasses.asdict(config)
    for name, value in names.items():
        if isinstance(value, str):
            learn_name(name.upper(), value)


def learn_name(variable: str, value: str) -> None:
    """Learn a resource that a function finds in a variable."""
    for recorder in _active:
        recorder.learn({variable: value})


def emulated_recording() -> dict[str, str]:
    """Return what the emulator's environment needs, so that its functions record their calls."""
    if not _FOLDER:
        return {}
    hook = Path(__file__).parent / "emulated"
    return {"PYTHONPATH": str(hook), "WAYBILL_CALLS": str(calls_file(Path(_FOLDER).absolute()))}


def calling_function() -> str:
    """Name the function for which this thread works; "" for none."""
    carried: str = getattr(_carried, "function", "")
    if carried:
        return carried
    frames = [module for module, *_ in shipped_frames()]
    if PROCESSOR in frames:  # A test lets a run begin in the middle of the worker's work.
        return ENTRY_POINTS[PROCESSOR]
    entered = frames[-1] if frames else ""
    return next((name for module, name in ENTRY_POINTS.items() if f"{entered}.".startswith(f"{module}.")), "")


def carry_callers_into_threads() -> None:
    """Let the threads of a pool work for the function whose call has filled the pool."""
    submit: Any = ThreadPoolExecutor.submit

    @functools.wraps(submit)
    def submit_for_caller(pool: ThreadPoolExecutor, call: Callable[..., Any], /, *args: Any, **named: Any) -> Any:
        return submit(pool, _work_for, calling_function(), call, args, named)

    ThreadPoolExecutor.submit = submit_for_caller  # type: ignore[assignment,method-assign]


def _work_for(function: str, call: Callable[..., Any], args: tuple[Any, ...], named: dict[str, Any]) -> Any:
    before = getattr(_carried, "function", "")
    _carried.function = function
    try:
        return call(*args, **named)
    finally:
        _carried.function = before
