"""Signing in as a script does: by name and password, and by whatever else Cognito asks for then.

It answers a demand for a new password, for an authenticator's code, and for setting up an authenticator.
https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-authentication-flow-methods.html
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from cdk.commands.session import OperationError

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient

# A first sign-in takes three: a new password, setting up an authenticator, and a code of it.
MOST_CHALLENGES = 5


class Respondent(Protocol):
    """Who answers Cognito's questions: a person at a terminal, or a script."""

    def choose_password(self) -> str:
        """Return a new password."""

    def give_code(self) -> str:
        """Return the authenticator's code of this moment."""

    def set_up(self, secret: str) -> str:
        """Add the secret to an authenticator; return its first code."""


class SignInError(OperationError):
    """Cognito does not let this account in."""


@dataclass(frozen=True)
class _Challenge:
    name: str
    session: str
    user: str


type _Response = tuple[str, dict[str, str]]
"""The session to answer in, and the challenge's parameters."""


@dataclass(frozen=True)
class SignIn:
    """One client of one user pool."""

    cognito: "CognitoIdentityProviderClient"
    client_id: str

    def fetch_id_token(self, email: str, password: str, respondent: Respondent) -> str:
        """Sign in and return the ID token; raise SignInError."""
        try:
            return self._fetch(email, password, respondent)
        except tuple(getattr(self.cognito.exceptions, name) for name in _REASONS) as error:
            raise SignInError(_REASONS[error.response["Error"]["Code"]].format(email=email)) from error

    def _fetch(self, email: str, password: str, respondent: Respondent) -> str:
        answer: Any = self.cognito.initiate_auth(
            ClientId=self.client_id,
            AuthFlow="USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": email, "PASSWORD": password},
        )
        for _ in range(MOST_CHALLENGES):
            if result := answer.get("AuthenticationResult"):
                return str(result["IdToken"])
            answer = self._respond(answer, email, respondent)
        raise SignInError(f"Cognito asked more than {MOST_CHALLENGES} questions of {email}: ask an administrator.")

    def _respond(self, answer: Any, email: str, respondent: Respondent) -> Any:
        user = answer.get("ChallengeParameters", {}).get("USER_ID_FOR_SRP") or email
        challenge = _Challenge(answer["ChallengeName"], answer.get("Session", ""), user)
        respond: dict[str, Callable[[_Challenge, Respondent], _Response]] = {
            "NEW_PASSWORD_REQUIRED": lambda asked, who: (asked.session, {"NEW_PASSWORD": who.choose_password()}),
            "SOFTWARE_TOKEN_MFA": lambda asked, who: (asked.session, {"SOFTWARE_TOKEN_MFA_CODE": who.give_code()}),
            "MFA_SETUP": self._set_up,
        }
        if challenge.name not in respond:
            raise SignInError(f"Cognito asks for {challenge.name}, which this command cannot answer: use the console.")
        session, responses = respond[challenge.name](challenge, respondent)
        return self.cognito.respond_to_auth_challenge(
            ClientId=self.client_id,
            ChallengeName=challenge.name,  # type: ignore[arg-type]  # One of the three above.
            Session=session,
            ChallengeResponses={"USERNAME": user, **responses},
        )

    def _set_up(self, challenge: _Challenge, respondent: Respondent) -> _Response:
        made = self.cognito.associate_software_token(Session=challenge.session)
        code = respondent.set_up(made["SecretCode"])
        verified = self.cognito.verify_software_token(Session=made["Session"], UserCode=code)
        return verified["Session"], {}


_REASONS = {
    # One answer for a wrong name and a wrong password, so that nobody learns who has an account.
    "NotAuthorizedException": "Cognito does not let {email} in: the address, the password or the account is not good.",
    "UserNotFoundException": "Cognito does not let {email} in: the address, the password or the account is not good.",
    "CodeMismatchException": "The authenticator's code is wrong: is its account this one, and the clock right?",
    "EnableSoftwareTokenMFAException": "The authenticator's code is wrong: begin again, with the new secret.",
    "ExpiredCodeException": "The authenticator's code has been used or is too old: wait for the next one.",
    "InvalidPasswordException": "The new password is not long or varied enough: 12 characters, a capital, a small "
    "letter, a number and a symbol.",
    "PasswordResetRequiredException": "{email} must set a new password first: use *Forgot your password?* of the "
    "console's sign-in.",
    "TooManyRequestsException": "Cognito has had too many requests: wait some minutes.",
    "ResourceNotFoundException": "There is no such client of a user pool in this region: is it the right stack?",
}
