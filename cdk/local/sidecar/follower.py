"""Turns a deployed stack's log lines and queue lengths into metrics, as AWS itself does.

Alarms are the emulator's, which evaluates them only when data are put and without regard to dimensions, missing data
and metric maths. An alarm that fires or sleeps there proves nothing.
"""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from cdk.local.sidecar.emf import data_of
from cdk.local.sidecar.invocations import invocations
from cdk.local.sidecar.logtail import Growth, LogTail
from cdk.local.sidecar.outbox import Outbox
from cdk.local.sidecar.queues import QueueWatch

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cdk.local.sidecar.traces import TraceStore

LOG_SECONDS = 1.0
QUEUE_SECONDS = 5.0
_FUNCTIONS = ("ProcessorFunctionName", "ConsoleFunctionName", "WorkerFunctionName")
_QUEUES = ("QueueUrl", "DeadLetterQueueUrl")
_REPORT = "REPORT RequestId: "
_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Target:
    """A stack and how to reach it."""

    endpoint: str
    region: str
    certificate: str | None
    outputs: dict[str, str]

    def client(self, service: str, *, attempts: int = 3) -> Any:
        """Return a client of the emulator's root user."""
        return boto3.client(  # type: ignore[call-overload]
            service,
            self.region,
            endpoint_url=self.endpoint,
            aws_access_key_id="test",
            aws_secret_access_key="test",  # noqa: S106  The emulator's.
            verify=self.certificate,
            config=Config(retries={"total_max_attempts": attempts, "mode": "standard"}, connect_timeout=5),
        )


class Follower:
    """Two threads, one for log lines and one for queues, which run until the process ends."""

    def __init__(self, target: Target, store: TraceStore) -> None:
        self.endpoint = target.endpoint
        self._store = store
        self._lock = threading.Lock()
        self._functions: dict[str, str] = {}
        self._tail = LogTail(target.client("logs"), _is_relevant)
        # One attempt: if the SDK repeated a request after a lost answer, it could count twice.
        self._outbox = Outbox(target.client("cloudwatch", attempts=1))
        self._queues = QueueWatch(target.client("sqs"))
        self._stopped = threading.Event()
        for work, seconds in ((self._read_logs, LOG_SECONDS), (self._sample_queues, QUEUE_SECONDS)):
            threading.Thread(target=self._repeat, args=(work, seconds), daemon=True).start()

    def follow(self, outputs: Mapping[str, str]) -> None:
        """Follow the functions and queues that these stack outputs name, from the next reading on."""
        with self._lock:
            self._functions = {f"/aws/lambda/{outputs[name]}": outputs[name] for name in _FUNCTIONS if name in outputs}
            self._queues.urls = [outputs[name] for name in _QUEUES if name in outputs]

    def stop(self) -> None:
        """End the threads."""
        self._stopped.set()

    def carry(self, *, everything: bool = False) -> dict[str, int]:
        """Turn new log lines into metrics; return the counts of data since the start."""
        with self._lock:
            for growth in self._tail.poll(self._functions, everything=everything):
                self._take(growth)
            self._outbox.flush()
            return self._outbox.counts()

    def _take(self, growth: Growth) -> None:
        """Queue the metrics of a stream's new lines. It must not fail half way, as the stream then counts as read."""
        reported = {line.split()[2] for _, line in growth.fresh if line.startswith(_REPORT)}
        data = [datum for _, line in growth.fresh for datum in data_of(line)]
        for invocation in invocations(self._functions[growth.group], growth.events):
            if invocation.request_id in reported:
                data += invocation.metrics()
                self._store.put_invocation(invocation)
        self._outbox.add(data)

    def _read_logs(self) -> None:
        self.carry()

    def _sample_queues(self) -> None:
        with self._lock:
            self._outbox.add(self._queues.sample())
            self._outbox.flush()

    def _repeat(self, work: Any, seconds: float) -> None:
        while not self._stopped.is_set():
            try:
                work()
            except (BotoCoreError, ClientError) as error:
                _logger.warning("%s: %s", work.__name__, error)  # The emulator is busy or ending.
            except Exception:
                _logger.exception("%s failed", work.__name__)
            self._stopped.wait(seconds)


def _is_relevant(line: str) -> bool:
    return '"_aws"' in line or line.startswith(_REPORT)
