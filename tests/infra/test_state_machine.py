"""The template's state machine on a second interpreter, moto's, with the handler itself behind every task."""

from __future__ import annotations

import importlib
import io
import json
import subprocess
import sys
import time
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto import mock_aws

from cdk.local.deploy import NODE
from cdk.local.processes import ROOT
from processor.domain.file_states import FileState
from tests.infra.stacks import state_machine
from tests.integration.stage import GOOD_ROWS, REGION, Stage, csv_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from processor.domain.object_keys import ObjectVersion

PARSER = "moto.stepfunctions.parser.asl.component"
ROLE = "arn:aws:iam::123456789012:role/large-files"
RANGE = 2_000
BODY = csv_file(*(f"A-{number},Ada,Engine,{number + 1},2.50" for number in range(240)))


def definition() -> str:
    """Return the machine in Amazon States Language, with an ARN in the place of each of the deployment's values.

    The interpreter wrongly refuses a whole number as percentage.
    """
    document = state_machine()
    document["States"]["Ranges"]["ToleratedFailurePercentage"] += 0.0
    text = json.dumps(document)
    for value in {part.partition("}")[0] for part in text.split("${")[1:]}:
        known = "aws" if value == "AWS::Partition" else f"arn:aws:lambda:{REGION}:123456789012:function:ranges"
        text = text.replace(f"${{{value}}}", known)
    return text


@dataclass
class Lambda:
    """Lambda as the interpreter calls it: one function, the handler of this process; ``fails`` makes a call fail."""

    handle: Callable[..., Any]
    steps: list[str] = field(default_factory=list)
    """Of each call."""
    fails: Callable[[dict[str, Any]], bool] = lambda _event: False

    def invoke(self, *, Payload: bytes, **_: Any) -> dict[str, Any]:  # noqa: N803  As boto3's.
        """Invoke the function; an error is answered as Lambda does."""
        event = json.loads(Payload)
        self.steps.append(event["step"])
        try:
            answer, error = self._answer(event), {}
        except Exception as raised:  # noqa: BLE001  Lambda's own way.
            answer = {"errorMessage": str(raised), "errorType": type(raised).__name__}
            error = {"FunctionError": "Unhandled"}
        return {"StatusCode": 200, "Payload": io.BytesIO(json.dumps(answer).encode()), **error}

    def _answer(self, event: dict[str, Any]) -> Any:
        if self.fails(event):
            raise TimeoutError("the range took too long")
        return self.handle(event, context())


def context() -> SimpleNamespace:
    """Return a context with all the time that a step needs."""
    return SimpleNamespace(
        aws_request_id="request-1",
        function_name="ranges",
        invoked_function_arn=f"arn:aws:lambda:{REGION}:123456789012:function:ranges",
        memory_limit_in_mb=1769,
        get_remaining_time_in_millis=lambda: 900_000,
    )


@dataclass
class Executions:
    """The pipeline, whose files are all read in ranges by executions of the template's machine."""

    stage: Stage
    function: Lambda

    def hand_over(self, name: str, body: bytes) -> ObjectVersion:
        """Upload a file and deliver it, which starts an execution."""
        version = self.stage.upload(name, body)
        assert not self.stage.deliver(version)
        return version

    def wait(self) -> str:
        """Wait for the end of the newest execution and return its status."""
        client, arn = self.stage.clients.states, self.stage.services.config.large_files_arn
        while True:
            newest = client.list_executions(stateMachineArn=arn)["executions"][0]
            if newest["status"] != "RUNNING":
                return str(newest["status"])
            time.sleep(0.05)

    def hidden(self) -> int:
        """Return the number of messages that wait for an execution."""
        url = self.stage.services.config.queue_url
        attributes = self.stage.clients.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        return int(attributes["ApproximateNumberOfMessagesNotVisible"])


@pytest.fixture
def executions(monkeypatch: pytest.MonkeyPatch) -> Iterator[Executions]:
    """Provide the pipeline in front of the machine; nobody waits before a retry."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    monkeypatch.setattr(f"{PARSER}.common.retry.retrier_decl.time.sleep", lambda _seconds: None)
    with mock_aws(config={"stepfunctions": {"execute_state_machine": True}}):
        stage = Stage.build()
        states = boto3.client("stepfunctions", REGION)
        arn = states.create_state_machine(name="large-files", definition=definition(), roleArn=ROLE)["stateMachineArn"]
        stage.clients = stage.clients._replace(states=states)
        stage.configure(large_files_arn=arn, run_bytes_per_s=0, range_bytes=RANGE)
        function = Lambda(handler(stage, monkeypatch))
        called = f"{PARSER}.state.exec.state_task.lambda_eval_utils.boto_client_for"
        monkeypatch.setattr(called, lambda **_: function)
        yield Executions(stage, function)


def handler(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Import the handler of the steps, for this test alone, with the stage's collaborators."""
    name = "processor.large_files.handler"
    monkeypatch.setitem(sys.modules, "processor.wiring.runtime", SimpleNamespace(services=stage.services))
    monkeypatch.delitem(sys.modules, name, raising=False)
    module = importlib.import_module(name)
    del sys.modules[name]
    handle: Callable[..., Any] = module.handle
    return handle


def test_a_file_goes_through_every_step(executions: Executions) -> None:
    """Plan, a store for each range, settle: every order is stored, and the message is done with."""
    version = executions.hand_over("orders.csv", BODY)

    assert executions.wait() == "SUCCEEDED"
    steps = executions.function.steps
    assert (steps[0], set(steps[1:-1]), steps[-1]) == ("plan", {"store"}, "settle")
    assert len(steps) > 4
    assert executions.stage.entry(version).state is FileState.PROCESSED
    assert len(executions.stage.orders()) == 240
    assert executions.hidden() == 0
    assert executions.stage.objects("work-data/") == []


def test_a_file_that_planning_settles_takes_no_other_step(executions: Executions) -> None:
    """The choice after the plan leads to the end."""
    version = executions.hand_over("orders.csv", csv_file(*GOOD_ROWS, header="nothing,known"))

    assert executions.wait() == "SUCCEEDED"
    assert executions.function.steps == ["plan"]
    assert executions.stage.entry(version).state is FileState.FAILED


def test_a_step_that_fails_at_first_is_retried(executions: Executions) -> None:
    """One error of a range, and one of settling, cost nothing."""
    failed: set[str] = set()

    def fails_once(event: dict[str, Any]) -> bool:
        first = event["step"] not in failed
        failed.add(event["step"])
        return first

    executions.function.fails = fails_once
    version = executions.hand_over("orders.csv", BODY)

    assert executions.wait() == "SUCCEEDED"
    assert "give back" not in executions.function.steps
    assert executions.stage.entry(version).state is FileState.PROCESSED
    assert len(executions.stage.orders()) == 240


@pytest.mark.parametrize("failing", ["one", "all"])
def test_ranges_that_fail_for_good_give_the_file_back(executions: Executions, failing: str) -> None:
    """The message is delivered again after the first backoff, and the next run stores every order once."""
    executions.function.fails = lambda event: (
        event["step"] == "store" and (failing == "all" or event["range"]["number"] == 1)
    )
    version = executions.hand_over("orders.csv", BODY)

    executions.wait()

    assert executions.function.steps[-1] == "give back"
    assert executions.stage.entry(version).state is not FileState.PROCESSED
    lost = {"one": "1 of 4", "all": "4 of 4"}[failing]
    assert f"{lost} ranges of the file could not be stored" in executions.stage.runs(version)[-1].error

    executions.function.fails = lambda _event: False
    executions.stage.advance_clock()
    executions.stage.deliver(version, receive_count=2)
    assert executions.wait() == "SUCCEEDED"
    assert len(executions.stage.orders()) == 240


def test_a_lost_lease_is_not_retried(executions: Executions) -> None:
    """Another run has the file: the step fails once, and giving back leaves the other run alone."""
    version = executions.stage.upload("orders.csv", BODY)
    executions.function.fails = lambda event: event["step"] == "plan" and _take_over(executions, version)

    executions.stage.deliver(version)
    executions.wait()

    assert executions.function.steps == ["plan", "plan", "give back"]
    assert executions.stage.entry(version).run_id == "another"


def _take_over(executions: Executions, version: ObjectVersion) -> bool:
    """Let another run take the file, then fail the first step once: its retry finds the lease lost."""
    entry = executions.stage.entry(version)
    if entry.run_id == "another":
        return False
    executions.stage.clients.files.update_item(
        TableName="files",
        Key={"file_id": {"S": entry.file_id}, "entry": {"S": "file"}},
        UpdateExpression="SET run_id = :other",
        ExpressionAttributeValues={":other": {"S": "another"}},
    )
    return True


def test_a_cancelled_execution_leaves_the_file_to_the_next_delivery(executions: Executions) -> None:
    """Somebody stops it by hand: what is stored stays, the message waits, and another run converges."""
    stage = executions.stage

    def cancels(event: dict[str, Any]) -> bool:
        if event["step"] == "store":
            [arn] = [
                found["executionArn"]
                for found in stage.clients.states.list_executions(
                    stateMachineArn=stage.services.config.large_files_arn, statusFilter="RUNNING"
                )["executions"]
            ]
            stage.clients.states.stop_execution(executionArn=arn)
        return False

    executions.function.fails = cancels
    version = executions.hand_over("orders.csv", BODY)
    assert executions.wait() == "ABORTED"
    assert stage.entry(version).state is FileState.PROCESSING
    assert executions.hidden() == 1

    executions.function.fails = lambda _event: False
    stage.advance_clock(hours=7)
    stage.deliver(version, receive_count=2)

    assert executions.wait() == "SUCCEEDED"
    assert len(stage.orders()) == 240


def test_the_definition_is_valid(tmp_path: Path) -> None:
    """A validator of Amazon States Language finds nothing, neither in structure nor in paths."""
    path = tmp_path / "machine.json"
    path.write_text(definition())

    validator = ROOT / "node_modules/.bin/asl-validator"
    checked = subprocess.run([NODE, validator, "--json-path", path], capture_output=True, text=True, check=False)

    assert checked.returncode == 0, checked.stdout + checked.stderr
