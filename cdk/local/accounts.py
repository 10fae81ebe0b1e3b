"""The two accounts for the console that a stack on this machine begins with, their passwords new each time.

In a real account people are invited (cdk/commands/users.py), and choose their own.
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
    """Who can sign in, and with what."""

    user: str
    password: str


@dataclass(frozen=True, slots=True)
class Accounts:
    """One account of each group."""

    operator: Account
    viewer: Account

    @classmethod
    def made(cls, cognito: Any, pool: str) -> Accounts:
        """Make both in a user pool, or give them new passwords where they are there."""
        return cls(_made(cognito, pool, OPERATOR, "operators"), _made(cognito, pool, VIEWER, "viewers"))


def _made(cognito: Any, pool: str, user: str, group: str) -> Account:
    attributes = [{"Name": "email", "Value": user}, {"Name": "email_verified", "Value": "true"}]
    password = new_password()
    with contextlib.suppress(cognito.exceptions.UsernameExistsException):
        cognito.admin_create_user(UserPoolId=pool, Username=user, UserAttributes=attributes, MessageAction="SUPPRESS")
    cognito.admin_set_user_password(UserPoolId=pool, Username=user, Password=password, Permanent=True)
    put_into_group(cognito, pool, user, group)
    return Account(user, password)


def new_password() -> str:
    """Make one that the user pool's policy takes: four kinds of characters, and easy to copy."""
    return f"Wb1-{secrets.token_hex(8)}"
