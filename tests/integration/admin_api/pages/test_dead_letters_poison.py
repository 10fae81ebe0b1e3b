"""Poison in the dead-letter queue on moto: whatever a body holds, a person can see the letter and delete it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from processor.domain.actions import ActionState
from processor.messaging.messages import reprocess_body
from tests.hostile_messages import hostile_events, json_documents
from tests.integration.admin_api.console import words
from tests.integration.admin_api.dead_letters import (
    bury_file,
    post_form,
    read_form,
    run_worker,
    send_letter,
    skip_waits,
    take_bodies,
)
from tests.integration.stage import BUCKET, s3_record

if TYPE_CHECKING:
    from mypy_boto3_sqs.type_defs import MessageAttributeValueTypeDef

    from tests.integration.admin_api.console import ConsoleStage

HALF_A_CHARACTER = json.dumps(
    {"Records": [{"eventName": "ObjectCreated:Put", "s3": {"bucket": {"name": BUCKET}, "object": {"key": "KEY"}}}]}
).replace("KEY", "raw-data/\\ud800.csv")


@pytest.fixture(autouse=True)
def _no_waits(console: ConsoleStage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Receive without waiting."""
    skip_waits(console, monkeypatch)


@pytest.mark.parametrize(
    "body",
    [
        HALF_A_CHARACTER,
        reprocess_body("x" * 3_000),
        "[" * 100_000,
        json.dumps({"command": "reprocess", "file_id": "\ud800" * 24}),
        json.dumps({"Records": [s3_record.__doc__]}),
    ],
    ids=["half a character", "a long file id", "deep", "a file id that is no text", "no record"],
)
def test_a_poison_letter_is_shown_beside_the_others_and_can_be_deleted(console: ConsoleStage, body: str) -> None:
    """Page, API and search answer, and the console's own delete removes it and leaves the other letter."""
    bury_file(console, "good.csv")
    message_id = send_letter(console, body)
    browser = console.browser()

    page = browser.get("/dead-letters?cause=no_file")
    listed = browser.get("/api/dead-letters")
    found = browser.get(f"/search?q={message_id}")
    post_form(browser, read_form(page, "Delete 1 letter"))
    action = run_worker(console)

    assert (page.status_code, listed.status_code, found.status_code) == (200, 200, 303)
    assert {each["message_id"]: bool(each["problem"]) for each in listed.json()["dead_letters"]}[message_id]
    assert (action.state, action.done, action.failed) == (ActionState.DONE, 1, 0)
    assert "good.csv" in words(browser.get("/dead-letters"))
    assert len(take_bodies(console, console.stage.dead_letter_url)) == 1


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(bodies=st.lists(json_documents() | hostile_events(), min_size=4, max_size=10))
def test_no_body_takes_the_page_or_its_buttons_down(console: ConsoleStage, bodies: list[str]) -> None:
    """Arbitrary messages are listed by page and API, and deleting all of them empties the queue."""
    for body in bodies:
        send_letter(console, body[:200_000])
    browser = console.browser()

    page = browser.get("/dead-letters")
    listed = browser.get("/api/dead-letters")
    browser.post("/api/dead-letters/actions", json={"do": "delete", "all": True}).raise_for_status()
    action = run_worker(console)

    assert page.status_code == 200
    assert len(listed.json()["dead_letters"]) == len(bodies)
    assert (action.state, action.done, action.failed) == (ActionState.DONE, len(bodies), 0)


def test_a_letter_with_binary_attributes_is_redriven_with_them(console: ConsoleStage) -> None:
    """What another sender attached comes back as it was."""
    sqs = console.stage.clients.sqs
    attribute: MessageAttributeValueTypeDef = {"DataType": "Binary", "BinaryValue": b"\x00\xff\xd8"}
    sqs.send_message(QueueUrl=console.stage.dead_letter_url, MessageBody="{}", MessageAttributes={"proof": attribute})
    browser = console.browser()

    browser.post("/api/dead-letters/actions", json={"do": "redrive", "all": True}).raise_for_status()
    action = run_worker(console)

    [message] = sqs.receive_message(QueueUrl=console.config.queue_url, MessageAttributeNames=["All"])["Messages"]
    assert action.done == 1
    assert message["MessageAttributes"]["proof"]["BinaryValue"] == b"\x00\xff\xd8"
