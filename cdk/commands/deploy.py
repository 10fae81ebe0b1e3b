"""`make synth`, `make deploy` and `make destroy` in a real account, with the caller's credentials.

The CDK command line does the work. This module prepares it, so that a newcomer reads a sentence where the command line
would show a stack trace or leave a bucket behind.
"""

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from cdk.bundling.sources import ROOT
from cdk.commands.session import OperationError, aws_session, stack_name

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

NODE = Path(sys.executable).with_name("node")
CDK = ROOT / "node_modules/.bin/cdk"
BOOTSTRAP_VERSION = "/cdk-bootstrap/hnb659fds/version"


def cdk(*arguments: str) -> None:
    """Run the CDK command line in the foreground; exit with its code if it fails."""
    env = os.environ | {"PATH": os.pathsep.join([str(NODE.parent), os.environ["PATH"]])}
    process = subprocess.run([str(NODE), str(CDK), *arguments], cwd=ROOT, env=env, check=False)  # noqa: S603
    if process.returncode:
        sys.exit(process.returncode)


def deploy(session: boto3.Session, context: Sequence[str]) -> None:
    """Deploy, after bootstrapping the account for CDK if that was never done."""
    try:
        session.client("ssm").get_parameter(Name=BOOTSTRAP_VERSION)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ParameterNotFound":
            raise
        account = session.client("sts").get_caller_identity()["Account"]
        cdk("bootstrap", f"aws://{account}/{session.region_name}", *context)
    # At a terminal CDK shows new grants and asks; in a pipeline that would only fail.
    approval = [] if sys.stdin.isatty() else ["--require-approval", "never"]
    cdk("deploy", stack_name(context), *approval, *context)


def destroy(session: boto3.Session, context: Sequence[str]) -> None:
    """Remove the stack after confirmation. A bucket that goes with it is emptied first."""
    stack = stack_name(context)
    bucket = doomed_bucket(session, stack)
    expected = bucket or stack
    what = (
        f"{bucket} with every version of every file, the tables and everything else" if bucket else "all but the data"
    )
    print(f"This removes {stack}: {what}.")  # noqa: T201
    if confirmation(expected) != expected:
        raise OperationError(f"Nothing was removed: the confirmation was not {expected}.")
    if bucket:
        empty_bucket(session.client("s3"), bucket)
    cdk("destroy", stack, "--force", *context)


def confirmation(expected: str) -> str:
    """Return what the person typed, or the variable CONFIRM of a pipeline."""
    if answer := os.environ.get("CONFIRM"):
        return answer
    return input(f"Type {expected} to go on: ").strip() if sys.stdin.isatty() else ""


def doomed_bucket(session: boto3.Session, stack: str) -> str | None:
    """Return the bucket that is deleted with the stack, by the deployed template, not by today's context."""
    cloudformation = session.client("cloudformation")
    try:
        template: Any = cloudformation.get_template(StackName=stack)["TemplateBody"]
    except ClientError as error:
        raise OperationError(f"There is no stack {stack} in {session.region_name}.") from error
    for logical_id, resource in template.get("Resources", {}).items():
        if resource["Type"] == "AWS::S3::Bucket" and resource.get("DeletionPolicy") == "Delete":
            answer = cloudformation.describe_stack_resource(StackName=stack, LogicalResourceId=logical_id)
            return str(answer["StackResourceDetail"]["PhysicalResourceId"])
    return None


def empty_bucket(s3: "S3Client", bucket: str) -> int:
    """Delete all versions and delete markers, without which CloudFormation removes no bucket; return how many."""
    deleted = 0
    for batch in _versions(s3, bucket):
        answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": batch, "Quiet": True})
        if answer.get("Errors"):
            refused = answer["Errors"][0]
            raise OperationError(f"{bucket} is not empty: {refused.get('Key')} stays ({refused.get('Message')}).")
        deleted += len(batch)
    return deleted


def _versions(s3: "S3Client", bucket: str) -> Iterator[list[Any]]:
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        entries = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        if entries:
            yield [{"Key": entry["Key"], "VersionId": entry["VersionId"]} for entry in entries]


def main(arguments: Sequence[str]) -> int:
    """Run the command in the first argument with the context in the others; return the exit code."""
    operation, *context = arguments
    try:
        if operation == "synth":
            cdk("synth", "--quiet", *context)
            return 0
        {"deploy": deploy, "destroy": destroy}[operation](aws_session(), context)
    except (OperationError, BotoCoreError, ClientError) as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
