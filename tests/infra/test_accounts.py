"""The accounts of a local stack."""

import re
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from cdk.local.accounts import Accounts, new_password
from tests.infra.stacks import only


@pytest.fixture
def cognito(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Provide Cognito."""
    with mock_aws():
        yield boto3.client("cognito-idp", "us-east-1", aws_access_key_id="test", aws_secret_access_key="test")


@pytest.fixture
def pool(cognito: Any) -> str:
    """Make a user pool with the console's groups."""
    pool = cognito.create_user_pool(PoolName="waybill", UsernameAttributes=["email"])["UserPool"]["Id"]
    for group in ("operators", "viewers"):
        cognito.create_group(UserPoolId=pool, GroupName=group)
    return str(pool)


def test_one_may_act_and_one_may_look(cognito: Any, pool: str) -> None:
    """Each can sign in at once, and is in one group."""
    accounts = Accounts.create(cognito, pool)

    for account, group in ((accounts.operator, "operators"), (accounts.viewer, "viewers")):
        user = cognito.admin_get_user(UserPoolId=pool, Username=account.user)
        groups = cognito.admin_list_groups_for_user(UserPoolId=pool, Username=account.user)["Groups"]
        assert user["UserStatus"] == "CONFIRMED"
        assert [found["GroupName"] for found in groups] == [group]


def test_making_them_again_gives_new_passwords(cognito: Any, pool: str) -> None:
    """A second deployment keeps the accounts and changes their passwords."""
    first, second = Accounts.create(cognito, pool), Accounts.create(cognito, pool)

    assert len(cognito.list_users(UserPoolId=pool)["Users"]) == 2
    assert first.operator.user == second.operator.user
    assert len({first.operator.password, second.operator.password, second.viewer.password}) == 3


def test_passwords_are_such_as_the_pool_takes() -> None:
    """They are long enough and have all four kinds of characters."""
    policy = only("AWS::Cognito::UserPool")["Policies"]["PasswordPolicy"]
    password = new_password()

    assert len(password) >= policy["MinimumLength"]
    assert all(re.search(kind, password) for kind in ("[a-z]", "[A-Z]", "[0-9]", "[^A-Za-z0-9]"))
