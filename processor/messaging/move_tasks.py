"""AWS's own task that moves all dead letters back to the queue they came from, if the service has it.

It needs no function that waits, so it suits many letters; it cannot choose among them.
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_StartMessageMoveTask.html
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from processor.domain.errors import WaybillError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_sqs import SQSClient

FASTEST_PER_S = 500
"""The task's limit of messages a second."""
_RUNNING = "RUNNING"
_OVER = frozenset({"COMPLETED", "CANCELLED", "FAILED"})
_UNKNOWN_TO_THE_SERVICE = frozenset(
    {
        "InvalidAction",
        "UnknownOperationException",
        "UnsupportedOperation",
        "AWS.SimpleQueueService.UnsupportedOperation",
    }
)


class MoveUnsupportedError(WaybillError):
    """The service has no tasks that move messages, as an emulator may not."""

    message = "This SQS has no tasks that move messages. Redrive them one by one instead."


@dataclass(frozen=True, slots=True)
class MoveTask:
    """The state of a task."""

    status: str
    """RUNNING, COMPLETED, CANCELLING, CANCELLED or FAILED."""
    moved: int
    to_move: int
    started_ms: int = 0
    """Its start in milliseconds since the epoch, which tells tasks apart."""
    handle: str = ""
    failure: str = ""

    @property
    def is_running(self) -> bool:
        """Whether it still moves letters."""
        return self.status == _RUNNING

    @property
    def is_over(self) -> bool:
        """Whether it has ended, by success, failure or cancellation."""
        return self.status in _OVER


class MoveTasks:
    """The tasks that empty one dead-letter queue; SQS runs one at a time."""

    def __init__(self, client: SQSClient, url: str) -> None:
        self._client = client
        self._url = url
        self._arn = ""

    def start_task(self, rate_per_s: int) -> None:
        """Start to move all letters back; raises :class:`MoveUnsupportedError`."""
        with _unsupported_named():
            self._client.start_message_move_task(
                SourceArn=self._queue_arn(), MaxNumberOfMessagesPerSecond=max(1, min(rate_per_s, FASTEST_PER_S))
            )

    def read_newest(self) -> MoveTask | None:
        """Return the newest task, if there ever was one; raises :class:`MoveUnsupportedError`."""
        with _unsupported_named():
            answer = self._client.list_message_move_tasks(SourceArn=self._queue_arn(), MaxResults=1)
        for task in answer.get("Results", []):
            return MoveTask(
                status=task.get("Status", ""),
                moved=task.get("ApproximateNumberOfMessagesMoved", 0),
                to_move=task.get("ApproximateNumberOfMessagesToMove", 0),
                started_ms=task.get("StartedTimestamp", 0),
                handle=task.get("TaskHandle", ""),
                failure=task.get("FailureReason", ""),
            )
        return None

    def cancel(self, task: MoveTask) -> None:
        """Stop a running task; what it has moved stays moved."""
        self._client.cancel_message_move_task(TaskHandle=task.handle)

    def _queue_arn(self) -> str:
        if not self._arn:
            answer = self._client.get_queue_attributes(QueueUrl=self._url, AttributeNames=["QueueArn"])
            self._arn = answer["Attributes"]["QueueArn"]
        return self._arn


@contextmanager
def _unsupported_named() -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        if error.response["Error"]["Code"] in _UNKNOWN_TO_THE_SERVICE:
            raise MoveUnsupportedError from error
        raise
