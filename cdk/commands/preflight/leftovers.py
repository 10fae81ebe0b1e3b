"""What earlier deployments of the same environment have left in the account, and the state of the present one."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    import boto3

    from cdk.commands.preflight.report import Report

# SQS: "You must wait 60 seconds after deleting a queue before you can create another queue with the same name."
QUEUE_NAME_S = 60
GUIDE = "docs/deployment.md#what-retain-keeps"
# A creation that was rolled back leaves a stack without resources; the CDK replaces it.
NOT_THERE = ("", "ROLLBACK_COMPLETE", "REVIEW_IN_PROGRESS", "DELETE_COMPLETE")
_NOT_FOUND = ("404", "NoSuchBucket", "NotFound")
_FOREIGN = ("403", "AccessDenied", "Forbidden")


def read_stack_status(session: "boto3.Session", stack: str) -> str:
    """Return the stack's status; empty if there is none."""
    try:
        (found,) = session.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "ValidationError":
            raise
        return ""
    return str(found["StackStatus"])


def judge_stack_status(status: str, stack: str, report: "Report") -> None:
    """Refuse what CloudFormation would refuse, with the way out."""
    if status in NOT_THERE:
        return
    if status.endswith("_IN_PROGRESS"):
        report.refusals.append(f"{stack} is being changed at this moment ({status}): wait until that is over.")
    elif status == "UPDATE_ROLLBACK_FAILED":
        report.refusals.append(
            f"{stack} is stuck in {status}: see its events in CloudFormation, then "
            f"`aws cloudformation continue-update-rollback --stack-name {stack}`, and deploy again."
        )
    elif status in {"DELETE_FAILED", "ROLLBACK_FAILED"}:
        report.refusals.append(
            f"{stack} is in {status} and takes no deployment: see its events in CloudFormation, remove what hinders "
            "it, `make destroy`, and deploy again."
        )


def judge_bucket(session: "boto3.Session", bucket: str, account: str, report: "Report") -> None:
    """Refuse a new stack whose bucket's name is taken, by somebody else or by an earlier stack of ours."""
    s3 = session.client("s3")
    try:
        s3.head_bucket(Bucket=bucket, ExpectedBucketOwner=account)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in _FOREIGN:
            report.refusals.append(
                f"The bucket's name {bucket} is taken, or these credentials lack s3:ListBucket on it. If another "
                "account has it, choose another ENVIRONMENT."
            )
        elif code not in _NOT_FOUND:
            raise
        return
    listed = report.ask(
        f"whether {bucket} is empty",
        "s3:ListBucketVersions",
        lambda: s3.list_object_versions(Bucket=bucket, MaxKeys=1),
    )
    removal = f"`aws s3api delete-bucket --bucket {bucket} --region {session.region_name}`"
    if listed is not None and not listed.get("Versions") and not listed.get("DeleteMarkers"):
        report.refusals.append(
            f"An empty bucket {bucket} was left by a deployment that failed, and the new one needs its name: "
            f"{removal}, then deploy again."
        )
    else:
        report.refusals.append(
            f"The bucket {bucket} was kept with its files when its stack was removed, and the new one needs its name: "
            f"take it over, or empty and delete it ({GUIDE}), or choose another ENVIRONMENT."
        )


def list_orphans(session: "boto3.Session", environment: str, stack: str, *, has_stack: bool) -> list[str]:
    """List the tables and user pools of this environment that belong to no stack."""
    owned: set[str] = set()
    if has_stack:
        pages = session.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=stack)
        owned = {one.get("PhysicalResourceId", "") for page in pages for one in page["StackResourceSummaries"]}
    pages_of_tables = session.client("dynamodb").get_paginator("list_tables").paginate()
    tables = [name for page in pages_of_tables for name in page["TableNames"] if name.startswith(f"{stack}-Storage")]
    pages_of_pools = (
        session.client("cognito-idp").get_paginator("list_user_pools").paginate(PaginationConfig={"PageSize": 60})
    )
    pools = [pool for page in pages_of_pools for pool in page["UserPools"] if pool["Name"] == f"waybill-{environment}"]
    named = [(name, f"the table {name}") for name in tables]
    named += [(pool["Id"], f"the user pool {pool['Id']}") for pool in pools]
    return [words for name, words in named if name not in owned]


def read_wait_s(session: "boto3.Session", stack: str) -> float:
    """Return for how many seconds SQS still refuses the names of a stack that was just deleted."""
    wait_until = datetime.now(UTC)
    pages = session.client("cloudformation").get_paginator("list_stacks")
    options: Any = {"StackStatusFilter": ["DELETE_COMPLETE"], "PaginationConfig": {"MaxItems": 500}}
    for page in pages.paginate(**options):
        for found in page["StackSummaries"]:
            if found["StackName"] == stack and (deleted := found.get("DeletionTime")):
                wait_until = max(wait_until, deleted + timedelta(seconds=QUEUE_NAME_S))
    return max(0.0, (wait_until - datetime.now(UTC)).total_seconds())
