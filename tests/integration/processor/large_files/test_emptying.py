"""The working objects of a file in ranges are gone before its message is: whatever fails, nothing is left behind."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from processor.domain.file_states import FileState
from processor.large_files.plan import Folder
from processor.large_files.splitting import Range
from processor.large_files.steps import plan_ranges, settle_ranges
from processor.pipeline.handover import Task
from tests.integration.ranges import Machine
from tests.integration.stage import csv_file, s3_event

if TYPE_CHECKING:
    from collections.abc import Callable

    from processor.domain.object_keys import ObjectVersion
    from tests.integration.stage import Stage

ROWS = 200


def stored_ranges(stage: Stage) -> tuple[ObjectVersion, Machine, Task, Folder]:
    """Store all ranges of a file; only its last step is left."""
    machine = Machine.before(stage, range_bytes=1_000)
    version = stage.upload("orders.csv", csv_file(*(f"A-{number},Ada,Engine,1,2.50" for number in range(ROWS))))
    assert not stage.handle(stage.message(s3_event(version)))
    task = Task(**machine.waiting.pop())
    plan = plan_ranges(task, stage.services, machine.invocation())
    folder = Folder(plan["folder"])
    for item in json.loads(stage.read(folder.manifest)):
        machine.store(task, plan, Range(**item))
    return version, machine, task, folder


def refuse(*_: Any, **__: Any) -> Any:
    """Fail as an overloaded service does."""
    raise ClientError({"Error": {"Code": "ServiceUnavailable", "Message": "later"}}, "DeleteMessage")


def test_nothing_is_left_where_the_message_cannot_be_deleted(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message comes again, finds a settled file, and there is nothing that only it could have removed."""
    version, machine, task, folder = stored_ranges(stage)
    with monkeypatch.context() as patch:
        patch.setattr(stage.clients.sqs, "delete_message", refuse)
        with pytest.raises(ClientError):
            settle_ranges(task, folder, stage.services, machine.invocation())

    assert stage.objects("work-data/") == []
    assert stage.entry(version).state is FileState.PROCESSED


def spare(stage: Stage, spared: str) -> Callable[..., Any]:
    """Return a DeleteObjects that leaves one object where it is, and says so."""
    delete = stage.clients.s3.delete_objects

    def delete_others(*, Bucket: str, Delete: Any) -> Any:  # noqa: N803 - the SDK's names
        others = [each for each in Delete["Objects"] if each["Key"] != spared]
        if others:
            delete(Bucket=Bucket, Delete={"Objects": others})
        error = {"Key": spared, "Code": "InternalError", "Message": "We encountered an error."}
        return {"Errors": [error] * (len(others) < len(Delete["Objects"]))}

    return delete_others


@pytest.mark.parametrize("spared", ["", "plan", "accepted rows"])
def test_step_that_could_not_empty_the_folder_is_repeated(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, spared: str
) -> None:
    """An object that S3 does not delete, in a whole or in part, keeps the message until the step has removed all."""
    version, machine, task, folder = stored_ranges(stage)
    key = {"plan": folder.plan, "accepted rows": folder.accepted(1)}.get(spared, "")
    with monkeypatch.context() as patch:
        patch.setattr(stage.clients.s3, "delete_objects", spare(stage, key) if key else refuse)
        with pytest.raises(ClientError):
            settle_ranges(task, folder, stage.services, machine.invocation())
    assert stage.objects("work-data/")
    assert stage.entry(version).state is FileState.PROCESSED

    settle_ranges(task, folder, stage.services, machine.invocation())

    url = stage.services.config.queue_url
    counts = stage.clients.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert stage.objects("work-data/") == []
    assert counts["ApproximateNumberOfMessagesNotVisible"] == "0"
    assert len(stage.orders()) == ROWS
