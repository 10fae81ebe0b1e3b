"""Errors that the console answers with, and the titles that pages and problem documents show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from processor.domain.errors import WaybillError


@dataclass(eq=False)
class ConsoleError(WaybillError):
    """A request that is refused, with what happened and what to do instead."""

    status: ClassVar[int] = 400
    title: ClassVar[str] = "This request cannot be carried out"

    what: str
    advice: str = ""

    def __str__(self) -> str:
        """Join both, for problem documents and the log."""
        return f"{self.what} {self.advice}".strip()


class InvalidError(ConsoleError):
    """A parameter is invalid."""

    status = 422
    title = "Invalid request"


class NotFoundError(ConsoleError):
    """There is nothing with this id."""

    status = 404
    title = "Not found"


class RefusedError(ConsoleError):
    """The action is not possible in the present state."""

    status = 409
    title = "Not possible now"


class ForbiddenError(ConsoleError):
    """The user lacks the permission."""

    status = 403
    title = "Not permitted"


class SignInAwayError(ConsoleError):
    """Cognito does not answer."""

    status = 503
    title = "Signing in is not possible now"


class SignInFailedError(ConsoleError):
    """The sign-in failed."""

    status = 400
    title = "Sign-in failed"
