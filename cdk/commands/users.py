"""`make user`: creates an account for the console, or moves an existing one into another group.

    python -m cdk.commands.users EMAIL GROUP [environment=…]

Cognito mails a first password and the console's address. `aws cognito-idp admin-delete-user` removes an account.
"""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from cdk.commands.session import OperationError, aws_session, read_outputs, stack_name

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient

GROUPS = ("operators", "viewers")
USAGE = "Say who and in which group: make user EMAIL=ada@example.com GROUP=operators (or viewers)"


def create_account(cognito: "CognitoIdentityProviderClient", pool: str, email: str, group: str) -> bool:
    """Create an account if the address has none, and put it into this group alone; return whether it is new.

    Cognito makes the first password and mails it; the person must change it.
    """
    attributes = {"email": email, "email_verified": "true"}
    try:
        cognito.admin_create_user(
            UserPoolId=pool,
            Username=email,
            UserAttributes=[{"Name": name, "Value": value} for name, value in attributes.items()],
            DesiredDeliveryMediums=["EMAIL"],
        )
        is_new = True
    except cognito.exceptions.UsernameExistsException:
        is_new = False
    put_into_group(cognito, pool, email, group)
    return is_new


def put_into_group(cognito: "CognitoIdentityProviderClient", pool: str, email: str, group: str) -> None:
    """Put the account into this group and remove it from the other."""
    for other in GROUPS:
        if other != group:
            cognito.admin_remove_user_from_group(UserPoolId=pool, Username=email, GroupName=other)
    cognito.admin_add_user_to_group(UserPoolId=pool, Username=email, GroupName=group)


def user_pool(session: boto3.Session, stack: str) -> str:
    """Return the id of the stack's user pool."""
    outputs = read_outputs(session, stack)
    if "UserPoolId" not in outputs:
        raise OperationError(f"{stack} has no console yet: deploy it first.")
    return outputs["UserPoolId"]


def main(arguments: Sequence[str]) -> int:
    """Create or move the account; return the exit code."""
    email, group, *context = [*arguments, "", ""][: max(len(arguments), 2)]
    if "@" not in email or group not in GROUPS:
        print(USAGE, file=sys.stderr)  # noqa: T201
        return 2
    stack = stack_name(context)
    try:
        session = aws_session()
        is_new = create_account(session.client("cognito-idp"), user_pool(session, stack), email, group)
    except (OperationError, BotoCoreError, ClientError) as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 1
    outcome = "has been sent a first password" if is_new else "had an account already"
    print(f"{email} {outcome}, and is in the group {group} of {stack}.")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
