"""What calls need, by AWS's documentation."""

from __future__ import annotations

from typing import Any

import pytest

from tests.grants.needs import UNKNOWN, needs_of

KEY = {"Bucket": "b", "Key": "raw-data/a.csv"}
VERSION = KEY | {"VersionId": "v"}
TO_ARCHIVE = {"Bucket": "b", "Key": "archive/a.csv"}


def actions(service: str, operation: str, **parameters: Any) -> list[str]:
    """List the actions that a call needs, with what they are on where it matters."""
    return [f"{need.action} {need.name}{need.rest}".strip() for need in needs_of(service, operation, parameters)]


@pytest.mark.parametrize(
    ("operation", "parameters", "expected"),
    [
        ("HeadObject", KEY, ["s3:GetObject b/raw-data/x"]),
        ("GetObject", VERSION, ["s3:GetObjectVersion b/raw-data/x"]),
        ("PutObject", KEY, ["s3:PutObject b/raw-data/x"]),
        ("PostObject", KEY, ["s3:PutObject b/raw-data/x"]),
        ("PutObject", KEY | {"Tagging": "a=b"}, ["s3:PutObject b/raw-data/x", "s3:PutObjectTagging b/raw-data/x"]),
        ("UploadPart", KEY, ["s3:PutObject b/raw-data/x"]),
        ("CompleteMultipartUpload", KEY, ["s3:PutObject b/raw-data/x"]),
        ("AbortMultipartUpload", KEY, ["s3:AbortMultipartUpload b/raw-data/x"]),
        (
            "CopyObject",
            TO_ARCHIVE | {"CopySource": VERSION, "TaggingDirective": "REPLACE"},
            ["s3:GetObjectVersion b/raw-data/x", "s3:PutObject b/archive/x"],
        ),
        (
            "CopyObject",
            TO_ARCHIVE | {"CopySource": "b/raw-data/a.csv"},
            [
                "s3:GetObject b/raw-data/x",
                "s3:PutObject b/archive/x",
                "s3:GetObjectTagging b/raw-data/x",
                "s3:PutObjectTagging b/archive/x",
            ],
        ),
        (
            "UploadPartCopy",
            TO_ARCHIVE | {"CopySource": "b/raw-data/a.csv?versionId=v"},
            ["s3:GetObjectVersion b/raw-data/x", "s3:PutObject b/archive/x"],
        ),
        ("DeleteObject", KEY, ["s3:DeleteObject b/raw-data/x"]),
        ("DeleteObject", VERSION, ["s3:DeleteObjectVersion b/raw-data/x"]),
        (
            "DeleteObjects",
            {"Bucket": "b", "Delete": {"Objects": [{"Key": "work-data/1"}, {"Key": "archive/2", "VersionId": "v"}]}},
            ["s3:DeleteObject b/work-data/x", "s3:DeleteObjectVersion b/archive/x"],
        ),
        ("ListObjectsV2", {"Bucket": "b"}, ["s3:ListBucket b"]),
        ("ListObjectVersions", {"Bucket": "b"}, ["s3:ListBucketVersions b"]),
        ("GetBucketVersioning", {"Bucket": "b"}, ["s3:GetBucketVersioning b"]),
    ],
)
def test_s3(operation: str, parameters: dict[str, Any], expected: list[str]) -> None:
    """A version has permissions of its own, a copy needs those of both ends, and tags are extra."""
    assert actions("s3", operation, **parameters) == expected


@pytest.mark.parametrize(("asked", "listing"), [(KEY, "s3:ListBucket"), (VERSION, "s3:ListBucketVersions")])
def test_a_missing_object_needs_the_grant_to_list(asked: dict[str, Any], listing: str) -> None:
    """Otherwise S3 answers 403, which the code would take for a missing grant."""
    needs = needs_of("s3", "HeadObject", asked, is_missing=True)

    assert [need.action for need in needs][1:] == [listing]


@pytest.mark.parametrize(
    ("operation", "parameters", "expected"),
    [
        ("Query", {"TableName": "t", "IndexName": "by_state"}, ["dynamodb:Query t/index/by_state"]),
        ("UpdateItem", {"TableName": "t"}, ["dynamodb:UpdateItem t"]),
        ("BatchWriteItem", {"RequestItems": {"t": []}}, ["dynamodb:BatchWriteItem t"]),
        (
            "TransactWriteItems",
            {"TransactItems": [{"Update": {"TableName": "t"}}, {"Put": {"TableName": "u"}}]},
            ["dynamodb:UpdateItem t", "dynamodb:PutItem u"],
        ),
    ],
)
def test_dynamodb(operation: str, parameters: dict[str, Any], expected: list[str]) -> None:
    """An index is a resource of its own, and a transaction needs the permissions of its parts."""
    assert actions("dynamodb", operation, **parameters) == expected


@pytest.mark.parametrize(
    ("operation", "parameters", "expected"),
    [
        ("SendMessage", {"QueueUrl": "https://sqs/1/q"}, ["sqs:SendMessage q"]),
        ("ChangeMessageVisibilityBatch", {"QueueUrl": "https://sqs/1/q"}, ["sqs:ChangeMessageVisibility q"]),
        ("ListMessageMoveTasks", {"SourceArn": "arn:aws:sqs:r:1:dead"}, ["sqs:ListMessageMoveTasks dead"]),
        (
            "StartMessageMoveTask",
            {"SourceArn": "arn:aws:sqs:r:1:dead"},
            [
                "sqs:StartMessageMoveTask dead",
                "sqs:ReceiveMessage dead",
                "sqs:DeleteMessage dead",
                "sqs:GetQueueAttributes dead",
                "sqs:SendMessage ${QUEUE_URL}",
            ],
        ),
    ],
)
def test_sqs(operation: str, parameters: dict[str, Any], expected: list[str]) -> None:
    """A batch needs what its single form does, and a task that moves messages what it does to both queues."""
    assert actions("sqs", operation, **parameters) == expected


def test_other_services() -> None:
    """The action may have another name than the call; a service or a parameter that no rule knows is not guessed."""
    assert actions("lambda", "Invoke", FunctionName="worker") == ["lambda:InvokeFunction worker"]
    assert actions("stepfunctions", "StartExecution", stateMachineArn="arn:m") == ["states:StartExecution arn:m"]
    assert actions("cloudwatch", "GetMetricData") == ["cloudwatch:GetMetricData"]
    assert needs_of("lambda", "ListFunctions", {})[0].kind == UNKNOWN
    assert needs_of("events", "PutEvents", {})[0].kind == UNKNOWN
