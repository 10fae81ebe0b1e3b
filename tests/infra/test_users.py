"""`make user`: accounts for the console, and their groups."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.stub import Stubber
from moto import mock_aws

from cdk.commands import users

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient

ADA = "ada@example.com"


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Provide an AWS of our own, and credentials for it."""
    for name, value in {"ACCESS_KEY_ID": "test", "SECRET_ACCESS_KEY": "test", "REGION": "eu-central-1"}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    with mock_aws():
        yield


@pytest.fixture
def cognito(aws: None) -> "CognitoIdentityProviderClient":
    """Return a client of Cognito's."""
    return boto3.client("cognito-idp", "eu-central-1")


@pytest.fixture
def pool(cognito: "CognitoIdentityProviderClient", monkeypatch: pytest.MonkeyPatch) -> str:
    """Make a user pool with the console's two groups, and have it found."""
    pool = cognito.create_user_pool(PoolName="waybill", UsernameAttributes=["email"])["UserPool"]["Id"]
    for group in users.GROUPS:
        cognito.create_group(UserPoolId=pool, GroupName=group)
    monkeypatch.setattr(users, "user_pool", lambda _session, _stack: pool)
    return pool


def groups_of(cognito: Any, pool: str, email: str) -> list[str]:
    """List the groups that an account is in."""
    answer = cognito.admin_list_groups_for_user(UserPoolId=pool, Username=email)
    return [group["GroupName"] for group in answer["Groups"]]


def test_an_account_is_made_in_its_group(cognito: Any, pool: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Its address counts as proved, since the first password is sent there."""
    code = users.main([ADA, "viewers", "environment=prod"])

    (user,) = cognito.list_users(UserPoolId=pool)["Users"]
    attributes = {one["Name"]: one["Value"] for one in user["Attributes"]}
    assert (code, groups_of(cognito, pool, ADA)) == (0, ["viewers"])
    assert (attributes["email"], attributes["email_verified"]) == (ADA, "true")
    assert user["UserStatus"] == "FORCE_CHANGE_PASSWORD"
    assert capsys.readouterr().out == (
        "ada@example.com has been sent a first password, and is in the group viewers of Waybill-prod.\n"
    )


def test_somebody_changes_groups(cognito: Any, pool: str, capsys: pytest.CaptureFixture[str]) -> None:
    """An account is in one group at a time."""
    users.main([ADA, "viewers", "environment=prod"])
    users.main([ADA, "operators", "environment=prod"])

    assert groups_of(cognito, pool, ADA) == ["operators"]
    assert "had an account already" in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [[], [ADA], [ADA, "admins"], ["ada", "viewers"], ["", ""]])
def test_what_is_missing_is_asked_for(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """The usage is printed before any call to AWS."""
    assert users.main(arguments) == 2
    assert capsys.readouterr().err == f"{users.USAGE}\n"


@pytest.fixture
def session(aws: None) -> boto3.Session:
    """Return a session with credentials of no account."""
    return boto3.Session(region_name="eu-central-1")


@pytest.fixture
def asked(session: boto3.Session, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stubber]:
    """Answer what the session asks CloudFormation."""
    client = session.client("cloudformation")
    monkeypatch.setattr(session, "client", lambda _service: client)
    monkeypatch.setattr(users, "aws_session", lambda: session)
    with Stubber(client) as stub:
        yield stub


def describe(asked: Stubber, *outputs: dict[str, str]) -> None:
    """Have the stack described with these outputs."""
    stack = {"StackName": "Waybill-prod", "CreationTime": datetime.now(UTC), "StackStatus": "CREATE_COMPLETE"}
    answer = {"Stacks": [stack | {"Outputs": list(outputs)}]}
    asked.add_response("describe_stacks", answer, {"StackName": "Waybill-prod"})


def test_the_pool_is_an_output_of_the_stack(asked: Stubber, session: boto3.Session) -> None:
    """It is found among the stack's outputs."""
    describe(asked, {"OutputKey": "UserPoolId", "OutputValue": "eu-central-1_abc"})

    assert users.user_pool(session, "Waybill-prod") == "eu-central-1_abc"


def test_a_stack_without_a_console_is_one_sentence(asked: Stubber, capsys: pytest.CaptureFixture[str]) -> None:
    """A stack deployed before the console existed has no user pool."""
    describe(asked)

    assert users.main([ADA, "viewers", "environment=prod"]) == 1
    assert capsys.readouterr().err == "Waybill-prod has no console yet: deploy it first.\n"


def test_a_missing_stack_is_one_sentence(asked: Stubber, capsys: pytest.CaptureFixture[str]) -> None:
    """It names stack and region."""
    asked.add_client_error("describe_stacks", "ValidationError", "Stack with id Waybill-test does not exist")

    assert users.main([ADA, "viewers", "environment=test"]) == 1
    assert capsys.readouterr().err == "There is no stack Waybill-test in eu-central-1.\n"
