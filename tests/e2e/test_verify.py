"""`make verify` against the deployed stack: the rehearsal of what nobody has run on AWS yet."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING

from cdk.local.deploy import local_context
from cdk.local.processes import ROOT
from tests.e2e.bring_up import CONTEXT

if TYPE_CHECKING:
    from cdk.local.sidecar_process import Sidecar
    from tests.e2e.deployment import Deployment

CLAIMS = 19


def test_every_claim_about_the_deployed_stack_is_proved(open_stack: Deployment, sidecar: Sidecar) -> None:
    """The whole command but for the deployment, in a process of its own with the SDK's usual variables alone."""
    forget_mails(open_stack)
    settings = local_context() | CONTEXT
    context = [part for name, value in settings.items() for part in ("-c", f"{name}={as_text(value)}")]

    done = subprocess.run(
        [sys.executable, "-m", "cdk.commands.verify", *context],
        cwd=ROOT,
        env=open_stack.environment | sidecar.client_env | {"DEPLOYED": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert re.findall(r"^([✓✗·]) ", done.stdout, re.MULTILINE) == ["✓"] * CLAIMS, done.stdout
    assert left_behind(open_stack) == []
    assert open_stack.queue_depth("DeadLetterQueueUrl") == (0, 0)


def forget_mails(stack: Deployment) -> None:
    """Let the hour's mails begin anew: other tests have sent as many as a kind may send."""
    dynamodb, table = stack.client("dynamodb"), stack.outputs["FilesTableName"]
    counted = {
        "FilterExpression": "begins_with(file_id, :mails)",
        "ExpressionAttributeValues": {":mails": {"S": "mails#"}},
    }
    for page in dynamodb.get_paginator("scan").paginate(TableName=table, **counted):
        for item in page["Items"]:
            dynamodb.delete_item(TableName=table, Key={name: item[name] for name in ("file_id", "entry")})


def as_text(value: object) -> str:
    """Write a setting as the command line gives it."""
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def left_behind(stack: Deployment) -> list[str]:
    """List what a verification has made and not removed: accounts, queues, subscriptions and ringing alarms."""
    users = stack.client("cognito-idp").list_users(UserPoolId=stack.outputs["UserPoolId"])["Users"]
    names = [str(attribute["Value"]) for user in users for attribute in user["Attributes"]]
    names += stack.client("sqs").list_queues().get("QueueUrls", [])
    topic = stack.outputs["AlertsTopicArn"]
    subscriptions = stack.client("sns").list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    names += [subscription["Endpoint"] for subscription in subscriptions]
    alarms = stack.client("cloudwatch").describe_alarms()["MetricAlarms"]
    names += [f"verify-{alarm['AlarmName']}" for alarm in alarms if alarm.get("StateReason") == "make verify"]
    return [name for name in names if "verify-" in name and not is_restored(stack, name)]


def is_restored(stack: Deployment, name: str) -> bool:
    """Tell whether an alarm that was set is as it was: nothing rings by the verification's word."""
    alarms = stack.client("cloudwatch").describe_alarms(AlarmNames=[name.removeprefix("verify-")])["MetricAlarms"]
    return bool(alarms) and alarms[0]["StateValue"] != "ALARM"
