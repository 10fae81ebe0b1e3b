"""Order files that no other test uploads, and a dead letter whose file can still be processed."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from processor.domain.object_keys import ObjectVersion
    from tests.e2e.deployment import Deployment

HEADER = "order_id,customer_name,product_name,quantity,unit_price\n"
SLOW = 90_000
"""Milliseconds that a run in the emulator may take on a busy machine."""


def small_file(name: str, rows: int = 3, bad: int = 0) -> bytes:
    """Build a file of ``rows`` good rows and ``bad`` rejected ones; the order ids carry the name."""
    good = "".join(f"{name}-{number},Ada Lovelace,Engine,{number + 1},2.50\n" for number in range(rows))
    return (HEADER + good + f"{name}-x,Ada Lovelace,Engine,none,2.50\n" * bad).encode()


def write_small_file(folder: Path, name: str, rows: int, *, bad: int = 0) -> Path:
    """Write a small file to disk, for a browser to upload."""
    path = folder / name
    path.write_bytes(small_file(name, rows, bad))
    return path


def dead_letter(waybill: Deployment, name: str) -> ObjectVersion:
    """Upload a good file and move its message to the dead-letter queue, as if the function could not start."""
    sqs, outputs = waybill.client("sqs"), waybill.outputs
    with waybill.paused():
        version = waybill.upload(name, small_file(name, 4))
        [message] = sqs.receive_message(QueueUrl=outputs["QueueUrl"], WaitTimeSeconds=10)["Messages"]
        sqs.send_message(QueueUrl=outputs["DeadLetterQueueUrl"], MessageBody=message["Body"])
        sqs.delete_message(QueueUrl=outputs["QueueUrl"], ReceiptHandle=message["ReceiptHandle"])
    return version
