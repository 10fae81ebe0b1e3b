"""The ingest queue, as far as the processor touches it itself: when a failed message comes back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from processor.messages import Message, reprocess_body

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


@dataclass(frozen=True, slots=True)
class IngestQueue:
    """The ingest queue."""

    client: SQSClient
    url: str

    def postpone(self, message: Message, seconds: int) -> None:
        """Let the message be received again after ``seconds`` (0: at once) instead of the whole visibility timeout."""
        self.client.change_message_visibility(
            QueueUrl=self.url, ReceiptHandle=message.receipt_handle, VisibilityTimeout=seconds
        )

    def send_reprocess(self, file_id: str) -> str:
        """Ask for a new run of a stored file; returns the message id."""
        return self.client.send_message(QueueUrl=self.url, MessageBody=reprocess_body(file_id))["MessageId"]
