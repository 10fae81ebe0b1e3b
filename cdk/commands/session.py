"""The caller's AWS session, the stack's name by the context, and the stack's outputs. Shared by all commands."""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import ClientError

from cdk.bundling.sources import ROOT

CONFIGURED = ROOT / "cdk.json"


class OperationError(RuntimeError):
    """The command stops here; the message says why, and what to do."""


def aws_session() -> boto3.Session:
    """Return the caller's session; raise OperationError if it lacks credentials or a region."""
    session = region_session()
    if not session.get_credentials():
        raise OperationError("AWS credentials are missing: `aws configure`, or AWS_PROFILE, sets them.")
    return session


def region_session() -> boto3.Session:
    """Return the caller's session, perhaps without credentials; raise OperationError if it lacks a region."""
    # CDK reads AWS_REGION; boto3 reads AWS_DEFAULT_REGION only.
    session = boto3.Session(region_name=os.environ.get("AWS_REGION"))
    if not session.region_name:
        raise OperationError("A region is missing: `aws configure`, AWS_PROFILE or AWS_REGION sets it.")
    return session


def context_values(context: Sequence[str], configured: Path = CONFIGURED) -> dict[str, Any]:
    """Read the context of cdk.json, and over it `-c name=value` arguments, or the pairs alone."""
    values: dict[str, Any] = json.loads(configured.read_text())["context"]
    return values | dict(argument.split("=", 1) for argument in context if "=" in argument)


def stack_name(context: Sequence[str], configured: Path = CONFIGURED) -> str:
    """Return the stack's name for these arguments."""
    return f"Waybill-{context_values(context, configured).get('environment', 'dev')}"


def read_outputs(session: boto3.Session, stack: str) -> dict[str, str]:
    """Return the deployed stack's outputs by name; raise OperationError if there is no such stack."""
    try:
        (description,) = session.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "ValidationError":  # What CloudFormation answers for a missing stack.
            raise
        raise OperationError(f"There is no stack {stack} in {session.region_name}.") from error
    return {output["OutputKey"]: output["OutputValue"] for output in description.get("Outputs", [])}
