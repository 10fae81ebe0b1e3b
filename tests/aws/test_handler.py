"""The Lambda entry point: partial batch responses, and a clean slate for every message."""

from __future__ import annotations

import importlib
import io
import json
import sys
from typing import TYPE_CHECKING, Any, TextIO, cast

import pytest

from processor.telemetry import logger
from tests.aws.stage import BAD_ROW, BUCKET, GOOD_ROWS, csv_file, s3_event

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Iterator

    from processor.files import ObjectVersion
    from tests.aws.stage import Stage


class Context:
    """A Lambda context as far as it is used."""

    function_name = "processor"
    memory_limit_in_mb = 256
    invoked_function_arn = "arn:aws:lambda:eu-west-1:123456789012:function:processor"
    aws_request_id = "request-1"

    @staticmethod
    def get_remaining_time_in_millis() -> int:
        """Leave plenty of time."""
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
        "MAX_RECEIVE_COUNT": "3",
        "RETRY_BACKOFF_S": "15,60",
        "MAX_FILE_BYTES": "1000000",
        "MAX_ROWS": "1000000",
        "DEFAULT_ENCODING": "utf-8",
        "ORDER_INDEXES": "by_customer",
        "_X_AMZN_TRACE_ID": "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1",
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    module = importlib.import_module("processor.handler")
    yield lambda *records: module.handle({"Records": list(records)}, Context())
    del sys.modules["processor.handler"]


def record(stage: Stage, body: str, receive_count: int = 1) -> dict[str, Any]:
    """Build a Lambda event record of a received message."""
    message = stage.message(body, receive_count)
    return {
        "messageId": message.message_id,
        "receiptHandle": message.receipt_handle,
        "body": body,
        "attributes": {"ApproximateReceiveCount": str(receive_count)},
        "messageAttributes": {},
        "md5OfBody": "",
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:eu-west-1:123456789012:ingest",
        "awsRegion": "eu-west-1",
    }


def upload(stage: Stage, name: str, *rows: str) -> ObjectVersion:
    """Upload a small file."""
    return stage.upload(name, csv_file(*rows))


def test_only_failed_messages_are_named(stage: Stage, handle: Callable[..., Any]) -> None:
    """A batch answers with the messages to be delivered again, and with no others."""
    good = record(stage, s3_event(upload(stage, "good.csv", *GOOD_ROWS)))
    bad = record(stage, "no event")

    answer = handle(good, bad)

    assert answer == {"batchItemFailures": [{"itemIdentifier": bad["messageId"]}]}
    assert len(stage.orders()) == 2


def test_batch_of_failures_answers_too(stage: Stage, handle: Callable[..., Any]) -> None:
    """Even when every message fails the function succeeds: each message is redelivered by itself."""
    records = [record(stage, "no event"), record(stage, "{}")]

    answer = handle(*records)

    assert len(answer["batchItemFailures"]) == 2


def test_orders_carry_the_trace(stage: Stage, handle: Callable[..., Any]) -> None:
    """The trace id of the invocation is on every order and on the run."""
    version = upload(stage, "orders.csv", *GOOD_ROWS)

    handle(record(stage, s3_event(version)))

    assert {order["trace_id"] for order in stage.orders()} == {"1-5759e988-bd862e3fe1be46a994272793"}
    [run] = stage.runs(version)
    assert (run.trace_id, run.request_id) == ("1-5759e988-bd862e3fe1be46a994272793", "request-1")


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """Catch what the function logs, as CloudWatch would get it."""
    handler = cast("logging.StreamHandler[TextIO]", logger.registered_handler)
    caught = io.StringIO()
    before = handler.setStream(caught)
    yield caught
    if before:
        handler.setStream(before)


def test_log_lines_name_their_file_and_no_other(stage: Stage, handle: Callable[..., Any], log: io.StringIO) -> None:
    """Correlation ids are bound once a message and are gone with it; no row is logged."""
    first, second = upload(stage, "a.csv", *GOOD_ROWS), upload(stage, "b.csv", BAD_ROW)

    handle(record(stage, s3_event(first)), record(stage, s3_event(second)), record(stage, "no event"))

    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    by_key = {line["object_key"]: line for line in lines if line["message"].startswith("file_")}
    assert by_key.keys() == {first.key, second.key}
    assert by_key[first.key]["file_id"] != by_key[second.key]["file_id"]
    assert all(line["function_request_id"] == "request-1" for line in lines)
    refused = next(line for line in lines if line["message"] == "message_refused")
    assert "file_id" not in refused
    assert not any(name in json.dumps(lines) for name in ("Lovelace", "Dijkstra"))
