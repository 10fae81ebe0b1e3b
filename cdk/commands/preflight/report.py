"""What an examination of the account has found."""

from collections.abc import Callable
from dataclasses import dataclass, field

from botocore.exceptions import ClientError, ConnectionError, HTTPClientError  # noqa: A004

DENIED = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationErrorException")


@dataclass
class Report:
    """Findings in the order of their discovery, each a sentence that says what, where, and what to do."""

    refusals: list[str] = field(default_factory=list)
    """Why a deployment would fail."""
    notes: list[str] = field(default_factory=list)
    """What the deployer should know."""
    lowered: dict[str, int] = field(default_factory=dict)
    """Settings that this account cannot give, with the values to deploy instead."""
    bootstrap: str = ""
    """Why the CDK's bootstrap has to run first; empty: it need not."""
    wait_s: float = 0
    """How long AWS still refuses names of the stack's former resources."""

    def ask[T](self, what: str, permission: str, question: Callable[[], T]) -> T | None:
        """Return AWS's answer; where the credentials may not ask, or nobody answers, note that and return None."""
        try:
            return question()
        except (ConnectionError, HTTPClientError) as error:
            self.notes.append(f"Not checked: {what}. {error}")
            return None
        except ClientError as error:
            if error.response["Error"]["Code"] not in DENIED:
                raise
        self.notes.append(f"Not checked: {what}. These credentials lack {permission}.")
        return None
