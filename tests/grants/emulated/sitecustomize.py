"""Python loads this module at the start of every emulated function, and notes the function's calls from then on.

Its folder is in the emulator's PYTHONPATH, and with it in the functions', for this one module. The recorder is loaded
by its file's name, so that nothing else of the project can be imported, which would hide what a bundle lacks.
"""

import importlib.util
import os
import sys
from pathlib import Path
from typing import Any


def _load(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(f"grants_{name}", Path(__file__).parent.with_name(f"{name}.py"))
    if spec is None or spec.loader is None:
        raise ImportError(name)
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


if "AWS_LAMBDA_FUNCTION_NAME" in os.environ and "WAYBILL_CALLS" in os.environ:
    _name = os.environ["AWS_LAMBDA_FUNCTION_NAME"].removeprefix(f"waybill-{os.environ.get('ENVIRONMENT')}-")
    _recorder = _load("recorder")
    _record = _recorder.Recorder(Path(os.environ["WAYBILL_CALLS"]), lambda: _name, _load("needs").needs_of)
    _record.learn({name: value for name, value in os.environ.items() if name.isupper() and "AWS" not in name})
    _recorder.install(_record)
