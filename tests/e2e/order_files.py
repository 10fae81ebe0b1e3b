"""What tests of the console put into the stack: order files that no other has, and a dead letter that can succeed."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from processor.domain.object_keys import ObjectVersion
    from tests.e2e.deployment import Deployment

HEADER = "order_id,customer_name,product_name,quantity,unit_price\n"
SLOW = 90_000
"""Milliseconds that a run in the emulator may take on a busy machine."""


def order_file(folder: Path, name: str, rows: int, *, bad: int = 0) -> Path:
    """Write a file whose rows no other file has."""
    path = folder / name
    path.write_text(HEADER + good_rows(name, rows) + f"{name}-x,Grace Hopper,Compiler,none,2.50\n" * bad)
    return path


def good_rows(name: str, rows: int) -> str:
    """Write rows that become orders."""
    return "".join(f"{name}-{number},Grace Hopper,Compiler,{number + 1},2.50\n" for number in range(rows))


def dead_letter(waybill: Deployment, name: str) -> ObjectVersion:
    """Upload a good file, and have its message fail for good before any run, as when the function cannot start."""
    sqs, outputs = waybill.client("sqs"), waybill.outputs
    with waybill.paused():
        version = waybill.upload(name, (HEADER + good_rows(name, 4)).encode())
        [message] = sqs.receive_message(QueueUrl=outputs["QueueUrl"], WaitTimeSeconds=10)["Messages"]
        sqs.send_message(QueueUrl=outputs["DeadLetterQueueUrl"], MessageBody=message["Body"])
        sqs.delete_message(QueueUrl=outputs["QueueUrl"], ReceiptHandle=message["ReceiptHandle"])
    return version
