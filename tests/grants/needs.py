"""The permissions that an AWS call needs, by AWS's service authorisation reference. Standard library only.

Emulated functions load this module, too, and have nothing of the project in their path.
https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

type Parameters = Mapping[str, Any]

UNKNOWN = "unknown"


class Need(NamedTuple):
    """An action on a resource, which is given by its kind, its name in the call, and what follows the name."""

    action: str
    kind: str
    """bucket, table, queue, topic, machine, function, secret, log group, pool, any (no resource) or UNKNOWN."""
    name: str = ""
    rest: str = ""


def needs_of(service: str, operation: str, parameters: Parameters, *, is_missing: bool = False) -> list[Need]:
    """List what a call needs; ``is_missing`` says that AWS answered 404."""
    if service == "s3":
        return list(_needs_of_s3(operation, parameters, is_missing=is_missing))
    rule = _SERVICES.get(service)
    return list(rule(operation, parameters)) if rule else [Need(f"{service}:{operation}", UNKNOWN)]


def _needs_of_s3(operation: str, parameters: Parameters, *, is_missing: bool) -> Iterable[Need]:
    bucket = parameters.get("Bucket", "")
    if operation in {"HeadObject", "GetObject"}:
        yield from _read(parameters, is_missing=is_missing)
    elif operation in {"CopyObject", "UploadPartCopy"}:
        source = _copy_source(parameters["CopySource"])
        yield from _read(source, is_missing=is_missing)
        yield _on_key("s3:PutObject", parameters)
        if operation == "CopyObject" and parameters.get("TaggingDirective") != "REPLACE":
            yield _on_key(f"s3:GetObject{_version(source)}Tagging", source)
            yield _on_key("s3:PutObjectTagging", parameters)
    elif operation in _WRITES:
        yield _on_key("s3:PutObject", parameters)
        for parameter, action in {"Tagging": "s3:PutObjectTagging", "ACL": "s3:PutObjectAcl"}.items():
            if parameters.get(parameter):
                yield _on_key(action, parameters)
    elif operation == "DeleteObjects":
        for item in parameters["Delete"]["Objects"]:
            yield _on_key(f"s3:DeleteObject{_version(item)}", {"Bucket": bucket, **item})
    elif "Key" in parameters:
        yield _on_key(f"s3:{_OTHER_NAMES.get(operation, operation)}{_version(parameters)}", parameters)
    else:
        yield Need(f"s3:{_OTHER_NAMES.get(operation, operation)}", "bucket", bucket)


_WRITES = {"PutObject", "PostObject", "CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload"}
_OTHER_NAMES = {
    "ListObjects": "ListBucket",
    "ListObjectsV2": "ListBucket",
    "HeadBucket": "ListBucket",
    "ListObjectVersions": "ListBucketVersions",
    "ListParts": "ListMultipartUploadParts",
}


def _read(source: Parameters, *, is_missing: bool) -> Iterable[Need]:
    yield _on_key(f"s3:GetObject{_version(source)}", source)
    if is_missing:  # Without the grant to list, S3 answers 403 instead of 404.
        yield Need("s3:ListBucketVersions" if _version(source) else "s3:ListBucket", "bucket", source["Bucket"])


def _version(parameters: Parameters) -> str:
    return "Version" if parameters.get("VersionId") else ""


def _on_key(action: str, parameters: Parameters) -> Need:
    """Name the folder, and a key that stands for all in it: grants are for folders."""
    folder, slash, _ = str(parameters["Key"]).partition("/")
    return Need(action, "bucket", parameters["Bucket"], f"/{folder}/x" if slash else f"/{folder}")


def _copy_source(source: Parameters | str) -> Parameters:
    if not isinstance(source, str):
        return source
    path, _, version = source.partition("?versionId=")
    bucket, _, key = path.lstrip("/").partition("/")
    return {"Bucket": bucket, "Key": key, "VersionId": version}


_TRANSACTED = {
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
    "ConditionCheck": "ConditionCheckItem",
    "Get": "GetItem",
}


def _needs_of_dynamodb(operation: str, parameters: Parameters) -> Iterable[Need]:
    if "TransactItems" in parameters:  # A transaction needs the permissions of its parts.
        for item in parameters["TransactItems"]:
            for kind, part in item.items():
                yield Need(f"dynamodb:{_TRANSACTED[kind]}", "table", part["TableName"])
    elif "RequestItems" in parameters:
        for table in parameters["RequestItems"]:
            yield Need(f"dynamodb:{operation}", "table", table)
    else:
        index = parameters.get("IndexName")
        yield Need(
            f"dynamodb:{operation}", "table", parameters.get("TableName", ""), f"/index/{index}" if index else ""
        )


# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-configure-dead-letter-queue-redrive.html
_MOVING = ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes")


def _needs_of_sqs(operation: str, parameters: Parameters) -> Iterable[Need]:
    if operation.endswith("MessageMoveTask") or operation == "ListMessageMoveTasks":
        # A task's handle names its queue in a form of SQS's own; the stack has one queue with tasks.
        source = _last(parameters.get("SourceArn", "")) or "${DEAD_LETTER_QUEUE_URL}"
        actions = [operation] if operation == "ListMessageMoveTasks" else [operation, *_MOVING]
        yield from (Need(f"sqs:{action}", "queue", source) for action in actions)
        if operation == "StartMessageMoveTask":
            target = _last(parameters.get("DestinationArn", "")) or "${QUEUE_URL}"
            yield Need("sqs:SendMessage", "queue", target)
    else:
        yield Need(f"sqs:{operation.removesuffix('Batch')}", "queue", _last(parameters.get("QueueUrl", "")))


def _last(name: str) -> str:
    """Return the last part of an ARN or a URL."""
    return re.split("[/:]", name)[-1]


def _by(prefix: str, kind: str, *names: str, **renamed: str) -> Callable[[str, Parameters], Iterable[Need]]:
    """Make the rule of a service whose calls name one resource by the first of these parameters that is there."""

    def rule(operation: str, parameters: Parameters) -> Iterable[Need]:
        name = next((str(parameters[name]) for name in names if parameters.get(name)), "")
        found = kind if name or kind == "any" else UNKNOWN
        yield Need(f"{prefix}:{renamed.get(operation, operation)}", found, name)

    return rule


_SERVICES: dict[str, Callable[[str, Parameters], Iterable[Need]]] = {
    "dynamodb": _needs_of_dynamodb,
    "sqs": _needs_of_sqs,
    "sns": _by("sns", "topic", "TopicArn", "TargetArn"),
    "stepfunctions": _by("states", "machine", "stateMachineArn"),
    "lambda": _by("lambda", "function", "FunctionName", Invoke="InvokeFunction"),
    "logs": _by("logs", "log group", "logGroupName", "logGroupIdentifier"),
    "secretsmanager": _by("secretsmanager", "secret", "SecretId"),
    "cognito-idp": _by("cognito-idp", "pool", "UserPoolId"),
    "cloudwatch": _by("cloudwatch", "any"),
    "xray": _by("xray", "any"),
}
