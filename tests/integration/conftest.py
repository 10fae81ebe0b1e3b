"""Fixtures for the tests of the data layer and the pipeline on moto."""

from __future__ import annotations

import importlib
import math
import sys
from typing import TYPE_CHECKING, Any

import pytest
from moto import mock_aws

from tests.integration.stage import BUCKET, REGION, Stage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.integration.admin_api.console import ConsoleStage


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    """Provide an empty stage."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        yield Stage.build()


@pytest.fixture
def console(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> ConsoleStage:
    """Provide a console in front of an empty stage; its exports may take whatever time the machine needs."""
    from tests.integration.admin_api.console import ConsoleStage  # noqa: PLC0415  Other tests need not import the console.

    monkeypatch.setattr("admin_api.rendering.csv_export.LONGEST_S", math.inf)
    return ConsoleStage(stage)


class Context:
    """The parts of a Lambda context that are used."""

    function_name = "processor"
    memory_limit_in_mb = 256
    invoked_function_arn = "arn:aws:lambda:eu-west-1:123456789012:function:processor"
    aws_request_id = "request-1"

    @staticmethod
    def get_remaining_time_in_millis() -> int:
        """Return five minutes."""
        return 300_000


@pytest.fixture
def handle(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Any]]:
    """Import the handler with the environment that the stack gives it."""
    environment = {
        "BUCKET_NAME": BUCKET,
        "ORDERS_TABLE": "orders",
        "FILES_TABLE": "files",
        "QUEUE_URL": stage.services.config.queue_url,
        "ALERTS_TOPIC_ARN": stage.services.config.alerts_topic_arn,
        "ENVIRONMENT": "test",
        "POWERTOOLS_SERVICE_NAME": "processor",
        "MAX_RECEIVE_COUNT": "3",
        "RETRY_BACKOFF_S": "15,60",
        "MAX_FILE_BYTES": "1000000",
        "MAX_ROWS": "1000000",
        "MAX_GZIP_BYTES": "1000000",
        "RUN_BYTES_PER_S": "1000000",
        "LARGE_FILES_ARN": "arn:large",
        "WORKER_FUNCTION": "worker",
        "LARGE_FILE_TIMEOUT_S": "3600",
        "RANGE_BYTES": "1000000",
        "DEFAULT_ENCODING": "utf-8",
        "REJECT": "order",
        "HOLD_ABOVE_REJECTED_PERCENT": "50",
        "SAME_ORDERS": "hold",
        "LINE_END": "optional",
        "SAME_ORDERS_DAYS": "30",
        "TEMPORARY_NAMES": "*.part,.*",
        "ORDER_INDEXES": "by_customer",
        "ORDER_WRITES": "plain",
        "MONITORING": "full",
        "CONSOLE_URL": "https://console.test",
        "_X_AMZN_TRACE_ID": "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1",
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("processor.wiring.invocation._is_cold", True)
    module = importlib.import_module("processor.handler")
    yield lambda *records: module.handle({"Records": list(records)}, Context())
    del sys.modules["processor.handler"], sys.modules["processor.wiring.runtime"]
