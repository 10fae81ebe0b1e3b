"""Notes the AWS calls of shipped code with what they need, each kind once. Standard library only.

It hooks botocore's clients, presigned addresses, and the processor's own transport, which signs without botocore.
Emulated functions load this module, too (emulated/sitecustomize.py).
"""

from __future__ import annotations

import functools
import importlib.util
import json
import os
import re
import sys
import threading
from importlib.abc import MetaPathFinder
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path
    from types import FrameType, ModuleType

SHIPPED = ("processor.", "admin_api.")
_OWN = "tests.grants."
_TABLE = re.compile(rb'\{"RequestItems":\{("(?:[^"\\]|\\.)*")')


class Recorder:
    """Appends calls to a file as lines of JSON.

    ``caller`` names the function that makes the call, or "" if none does. ``needs_of`` is that of ``needs``.
    """

    def __init__(self, file: Path, caller: Callable[[], str], needs_of: Callable[..., Iterable[Any]]) -> None:
        self._file = file
        self._caller = caller
        self._needs_of = needs_of
        self._variables: dict[str, str] = {}
        self._noted: set[str] = set()
        self._lock = threading.Lock()

    def learn(self, environment: Mapping[str, object]) -> None:
        """Learn by which names calls speak of resources: the values of the functions' variables."""
        for variable, value in environment.items():
            for name in (str(value), re.split("[/:]", str(value))[-1]):
                if name:
                    self._variables.setdefault(name, variable)

    def note(self, service: str, operation: str, parameters: Mapping[str, Any], *, is_missing: bool = False) -> None:
        """Note a call, unless its kind is noted already or no function of the stack makes it."""
        function = self._caller()
        if not function:
            return
        needs = [
            [action, kind, self._named(name), rest]
            for action, kind, name, rest in self._needs_of(service, operation, parameters, is_missing=is_missing)
        ]
        call = {"function": function, "call": f"{service}:{operation}", "needs": needs}
        key = json.dumps(call)
        with self._lock:
            if key in self._noted:
                return
            self._noted.add(key)
            line = json.dumps(call | {"at": innermost_place()}) + "\n"
            # One write of a short line to a file that is open for appending: processes do not mix theirs.
            descriptor = os.open(self._file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
            try:
                os.write(descriptor, line.encode())
            finally:
                os.close(descriptor)

    def _named(self, name: str) -> str:
        variable = self._variables.get(name)
        return f"${{{variable}}}" if variable else name


def shipped_frames() -> list[tuple[str, int]]:
    """List the modules of shipped code on this thread's stack with their lines, innermost first.

    None, if shipped code has called something of a test's in between, which makes the call.
    """
    frames: list[tuple[str, int]] = []
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        module = str(frame.f_globals.get("__name__", ""))
        if module.startswith(SHIPPED):
            frames.append((module, frame.f_lineno))
        elif not frames and module.startswith("tests.") and not module.startswith(_OWN):
            return []
        frame = frame.f_back
    return frames


def innermost_place() -> str:
    """Name the line of shipped code that makes the call."""
    frames = shipped_frames()
    return f"{frames[0][0].replace('.', '/')}.py:{frames[0][1]}" if frames else "?"


def install(recorder: Recorder) -> None:
    """Watch the modules, now or as soon as they are loaded."""
    hooks: dict[str, Callable[[ModuleType], None]] = {
        "botocore.client": lambda module: _hook_clients(module, recorder),
        "botocore.signers": lambda module: _hook_presigning(module, recorder),
        "processor.orders.transport.sigv4": lambda module: _hook_transport(module, recorder),
    }
    for name in list(hooks):
        if name in sys.modules:
            hooks.pop(name)(sys.modules[name])
    sys.meta_path.insert(0, _Hooks(hooks))


class _Hooks(MetaPathFinder):
    """Calls the hook of a module when it has been loaded."""

    def __init__(self, hooks: dict[str, Callable[[ModuleType], None]]) -> None:
        self._hooks = hooks

    def find_spec(self, fullname: str, path: object = None, target: object = None) -> Any:  # noqa: ARG002
        hook = self._hooks.pop(fullname, None)
        spec = importlib.util.find_spec(fullname) if hook else None
        if not hook or not spec or not spec.loader:
            return None
        load = spec.loader.exec_module

        def load_and_hook(module: ModuleType) -> None:
            load(module)
            hook(module)

        spec.loader.exec_module = load_and_hook  # type: ignore[method-assign]
        return spec


def _hook_clients(module: Any, recorder: Recorder) -> None:
    call = module.BaseClient._make_api_call

    @functools.wraps(call)
    def make_api_call(self: Any, operation_name: str, api_params: Mapping[str, Any]) -> Any:
        service = self.meta.service_model.service_name
        recorder.note(service, operation_name, api_params)
        try:
            return call(self, operation_name, api_params)
        except self.exceptions.ClientError as error:
            if error.response.get("ResponseMetadata", {}).get("HTTPStatusCode") == 404:
                recorder.note(service, operation_name, api_params, is_missing=True)
            raise

    module.BaseClient._make_api_call = make_api_call


def _hook_presigning(module: Any, recorder: Recorder) -> None:
    """Watch the signing of addresses, by which others act with the permissions of whoever signed."""
    presign_url, presign_post = module.generate_presigned_url, module.generate_presigned_post

    @functools.wraps(presign_url)
    def generate_presigned_url(self: Any, ClientMethod: str, Params: Any = None, *rest: Any, **more: Any) -> Any:  # noqa: N803
        operation = self.meta.method_to_api_mapping.get(ClientMethod, ClientMethod)
        recorder.note(self.meta.service_model.service_name, operation, Params or {})
        return presign_url(self, ClientMethod, Params, *rest, **more)

    @functools.wraps(presign_post)
    def generate_presigned_post(self: Any, Bucket: str, Key: str, *rest: Any, **more: Any) -> Any:  # noqa: N803
        if "/" in Key:  # Of another one only the address's origin is read.
            recorder.note("s3", "PostObject", {"Bucket": Bucket, "Key": Key})
        return presign_post(self, Bucket, Key, *rest, **more)

    module.generate_presigned_url, module.generate_presigned_post = generate_presigned_url, generate_presigned_post


def _hook_transport(module: Any, recorder: Recorder) -> None:
    write_head = module.RequestSigner.head

    @functools.wraps(write_head)
    def head(self: Any, body: bytes) -> bytes:
        if found := _TABLE.match(body):
            recorder.note("dynamodb", "BatchWriteItem", {"RequestItems": {json.loads(found[1]): []}})
        signed: bytes = write_head(self, body)
        return signed

    module.RequestSigner.head = head
