"""Whose calls are recorded, with what they need."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import botocore.client
import botocore.signers
import pytest
from botocore.credentials import ReadOnlyCredentials

from processor.orders.transport import sigv4
from tests.grants import in_process
from tests.grants.needs import needs_of
from tests.grants.recorder import Recorder, install
from tests.integration.admin_api import console as console_stage
from tests.integration.stage import BAD_ROW, GOOD_ROWS, csv_file

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.integration.admin_api.console import ConsoleStage
    from tests.integration.stage import Stage

type Read = Callable[[], dict[str, set[str]]]


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Read:
    """Record into a file of this test's own, and return what reads it: each function's needs."""
    hooked = [
        (botocore.client.BaseClient, "_make_api_call"),
        (botocore.signers, "generate_presigned_url"),
        (botocore.signers, "generate_presigned_post"),
        (sigv4.RequestSigner, "head"),
        (ThreadPoolExecutor, "submit"),
        (sys, "meta_path"),
    ]
    for owner, name in hooked:
        value = getattr(owner, name)
        monkeypatch.setattr(owner, name, list(value) if isinstance(value, list) else value)  # To be restored.
    file = tmp_path / "calls.jsonl"
    recorder = Recorder(file, in_process.calling_function, needs_of)
    monkeypatch.setattr(in_process, "_active", [*in_process._active, recorder])
    install(recorder)
    in_process.carry_callers_into_threads()

    def read() -> dict[str, set[str]]:
        needs: dict[str, set[str]] = {}
        for line in file.read_text().splitlines() if file.exists() else ():
            call = json.loads(line)
            found = needs.setdefault(call["function"], set())
            found.update(f"{action} {name}{rest}" for action, _, name, rest in call["needs"])
        return needs

    return read


def test_a_run_is_the_processors(calls: Read, stage: Stage) -> None:
    """What it reads, writes, copies and deletes is named by the function's variables; the test's upload is left out."""
    stage.process("mixed.csv", csv_file(*GOOD_ROWS, BAD_ROW))

    assert calls().keys() == {"processor"}
    needs = calls()["processor"]
    assert {
        "s3:GetObjectVersion ${BUCKET_NAME}/raw-data/x",
        "s3:PutObject ${BUCKET_NAME}/processed-data/x",
        "s3:PutObject ${BUCKET_NAME}/archive/x",
        "s3:DeleteObjectVersion ${BUCKET_NAME}/raw-data/x",
        "dynamodb:BatchWriteItem ${ORDERS_TABLE}",
        "dynamodb:UpdateItem ${FILES_TABLE}",
    } <= needs
    assert "s3:PutObject ${BUCKET_NAME}/raw-data/x" not in needs


def test_a_missing_object_needs_the_grant_to_list(calls: Read, stage: Stage) -> None:
    """The answer 404 is itself the proof that the code relies on it."""
    version = stage.upload("gone.csv", csv_file(*GOOD_ROWS))
    stage.clients.s3.delete_object(Bucket=version.bucket, Key=version.key, VersionId=version.version_id)

    stage.deliver(version)

    assert "s3:ListBucketVersions ${BUCKET_NAME}" in calls()["processor"]


def test_a_collaborator_that_a_test_uses_by_itself_acts_for_nobody(calls: Read, stage: Stage) -> None:
    """Which function would make the call is not known."""
    stage.services.ledger.read_file("0" * 32)

    assert calls() == {}


def test_what_a_test_does_in_the_middle_of_a_run_is_its_own(
    calls: Read, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Shipped code is on the stack, and yet makes no such call."""
    begin_run = stage.services.ledger.begin_run

    def send_and_begin(*arguments: Any) -> Any:
        stage.clients.sqs.send_message(QueueUrl=stage.services.config.queue_url, MessageBody="{}")
        return begin_run(*arguments)

    monkeypatch.setattr(stage.services.ledger, "begin_run", send_and_begin)
    stage.process("orders.csv", csv_file(*GOOD_ROWS))

    needs = calls()["processor"]
    assert "sqs:SendMessage ${QUEUE_URL}" not in needs
    assert "dynamodb:UpdateItem ${FILES_TABLE}" in needs


def test_a_request_is_the_consoles(calls: Read, console: ConsoleStage) -> None:
    """Requests run in threads of the web server; the lists are read in threads of a pool."""
    page = console.browser().get("/orders?customer=Ada+Lovelace")

    assert page.status_code == 200
    needs = calls()["console"]
    assert calls().keys() == {"console"}
    assert "dynamodb:Query ${ORDERS_TABLE}/index/by_customer" in needs


def test_a_presigned_address_needs_what_it_lets_others_do(
    calls: Read, console: ConsoleStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has the permissions of the function that signs it."""
    make_client = console_stage._client.__wrapped__  # Earlier clients are not hooked.
    monkeypatch.setattr(console_stage, "_client", make_client)

    answer = console.browser().post("/api/uploads", json={"name": "orders.csv"})

    assert answer.status_code == 201
    assert "s3:PutObject ${BUCKET_NAME}/raw-data/x" in calls()["console"]


def test_the_processors_own_transport_is_recorded(calls: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    """It signs its requests without botocore's clients."""
    monkeypatch.setattr(in_process, "ENTRY_POINTS", {"processor.orders.transport": "processor"})
    signer = sigv4.RequestSigner("host", "eu-west-1", lambda: ReadOnlyCredentials("key", "secret", None))
    sign: dict[str, Any] = {"__name__": "processor.orders.transport.caller", "signer": signer}

    exec('signer.head(b\'{"RequestItems":{"orders":[]},"ReturnConsumedCapacity":"INDEXES"}\')', sign)  # noqa: S102

    assert calls() == {"processor": {"dynamodb:BatchWriteItem orders"}}


def test_an_emulated_function_records_its_calls(tmp_path: Path) -> None:
    """Python loads the recorder at the start of its process; its variables name its resources."""
    script = (
        "import boto3\n"
        "s3 = boto3.client('s3')\n"
        "s3.generate_presigned_url('get_object', {'Bucket': 'the-bucket', 'Key': 'archive/a.csv'})\n"
    )
    hook = Path(in_process.__file__).parent / "emulated"
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(hook),
        "WAYBILL_CALLS": str(tmp_path / "calls.jsonl"),
        "AWS_LAMBDA_FUNCTION_NAME": "waybill-local-console-worker",
        "ENVIRONMENT": "local",
        "BUCKET_NAME": "the-bucket",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }

    subprocess.run([sys.executable, "-c", script], env=environment, check=True, cwd=tmp_path)

    [line] = (tmp_path / "calls.jsonl").read_text().splitlines()
    call = json.loads(line)
    assert (call["function"], call["call"]) == ("console-worker", "s3:GetObject")
    assert call["needs"] == [["s3:GetObject", "bucket", "${BUCKET_NAME}", "/archive/x"]]
