"""AWS's own move task is started, watched and cancelled; a service without it is told apart from a refusal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from processor.messaging.move_tasks import MoveTask, MoveTasks, MoveUnsupportedError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.integration.stage import Stage

ARN = "arn:aws:sqs:eu-west-1:123456789012:dead"


@pytest.fixture
def stub(stage: Stage) -> Iterator[Stubber]:
    """Answer in the place of SQS, which moto does not do for these calls."""
    with Stubber(stage.clients.sqs) as stubber:
        stubber.add_response("get_queue_attributes", {"Attributes": {"QueueArn": ARN}})
        yield stubber
        stubber.assert_no_pending_responses()


@pytest.fixture
def tasks(stage: Stage) -> MoveTasks:
    """Provide the tasks of the dead-letter queue."""
    return MoveTasks(stage.clients.sqs, stage.dead_letter_url)


@pytest.mark.parametrize(("asked", "sent"), [(5, 5), (10_000, 500), (0, 1)])
def test_a_task_is_started_at_a_pace_that_sqs_takes(stub: Stubber, tasks: MoveTasks, asked: int, sent: int) -> None:
    """The rate is kept within the service's own bounds."""
    stub.add_response(
        "start_message_move_task", {"TaskHandle": "h"}, {"SourceArn": ARN, "MaxNumberOfMessagesPerSecond": sent}
    )

    tasks.start_task(asked)


def test_a_running_task_tells_how_far_it_is_and_can_be_cancelled(stub: Stubber, tasks: MoveTasks) -> None:
    """Its handle, which only a running task has, is what cancels it."""
    result: dict[str, Any] = {
        "TaskHandle": "h-1",
        "Status": "RUNNING",
        "ApproximateNumberOfMessagesMoved": 12,
        "ApproximateNumberOfMessagesToMove": 345,
        "StartedTimestamp": 1_795_341_600_000,
    }
    stub.add_response("list_message_move_tasks", {"Results": [result]}, {"SourceArn": ARN, "MaxResults": 1})
    stub.add_response("cancel_message_move_task", {"ApproximateNumberOfMessagesMoved": 12}, {"TaskHandle": "h-1"})

    task = tasks.read_newest()

    assert task == MoveTask("RUNNING", moved=12, to_move=345, started_ms=1_795_341_600_000, handle="h-1")
    assert task.is_running
    assert not task.is_over
    tasks.cancel(task)


def test_a_failed_task_says_why(stub: Stubber, tasks: MoveTasks) -> None:
    """AWS's reason is passed on."""
    result = {"Status": "FAILED", "ApproximateNumberOfMessagesMoved": 3, "FailureReason": "AccessDenied"}
    stub.add_response("list_message_move_tasks", {"Results": [result]})

    task = tasks.read_newest()

    assert task == MoveTask("FAILED", moved=3, to_move=0, failure="AccessDenied")
    assert task.is_over


def test_a_queue_that_never_had_a_task_has_none(stub: Stubber, tasks: MoveTasks) -> None:
    """A queue that never had a task has no newest one."""
    stub.add_response("list_message_move_tasks", {"Results": []})

    assert tasks.read_newest() is None


@pytest.mark.parametrize("code", ["InvalidAction", "AWS.SimpleQueueService.UnsupportedOperation"])
@pytest.mark.parametrize("call", ["start_message_move_task", "list_message_move_tasks"])
def test_a_service_without_such_tasks_is_recognised(stub: Stubber, tasks: MoveTasks, code: str, call: str) -> None:
    """An emulator's answer leads to the other way of redriving."""
    stub.add_client_error(call, code)

    with pytest.raises(MoveUnsupportedError, match="Redrive them one by one"):
        tasks.start_task(5) if call == "start_message_move_task" else tasks.read_newest()


def test_a_missing_grant_is_no_missing_service(stub: Stubber, tasks: MoveTasks) -> None:
    """An error that a person must put right is raised as it is."""
    stub.add_client_error("start_message_move_task", "AccessDenied")

    with pytest.raises(ClientError, match="AccessDenied"):
        tasks.start_task(5)
