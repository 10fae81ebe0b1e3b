"""The emulator, as it is started, answers as AWS does where it would not by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cdk.local.sidecar_process import Sidecar
    from tests.sidecar.small_stack import SmallStack


def test_a_replaced_receipt_handle_deletes_nothing_and_is_no_error(followed: tuple[Sidecar, SmallStack]) -> None:
    """By the handle of an earlier receive, alone or in a batch, the message stays; by the newest one it goes."""
    sqs = followed[1].client("sqs")
    queue = sqs.create_queue(QueueName="corrected")["QueueUrl"]
    sqs.send_message(QueueUrl=queue, MessageBody="stays")

    def receive() -> list[str]:
        received = sqs.receive_message(QueueUrl=queue, VisibilityTimeout=0).get("Messages", [])
        return [message["ReceiptHandle"] for message in received]

    [replaced], [newest] = receive(), receive()
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=replaced)
    batch = sqs.delete_message_batch(QueueUrl=queue, Entries=[{"Id": "one", "ReceiptHandle": replaced}])

    assert [done["Id"] for done in batch["Successful"]] == ["one"]
    assert len(receive()) == 1
    assert replaced != newest
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=receive()[0])
    assert receive() == []
