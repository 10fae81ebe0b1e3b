"""Whoever loses the account or the group is out within five minutes, with a session and with a token alike."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.stub import Stubber

from admin_api.app import _Authenticator
from admin_api.web.users import ASK_AGAIN_S, AccountReader, User
from tests.clocks import TickingClock
from tests.grants.in_process import learn_name
from tests.integration.admin_api.console import OPERATOR, ConsoleStage, session_cookie
from tests.integration.stage import REGION

if TYPE_CHECKING:
    from tests.integration.stage import Stage

NAME = "ada@example.com"


class Pool:
    """A user pool with one account, an operator's."""

    def __init__(self) -> None:
        self.client = boto3.client("cognito-idp", REGION)
        self.id = self.client.create_user_pool(PoolName="pool")["UserPool"]["Id"]
        learn_name("USER_POOL_ID", self.id)
        self.account: Any = {"UserPoolId": self.id, "Username": NAME}
        self.client.admin_create_user(**self.account)
        self.client.create_group(GroupName="operators", UserPoolId=self.id)
        self.client.admin_add_user_to_group(**self.account, GroupName="operators")


@pytest.fixture
def pool(stage: Stage) -> Pool:
    """Provide the pool on moto."""
    assert stage
    return Pool()


def user_known(seconds_ago: float) -> User:
    """Return the account's user as Cognito described it so long ago."""
    return User("subject", NAME, ("operators",), NAME, int(time.time() - seconds_ago))


def test_account_keeps_its_groups(pool: Pool) -> None:
    """Cognito's answer of now, with its time."""
    reader = AccountReader(pool.client, pool.id)

    user = reader.renew(replace(user_known(1_000), groups=("viewers",)))

    assert user is not None
    assert user.groups == ("operators",)
    assert user.is_known_at(time.time())


@pytest.mark.parametrize("loss", ["admin_delete_user", "admin_disable_user"])
def test_account_that_is_gone_or_disabled_is_nobody(pool: Pool, loss: str) -> None:
    """Its groups do not count any more."""
    getattr(pool.client, loss)(**pool.account)

    assert AccountReader(pool.client, pool.id).renew(user_known(1_000)) is None


def test_left_group_is_noticed_within_the_bound(pool: Pool) -> None:
    """Cognito is asked again after five minutes, and not before: requests do not wait for it."""
    clock = TickingClock(time.time())
    reader = AccountReader(pool.client, pool.id, now=clock)
    before = reader.renew(user_known(1_000))
    pool.client.admin_remove_user_from_group(**pool.account, GroupName="operators")

    soon = reader.renew(user_known(1_000))
    clock.now += ASK_AGAIN_S
    later = reader.renew(user_known(1_000))

    assert before is not None
    assert soon is not None
    assert later is not None
    assert (before.groups, soon.groups, later.groups) == (("operators",), ("operators",), ())


def test_session_and_token_of_a_deleted_account_open_nothing(console: ConsoleStage, pool: Pool) -> None:
    """What was issued more than five minutes ago asks Cognito, and is refused."""
    old = user_known(ASK_AGAIN_S + 1)
    console.console.__dict__["accounts"] = AccountReader(pool.client, pool.id)
    authenticator = _Authenticator(console.console)
    authenticator.__dict__["_tokens"] = OneToken(old)
    valid = authenticator.user_of_token("token")
    pool.client.admin_delete_user(**pool.account)
    console.console.__dict__["accounts"] = AccountReader(pool.client, pool.id)

    browser = console.browser(None, cookies={"__Host-waybill": session_cookie(OPERATOR, known_at=old.known_at)})

    assert valid == old
    assert authenticator.user_of_token("token") is None
    assert browser.get("/files").status_code == 303


def test_cognito_that_does_not_answer_opens_nothing_and_is_said(console: ConsoleStage, pool: Pool) -> None:
    """A session whose account cannot be looked at gets 503, and may try again."""
    console.console.__dict__["accounts"] = AccountReader(pool.client, pool.id)
    cookie = session_cookie(OPERATOR, known_at=0)
    with Stubber(pool.client) as stubber:
        stubber.add_client_error("admin_get_user", "TooManyRequestsException", http_status_code=400)

        answer = console.browser(None, cookies={"__Host-waybill": cookie}).get("/files")

    assert answer.status_code == 503
    assert "AdminGetUser failed: TooManyRequestsException" in answer.text


class OneToken:
    """In place of the pool's keys: every token is the same user's."""

    def __init__(self, user: User) -> None:
        self.user_of = lambda _token: user
