"""What `make deploy` looks at in the account before it changes anything."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ConnectTimeoutError, EndpointConnectionError

from cdk.commands.preflight import leftovers
from cdk.commands.preflight.concurrency import Quota, share
from cdk.commands.preflight.examination import examine
from cdk.commands.preflight.report import Report
from cdk.commands.session import OperationError
from cdk.settings import Settings
from tests.infra.aws_answers import Answer, PreparedSession

ACCOUNT, REGION, STACK = "123456789012", "eu-central-1", "Waybill-prod"
BUCKET = f"waybill-prod-{ACCOUNT}-{REGION}"
NOBODY = "https://dynamodb.eu-central-1.amazonaws.com"
PROD = Settings.parse({"environment": "prod"})

# What an account of AWS's default size answers, where nothing of Waybill has ever been.
FRESH: dict[tuple[str, str], list[Answer]] = {
    ("sts", "get_caller_identity"): [{"Account": ACCOUNT, "Arn": f"arn:aws:iam::{ACCOUNT}:user/ada"}],
    ("cognito-idp", "list_user_pools"): [{"UserPools": []}, {"UserPools": []}],
    ("ssm", "get_parameter"): [{"Parameter": {"Value": "30"}}],
    ("cloudformation", "describe_stacks"): ["ValidationError"],
    ("s3", "head_bucket"): ["404"],
    ("dynamodb", "list_tables"): [{"TableNames": []}],
    ("cloudformation", "list_stacks"): [{"StackSummaries": []}],
    ("lambda", "get_account_settings"): [
        {"AccountLimit": {"ConcurrentExecutions": 1000, "UnreservedConcurrentExecutions": 1000}}
    ],
    ("lambda", "get_function_concurrency"): ["ResourceNotFoundException"],
}


def examined(**changed: list[Answer]) -> Report:
    """Examine a fresh account in which these operations are answered otherwise; an empty list: not asked at all."""
    session = PreparedSession(REGION)
    for (service, operation), answers in FRESH.items():
        for answer in changed.pop(operation, answers):
            session.prepare(service, operation, answer)
    for operation, answers in changed.items():
        for answer in answers:
            session.prepare({"list_object_versions": "s3"}.get(operation, "cloudformation"), operation, answer)
    with session.active():
        return examine(session, PROD)  # type: ignore[arg-type]


def described(status: str) -> dict[str, Any]:
    """Describe the stack in this state."""
    return {"Stacks": [{"StackName": STACK, "CreationTime": datetime.now(UTC), "StackStatus": status}]}


def owning(*names: str) -> dict[str, Any]:
    """List a stack's resources by their names."""
    common = {"ResourceType": "AWS::X::Y", "LastUpdatedTimestamp": 0, "ResourceStatus": "CREATE_COMPLETE"}
    resources = [{"LogicalResourceId": "L", "PhysicalResourceId": name, **common} for name in names]
    return {"StackResourceSummaries": resources}


def test_a_fresh_account_is_refused_nothing() -> None:
    """One line says how its concurrency is shared."""
    report = examined()

    assert (report.refusals, report.lowered, report.bootstrap, report.wait_s) == ([], {}, "", 0)
    assert len(report.notes) == 1
    assert "console has 20 of its own, and 973 are left" in report.notes[0]


@pytest.mark.parametrize(
    ("region", "partition"), [("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov"), ("us-iso-east-1", "aws-iso")]
)
def test_another_partition_is_refused_before_anything_else_is_asked(region: str, partition: str) -> None:
    """The sentence names the region, its partition, and the one that will do."""
    session = PreparedSession(region)
    arn = f"arn:{partition}:iam::{ACCOUNT}:user/ada"
    session.prepare("sts", "get_caller_identity", {"Account": ACCOUNT, "Arn": arn})

    with session.active():
        (refusal,) = examine(session, PROD).refusals  # type: ignore[arg-type]

    assert refusal.startswith(f"{region} is in the partition {partition}.")
    assert "partition aws alone" in refusal


@pytest.mark.parametrize("code", ["InvalidClientTokenId", "ExpiredToken"])
def test_credentials_that_are_not_taken_are_one_sentence(code: str) -> None:
    """A region that the account has not enabled answers so, too."""
    session = PreparedSession()
    session.prepare("sts", "get_caller_identity", code)

    with session.active(), pytest.raises(OperationError, match=r"eu-central-1: .* not enabled for the account"):
        examine(session, PROD)  # type: ignore[arg-type]


def test_a_region_without_cognito_is_refused() -> None:
    """Its name does not resolve there, which is the surest sign."""
    session = PreparedSession()
    for service, operation in (("sts", "get_caller_identity"),):
        session.prepare(service, operation, FRESH[service, operation][0])
    cognito = session.client("cognito-idp")
    cognito.meta.events.register("before-send", lambda **_: _no_such_host())
    with session._stubs["sts"]:
        (refusal,) = examine(session, PROD).refusals  # type: ignore[arg-type]

    assert "Cognito" in refusal
    assert REGION in refusal


def _no_such_host() -> None:
    raise EndpointConnectionError(endpoint_url="https://cognito-idp.eu-central-1.amazonaws.com")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ("ParameterNotFound", f"never bootstrapped in aws://{ACCOUNT}/{REGION}"),
        ({"Parameter": {"Value": "5"}}, "is version 5, and 6 is needed"),
        ({"Parameter": {"Value": "6"}}, ""),
    ],
)
def test_a_bootstrap_that_is_missing_or_old_is_told(answer: Answer, words: str) -> None:
    """With the place and the version that is needed."""
    report = examined(get_parameter=[answer])

    assert words in report.bootstrap
    assert bool(report.bootstrap) is bool(words)


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("UPDATE_IN_PROGRESS", "wait until that is over"),
        ("DELETE_IN_PROGRESS", "wait until that is over"),
        ("UPDATE_ROLLBACK_FAILED", "continue-update-rollback --stack-name Waybill-prod"),
        ("DELETE_FAILED", "make destroy"),
        ("ROLLBACK_FAILED", "make destroy"),
    ],
)
def test_a_stack_that_takes_no_deployment_is_refused_with_the_way_out(status: str, words: str) -> None:
    """CloudFormation's own answer would not say what to do."""
    report = Report()

    leftovers.judge_stack_status(status, STACK, report)

    (refusal,) = report.refusals
    assert STACK in refusal
    assert words in refusal


@pytest.mark.parametrize("status", ["CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"])
def test_a_stack_at_rest_is_deployed_over_with_its_own_bucket(status: str) -> None:
    """Neither its bucket nor its tables and pool are left over from anything."""
    report = examined(
        describe_stacks=[described(status)],
        head_bucket=[],
        list_tables=[{"TableNames": ["Waybill-prod-StorageOrders1-AB", "Waybill-production-StorageOrders1-CD"]}],
        list_user_pools=[{"UserPools": []}, {"UserPools": [{"Id": "eu-central-1_x", "Name": "waybill-prod"}]}],
        list_stack_resources=[owning(BUCKET, "Waybill-prod-StorageOrders1-AB", "eu-central-1_x")],
        list_stacks=[],
    )

    assert report.refusals == []
    assert not any("Left by an earlier stack" in note for note in report.notes)


def test_an_empty_bucket_of_a_failed_first_deployment_is_told_with_the_command() -> None:
    """The deployer removes it and goes on."""
    report = examined(describe_stacks=[described("ROLLBACK_COMPLETE")], head_bucket=[{}], list_object_versions=[{}])

    (refusal,) = report.refusals
    assert f"`aws s3api delete-bucket --bucket {BUCKET} --region {REGION}`" in refusal
    assert "failed" in refusal


def test_a_kept_bucket_is_never_to_be_deleted_lightly() -> None:
    """It holds files, so the sentence leads to the guide and to another environment, not to a command."""
    holds = {"Versions": [{"Key": "archive/a.csv", "VersionId": "1"}]}

    report = examined(head_bucket=[{}], list_object_versions=[holds])

    (refusal,) = report.refusals
    assert BUCKET in refusal
    assert "kept with its files" in refusal
    assert "delete-bucket" not in refusal


def test_a_bucket_of_another_account_is_refused() -> None:
    """S3 has one list of names for everybody."""
    (refusal,) = examined(head_bucket=["403"]).refusals

    assert "another ENVIRONMENT" in refusal


def test_orphans_of_an_earlier_stack_are_named() -> None:
    """Kept tables and pools cost what storage costs, and nobody would look for them."""
    report = examined(
        list_tables=[{"TableNames": ["Waybill-prod-StorageFiles2-EF", "other"]}],
        list_user_pools=[
            {"UserPools": []},
            {"UserPools": [{"Id": "eu-central-1_a", "Name": "waybill-prod"}, {"Id": "b_b", "Name": "waybill-dev"}]},
        ],
    )

    (note,) = [note for note in report.notes if note.startswith("Left by an earlier stack")]
    assert "the table Waybill-prod-StorageFiles2-EF, the user pool eu-central-1_a." in note


@pytest.mark.parametrize(("ago_s", "waits"), [(10, True), (61, False)])
def test_names_of_queues_are_waited_for(ago_s: int, *, waits: bool) -> None:
    """SQS refuses a queue's name for a minute after its deletion."""
    deleted = {
        "StackName": STACK,
        "CreationTime": datetime.now(UTC),
        "DeletionTime": datetime.now(UTC) - timedelta(seconds=ago_s),
        "StackStatus": "DELETE_COMPLETE",
    }

    report = examined(list_stacks=[{"StackSummaries": [deleted]}])

    assert (report.wait_s > 0) is waits
    assert report.wait_s <= leftovers.QUEUE_NAME_S


@pytest.mark.parametrize(
    ("operation", "permission"),
    [
        ("get_account_settings", "lambda:GetAccountSettings"),
        ("list_tables", "dynamodb:ListTables"),
        ("list_stacks", "cloudformation:ListStacks"),
        ("get_parameter", "ssm:GetParameter"),
    ],
)
def test_a_permission_that_is_missing_is_noted_and_hinders_nothing(operation: str, permission: str) -> None:
    """A deployer of a narrow role still deploys; the note says what was not looked at."""
    later: dict[str, list[Answer]] = {
        "get_account_settings": [],
        "list_tables": [{"UserPools": []}],
    }
    unasked = {"get_account_settings": "get_function_concurrency", "list_tables": "list_user_pools"}
    changed: dict[str, list[Answer]] = {operation: ["AccessDeniedException"]}
    if operation in unasked:
        changed[unasked[operation]] = later[operation]

    report = examined(**changed)

    assert (report.refusals, report.bootstrap) == ([], "")
    assert any(note.startswith("Not checked") and permission in note for note in report.notes)


@pytest.mark.parametrize(
    "error",
    [EndpointConnectionError(endpoint_url=NOBODY), ConnectTimeoutError(endpoint_url=NOBODY)],
    ids=["refused", "silent"],
)
def test_a_service_that_is_not_reached_from_here_hinders_nothing(error: Exception) -> None:
    """CloudFormation deploys from within AWS, whatever the deployer's network lets through."""
    report = Report()

    def ask() -> int:
        raise error

    assert report.ask("the tables", "dynamodb:ListTables", ask) is None

    assert report.refusals == []
    (note,) = report.notes
    assert note.startswith("Not checked: the tables.")
    assert NOBODY in note


# Concurrency.


@pytest.mark.parametrize(
    ("quota", "console", "lowered"),
    [
        (Quota(1000, 1000), 20, False),
        (Quota(120, 120), 20, False),
        (Quota(119, 119), 20, True),
        (Quota(1000, 110), 20, True),
        (Quota(10, 10), 20, True),
        (Quota(10, 10), 0, False),
    ],
)
def test_the_consoles_share_is_lowered_only_where_aws_would_refuse_it(
    quota: Quota, console: int, *, lowered: bool
) -> None:
    """A hundred must stay unreserved; a note says that it was lowered, why, and what to do."""
    report = Report()

    share(quota, Settings.parse({"console_concurrency": console}), report)

    assert report.lowered == ({"console_concurrency": 0} if lowered else {})
    assert any("console_concurrency is 0 this time, not 20" in note for note in report.notes) is lowered


def test_files_that_leave_the_console_nothing_are_told() -> None:
    """A new account of ten with the settings of a large one; the sentence gives settings that fit."""
    report = Report()

    share(Quota(10, 10), Settings.parse({"max_concurrency": 10, "large_file_concurrency": 5}), report)

    assert "0 are left, so many files at once shut the console" in report.notes[-1]
    assert "max_concurrency=2 large_file_concurrency=1" in report.notes[-1]


def test_the_defaults_fit_a_new_account() -> None:
    """Ten executions: three are left for the console."""
    report = Report()

    share(Quota(10, 10), Settings.parse({}), report)

    assert "3 are left for the console" in report.notes[-1]


def test_what_the_console_has_reserved_already_counts_as_free() -> None:
    """A second deployment is not refused what the first was given."""
    limit = {"AccountLimit": {"ConcurrentExecutions": 120, "UnreservedConcurrentExecutions": 100}}

    report = examined(get_account_settings=[limit], get_function_concurrency=[{"ReservedConcurrentExecutions": 20}])

    assert report.lowered == {}
