"""The search box on moto: every kind of identifier leads to its thing, and nothing found is a page that helps."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from botocore.exceptions import ClientError

from admin_api.monitoring.logs import LogMention, LogReader
from processor.domain.actions import ActionEntry, ActionKind, ActionState
from processor.domain.entries import to_iso
from processor.messaging.dead_letter_queue import DeadLetterQueue
from tests.integration.admin_api.console import words
from tests.integration.stage import csv_file

if TYPE_CHECKING:
    from tests.integration.admin_api.console import ConsoleStage

TRACE = "1-6925f1c0-0123456789abcdef01234567"
UUID = "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9"


@pytest.fixture
def logs(console: ConsoleStage) -> Any:
    """Provide the processor's log group."""
    client = console.console.client("logs")
    client.create_log_group(logGroupName=console.config.processor_log_group)
    client.create_log_stream(logGroupName=console.config.processor_log_group, logStreamName="s")
    return client


def log(console: ConsoleStage, logs: Any, **fields: str) -> None:
    """Write one log line."""
    at = int((console.console.now() - timedelta(hours=1)).timestamp() * 1000)
    logs.put_log_events(
        logGroupName=console.config.processor_log_group,
        logStreamName="s",
        logEvents=[{"timestamp": at, "message": json.dumps({"message": "run_began", **fields})}],
    )


def leads_to(console: ConsoleStage, text: str) -> str:
    """Search, and return where that leads; "" if it stays on the search page."""
    response = console.browser().get("/search", params={"q": text})
    return response.headers.get("location", "")


def test_orders_files_and_customers_are_found_by_what_they_are_called(console: ConsoleStage) -> None:
    """An order id, a customer, a file's id, its keys and a part of its name each lead straight there."""
    entry = console.stage.process("eu/webshop-0412.csv", csv_file("A/1 x,Ada Lovelace,Widget,1,1"))
    page = f"/files/{entry.file_id}"

    assert leads_to(console, " A/1 x ") == "/orders?order_id=A%2F1+x"
    assert leads_to(console, "ADA lovelace") == "/orders?customer=ADA+lovelace"
    assert leads_to(console, entry.file_id) == page
    assert leads_to(console, f"s3://bucket/{entry.object_key}") == page
    assert leads_to(console, entry.accepted_key) == page
    assert leads_to(console, entry.original_key) == page
    assert leads_to(console, "WEBSHOP") == page


def test_a_run_is_found_by_the_newest_of_each_file(console: ConsoleStage) -> None:
    """The newest run of a file needs no log line to be found."""
    entry = console.stage.process("a.csv", csv_file("A-1,Ada,Widget,1,1"))

    assert leads_to(console, entry.run_id) == f"/files/{entry.file_id}/runs/{entry.run_id}"


def test_messages_requests_and_older_runs_are_found_in_the_log(console: ConsoleStage, logs: Any) -> None:
    """Every line of a run names them all, so any of them leads to the run."""
    log(console, logs, file_id="f" * 24, run_id="0123456789abcdef", message_id=UUID)

    assert leads_to(console, UUID) == f"/files/{'f' * 24}/runs/0123456789abcdef"
    assert leads_to(console, "0123456789abcdef") == f"/files/{'f' * 24}/runs/0123456789abcdef"


def test_a_dead_letter_is_found_by_its_message(console: ConsoleStage) -> None:
    """A message that no run has taken up is still in the queue."""
    config, sqs = console.config, console.stage.clients.sqs
    console.console.__dict__["dead_letters"] = DeadLetterQueue(
        sqs, config.dead_letter_queue_url, config.queue_url, config.bucket_name, wait_s=0
    )
    message_id = sqs.send_message(QueueUrl=config.dead_letter_queue_url, MessageBody="nonsense")["MessageId"]

    assert leads_to(console, message_id) == "/dead-letters?cause=no_file&first=0"


def test_traces_and_actions_are_found_by_their_ids(console: ConsoleStage) -> None:
    """A trace id, also inside a trace header, and an action's id need no search."""
    action_id = console.action_id()
    at = to_iso(console.console.now())
    console.console.actions.begin_action(ActionEntry(action_id, ActionKind.REDRIVE, at, "ada", ActionState.DONE))

    assert leads_to(console, TRACE) == f"/traces/{TRACE}"
    assert leads_to(console, f"Root={TRACE};Sampled=1") == f"/traces/{TRACE}"
    assert leads_to(console, action_id) == f"/activity/{action_id}"


def test_a_name_of_several_things_lists_them_all(console: ConsoleStage) -> None:
    """An order and files of the same name stand side by side, each with its kind."""
    for name in ("acme-1.csv", "acme-2.csv"):
        console.stage.process(name, csv_file(f"acme,Acme,{name},1,1"))
    browser = console.browser()

    page = browser.get("/search?q=acme")

    assert page.status_code == 200
    assert "4 matches" in words(page)
    for href in ("/orders/acme", "/orders?customer=acme"):
        assert f'href="{href}"' in page.text
    assert "acme-1.csv" in words(page)


def test_nothing_found_says_what_was_looked_for_and_what_to_try(console: ConsoleStage) -> None:
    """A dead end has signposts, and the text is shown as nothing but text."""
    page = console.browser().get(f"/search?q={quote('<b>nobody</b>')}")

    assert "No matches" in words(page)
    assert "An order with exactly this id" in words(page)
    assert "Files with this text in their names" in words(page)
    assert "<b>nobody" not in page.text


@pytest.mark.parametrize("text", [UUID, "0123456789abcdef", "f" * 24, "20261125T184400Z-0123abcd", "raw-data/x.csv"])
def test_an_unknown_identifier_is_looked_for_by_its_kind_and_by_name(
    console: ConsoleStage, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever an id looks like, a page answers; an order may have such a name, too."""
    monkeypatch.setattr("processor.messaging.dead_letter_queue._PATIENCE_S", 0.0)

    page = console.browser().get(f"/search?q={text}")

    assert page.status_code == 200
    assert "An order with exactly this id" in words(page)


def test_an_order_that_looks_like_an_id_is_found(console: ConsoleStage) -> None:
    """Shapes are only a first guess."""
    console.stage.process("a.csv", csv_file(f"{UUID},Ada,Widget,1,1"))

    assert leads_to(console, UUID) == f"/orders/{UUID}"


def test_an_empty_search_tells_what_can_be_found(console: ConsoleStage) -> None:
    """The box without a word leads to its own explanation."""
    page = console.browser().get("/search")

    assert "How to search" in words(page)
    assert console.browser().get("/search", params={"q": "x" * 3_000}).status_code == 422


def test_a_service_that_is_away_is_named(console: ConsoleStage, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page says which search failed, so that nobody concludes that there is nothing."""

    def refuse(*_: Any, **__: Any) -> None:
        raise ClientError({"Error": {"Code": "ThrottlingException"}}, "Query")

    monkeypatch.setattr("processor.orders.lookup.OrderLookup.find_by_customer", refuse)

    page = words(console.browser().get("/search?q=nobody"))

    assert "Query failed: ThrottlingException." in page
    assert "was not searched" in page


def test_log_lines_that_are_no_runs_are_passed_over(console: ConsoleStage, logs: Any) -> None:
    """Text of the runtime and lines without a file lead nowhere; a run is named once however often it logs."""
    now = console.console.now()
    log(console, logs, request_id=UUID)
    for _ in range(3):
        log(console, logs, file_id="abc", run_id="1", request_id=UUID)
    group = console.config.processor_log_group

    found = LogReader(logs, group).find_mentions(UUID, now - timedelta(days=1), now)

    assert found == (LogMention("abc", "1"),)
    assert LogReader(logs, "/nowhere").find_mentions(UUID, now - timedelta(days=1), now) == ()
