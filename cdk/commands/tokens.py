"""`make token`: signs in as a script does and prints an ID token for the console's JSON API.

    python -m cdk.commands.tokens EMAIL [environment=…]

The password comes from the terminal, or from the first line of standard input; never from the command line, which
other processes can read. Lines that follow answer further questions. The token alone goes to standard output.

Environment: WAYBILL_TOTP_SECRET is the secret of the account's authenticator, for scripts. SCRIPTS_CLIENT_ID is the
stack's output of that name: with it and a region no AWS credentials are needed.
"""

import getpass
import os
import sys
import time
from collections.abc import Sequence

from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from cdk.commands.session import OperationError, aws_session, read_outputs, region_session, stack_name
from cdk.commands.sign_in import SignIn
from cdk.commands.totp import SecretError, enrolment_uri, totp_code

USAGE = "Say who signs in: make token EMAIL=ada@example.com"
TOTP_SECRET, CLIENT_ID = "WAYBILL_TOTP_SECRET", "SCRIPTS_CLIENT_ID"


class Prompts:
    """A person at a terminal, or the lines of standard input."""

    def __init__(self, email: str) -> None:
        self._email = email

    def give_password(self) -> str:
        """Return the account's password."""
        return self._ask(f"Password of {self._email}: ")

    def choose_password(self) -> str:
        """Return the password that is to replace the first one."""
        password = self._ask("Cognito wants a new password: ")
        if sys.stdin.isatty() and password != self._ask("The same again: "):
            raise OperationError("The two are different: nothing was changed.")
        return password

    def give_code(self) -> str:
        """Return the code of the authenticator: computed from its secret where the environment holds that."""
        secret = os.environ.get(TOTP_SECRET)
        return totp_code(secret, time.time()) if secret else self._ask("Code of your authenticator app: ")

    def set_up(self, secret: str) -> str:
        """Show the secret of a new authenticator, to a person only, and ask for its first code."""
        if not sys.stdin.isatty():
            raise OperationError(
                f"{self._email} has no authenticator yet: run `make token` once at a terminal, which sets one up."
            )
        # To standard error: a script takes the token from standard output.
        print(f"Add this account to your authenticator app.\n\n  Secret   {secret}", file=sys.stderr)  # noqa: T201
        print(f"  Address  {enrolment_uri(secret, self._email)}\n", file=sys.stderr)  # noqa: T201
        return self._ask("The code that it shows: ")

    @staticmethod
    def _ask(question: str) -> str:
        text = getpass.getpass(question) if sys.stdin.isatty() else sys.stdin.readline()
        if not text.strip():
            raise OperationError(f"Nothing was given for: {question.rstrip(': ')}.")
        return text.rstrip("\r\n")


def sign_in_client(stack: str) -> SignIn:
    """Return the stack's client for scripts, found by the environment or else by the stack's outputs."""
    client_id = os.environ.get(CLIENT_ID)
    session = region_session() if client_id else aws_session()
    if not client_id:
        client_id = read_outputs(session, stack).get("ScriptsClientId")
    if not client_id:
        raise OperationError(f"{stack} has no console yet: deploy it first.")
    return SignIn(session.client("cognito-idp", config=Config(signature_version=UNSIGNED)), client_id)


def main(arguments: Sequence[str]) -> int:
    """Print the token; return the exit code."""
    email, *context = arguments or ("",)
    if "@" not in email:
        print(USAGE, file=sys.stderr)  # noqa: T201
        return 2
    try:
        client, prompts = sign_in_client(stack_name(context)), Prompts(email)
        print(client.fetch_id_token(email, prompts.give_password(), prompts))  # noqa: T201
    except (OperationError, SecretError, BotoCoreError, ClientError) as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
