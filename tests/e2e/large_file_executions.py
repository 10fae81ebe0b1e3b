"""The state machine of large files in the deployed stack: its executions and the objects that ranges leave."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from processor.domain.object_keys import file_id

if TYPE_CHECKING:
    from processor.domain.object_keys import ObjectVersion
    from tests.e2e.deployment import Deployment


def list_executions(stack: Deployment, status: str = "RUNNING") -> list[dict[str, Any]]:
    """List the state machine's executions."""
    machine = stack.outputs["LargeFilesArn"]
    listed = stack.client("stepfunctions").list_executions(stateMachineArn=machine, statusFilter=status)
    return list(listed["executions"])


def list_working_objects(stack: Deployment, ending: str = "") -> list[str]:
    """List the keys under ``work-data/``."""
    listed = stack.client("s3").list_objects_v2(Bucket=stack.outputs["BucketName"], Prefix="work-data/")
    return [item["Key"] for item in listed.get("Contents", []) if item["Key"].endswith(ending)]


def list_range_results(stack: Deployment) -> list[str]:
    """List the keys of the finished ranges' results."""
    return [key for key in list_working_objects(stack, ".json") if key[-6].isdigit()]


def stop_execution(stack: Deployment, version: ObjectVersion) -> None:
    """Stop the file's execution, which gives nothing back, and end its lease and its message's visibility timeout."""
    states = stack.client("stepfunctions")
    [running] = list_executions(stack)
    task = json.loads(states.describe_execution(executionArn=running["executionArn"])["input"])
    states.stop_execution(executionArn=running["executionArn"])
    stack.client("dynamodb").update_item(
        TableName=stack.outputs["FilesTableName"],
        Key={"file_id": {"S": file_id(version)}, "entry": {"S": "file"}},
        UpdateExpression="SET lease_until = :past",
        ExpressionAttributeValues={":past": {"N": str(int(time.time()) - 10)}},
    )
    stack.client("sqs").change_message_visibility(
        QueueUrl=stack.outputs["QueueUrl"], ReceiptHandle=task["receipt_handle"], VisibilityTimeout=0
    )
