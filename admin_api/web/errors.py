"""What the console refuses, with the words that its pages and its JSON answers show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from processor.domain.errors import WaybillError


@dataclass(eq=False)
class ConsoleError(WaybillError):
    """A request that is answered with a page of its own: what happened, and what to do instead."""

    status: ClassVar[int] = 400
    title: ClassVar[str] = "This request cannot be carried out"

    what: str
    advice: str = ""

    def __str__(self) -> str:
        """Join both for whoever reads JSON or the log."""
        return f"{self.what} {self.advice}".strip()


class InvalidError(ConsoleError):
    """A parameter cannot be used."""

    status = 422
    title = "That cannot be read"


class NotFoundError(ConsoleError):
    """Nothing has this id."""

    status = 404
    title = "Not found"


class RefusedError(ConsoleError):
    """The thing is there, and this cannot be done to it now."""

    status = 409
    title = "That is not possible now"


class ForbiddenError(ConsoleError):
    """Whoever is signed in may not do this."""

    status = 403
    title = "You may look, but not do this"


class SignInFailedError(ConsoleError):
    """The sign-in did not end well."""

    status = 400
    title = "Signing in did not work"
