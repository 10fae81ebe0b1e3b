"""Users, their permissions, and how long we rely on what we know of an account. Pure, but for asking Cognito."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient

OPERATORS, VIEWERS = "operators", "viewers"
ASK_AGAIN_S = 300
"""For so long we rely on what Cognito said of an account: then a deleted or disabled one is out, and so is one that has
left its group."""
_MOST_KNOWN = 500


@dataclass(frozen=True, slots=True)
class User:
    """A signed-in person or script."""

    subject: str
    email: str
    groups: tuple[str, ...]
    username: str = field(default="", compare=False)
    """The account's name at Cognito."""
    known_at: int = field(default=0, compare=False)
    """When Cognito said so, in seconds since the epoch."""

    @property
    def name(self) -> str:
        """The name in the activity: the e-mail address, or the subject where there is none."""
        return self.email or self.subject

    @property
    def may_look(self) -> bool:
        """Whether they may see the console."""
        return bool({OPERATORS, VIEWERS} & set(self.groups))

    @property
    def may_act(self) -> bool:
        """Whether they may change anything."""
        return OPERATORS in self.groups

    def is_known_at(self, now: float) -> bool:
        """Tell whether what Cognito said is recent enough to be relied on."""
        return now - self.known_at < ASK_AGAIN_S

    @classmethod
    def from_claims(cls, claims: Any) -> User:
        """Read the claims of an ID token of the user pool; raises KeyError without a subject."""
        subject, groups = str(claims["sub"]), claims.get("cognito:groups") or ()
        username = str(claims.get("cognito:username") or subject)
        issued = claims.get("iat")
        known_at = issued if isinstance(issued, int) else 0
        return cls(subject, str(claims.get("email", "")), tuple(map(str, groups)), username, known_at)


class AccountReader:
    """Asks Cognito about accounts, each at most once in :data:`ASK_AGAIN_S` seconds."""

    def __init__(
        self, cognito: CognitoIdentityProviderClient, user_pool_id: str, now: Callable[[], float] = time.time
    ) -> None:
        self._cognito = cognito
        self._pool = user_pool_id
        self._now = now
        self._known: dict[str, tuple[int, tuple[str, ...] | None]] = {}

    def renew(self, user: User) -> User | None:
        """Return the user with the account's groups of now; None if it is deleted or disabled.

        Raises botocore's errors where Cognito does not answer: an account that cannot be looked at opens nothing.
        """
        name = user.username or user.subject
        asked_at, groups = self._known.pop(name, (0, None))
        if self._now() - asked_at >= ASK_AGAIN_S:
            asked_at, groups = int(self._now()), self._read_groups(name)
            while len(self._known) >= _MOST_KNOWN:
                del self._known[next(iter(self._known))]
        self._known[name] = asked_at, groups
        return None if groups is None else replace(user, groups=groups, known_at=asked_at)

    def _read_groups(self, username: str) -> tuple[str, ...] | None:
        """Read an account's groups; None if it is deleted or disabled."""
        try:
            if not self._cognito.admin_get_user(UserPoolId=self._pool, Username=username)["Enabled"]:
                return None
            paginator = self._cognito.get_paginator("admin_list_groups_for_user")
            pages = paginator.paginate(UserPoolId=self._pool, Username=username)
            return tuple(group["GroupName"] for page in pages for group in page["Groups"])
        except ClientError as error:
            if error.response["Error"]["Code"] == "UserNotFoundException":
                return None
            raise
