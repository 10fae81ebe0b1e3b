"""The stack's functions in processes of their own, in the environment that Lambda derives from the template."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from tests.infra.stacks import named

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType

CHILD = Path(__file__).with_name("child.py")
BUNDLE_OF = {
    "Processor": "processor",
    "LargeFilesRanges": "processor",
    "ConsoleWeb": "console",
    "ConsoleWorker": "console",
}
"""The functions of the stack by the beginning of their logical ids, and their bundles."""
TRACE = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=557abcec3ee5a047;Sampled=1"


@dataclass
class FunctionError(Exception):
    """The handler raised an error."""

    error_type: str
    message: str
    stack_trace: str


class Function:
    """A function of the template; a context manager whose process is its one execution environment.

    ``resolve`` gives the values of the deployment in the template's variables. The environment is Lambda's own and
    nothing else of this machine's:
    https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime
    """

    def __init__(
        self,
        name: str,
        *,
        bundle: Path,
        sdk: Path,
        resolve: Callable[[Any], str],
        region: str,
        probe: Path | None = None,
        context: Mapping[str, object] | None = None,
        **environment: str,
    ) -> None:
        self._properties = named("AWS::Lambda::Function", f"{name}Function", **(context or {}))
        own = self._properties["Environment"]["Variables"]
        variables = {variable: resolve(value) for variable, value in own.items()}
        self._env = self._lambda_env(bundle, region) | variables | environment
        self._argument = {
            "task_root": str(bundle),
            "sdk": str(sdk),
            "memory_mb": self._properties["MemorySize"],
            "handler": str(probe or self._properties["Handler"]),
        }
        self._request_ids = itertools.count(1)

    def _lambda_env(self, bundle: Path, region: str) -> dict[str, str]:
        logging = self._properties["LoggingConfig"]
        return {
            "AWS_ACCESS_KEY_ID": "ASIAROLE",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_SESSION_TOKEN": "token",
            "AWS_REGION": region,
            "AWS_DEFAULT_REGION": region,
            "AWS_EXECUTION_ENV": "AWS_Lambda_python3.12",
            "AWS_LAMBDA_FUNCTION_NAME": self._properties["FunctionName"],
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(self._properties["MemorySize"]),
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_LAMBDA_LOG_FORMAT": logging["LogFormat"],
            "AWS_LAMBDA_LOG_LEVEL": logging["ApplicationLogLevel"],
            "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{self._properties['FunctionName']}",
            "AWS_LAMBDA_LOG_STREAM_NAME": "2026/11/22/[$LATEST]0123456789abcdef0123456789abcdef",
            "AWS_LAMBDA_RUNTIME_API": "127.0.0.1:9001",
            "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
            "AWS_XRAY_DAEMON_ADDRESS": "127.0.0.1:2000",
            "LAMBDA_TASK_ROOT": str(bundle),
            "LAMBDA_RUNTIME_DIR": "/var/runtime",
            "LANG": "en_US.UTF-8",
            "LD_LIBRARY_PATH": "/var/lang/lib:/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:/var/task:/var/task/lib",
            "PATH": "/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:/opt/bin",
            "TZ": ":UTC",
            "_HANDLER": self._properties["Handler"],
            "_X_AMZN_TRACE_ID": TRACE,
        }

    def __enter__(self) -> Self:
        reading, writing = os.pipe()
        self._log = tempfile.TemporaryFile("w+", encoding="utf-8")
        argument = json.dumps(self._argument | {"results": writing})
        python: str = sys._base_executable  # type: ignore[attr-defined]  # The one without our packages.
        self._process = subprocess.Popen(
            [python, "-I", "-S", str(CHILD), argument],
            env=self._env,
            stdin=subprocess.PIPE,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            text=True,
            pass_fds=[writing],
        )
        os.close(writing)
        self._results = os.fdopen(reading, encoding="utf-8")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()
        self._results.close()
        self._log.close()

    def invoke(self, event: Any) -> Any:
        """Invoke the handler and return its answer; raises :class:`FunctionError`."""
        name = self._env["AWS_LAMBDA_FUNCTION_NAME"]
        context = {
            "function_name": name,
            "function_version": "$LATEST",
            "invoked_function_arn": f"arn:aws:lambda:eu-west-1:123456789012:function:{name}",
            "memory_limit_in_mb": self._env["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"],
            "aws_request_id": f"8476a536-e9f4-11e8-9739-{next(self._request_ids):012}",
            "log_group_name": self._env["AWS_LAMBDA_LOG_GROUP_NAME"],
            "log_stream_name": self._env["AWS_LAMBDA_LOG_STREAM_NAME"],
            "timeout_s": self._properties["Timeout"],
            "trace_header": TRACE,
        }
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(json.dumps([event, context]) + "\n")
            self._process.stdin.flush()
        line = self._results.readline()
        if not line:
            raise FunctionError("Runtime.ExitError", "the process ended", self.end())
        answer = json.loads(line)
        if "error" in answer:
            raise FunctionError(*answer["error"].values())
        return answer["answer"]

    def end(self) -> str:
        """End the process and return what it has written: the function's log."""
        self._process.communicate(timeout=60)
        self._log.seek(0)
        return self._log.read()
