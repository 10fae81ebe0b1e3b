"""`make deploy` and `make destroy`, beside their calls of the CDK command line."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import boto3
import pytest
from botocore.stub import Stubber
from moto import mock_aws

from cdk.commands import deploy
from cdk.commands.session import OperationError, stack_name

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

TEMPLATE = '{"Resources": {"Bucket1": {"Type": "AWS::S3::Bucket", "DeletionPolicy": "%s"}}}'
BUCKET = "waybill-dev-1"


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> boto3.Session:
    """Return a session with credentials of no account."""
    monkeypatch.setattr("sys.stdin.isatty", lambda: False)
    return boto3.Session("key", "secret", region_name="us-east-1")


@pytest.fixture
def s3() -> Iterator["S3Client"]:
    """Provide a versioned bucket with overwritten and deleted objects."""
    with mock_aws():
        client = boto3.client("s3", "us-east-1")
        client.create_bucket(Bucket=BUCKET)
        client.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
        for key in ("archive/a b+ü.csv", "raw-data/c.csv"):
            client.put_object(Bucket=BUCKET, Key=key, Body=b"one")
            client.put_object(Bucket=BUCKET, Key=key, Body=b"two")
            client.delete_object(Bucket=BUCKET, Key=key)
        yield client


def test_an_emptied_bucket_holds_no_version(s3: "S3Client") -> None:
    """Versions and delete markers would keep CloudFormation from removing the bucket."""
    assert deploy.empty_bucket(s3, BUCKET) == 6

    s3.delete_bucket(Bucket=BUCKET)


def test_an_empty_bucket_is_left_alone(s3: "S3Client") -> None:
    """Emptying twice is not an error: an interrupted destroy is simply repeated."""
    deploy.empty_bucket(s3, BUCKET)

    assert deploy.empty_bucket(s3, BUCKET) == 0


@pytest.mark.parametrize(("policy", "doomed"), [("Delete", BUCKET), ("Retain", None)])
def test_only_a_bucket_deployed_to_go_is_emptied(
    session: boto3.Session, monkeypatch: pytest.MonkeyPatch, policy: str, doomed: str | None
) -> None:
    """The deployed template decides, not what the context says today."""
    client = session.client("cloudformation")
    monkeypatch.setattr(session, "client", lambda _service: client)
    with Stubber(client) as stub:
        stub.add_response("get_template", {"TemplateBody": TEMPLATE % policy}, {"StackName": "Waybill-dev"})
        if doomed:
            detail = {
                "LogicalResourceId": "Bucket1",
                "PhysicalResourceId": BUCKET,
                "ResourceType": "AWS::S3::Bucket",
                "LastUpdatedTimestamp": 0,
                "ResourceStatus": "CREATE_COMPLETE",
            }
            stub.add_response("describe_stack_resource", {"StackResourceDetail": detail})

        assert deploy.doomed_bucket(session, "Waybill-dev") == doomed


def test_a_stack_that_is_not_there_is_one_sentence(session: boto3.Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """It names the stack and the region looked at."""
    client = session.client("cloudformation")
    monkeypatch.setattr(session, "client", lambda _service: client)
    with Stubber(client) as stub:
        stub.add_client_error("get_template", "ValidationError")

        with pytest.raises(OperationError, match=r"^There is no stack Waybill-shop in us-east-1\.$"):
            deploy.doomed_bucket(session, "Waybill-shop")


@pytest.mark.parametrize("answer", [None, "yes", "Waybill-dev"])
def test_nothing_is_removed_without_the_bucket_by_its_name(
    session: boto3.Session, monkeypatch: pytest.MonkeyPatch, answer: str | None
) -> None:
    """Neither silence nor a yes is enough to delete every file."""
    called: list[object] = []
    monkeypatch.setattr(deploy, "doomed_bucket", lambda *_: BUCKET)
    monkeypatch.setattr(deploy, "empty_bucket", lambda *_: called.append("emptied"))
    monkeypatch.setattr(deploy, "cdk", lambda *arguments: called.append(arguments))
    if answer is None:
        monkeypatch.delenv("CONFIRM", raising=False)
    else:
        monkeypatch.setenv("CONFIRM", answer)

    with pytest.raises(OperationError, match=BUCKET):
        deploy.destroy(session, [])

    assert called == []


def test_the_stack_follows_the_environment() -> None:
    """Destroy removes the stack that deploy makes."""
    assert stack_name([]) == "Waybill-dev"
    assert stack_name(["-c", "memory_mb=512", "-c", "environment=prod"]) == "Waybill-prod"


def test_missing_credentials_are_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A newcomer reads what to set, not a stack trace."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "/nonexistent")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")

    assert deploy.main(["deploy"]) == 1

    assert capsys.readouterr().err.count("\n") == 1
