"""A record of calls to AWS with their parameters."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator


class Call(NamedTuple):
    """One call, as the code made it."""

    operation: str
    parameters: dict[str, Any]


@contextmanager
def calls_to(*clients: Any, with_sessions: bool = False) -> Iterator[list[Call]]:
    """Record the calls of these clients, in the order of their starts.

    The look at the browser's session, which every request takes, is left out unless asked for.
    """
    calls: list[Call] = []

    def note(params: dict[str, Any], model: Any, **_: Any) -> None:
        call = Call(model.name, dict(params))
        if with_sessions or not is_of_session(call):
            calls.append(call)

    for client in clients:
        client.meta.events.register_first("before-parameter-build", note)
    try:
        yield calls
    finally:
        for client in clients:
            client.meta.events.unregister("before-parameter-build", note)


def is_of_session(call: Call) -> bool:
    """Tell whether a call looks whether a browser's session has ended."""
    return call.operation == "GetItem" and call.parameters["Key"].get("file_id", {}).get("S", "").startswith("session#")


def operations(calls: list[Call]) -> list[str]:
    """List the calls' names, sorted, as calls at the same time start in any order."""
    return sorted(call.operation for call in calls)
