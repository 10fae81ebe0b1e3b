"""`make destroy`: removes the stack after asking, and says what stays.

    python -m cdk.commands.destroy [-c environment=…]

CloudFormation removes no bucket that holds anything, so a bucket that goes with its stack is emptied first, and the
functions that could write to it are stopped before.
"""

import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from cdk.commands.cdk_command import run_cdk
from cdk.commands.preflight.leftovers import GUIDE
from cdk.commands.preflight.report import DENIED
from cdk.commands.session import OperationError, aws_session, stack_name

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# A run that had begun before the functions were stopped may write until it ends.
MOST_TRIES = 3
_KINDS = {"AWS::S3::Bucket": "bucket", "AWS::DynamoDB::Table": "table", "AWS::Cognito::UserPool": "user pool"}


@dataclass(frozen=True)
class Removal:
    """What becomes of a deployed stack's resources, by its own template and not by today's context."""

    bucket: str
    """The bucket that goes; empty if it stays."""
    kept: tuple[str, ...]
    """What stays, in words."""
    functions: tuple[str, ...]


def destroy(session: boto3.Session, context: Sequence[str]) -> int:
    """Remove the stack after confirmation; return the CDK's exit code."""
    stack = stack_name(context)
    removal = plan_removal(session, stack)
    expected = removal.bucket or stack
    _say(f"This removes {stack} with its queues and their messages, functions, topic, alarms and logs.")
    if removal.bucket:
        _say(f"{removal.bucket} goes with every version of every file, and the tables and accounts with it.")
    if removal.kept:
        _say(f"These stay and cost what storage costs: {', '.join(removal.kept)}.")
        _say(f"A new deployment makes new, empty tables and a new user pool. To remove or take over: {GUIDE}.")
    if confirmation(expected) != expected:
        raise OperationError(f"Nothing was removed: the confirmation was not {expected}.")
    if not removal.bucket:
        return run_cdk("destroy", stack, "--force", *context)
    stop_functions(session, removal.functions)
    s3 = session.client("s3")
    code = 1
    for _ in range(MOST_TRIES):
        empty_bucket(s3, removal.bucket)
        code = run_cdk("destroy", stack, "--force", *context)
        if not code or not _holds_anything(s3, removal.bucket):
            break
        _say(f"{removal.bucket} was written to meanwhile: once more.")
    return code


def plan_removal(session: boto3.Session, stack: str) -> Removal:
    """Read from the deployed template what goes and what stays."""
    cloudformation = session.client("cloudformation")
    try:
        template: Any = cloudformation.get_template(StackName=stack)["TemplateBody"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "ValidationError":
            raise
        raise OperationError(f"There is no stack {stack} in {session.region_name}.") from error
    bucket, kept, functions = "", [], []
    names: dict[str, str] = {}
    for page in cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack):
        for one in page["StackResourceSummaries"]:
            # A removal that failed half-way has deleted some of them already; they are listed all the same.
            if one["ResourceStatus"] != "DELETE_COMPLETE":
                names[one["LogicalResourceId"]] = one.get("PhysicalResourceId", "")
    for logical_id, resource in template.get("Resources", {}).items():
        name, kind = names.get(logical_id, ""), resource["Type"]
        if not name:
            continue
        if kind == "AWS::Lambda::Function":
            functions.append(name)
        elif str(resource.get("DeletionPolicy", "")).startswith("Retain"):
            kept.append(f"the {_KINDS.get(kind, kind)} {name}")
        elif kind == "AWS::S3::Bucket":
            bucket = name
    return Removal(bucket, tuple(kept), tuple(functions))


def confirmation(expected: str) -> str:
    """Return what the person typed, or the variable CONFIRM of a pipeline."""
    if answer := os.environ.get("CONFIRM"):
        return answer
    return input(f"Type {expected} to go on: ").strip() if sys.stdin.isatty() else ""


def stop_functions(session: boto3.Session, functions: Sequence[str]) -> None:
    """Let no function be called any more; calls under way go on to their end."""
    client = session.client("lambda")
    for function in functions:
        try:
            client.put_function_concurrency(FunctionName=function, ReservedConcurrentExecutions=0)
        except client.exceptions.ResourceNotFoundException:
            continue  # An interrupted destroy, repeated.
        except ClientError as error:
            if error.response["Error"]["Code"] not in DENIED:
                raise
            _say(f"{function} could not be stopped: these credentials lack lambda:PutFunctionConcurrency.")


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


def _holds_anything(s3: "S3Client", bucket: str) -> bool:
    try:
        return any(True for _ in _versions(s3, bucket))
    except s3.exceptions.NoSuchBucket:
        return False


def _versions(s3: "S3Client", bucket: str) -> Iterator[list[Any]]:
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        entries = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        if entries:
            yield [{"Key": entry["Key"], "VersionId": entry["VersionId"]} for entry in entries]


def _say(text: str) -> None:
    print(text, file=sys.stderr)  # noqa: T201


def main(context: Sequence[str]) -> int:
    """Remove the stack; return the exit code."""
    try:
        return destroy(aws_session(), context)
    except (OperationError, BotoCoreError, ClientError) as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
