"""The user pool, its groups and its clients."""

from typing import Any

import pytest

from tests.infra.stacks import as_text, named, only, resources

REFRESH = "ALLOW_REFRESH_TOKEN_AUTH"


def client(name: str) -> dict[str, Any]:
    """Return the properties of one of the pool's clients."""
    return named("AWS::Cognito::UserPoolClient", name)


def test_nobody_signs_up() -> None:
    """Only an administrator creates accounts."""
    assert only("AWS::Cognito::UserPool")["AdminCreateUserConfig"]["AllowAdminCreateUserOnly"] is True


def test_accounts_are_e_mail_addresses_that_were_proved() -> None:
    """Case does not matter, and a new address must be verified, as the action log names people by it."""
    pool = only("AWS::Cognito::UserPool")

    assert pool["UsernameAttributes"] == ["email"]
    assert pool["UsernameConfiguration"] == {"CaseSensitive": False}
    assert pool["AutoVerifiedAttributes"] == ["email"]
    assert pool["UserAttributeUpdateSettings"] == {"AttributesRequireVerificationBeforeUpdate": ["email"]}


def test_passwords_are_long() -> None:
    """Twelve characters of four kinds; the first one is good for a week."""
    policy = only("AWS::Cognito::UserPool")["Policies"]["PasswordPolicy"]

    assert policy["MinimumLength"] == 12
    assert all(policy[f"Require{kind}"] for kind in ("Lowercase", "Uppercase", "Numbers", "Symbols"))
    assert policy["TemporaryPasswordValidityDays"] == 7


def test_a_required_second_factor_is_an_authenticator_app() -> None:
    """It is never a text message, which costs money and can be intercepted."""
    pool = only("AWS::Cognito::UserPool", console_mfa="required")

    assert (pool["MfaConfiguration"], pool["EnabledMfas"]) == ("ON", ["SOFTWARE_TOKEN_MFA"])


@pytest.mark.parametrize(("environment", "mode"), [("dev", "OFF"), ("prod", "ON")])
def test_whatever_is_not_dev_takes_an_authenticator_by_default(environment: str, mode: str) -> None:
    """The environment decides, as it does on keeping the data."""
    assert only("AWS::Cognito::UserPool", environment=environment)["MfaConfiguration"] == mode


def test_the_groups_are_those_that_the_console_knows() -> None:
    """Operators act, viewers look."""
    groups = resources("AWS::Cognito::UserPoolGroup").values()

    assert {group["Properties"]["GroupName"] for group in groups} == {"operators", "viewers"}


def test_browsers_sign_in_by_code_through_the_sign_in_pages_only() -> None:
    """A public client without a secret, whose tokens are read once; its API takes no password."""
    browser = client("Browser")

    assert browser["AllowedOAuthFlows"] == ["code"]
    assert browser["GenerateSecret"] is False
    assert set(browser["AllowedOAuthScopes"]) == {"openid", "email", "profile"}
    assert browser["ExplicitAuthFlows"] == [REFRESH]
    assert (browser["IdTokenValidity"], browser["TokenValidityUnits"]["IdToken"]) == (5, "minutes")


def test_scripts_sign_in_by_password_and_not_by_the_sign_in_pages() -> None:
    """They have no browser for the sign-in page."""
    scripts = client("Scripts")

    assert set(scripts["ExplicitAuthFlows"]) == {"ALLOW_USER_PASSWORD_AUTH", REFRESH}
    assert scripts["AllowedOAuthFlowsUserPoolClient"] is False
    assert "AllowedOAuthFlows" not in scripts


@pytest.mark.parametrize("name", ["Browser", "Scripts"])
def test_clients_do_not_tell_who_has_an_account(name: str) -> None:
    """A wrong password and a wrong name are answered alike."""
    assert client(name)["PreventUserExistenceErrors"] == "ENABLED"


def test_the_invitation_leads_to_the_console() -> None:
    """It holds the first password and the console's address."""
    message = only("AWS::Cognito::UserPool", console_url="https://orders.example.com")["AdminCreateUserConfig"]

    body = as_text(message["InviteMessageTemplate"]["EmailMessage"])

    assert all(part in body for part in ("https://orders.example.com", "{username}", "{####}"))


def test_the_sign_in_pages_address_is_the_accounts_own() -> None:
    """It is unique among all accounts of a region, at most 63 characters, and without the words Cognito keeps."""
    longest = only("AWS::Cognito::UserPoolDomain", environment="e" * 20)

    prefix = as_text(longest["Domain"]).replace("${AWS::AccountId}", "123456789012")

    assert prefix == f"waybill-{'e' * 20}-123456789012"
    assert longest["ManagedLoginVersion"] == 1


@pytest.mark.parametrize(
    ("policy", "deletion", "protected"), [("destroy", "Delete", "INACTIVE"), ("retain", "Retain", "ACTIVE")]
)
def test_accounts_outlive_the_stack_where_data_does(policy: str, deletion: str, protected: str) -> None:
    """The removal policy reaches the user pool."""
    (pool,) = resources("AWS::Cognito::UserPool", removal_policy=policy).values()

    assert pool["DeletionPolicy"] == deletion
    assert pool["Properties"]["DeletionProtection"] == protected


def test_the_sessions_key_is_made_where_it_is_kept() -> None:
    """Long, random, in no template and no variable."""
    secret = only("AWS::SecretsManager::Secret")

    assert secret["GenerateSecretString"]["PasswordLength"] >= 64
    assert "SecretString" not in secret
