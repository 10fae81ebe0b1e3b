"""The emulator, as it is started, answers as AWS does where it would not by itself."""

from __future__ import annotations

import io
import json
import threading
import time
import zipfile
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

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


def test_an_environment_that_does_not_start_leaves_the_others_alone(
    followed: tuple[Sidecar, SmallStack], tmp_path: Path
) -> None:
    """While one invocation goes on, another one's environment dies at its start: only that one fails."""
    client = followed[1].client("lambda")
    trap = tmp_path / "trap"
    code = f"""
import os, time
if os.path.exists({str(trap)!r}):
    os._exit(1)

def handle(event, context):
    open({str(tmp_path)!r} + "/began", "w").close()
    while event.get("wait") and not os.path.exists({str(tmp_path)!r} + "/end"):
        time.sleep(0.05)
    return "whole"
"""
    bundle = io.BytesIO()
    with zipfile.ZipFile(bundle, "w") as archive:
        archive.writestr("index.py", code)
    role = client.get_function_configuration(FunctionName="small-processor")["Role"]
    client.create_function(
        FunctionName="trapped",
        Runtime="python3.12",
        Role=role,
        Handler="index.handle",
        Code={"ZipFile": bundle.getvalue()},
        Timeout=30,
    )
    answers: list[dict[str, Any]] = []

    def invoke(**event: bool) -> None:
        answers.append(client.invoke(FunctionName="trapped", Payload=json.dumps(event)))

    first = threading.Thread(target=invoke, kwargs={"wait": True})
    first.start()
    deadline = time.monotonic() + 30
    while not (tmp_path / "began").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    trap.touch()
    invoke()
    (tmp_path / "end").touch()
    first.join(30)

    assert ["FunctionError" in answer for answer in answers] == [True, False]
    assert json.loads(answers[1]["Payload"].read()) == "whole"
