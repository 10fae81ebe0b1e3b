"""A template with one function, its role, a table and a bucket, and a call of the function."""

from __future__ import annotations

from typing import Any

from tests.grants.check import Call, Check
from tests.grants.needs import Need
from tests.grants.template import Template

GET = Need("dynamodb:GetItem", "table", "${FILES_TABLE}")
PUT = Need("s3:PutObject", "bucket", "${BUCKET_NAME}", "/archive/x")
ANY = Need("xray:BatchGetTraces", "any")


def allow(actions: str | list[str], resources: Any, **more: Any) -> dict[str, Any]:
    """Make a statement that allows."""
    return {"Effect": "Allow", "Action": actions, "Resource": resources} | more


def deny(actions: str, condition: dict[str, Any]) -> dict[str, Any]:
    """Make a statement of the bucket's policy that denies everybody under a condition."""
    return {
        "Effect": "Deny",
        "Principal": {"AWS": "*"},
        "Action": actions,
        "Resource": [arn("Bucket"), keys("*")],
        "Condition": condition,
    }


def arn(name: str) -> dict[str, Any]:
    """Refer to a resource's ARN."""
    return {"Fn::GetAtt": [name, "Arn"]}


def keys(pattern: str) -> dict[str, Any]:
    """Name keys of the bucket."""
    return {"Fn::Join": ["", [arn("Bucket"), "/", pattern]]}


GET_GRANTED = allow("dynamodb:GetItem", arn("Files"))
PUT_GRANTED = allow(["s3:PutObject"], [keys("archive/*")])
LOG = allow(["logs:CreateLogStream", "logs:PutLogEvents"], arn("Log"))


def check(*statements: dict[str, Any], calls: tuple[Need, ...] = (), of_bucket: tuple[Any, ...] = ()) -> Check:
    """Compare a role with these statements with calls that have these needs."""
    resources: dict[str, Any] = {
        "Files": {"Type": "AWS::DynamoDB::Table"},
        "Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "orders"}},
        "Log": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "/aws/lambda/waybill-prod-console"}},
        "Role": {"Type": "AWS::IAM::Role", "Properties": {}},
        "Function": {
            "Type": "AWS::Lambda::Function",
            "Properties": {
                "FunctionName": "waybill-prod-console",
                "Role": arn("Role"),
                "LoggingConfig": {"LogGroup": {"Ref": "Log"}},
                "Environment": {
                    "Variables": {"FILES_TABLE": {"Ref": "Files"}, "BUCKET_NAME": {"Ref": "Bucket"}},
                },
            },
        },
        "Policy": {
            "Type": "AWS::IAM::Policy",
            "Properties": {"Roles": [{"Ref": "Role"}], "PolicyDocument": {"Statement": [LOG, *statements]}},
        },
    }
    if of_bucket:
        resources["BucketPolicy"] = {
            "Type": "AWS::S3::BucketPolicy",
            "Properties": {"Bucket": {"Ref": "Bucket"}, "PolicyDocument": {"Statement": list(of_bucket)}},
        }
    made = [Call("console", "service:Operation", "admin_api/pages/files/detail.py:7", (need,)) for need in calls]
    return Check(Template({"Resources": resources}), made)
