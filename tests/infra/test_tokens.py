"""`make token`: signing in as scripts do, with whatever Cognito asks for."""

import io
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from moto import mock_aws

from cdk.commands import tokens
from cdk.commands.session import OperationError
from cdk.commands.sign_in import SignIn, SignInError

ADA, FIRST, SECOND = "ada@example.com", "First-Password-1", "Second-Password-2"
SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
CODE = "287082"
"""Of the secret, at 59 seconds."""


class Script:
    """A respondent that gives fixed answers and notes the secret that it is shown."""

    shown = ""

    def choose_password(self) -> str:
        """Return the second password."""
        return SECOND

    def give_code(self) -> str:
        """Return the code."""
        return CODE

    def set_up(self, secret: str) -> str:
        """Note the secret; return the code."""
        self.shown = secret
        return CODE


@pytest.fixture
def cognito(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Provide Cognito, and credentials for it."""
    for name, value in {"ACCESS_KEY_ID": "test", "SECRET_ACCESS_KEY": "test", "REGION": "eu-central-1"}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    with mock_aws():
        yield boto3.client("cognito-idp", "eu-central-1")


@pytest.fixture
def pool(cognito: Any, monkeypatch: pytest.MonkeyPatch) -> str:
    """Make a user pool with Ada in it, who has her first password yet."""
    pool = str(cognito.create_user_pool(PoolName="waybill", UsernameAttributes=["email"])["UserPool"]["Id"])
    client = cognito.create_user_pool_client(
        UserPoolId=pool, ClientName="scripts", ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH"]
    )
    monkeypatch.setenv("SCRIPTS_CLIENT_ID", client["UserPoolClient"]["ClientId"])
    cognito.admin_create_user(UserPoolId=pool, Username=ADA, TemporaryPassword=FIRST, MessageAction="SUPPRESS")
    return pool


def type_in(monkeypatch: pytest.MonkeyPatch, *lines: str) -> None:
    """Give lines as standard input."""
    monkeypatch.setattr("sys.stdin", io.StringIO("".join(f"{line}\n" for line in lines)))


def is_token(text: str) -> bool:
    """Tell whether this is one line with a JSON Web Token."""
    return text.count("\n") == 1 and text.count(".") == 2


def test_a_password_gives_a_token_alone(
    cognito: Any, pool: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Standard output holds nothing else, so that a script can take it."""
    cognito.admin_set_user_password(UserPoolId=pool, Username=ADA, Password=SECOND, Permanent=True)
    type_in(monkeypatch, SECOND)

    code = tokens.main([ADA])

    out, err = capsys.readouterr()
    assert (code, is_token(out), err) == (0, True, "")


def test_a_first_password_is_replaced(
    cognito: Any, pool: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The new one is good from then on."""
    type_in(monkeypatch, FIRST, SECOND)
    assert tokens.main([ADA]) == 0
    capsys.readouterr()

    type_in(monkeypatch, SECOND)

    assert tokens.main([ADA]) == 0
    assert is_token(capsys.readouterr().out)


def test_somebody_new_sets_up_an_authenticator(cognito: Any, pool: str) -> None:
    """Where it is required, a new password, a secret and its code lead to a token."""
    cognito.set_user_pool_mfa_config(
        UserPoolId=pool, SoftwareTokenMfaConfiguration={"Enabled": True}, MfaConfiguration="ON"
    )
    (client,) = cognito.list_user_pool_clients(UserPoolId=pool)["UserPoolClients"]
    script = Script()

    token = SignIn(cognito, client["ClientId"]).fetch_id_token(ADA, FIRST, script)

    assert is_token(f"{token}\n")
    assert script.shown


def test_a_code_opens_an_account_with_an_authenticator(
    cognito: Any, pool: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is the line after the password."""
    cognito.admin_set_user_password(UserPoolId=pool, Username=ADA, Password=SECOND, Permanent=True)
    cognito.set_user_pool_mfa_config(
        UserPoolId=pool, SoftwareTokenMfaConfiguration={"Enabled": True}, MfaConfiguration="OPTIONAL"
    )
    (client,) = cognito.list_user_pool_clients(UserPoolId=pool)["UserPoolClients"]
    signed_in = cognito.initiate_auth(
        ClientId=client["ClientId"],
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": ADA, "PASSWORD": SECOND},
    )
    access = signed_in["AuthenticationResult"]["AccessToken"]
    cognito.associate_software_token(AccessToken=access)
    cognito.verify_software_token(AccessToken=access, UserCode=CODE)
    wish = {"Enabled": True, "PreferredMfa": True}
    cognito.admin_set_user_mfa_preference(UserPoolId=pool, Username=ADA, SoftwareTokenMfaSettings=wish)
    type_in(monkeypatch, SECOND, CODE)

    assert tokens.main([ADA]) == 0
    assert is_token(capsys.readouterr().out)


def test_a_code_may_come_from_the_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    """A script has the secret in its environment, and nobody is asked."""
    monkeypatch.setenv("WAYBILL_TOTP_SECRET", SECRET)
    monkeypatch.setattr("time.time", lambda: 59.0)
    type_in(monkeypatch)

    assert tokens.Prompts(ADA).give_code() == CODE


def test_each_challenge_is_answered_as_cognito_wants_it() -> None:
    """With its own session, the name that Cognito gives the user, and the parameter of that challenge."""
    cognito = boto3.client("cognito-idp", "eu-central-1", aws_access_key_id="k", aws_secret_access_key="s")
    user = {"USER_ID_FOR_SRP": "0ab1"}
    with Stubber(cognito) as stub:
        stub.add_response(
            "initiate_auth",
            {"ChallengeName": "MFA_SETUP", "Session": "session-of-twenty-1x", "ChallengeParameters": user},
            {
                "ClientId": "c",
                "AuthFlow": "USER_PASSWORD_AUTH",
                "AuthParameters": {"USERNAME": ADA, "PASSWORD": FIRST},
            },
        )
        stub.add_response(
            "associate_software_token",
            {"SecretCode": SECRET, "Session": "session-of-twenty-2x"},
            {"Session": "session-of-twenty-1x"},
        )
        stub.add_response(
            "verify_software_token",
            {"Status": "SUCCESS", "Session": "session-of-twenty-3x"},
            {"Session": "session-of-twenty-2x", "UserCode": CODE},
        )
        stub.add_response(
            "respond_to_auth_challenge",
            {"ChallengeName": "SOFTWARE_TOKEN_MFA", "Session": "session-of-twenty-4x", "ChallengeParameters": user},
            {
                "ClientId": "c",
                "ChallengeName": "MFA_SETUP",
                "Session": "session-of-twenty-3x",
                "ChallengeResponses": {"USERNAME": "0ab1"},
            },
        )
        stub.add_response(
            "respond_to_auth_challenge",
            {"AuthenticationResult": {"IdToken": "a.b.c"}},
            {
                "ClientId": "c",
                "ChallengeName": "SOFTWARE_TOKEN_MFA",
                "Session": "session-of-twenty-4x",
                "ChallengeResponses": {"USERNAME": "0ab1", "SOFTWARE_TOKEN_MFA_CODE": CODE},
            },
        )

        assert SignIn(cognito, "c").fetch_id_token(ADA, FIRST, Script()) == "a.b.c"
        stub.assert_no_pending_responses()


@pytest.mark.parametrize(
    ("error", "words"),
    [
        ("NotAuthorizedException", "does not let ada@example.com in"),
        ("UserNotFoundException", "does not let ada@example.com in"),
        ("CodeMismatchException", "code is wrong"),
        ("PasswordResetRequiredException", "new password"),
        ("ResourceNotFoundException", "right stack"),
    ],
)
def test_a_refusal_is_one_sentence_without_the_password(error: str, words: str) -> None:
    """It says what is wrong and what to do."""
    cognito = boto3.client("cognito-idp", "eu-central-1", aws_access_key_id="k", aws_secret_access_key="s")
    with Stubber(cognito) as stub:
        stub.add_client_error("initiate_auth", error, f"no {FIRST}")

        with pytest.raises(SignInError, match=words) as caught:
            SignIn(cognito, "c").fetch_id_token(ADA, FIRST, Script())

    assert FIRST not in str(caught.value)


def test_an_unknown_question_is_named() -> None:
    """A pool that was changed by hand may ask what no script can answer."""
    cognito = boto3.client("cognito-idp", "eu-central-1", aws_access_key_id="k", aws_secret_access_key="s")
    with Stubber(cognito) as stub:
        stub.add_response("initiate_auth", {"ChallengeName": "SMS_MFA", "Session": "session-of-twenty-1x"})

        with pytest.raises(SignInError, match="SMS_MFA"):
            SignIn(cognito, "c").fetch_id_token(ADA, FIRST, Script())


def test_no_secret_is_shown_where_nobody_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A build's log is no place for it."""
    type_in(monkeypatch, CODE)

    with pytest.raises(OperationError, match="at a terminal") as caught:
        tokens.Prompts(ADA).set_up(SECRET)

    assert SECRET not in str(caught.value)


def test_a_person_is_shown_the_secret_beside_the_token(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It goes to standard error, as the token is taken from standard output."""
    type_in(monkeypatch)
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("getpass.getpass", lambda _question: CODE)

    assert tokens.Prompts(ADA).set_up(SECRET) == CODE

    out, err = capsys.readouterr()
    assert (out, SECRET in err, "otpauth://" in err) == ("", True, True)


def test_a_new_password_is_typed_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """A slip of the finger changes nothing."""
    type_in(monkeypatch)
    typed = iter(["one", "two"])
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("getpass.getpass", lambda _question: next(typed))

    with pytest.raises(OperationError, match="different"):
        tokens.Prompts(ADA).choose_password()


@pytest.mark.parametrize("arguments", [[], [""], ["ada"]])
def test_who_signs_in_must_be_said(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """The usage is printed before any call to AWS."""
    assert tokens.main(arguments) == 2
    assert capsys.readouterr().err == f"{tokens.USAGE}\n"


def test_a_missing_password_is_one_sentence(
    cognito: Any, pool: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An empty pipe ends it."""
    type_in(monkeypatch)

    assert tokens.main([ADA]) == 1
    assert capsys.readouterr().err == "Nothing was given for: Password of ada@example.com.\n"


def test_the_clients_id_makes_credentials_needless(
    pool: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Who has an account of the console need not have one of AWS."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "/nonexistent")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    type_in(monkeypatch, FIRST, SECOND)

    assert tokens.main([ADA]) == 0
    assert is_token(capsys.readouterr().out)
