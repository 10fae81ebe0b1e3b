"""Kills a run at its nth AWS call, before or after the call takes effect, as a dying function does."""

from __future__ import annotations

import os
import random
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from processor.wiring.services import Clients


SHARE = 1 if os.environ.get("EVERY_CALL") else 4
"""Of so many calls one is tried."""


def some_calls(most: int) -> range:
    """Return every fourth number below ``most``, from one on that the seed of the tests chooses; all with EVERY_CALL=1.

    Each stands for one whole run or more: together the runs of the suite try them all.
    """
    return range(random.randrange(SHARE), most, SHARE)  # noqa: S311


class Kill(BaseException):
    """The function has died. No code of ours catches it."""


@dataclass
class Killer:
    """Counts the AWS calls of a run and kills it at one of them."""

    at: int = -1
    after: bool = False
    name: str = ""
    """The operation at whose first call it kills, instead."""
    calls: list[str] = field(default_factory=list)

    def _before(self, model: Any, params: Any, **_: Any) -> None:
        body = params.get("body")
        if isinstance(body, bytes) and b"session#" in body:  # A stream would be used up by looking.
            return  # Who asks is found out before anything begins.
        self.calls.append(model.name)
        if not self.after and (len(self.calls) - 1 == self.at or model.name == self.name):
            raise Kill

    def _after(self, **_: Any) -> None:
        if self.after and len(self.calls) - 1 == self.at:
            raise Kill

    @contextmanager
    def watching(self, clients: Clients) -> Iterator[Killer]:
        """Count and kill while the block runs."""
        watched = (clients.s3, clients.files, clients.orders, clients.sqs, clients.sns, clients.functions)
        for client in watched:
            client.meta.events.register_first("before-call", self._before)  # Before what answers in place of AWS.
            client.meta.events.register("after-call", self._after)
        try:
            yield self
        finally:
            for client in watched:
                client.meta.events.unregister("before-call", self._before)
                client.meta.events.unregister("after-call", self._after)
