"""Events as AWS's documentation records them, through the handlers in their bundles."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from processor.domain.object_keys import ObjectVersion, file_id
from tests.runtime.recorded import HEADER, http_event, recorded, sqs_event, stored_orders, task, upload

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.runtime.cloud import Cloud
    from tests.runtime.conftest import Start
    from tests.runtime.functions import Function


@pytest.fixture
def processor(start: Start, newest_sdk: Path) -> Iterator[Function]:
    """Provide the processor."""
    with start("Processor", newest_sdk) as function:
        yield function


@pytest.fixture
def console(start: Start, newest_sdk: Path) -> Iterator[Function]:
    """Provide the console."""
    with start("ConsoleWeb", newest_sdk) as function:
        yield function


@pytest.mark.parametrize("name", ["Put", "Post", "Copy", "CompleteMultipartUpload"])
def test_every_creation_of_an_object_is_an_upload(processor: Function, cloud: Cloud, name: str) -> None:
    """The event's version 2.5, with all that AWS adds to the fields that are read."""
    event = upload(cloud, f"raw-data/{name}.csv", f"{HEADER}{name}-1,Ada,Engine,1,2.50\n")
    event["Records"][0]["eventName"] = f"ObjectCreated:{name}"

    answer = processor.invoke(sqs_event(json.dumps(event)))

    assert answer == {"batchItemFailures": []}
    assert len(stored_orders(cloud, f"{name}-1")) == 1


def test_the_sender_and_the_order_of_arrival_are_kept(processor: Function, cloud: Cloud) -> None:
    """The principal, the time and the sequencer of the documented event are in the file's entry."""
    event = upload(cloud, "raw-data/kept.csv", f"{HEADER}KEPT-1,Ada,Engine,1,2.50\n")
    source = ObjectVersion(
        cloud.ref("StorageBucket"), "raw-data/kept.csv", event["Records"][0]["s3"]["object"]["versionId"]
    )

    processor.invoke(sqs_event(json.dumps(event)))

    key = {"file_id": {"S": file_id(source)}, "entry": {"S": "file"}}
    entry = cloud.client("dynamodb").get_item(TableName=cloud.ref("Files"), Key=key)["Item"]
    assert entry["sent_by"] == {"S": "AIDAJDPLRKLG7UEXAMPLE"}
    assert entry["sequencer"] == {"S": "0055AED6DCD90281E5"}
    assert entry["uploaded_at"] == {"S": "1970-01-01T00:00:00.000000Z"}
    assert "is_copy" not in entry


@pytest.mark.parametrize("key", ["raw-data/été 2026/a+b & c.csv", "raw-data/100%.csv", "raw-data/naïve=ü?#.csv"])
def test_keys_come_form_encoded(processor: Function, cloud: Cloud, key: str) -> None:
    """A space comes as a plus sign, and everything else in percent signs."""
    event = upload(cloud, key, f"{HEADER}KEY-{len(key)},Ada,Engine,1,2.50\n")

    answer = processor.invoke(sqs_event(json.dumps(event)))

    assert answer == {"batchItemFailures": []}
    assert len(stored_orders(cloud, f"KEY-{len(key)}")) == 1


def test_a_test_event_is_done_with(processor: Function) -> None:
    """S3 sends it when the notification is set up; nothing is to be done."""
    assert processor.invoke(sqs_event(json.dumps(recorded("s3_test")))) == {"batchItemFailures": []}


def test_a_removal_is_not_an_upload(processor: Function, cloud: Cloud) -> None:
    """Its message is left to become a dead letter, and its neighbour in the batch is processed."""
    good = upload(cloud, "raw-data/neighbour.csv", f"{HEADER}NEXT-1,Ada,Engine,1,2.50\n")
    removal = recorded("s3_put")
    removal["Records"][0]["eventName"] = "ObjectRemoved:Delete"

    answer = processor.invoke(sqs_event(json.dumps(removal), json.dumps(good)))

    assert answer == {"batchItemFailures": [{"itemIdentifier": "m0"}]}
    assert len(stored_orders(cloud, "NEXT-1")) == 1


def test_a_documented_message_is_no_order_file(processor: Function) -> None:
    """Text that is not JSON is given back, and the function succeeds."""
    answer = processor.invoke(recorded("sqs"))

    assert answer == {"batchItemFailures": [{"itemIdentifier": recorded("sqs")["Records"][0]["messageId"]}]}


def test_the_trace_of_the_message_is_kept(processor: Function, cloud: Cloud) -> None:
    """The header that SQS passes on is the trace of the run and its orders."""
    event = upload(cloud, "raw-data/traced.csv", f"{HEADER}TRACED-1,Ada,Engine,1,2.50\n")

    processor.invoke(sqs_event(json.dumps(event)))

    [order] = stored_orders(cloud, "TRACED-1")
    assert order["trace_id"] == {"S": "1-5759e988-bd862e3fe1be46a994272793"}


def test_a_documented_request_is_answered(console: Function) -> None:
    """Whoever is not signed in, and posts without saying whence, is refused in words."""
    answer = console.invoke(recorded("http_api"))

    assert answer["statusCode"] in (303, 403)
    assert answer["headers"]["cache-control"] == "no-store"


def test_bodies_come_encoded(console: Function) -> None:
    """API Gateway encodes a body that it does not take for text; the API asks for a token, not for another body."""
    body = base64.b64encode(b'{"name": "orders.csv"}').decode()
    event = http_event(
        "POST", "/api/uploads", body=body, **{"content-type": "application/json", "authorization": "Bearer x"}
    )
    event["isBase64Encoded"] = True

    answer = console.invoke(event)

    assert answer["statusCode"] == 401


def test_a_caught_error_gives_the_file_back(start: Start, newest_sdk: Path, cloud: Cloud) -> None:
    """The state machine hands on what it caught; the function's own words are in its cause."""
    event = upload(cloud, "raw-data/given-back.csv", HEADER)
    version = event["Records"][0]["s3"]["object"]["versionId"]
    named = file_id(ObjectVersion(cloud.ref("StorageBucket"), "raw-data/given-back.csv", version))

    with start("LargeFilesRanges", newest_sdk) as function:
        answer = function.invoke({"step": "give back", "task": task(named), "failure": recorded("states_failure")})

    assert answer is None


def test_the_daily_rule_audits_what_has_come(start: Start, newest_sdk: Path, processor: Function, cloud: Cloud) -> None:
    """EventBridge's own event, at its documented shape, lets the worker compare a file's books."""
    upload_event = upload(cloud, "raw-data/audited.csv", f"{HEADER}AUDITED-1,Ada,Engine,1,2.50\n")
    processor.invoke(sqs_event(json.dumps(upload_event)))
    event = recorded("scheduled") | {"time": f"{datetime.now(UTC) + timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}"}

    with start("ConsoleWorker", newest_sdk) as worker:
        worker.invoke(event)
        lines = [json.loads(line) for line in worker.end().splitlines() if line]

    metrics = [line for line in lines if "AuditedFiles" in line]
    assert sum(sum(line["AuditedFiles"]) for line in metrics) >= 1
    assert sum(sum(line["AuditDifferences"]) for line in metrics) == 0
