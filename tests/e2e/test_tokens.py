"""`make token` as a script runs it, against a user pool whose authenticator codes are really checked."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from cdk.commands.totp import totp_code
from cdk.local.processes import ROOT

if TYPE_CHECKING:
    from tests.e2e.deployment import Deployment

ADA, PASSWORD = "ada@example.com", "A-password-of-Ada-1"
OTHER_SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"


@pytest.fixture
def cognito(open_stack: Deployment) -> Any:
    """Return a client of the emulator's Cognito."""
    return open_stack.client("cognito-idp")


@pytest.fixture
def client_id(cognito: Any) -> str:
    """Make a user pool that demands an authenticator, with Ada in it."""
    pool = cognito.create_user_pool(PoolName="tokens", UsernameAttributes=["email"])["UserPool"]["Id"]
    cognito.set_user_pool_mfa_config(
        UserPoolId=pool, SoftwareTokenMfaConfiguration={"Enabled": True}, MfaConfiguration="ON"
    )
    cognito.admin_create_user(UserPoolId=pool, Username=ADA, MessageAction="SUPPRESS")
    cognito.admin_set_user_password(UserPoolId=pool, Username=ADA, Password=PASSWORD, Permanent=True)
    flows = ["ALLOW_USER_PASSWORD_AUTH"]
    client = cognito.create_user_pool_client(UserPoolId=pool, ClientName="scripts", ExplicitAuthFlows=flows)
    return str(client["UserPoolClient"]["ClientId"])


@pytest.fixture
def secret(cognito: Any, client_id: str) -> str:
    """Set up Ada's authenticator; return its secret."""
    credentials = {"USERNAME": ADA, "PASSWORD": PASSWORD}
    signed_in = cognito.initiate_auth(ClientId=client_id, AuthFlow="USER_PASSWORD_AUTH", AuthParameters=credentials)
    access = signed_in["AuthenticationResult"]["AccessToken"]
    made = str(cognito.associate_software_token(AccessToken=access)["SecretCode"])
    cognito.verify_software_token(AccessToken=access, UserCode=totp_code(made, time.time()))
    return made


def token(stack: Deployment, client_id: str, answers: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the command without AWS credentials, with these lines as its standard input."""
    env = {name: value for name, value in stack.environment.items() if "KEY" not in name}
    return subprocess.run(
        [sys.executable, "-m", "cdk.commands.tokens", ADA],
        cwd=ROOT,
        env=env | {"SCRIPTS_CLIENT_ID": client_id} | variables,
        input=answers,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_script_signs_in_with_password_and_authenticator(open_stack: Deployment, client_id: str, secret: str) -> None:
    """The token alone is printed, whether the code is computed from the secret or given as a line."""
    computed = token(open_stack, client_id, f"{PASSWORD}\n", WAYBILL_TOTP_SECRET=secret)
    given = token(open_stack, client_id, f"{PASSWORD}\n{totp_code(secret, time.time())}\n")

    assert (computed.returncode, computed.stderr) == (0, "")
    assert (given.returncode, given.stderr) == (0, "")
    assert [done.stdout.count(".") for done in (computed, given)] == [2, 2]


def test_the_code_of_another_authenticator_is_refused(open_stack: Deployment, client_id: str, secret: str) -> None:
    """One sentence says so, with neither password nor secret, and nothing is printed where a token would be."""
    done = token(open_stack, client_id, f"{PASSWORD}\n", WAYBILL_TOTP_SECRET=OTHER_SECRET)

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "The authenticator's code is wrong: is its account this one, and the clock right?\n"
