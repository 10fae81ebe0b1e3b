"""The ingest queue, from which Lambda takes the messages: here they are hidden, finished, sent and counted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from processor.messaging.messages import Message, process_body, reprocess_body

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.literals import QueueAttributeNameType

    from processor.domain.object_keys import ObjectVersion


_ALL_COUNTS: tuple[QueueAttributeNameType, ...] = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)


class IngestQueue:
    """The ingest queue."""

    def __init__(self, client: SQSClient, url: str) -> None:
        self._client = client
        self._url = url

    def postpone(self, message: Message, seconds: int) -> None:
        """Hide the message for so many seconds from now (0: not at all), whatever the queue's visibility timeout."""
        self._client.change_message_visibility(
            QueueUrl=self._url, ReceiptHandle=message.receipt_handle, VisibilityTimeout=seconds
        )

    def count_waiting(self) -> int:
        """Return about how many messages are visible: those of a run, or in their backoff, are not."""
        name: Literal["ApproximateNumberOfMessages"] = "ApproximateNumberOfMessages"
        answer = self._client.get_queue_attributes(QueueUrl=self._url, AttributeNames=[name])
        return int(answer["Attributes"][name])

    def count_messages(self) -> int:
        """Return about how many messages there are, whether visible, hidden or delayed; 0 means that there are none.

        SQS counts a message about a minute after it was sent.
        """
        answer = self._client.get_queue_attributes(QueueUrl=self._url, AttributeNames=list(_ALL_COUNTS))
        return sum(int(answer["Attributes"].get(name, 0)) for name in _ALL_COUNTS)

    def finish(self, message: Message) -> None:
        """Delete the message of a settled file; one that is about other files, too, comes back for them."""
        if message.alone:
            self._client.delete_message(QueueUrl=self._url, ReceiptHandle=message.receipt_handle)
        else:
            self.postpone(message, 0)

    def send_reprocess(self, file_id: str) -> str:
        """Ask for a new run of a stored file; returns the message id."""
        return self._client.send_message(QueueUrl=self._url, MessageBody=reprocess_body(file_id))["MessageId"]

    def send_process(self, source: ObjectVersion) -> str:
        """Ask for a run of an object in the inbox, as S3's event would; returns the message id.

        It changes nothing where a run has begun or ended: the object's version is the file's identity.
        """
        return self._client.send_message(QueueUrl=self._url, MessageBody=process_body(source))["MessageId"]
