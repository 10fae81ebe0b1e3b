"""`make destroy`, beside its calls of the CDK command line."""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto import mock_aws

from cdk.commands import destroy
from cdk.commands.session import OperationError
from tests.infra.aws_answers import PreparedSession
from tests.infra.stacks import template_file

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

BUCKET = "waybill-dev-1"
EVERYTHING = destroy.Removal(BUCKET, (), ("processor",))
NOTHING_BUT_THE_STACK = destroy.Removal("", (f"the bucket {BUCKET}", "the user pool eu_1"), ("processor",))


@pytest.fixture
def s3() -> Iterator["S3Client"]:
    """Provide a versioned bucket with overwritten and deleted objects."""
    with mock_aws():
        client = boto3.client("s3", "us-east-1", aws_access_key_id="k", aws_secret_access_key="s")
        client.create_bucket(Bucket=BUCKET)
        client.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
        for key in ("archive/a b+ü.csv", "raw-data/c.csv"):
            client.put_object(Bucket=BUCKET, Key=key, Body=b"one")
            client.put_object(Bucket=BUCKET, Key=key, Body=b"two")
            client.delete_object(Bucket=BUCKET, Key=key)
        yield client


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> boto3.Session:
    """Return a session with credentials of no account, and no terminal."""
    monkeypatch.setattr("sys.stdin.isatty", lambda: False)
    return boto3.Session("key", "secret", region_name="us-east-1")


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Have the CDK's calls and the stopped functions noted, and nothing else done."""
    noted: list[str] = []

    def run_cdk(*arguments: str) -> int:
        noted.append(" ".join(arguments))
        return 0

    monkeypatch.setattr(destroy, "run_cdk", run_cdk)
    monkeypatch.setattr(destroy, "stop_functions", lambda _session, names: noted.append(f"stop {' '.join(names)}"))
    return noted


def test_an_emptied_bucket_holds_no_version(s3: "S3Client") -> None:
    """Versions and delete markers would keep CloudFormation from removing the bucket."""
    assert destroy.empty_bucket(s3, BUCKET) == 6

    s3.delete_bucket(Bucket=BUCKET)


def test_an_empty_bucket_is_left_alone(s3: "S3Client") -> None:
    """Emptying twice is not an error: an interrupted destroy is simply repeated."""
    destroy.empty_bucket(s3, BUCKET)

    assert destroy.empty_bucket(s3, BUCKET) == 0


def planned(policy: str, *gone: str) -> destroy.Removal:
    """Plan the removal of this very stack as it is synthesised with a removal policy; these types are gone already."""
    template = json.loads(template_file(removal_policy=policy).read_text())
    resources = {
        name: resource
        for name, resource in template["Resources"].items()
        if resource["Type"] in {"AWS::S3::Bucket", "AWS::DynamoDB::Table", "AWS::Cognito::UserPool"}
        or resource["Type"] == "AWS::Lambda::Function"
    }
    listed: list[dict[str, Any]] = [
        {
            "LogicalResourceId": name,
            "PhysicalResourceId": f"my-{name}",
            "ResourceType": one["Type"],
            "LastUpdatedTimestamp": 0,
            "ResourceStatus": "DELETE_COMPLETE" if one["Type"] in gone else "CREATE_COMPLETE",
        }
        for name, one in resources.items()
    ]
    session = PreparedSession()
    session.prepare("cloudformation", "get_template", {"TemplateBody": json.dumps({"Resources": resources})})
    session.prepare("cloudformation", "list_stack_resources", {"StackResourceSummaries": listed})
    with session.active():
        return destroy.plan_removal(session, "Waybill-dev")  # type: ignore[arg-type]


def test_everything_that_is_kept_is_named() -> None:
    """Bucket, both tables, and the user pool with its accounts."""
    removal = planned("retain")

    assert removal.bucket == ""
    assert sorted(words.rpartition(" ")[0] for words in removal.kept) == [
        "the bucket",
        "the table",
        "the table",
        "the user pool",
    ]


def test_a_development_stack_keeps_nothing() -> None:
    """Its bucket is emptied and goes, and every function is stopped before."""
    removal = planned("destroy")

    assert removal.bucket.startswith("my-StorageBucket")
    assert removal.kept == ()
    assert len(removal.functions) >= 4


def test_a_removal_goes_on_where_an_earlier_one_failed() -> None:
    """CloudFormation still lists what that one has deleted; a bucket that is gone cannot be emptied."""
    removal = planned("destroy", "AWS::S3::Bucket", "AWS::Lambda::Function")

    assert removal == destroy.Removal("", (), ())


def test_what_stays_is_said_before_the_question(
    session: boto3.Session, monkeypatch: pytest.MonkeyPatch, calls: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Nobody finds out by the bill."""
    monkeypatch.setattr(destroy, "plan_removal", lambda *_: NOTHING_BUT_THE_STACK)
    monkeypatch.setenv("CONFIRM", "Waybill-dev")

    assert destroy.destroy(session, []) == 0

    told = capsys.readouterr().err
    assert "the bucket waybill-dev-1, the user pool eu_1" in told
    assert "docs/deployment.md" in told
    assert calls == ["destroy Waybill-dev --force"]


@pytest.mark.parametrize("answer", [None, "yes", "Waybill-dev"])
def test_nothing_is_removed_without_the_bucket_by_its_name(
    session: boto3.Session, monkeypatch: pytest.MonkeyPatch, calls: list[str], answer: str | None
) -> None:
    """Neither silence nor a yes is enough to delete every file."""
    monkeypatch.setattr(destroy, "plan_removal", lambda *_: EVERYTHING)
    if answer is None:
        monkeypatch.delenv("CONFIRM", raising=False)
    else:
        monkeypatch.setenv("CONFIRM", answer)

    with pytest.raises(OperationError, match=BUCKET):
        destroy.destroy(session, [])

    assert calls == []


def test_a_bucket_that_is_written_to_meanwhile_is_emptied_again(
    session: boto3.Session, s3: "S3Client", monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that had begun writes once more after the bucket was emptied, and the removal still succeeds."""
    monkeypatch.setattr(destroy, "plan_removal", lambda *_: EVERYTHING)
    monkeypatch.setattr(destroy, "stop_functions", lambda *_: None)
    monkeypatch.setenv("CONFIRM", BUCKET)
    late = [b"written by a run that was under way"]

    def run_cdk(*_arguments: str) -> int:
        if late:
            s3.put_object(Bucket=BUCKET, Key="archive/late.csv", Body=late.pop())
        try:
            s3.delete_bucket(Bucket=BUCKET)
        except s3.exceptions.ClientError:
            return 1
        return 0

    monkeypatch.setattr(destroy, "run_cdk", run_cdk)

    assert destroy.destroy(session, []) == 0

    assert s3.list_buckets()["Buckets"] == []


def test_a_removal_that_fails_for_another_reason_is_not_repeated(
    session: boto3.Session, s3: "S3Client", monkeypatch: pytest.MonkeyPatch
) -> None:
    """The CDK has said why, and its exit code is passed on."""
    runs: list[int] = []

    def run_cdk(*_arguments: str) -> int:
        runs.append(1)
        return 7

    monkeypatch.setattr(destroy, "plan_removal", lambda *_: EVERYTHING)
    monkeypatch.setattr(destroy, "stop_functions", lambda *_: None)
    monkeypatch.setattr(destroy, "run_cdk", run_cdk)
    monkeypatch.setenv("CONFIRM", BUCKET)

    assert destroy.destroy(session, []) == 7
    assert runs == [1]


def test_functions_are_stopped_by_taking_their_concurrency() -> None:
    """One that is gone already, or that these credentials may not stop, hinders nothing."""
    session = PreparedSession()
    for name, answer in {"gone": "ResourceNotFoundException", "forbidden": "AccessDeniedException", "web": {}}.items():
        expected = {"FunctionName": name, "ReservedConcurrentExecutions": 0}
        session.prepare("lambda", "put_function_concurrency", answer, expected)  # type: ignore[arg-type]

    with session.active():
        destroy.stop_functions(session, ["gone", "forbidden", "web"])  # type: ignore[arg-type]


def test_a_stack_that_is_not_there_is_one_sentence() -> None:
    """It names the stack and the region looked at."""
    session = PreparedSession("us-east-1")
    session.prepare("cloudformation", "get_template", "ValidationError")

    with session.active(), pytest.raises(OperationError, match=r"^There is no stack Waybill-shop in us-east-1\.$"):
        destroy.plan_removal(session, "Waybill-shop")  # type: ignore[arg-type]
