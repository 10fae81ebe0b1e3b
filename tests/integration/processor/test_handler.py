"""The Lambda entry point: partial batch responses, and a clean slate for every message."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any, TextIO, cast

import pytest

from processor.domain.object_keys import ObjectVersion
from processor.ledger.ledger import Ledger
from processor.observability.telemetry import logger
from tests.integration.stage import BAD_ROW, GOOD_ROWS, csv_file, record, s3_event

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Iterator

    from tests.integration.stage import Stage


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """Catch what the function logs, as CloudWatch would get it."""
    handler = cast("logging.StreamHandler[TextIO]", logger.registered_handler)
    caught = io.StringIO()
    before = handler.setStream(caught)
    yield caught
    if before:
        handler.setStream(before)


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


@pytest.mark.parametrize(
    ("body", "event", "says"),
    [
        ('{"command": "reprocess", "file_id": "%s"}' % ("x" * 3_000), "message_refused", "names no file"),
        ('{"Records": [{"eventName": "\\ud800"}]}', "message_refused", "not Unicode text"),
        ('{"command": "reprocess", "file_id": "%s"}' % ("0" * 24), "message_refused", "there is no file"),
        (s3_event(ObjectVersion("waybill-test", "raw-data/a.csv", "v")), "request_failed", "out of reach"),
    ],
    ids=["file id", "surrogate", "unknown file", "error"],
)
def test_each_failed_message_leaves_a_warning_that_says_why(
    stage: Stage,
    handle: Callable[..., Any],
    log: io.StringIO,
    monkeypatch: pytest.MonkeyPatch,
    body: str,
    event: str,
    says: str,
) -> None:
    """Whatever brings a message back is in the log at the level that production has, and never only below it."""

    def fail(*_: Any, **__: Any) -> None:
        raise ConnectionError("the ledger is out of reach")

    monkeypatch.setattr(Ledger, "begin_run", fail)

    handle(record(stage, body))

    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    assert [line["level"] for line in lines if line["message"] == event and says in line["error"]] == ["WARNING"]


def test_batch_of_failures_answers_too(stage: Stage, handle: Callable[..., Any]) -> None:
    """Even when every message fails the function succeeds: each message is redelivered by itself."""
    records = [record(stage, "no event"), record(stage, "{}")]

    answer = handle(*records)

    assert len(answer["batchItemFailures"]) == 2


def test_message_of_a_file_that_is_read_in_ranges_stays(
    stage: Stage, handle: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lambda deletes what is not named in the answer, and this message is needed until the ranges are settled."""
    monkeypatch.setattr("processor.handler.handle_message", lambda *_: False)
    held = record(stage, s3_event(upload(stage, "large.csv", *GOOD_ROWS)))

    assert handle(held) == {"batchItemFailures": [{"itemIdentifier": held["messageId"]}]}


def test_orders_carry_the_trace(stage: Stage, handle: Callable[..., Any]) -> None:
    """The trace id of the invocation is on every order and on the run."""
    version = upload(stage, "orders.csv", *GOOD_ROWS)

    handle(record(stage, s3_event(version)))

    assert {order["trace_id"] for order in stage.orders()} == {"1-5759e988-bd862e3fe1be46a994272793"}
    [run] = stage.runs(version)
    assert (run.trace_id, run.request_id) == ("1-5759e988-bd862e3fe1be46a994272793", "request-1")


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
