"""The shipped processor as a case: its Lambda handler, given an event about the stub's file.

Everything is as deployed (clients, telemetry, ledger, outputs); only the addresses are the stub's.
"""

from __future__ import annotations

import importlib
import json
import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

ENVIRONMENT = {
    "BUCKET_NAME": "bench",
    "ORDERS_TABLE": "orders",
    "FILES_TABLE": "files",
    "QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/123456789012/ingest",
    "ALERTS_TOPIC_ARN": "arn:aws:sns:us-east-1:123456789012:alerts",
    "ENVIRONMENT": "bench",
    "MAX_RECEIVE_COUNT": "3",
    "RETRY_BACKOFF_S": "15,60",
    "MAX_FILE_BYTES": str(2**40),
    "MAX_GZIP_BYTES": str(2**40),
    "RUN_BYTES_PER_S": str(2**40),
    "LARGE_FILES_ARN": "arn:aws:states:us-east-1:123456789012:stateMachine:large-files",
    "WORKER_FUNCTION": "worker",
    "LARGE_FILE_TIMEOUT_S": "21600",
    "RANGE_BYTES": str(2**25),
    "MAX_ROWS": str(2**40),
    "DEFAULT_ENCODING": "utf-8",
    "REJECT": "order",
    "HOLD_ABOVE_REJECTED_PERCENT": "50",
    "SAME_ORDERS": "hold",
    "LINE_END": "optional",
    "SAME_ORDERS_DAYS": "30",
    "TEMPORARY_NAMES": "*.part,.*",
    "ORDER_INDEXES": "by_customer",
    "ORDER_WRITES": "fast",
    "MONITORING": "full",
    "CONSOLE_URL": "https://console.example",
    "POWERTOOLS_SERVICE_NAME": "processor",
    "AWS_LAMBDA_FUNCTION_NAME": "processor",
    "LAMBDA_TASK_ROOT": "/var/task",
    "_X_AMZN_TRACE_ID": "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1",
}
CONSOLE_ENVIRONMENT = {
    "MONITORING": "full",
    "AUDIT_FILES": "20",
    "PROCESSED_RETENTION_DAYS": "365",
    "FAILED_RETENTION_DAYS": "365",
    "ARCHIVE_RETENTION_DAYS": "2555",
} | dict.fromkeys(
    (
        "DEAD_LETTER_QUEUE_URL",
        "USER_POOL_ID",
        "CLIENT_ID",
        "SCRIPTS_CLIENT_ID",
        "SESSION_SECRET_ARN",
        "CONSOLE_FUNCTION",
        "WORKER_FUNCTION",
        "PROCESSOR_FUNCTION",
        "PROCESSOR_LOG_GROUP",
        "DASHBOARD_URL",
    ),
    "https://console.example/name",
)
"""The console's variables that the processor does not have."""


class _Context:
    function_name = "processor"
    memory_limit_in_mb = 256
    invoked_function_arn = "arn:aws:lambda:us-east-1:123456789012:function:processor"
    aws_request_id = "request-1"

    @staticmethod
    def get_remaining_time_in_millis() -> int:
        return 3_600_000


def load() -> Any:
    """Import the handler with the environment that the stack gives it."""
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    return importlib.import_module("processor.handler")


def prepare(*, sending: bool = True, order_writes: str = "fast", name: str = "orders.csv") -> Callable[[], None]:
    """Load the handler and return its work on the stub's file."""
    os.environ["ORDER_WRITES"] = order_writes
    handler = load()
    if not sending:
        store = importlib.import_module("processor.orders.writer")
        handler.services = handler.services._replace(new_order_writer=lambda: store.OrderWriter(_Nowhere()))
    body = {
        "eventSource": "aws:s3",
        "eventTime": "2026-11-22T10:00:00.000Z",
        "eventName": "ObjectCreated:Put",
        "s3": {"bucket": {"name": "bench"}, "object": {"key": f"raw-data/{name}", "size": 1, "versionId": "v"}},
    }
    record = {
        "messageId": "m",
        "receiptHandle": "r",
        "body": json.dumps({"Records": [body]}),
        "attributes": {"ApproximateReceiveCount": "1"},
        "messageAttributes": {},
        "md5OfBody": "",
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:ingest",
        "awsRegion": "us-east-1",
    }

    def work() -> None:
        answer = handler.handle({"Records": [record]}, _Context())
        if answer != {"batchItemFailures": []}:
            raise RuntimeError(answer)

    return work


class _Nowhere:
    """A sender that sends nothing, so that only our own work is measured."""

    depth = 0

    def begin(self, puts: bytes, *, at_once: bool = False) -> None:
        """Drop the batch."""

    def finish(self) -> bytes:
        """Say that it was taken."""
        return b""

    def resend(self, puts: bytes) -> bytes:
        """Say that it was taken."""
        return puts[:0]

    def discard_pending(self) -> None:
        """Nothing is under way."""
