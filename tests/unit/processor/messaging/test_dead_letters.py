"""A dead letter says which files it is about, or in words why it names none."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processor.domain.object_keys import ObjectVersion, file_id
from processor.messaging.dead_letters import LONGEST_BODY, DeadLetter
from processor.messaging.messages import process_body, reprocess_body
from tests.hostile_messages import hostile_events, json_documents
from tests.integration.stage import BUCKET, s3_event, s3_record

VERSION = ObjectVersion(BUCKET, "raw-data/a b.csv", "v1")
OTHER = ObjectVersion(BUCKET, "raw-data/c.csv", "v2")


def letter(body: str, **attributes: str) -> DeadLetter:
    """Read a message of this body."""
    message: dict[str, Any] = {"MessageId": "m-1", "Body": body, "Attributes": attributes}
    return DeadLetter.from_message(message, BUCKET)


def test_times_and_receives_are_read_from_sqs() -> None:
    """Its times and its receive count are SQS's own."""
    read = letter(
        s3_event(VERSION),
        SentTimestamp="1795341600000",
        ApproximateFirstReceiveTimestamp="1795341601500",
        ApproximateReceiveCount="4",
    )

    assert read.sent_at == datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
    assert read.first_received_at == datetime(2026, 11, 22, 10, 0, 1, 500_000, tzinfo=UTC)
    assert read.receive_count == 4


def test_files_of_an_event_and_of_a_command_are_named() -> None:
    """Each file that the message is about is named once, whether S3 or a person sent it."""
    assert letter(s3_event(VERSION, OTHER, VERSION)).file_ids == (file_id(VERSION), file_id(OTHER))
    assert letter(s3_event(VERSION, OTHER)).object_keys == (VERSION.key, OTHER.key)
    assert letter(reprocess_body(file_id(VERSION))).file_ids == (file_id(VERSION),)
    assert letter(reprocess_body(file_id(VERSION))).object_keys == ()
    assert letter(process_body(VERSION)).file_ids == (file_id(VERSION),)
    assert letter(s3_event(VERSION)).problem == ""


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("hello", "it is not JSON"),
        ("{}", "neither Records nor a command"),
        (json.dumps({"Event": "s3:TestEvent"}), "S3's test message"),
        (s3_event(ObjectVersion("elsewhere", "raw-data/a.csv", "v")), "not about raw-data/ in this bucket"),
        (reprocess_body("x" * 3_000), "file id"),
        (reprocess_body("../a"), "file id"),
        (s3_event(VERSION).replace("raw-data/a", "raw-data/\\ud800"), "not Unicode text"),
        (s3_event(VERSION).replace("Put", "\\udfff"), "not Unicode text"),
        ("\ud800", "not JSON"),
    ],
)
def test_a_message_that_names_no_file_says_why(body: str, problem: str) -> None:
    """The letter says what its body holds instead."""
    read = letter(body)

    assert read.file_ids == ()
    assert problem in read.problem
    assert (read.problem + read.body).encode()


def test_a_key_that_is_no_text_is_a_problem_and_no_error() -> None:
    """JSON can write half a character, which has no bytes: no page could show it, and no id can be made of it."""
    body = json.dumps({"Records": [s3_record(VERSION)]}).replace("a+b", "\\ud800")

    read = letter(body)

    assert read.file_ids == ()
    assert read.problem
    assert read.problem.isprintable()


@given(body=st.text(max_size=300) | json_documents() | hostile_events())
def test_whatever_the_body_is_it_becomes_a_letter_that_a_page_can_show(body: str) -> None:
    """Each field is text that can be sent, each file id is shaped like one, and without a file the reason is said."""
    read = letter(body)

    for text in (read.body, read.problem, *read.object_keys, *read.file_ids):
        text.encode()
    assert all(re.fullmatch("[0-9a-f]{24}", each) for each in read.file_ids)
    assert bool(read.file_ids) != bool(read.problem)


def test_a_very_long_body_is_cut_but_read_whole() -> None:
    """A thousand letters must fit into memory; their files are read before the cut."""
    body = s3_event(VERSION)[:-1] + ', "more": "' + "x" * LONGEST_BODY + '"}'

    read = letter(body)

    assert len(read.body) == LONGEST_BODY
    assert read.file_ids == (file_id(VERSION),)
