"""Assertions about who gets in: nobody without a sign-in, and an operator through Cognito's own page and as a script.

The operator is an account made for it, with an authenticator of its own where the pool demands one.
"""

import secrets
import time
from dataclasses import dataclass, field

from cdk.commands.sign_in import SignIn
from cdk.commands.totp import STEP_S, totp_code
from cdk.commands.users import put_into_group
from cdk.commands.verify.browser import sign_in
from cdk.commands.verify.checklist import CheckError, Checklist
from cdk.commands.verify.deployment import Deployment

NO_SUCH = "See the console's log group and the section *API errors* of the runbook."


@dataclass
class TemporaryOperator:
    """An account that ends with the verification, and its authenticator."""

    email: str
    password: str = field(default_factory=lambda: f"Wb1-{secrets.token_hex(12)}")
    _secret: str = ""
    _last_step: int = -1

    def choose_password(self) -> str:
        """Return the password that the account has already."""
        return self.password

    def give_code(self) -> str:
        """Return a code that was never used: Cognito takes each once, so this may wait for half a minute."""
        if not self._secret:
            raise CheckError("Cognito asks for a code, but has never set up an authenticator for this account.")
        while (step := int(time.time()) // STEP_S) <= self._last_step:
            time.sleep(1)
        self._last_step = step
        return totp_code(self._secret, step * STEP_S)

    def set_up(self, secret: str) -> str:
        """Keep the secret; return its first code."""
        self._secret = secret
        return self.give_code()


def check_access(deployment: Deployment, checks: Checklist) -> bool:
    """Run the assertions; return whether somebody is signed in."""
    checks.check("The console answers", lambda: _answers(deployment))
    checks.check("It shows nothing without a sign-in", lambda: _is_closed(deployment))
    operator = TemporaryOperator(f"{deployment.mark}@waybill.invalid")
    if not checks.check("An operator's account can be made", lambda: _make_operator(deployment, operator, checks)):
        return False
    checks.check("A script gets a token for it", lambda: _script_signs_in(deployment, operator))
    return checks.check("The operator signs in by Cognito's page", lambda: _operator_signs_in(deployment, operator))


def _answers(deployment: Deployment) -> None:
    answer = deployment.browser.get(f"{deployment.console_url}/healthz")
    if (answer.status_code, answer.text) != (200, "ok"):
        raise CheckError(f"/healthz answers {answer.status_code}, not 200 with the word ok. {NO_SUCH}")


def _is_closed(deployment: Deployment) -> None:
    for path in ("/", "/files", "/orders", "/dead-letters"):
        answer = deployment.browser.get(f"{deployment.console_url}{path}", follow_redirects=False)
        if not answer.headers.get("location", "").startswith("/auth/sign-in"):
            raise CheckError(f"{path} answers {answer.status_code} to a stranger and leads to no sign-in. {NO_SUCH}")
    for path in ("/api/files", "/api/orders?customer=x", "/api/openapi.json"):
        answer = deployment.browser.get(f"{deployment.console_url}{path}", follow_redirects=False)
        if answer.status_code != 401:
            raise CheckError(f"{path} answers {answer.status_code} to a stranger, not 401. {NO_SUCH}")


def _make_operator(deployment: Deployment, operator: TemporaryOperator, checks: Checklist) -> None:
    cognito, pool = deployment.client("cognito-idp"), deployment.outputs["UserPoolId"]
    attributes = [{"Name": "email", "Value": operator.email}, {"Name": "email_verified", "Value": "true"}]
    cognito.admin_create_user(
        UserPoolId=pool, Username=operator.email, UserAttributes=attributes, MessageAction="SUPPRESS"
    )
    checks.remove_later(
        f"The account {operator.email}",
        lambda: cognito.admin_delete_user(UserPoolId=pool, Username=operator.email),
    )
    cognito.admin_set_user_password(
        UserPoolId=pool, Username=operator.email, Password=operator.password, Permanent=True
    )
    put_into_group(cognito, pool, operator.email, "operators")


def _script_signs_in(deployment: Deployment, operator: TemporaryOperator) -> None:
    """Sign in without a browser, which sets up the authenticator where one is demanded; use the token."""
    scripts = SignIn(deployment.client("cognito-idp"), deployment.outputs["ScriptsClientId"])
    token = scripts.fetch_id_token(operator.email, operator.password, operator)
    headers = {"Authorization": f"Bearer {token}"}
    answer = deployment.browser.get(f"{deployment.console_url}/api/files", headers=headers)
    if answer.status_code != 200:
        raise CheckError(f"/api/files answers {answer.status_code} to a fresh ID token, not 200. {NO_SUCH}")


def _operator_signs_in(deployment: Deployment, operator: TemporaryOperator) -> None:
    page = sign_in(
        deployment.browser,
        f"{deployment.console_url}/files",
        operator.email,
        operator.password,
        operator.give_code,
    )
    if page.status_code != 200 or not any(cookie.secure for cookie in deployment.browser.cookies.jar):
        raise CheckError(f"After the sign-in /files answers {page.status_code}, or set no session. {NO_SUCH}")
