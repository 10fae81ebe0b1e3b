"""The names of calls, and the text in which a file's key and id are found."""

from collections.abc import Callable
from typing import Any, cast

import boto3
import pytest
from botocore.awsrequest import AWSPreparedRequest
from botocore.config import Config

from tests.e2e.aws_calls import Call, name_call
from tests.e2e.wire import Request

KEY = "raw-data/Größe 1+2 😀.csv"
ITEM = {"k": {"S": KEY}}
OBJECT = {"Bucket": "b", "Key": KEY}


class CaughtError(Exception):
    """Stops a request from being sent."""


def call_made(service: str, ask: Callable[[Any], object]) -> Call:
    """Return the name of the call that boto3 makes, without making it."""
    requests: list[AWSPreparedRequest] = []

    def catch(request: AWSPreparedRequest, **_: object) -> None:
        requests.append(request)
        raise CaughtError

    client = boto3.client(
        cast("Any", service),
        endpoint_url="http://127.0.0.1:9",
        region_name="eu-west-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"total_max_attempts": 1}),
    )
    client.meta.events.register("before-send", catch)
    with pytest.raises(CaughtError):
        ask(client)
    client.close()
    sent = requests[0]
    body: Any = sent.body or b""
    payload = body.encode() if isinstance(body, str) else body if isinstance(body, bytes) else body.read()
    fields: list[tuple[str, Any]] = sent.headers.items()
    headers = [(name, value.decode() if isinstance(value, bytes) else value) for name, value in fields]
    return name_call(Request(sent.method, sent.url.removeprefix("http://127.0.0.1:9"), tuple(headers), payload))


@pytest.mark.parametrize(
    ("operation", "ask"),
    [
        ("PutObject", lambda s3: s3.put_object(**OBJECT, Body=b"x")),
        ("GetObject", lambda s3: s3.get_object(**OBJECT, VersionId="v", Range="bytes=0-1")),
        ("HeadObject", lambda s3: s3.head_object(**OBJECT, VersionId="v")),
        ("DeleteObject", lambda s3: s3.delete_object(**OBJECT, VersionId="v")),
        ("CopyObject", lambda s3: s3.copy_object(Bucket="b", Key="to", CopySource={**OBJECT, "VersionId": "v"})),
        ("CreateMultipartUpload", lambda s3: s3.create_multipart_upload(**OBJECT)),
        ("UploadPart", lambda s3: s3.upload_part(**OBJECT, UploadId="u", PartNumber=1, Body=b"x")),
        (
            "UploadPartCopy",
            lambda s3: s3.upload_part_copy(Bucket="b", Key="to", UploadId="u", PartNumber=1, CopySource=OBJECT),
        ),
        ("CompleteMultipartUpload", lambda s3: s3.complete_multipart_upload(**OBJECT, UploadId="u")),
        ("AbortMultipartUpload", lambda s3: s3.abort_multipart_upload(**OBJECT, UploadId="u")),
        ("ListParts", lambda s3: s3.list_parts(**OBJECT, UploadId="u")),
        ("ListObjectsV2", lambda s3: s3.list_objects_v2(Bucket="b", Prefix=KEY)),
        ("ListObjectVersions", lambda s3: s3.list_object_versions(Bucket="b", Prefix=KEY)),
        ("DeleteObjects", lambda s3: s3.delete_objects(Bucket="b", Delete={"Objects": [{"Key": KEY}]})),
        ("PutObjectTagging", lambda s3: s3.put_object_tagging(**OBJECT, Tagging={"TagSet": []})),
    ],
)
def test_s3_operation_is_derived_and_the_key_found(operation: str, ask: Callable[[Any], object]) -> None:
    """Method, query and copy source name the operation, and the plain key is in the text."""
    call = call_made("s3", ask)

    assert (call.service, call.operation) == ("s3", operation)
    assert call.mentions(KEY)


@pytest.mark.parametrize(
    ("service", "operation", "ask"),
    [
        ("dynamodb", "PutItem", lambda table: table.put_item(TableName="t", Item=ITEM)),
        (
            "dynamodb",
            "BatchWriteItem",
            lambda table: table.batch_write_item(RequestItems={"t": [{"PutRequest": {"Item": ITEM}}]}),
        ),
        (
            "dynamodb",
            "TransactWriteItems",
            lambda t: t.transact_write_items(TransactItems=[{"Delete": {"TableName": "t", "Key": ITEM}}]),
        ),
        ("sqs", "SendMessage", lambda sqs: sqs.send_message(QueueUrl="http://127.0.0.1:9/q", MessageBody=KEY)),
        (
            "sqs",
            "ChangeMessageVisibility",
            lambda sqs: sqs.change_message_visibility(
                QueueUrl="http://127.0.0.1:9/q", ReceiptHandle=KEY, VisibilityTimeout=15
            ),
        ),
        ("sns", "Publish", lambda sns: sns.publish(TopicArn="t", Subject="s", Message=KEY)),
    ],
)
def test_target_or_action_names_the_operation(service: str, operation: str, ask: Callable[[Any], object]) -> None:
    """JSON and query protocols are named alike, and escapes in their bodies do not hide a key."""
    call = call_made(service, ask)

    assert (call.service, call.operation) == (service, operation)
    assert call.mentions(KEY)


@pytest.mark.parametrize(
    ("method", "target", "operation"),
    [
        ("GET", "/", "ListBuckets"),
        ("HEAD", "/b", "HeadBucket"),
        ("PUT", "/b", "CreateBucket"),
        ("POST", "/b", "PostObject"),
        ("GET", "/b?location", "GetBucketLocation"),
        ("PATCH", "/b/k", "PATCH /b/k"),
    ],
)
def test_unsigned_request_is_taken_for_s3(method: str, target: str, operation: str) -> None:
    """A presigned POST or a plain curl carries no signature that names a service."""
    assert name_call(Request(method, target, ())) == Call("s3", operation, f"{target}\n")


def test_presigned_address_names_its_service() -> None:
    """The credential's scope stands in the query there."""
    target = "/b/k?X-Amz-Credential=AK%2F20260101%2Feu-west-1%2Fs3%2Faws4_request"

    assert name_call(Request("GET", target, ())).operation == "GetObject"


def test_rest_call_of_another_service_is_named_by_its_path() -> None:
    """X-Ray, for one, has neither target nor action."""
    scope = "AWS4-HMAC-SHA256 Credential=AK/20260101/eu-west-1/xray/aws4_request, SignedHeaders=host"
    call = name_call(Request("POST", "/TraceSegments", (("Authorization", scope),)))

    assert (call.service, call.operation) == ("xray", "POST /TraceSegments")


def test_call_mentions_any_of_several_substrings() -> None:
    """One of them is enough, and none asked for is always found."""
    call = Call("s3", "GetObject", "/b/key")

    assert call.mentions("nothing", "key")
    assert call.mentions()
    assert not call.mentions("nothing")
