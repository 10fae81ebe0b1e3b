"""Two accounts for the console of a local stack, with new passwords at each start.

In a real account people are invited (cdk/commands/users.py) and choose their own passwords.
"""

from __future__ import annotations

import contextlib
import secrets
from dataclasses import dataclass
from typing import Any

from cdk.commands.users import put_into_group

OPERATOR, VIEWER = "operator@waybill.test", "viewer@waybill.test"


@dataclass(frozen=True, slots=True)
class Account:
    """A user name and its password."""

    user: str
    password: str


@dataclass(frozen=True, slots=True)
class Accounts:
    """One account of each group."""

    operator: Account
    viewer: Account

    @classmethod
    def create(cls, cognito: Any, pool: str) -> Accounts:
        """Create both in a user pool, or give existing ones new passwords."""
        return cls(_create(cognito, pool, OPERATOR, "operators"), _create(cognito, pool, VIEWER, "viewers"))


def _create(cognito: Any, pool: str, user: str, group: str) -> Account:
    attributes = [{"Name": "email", "Value": user}, {"Name": "email_verified", "Value": "true"}]
    password = new_password()
    with contextlib.suppress(cognito.exceptions.UsernameExistsException):
        cognito.admin_create_user(UserPoolId=pool, Username=user, UserAttributes=attributes, MessageAction="SUPPRESS")
    cognito.admin_set_user_password(UserPoolId=pool, Username=user, Password=password, Permanent=True)
    put_into_group(cognito, pool, user, group)
    return Account(user, password)


def new_password() -> str:
    """Return a password with the four kinds of characters that the user pool asks for, easy to copy."""
    return f"Wb1-{secrets.token_hex(8)}"
