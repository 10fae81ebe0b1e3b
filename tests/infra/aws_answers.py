"""A session whose clients give prepared answers, for what moto does not simulate."""

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import boto3
from botocore.stub import Stubber

if TYPE_CHECKING:
    from collections.abc import Iterator

type Answer = dict[str, Any] | str
"""A response, or the code of an error."""


class PreparedSession:
    """A session with one stubbed client for each service."""

    def __init__(self, region: str = "eu-central-1") -> None:
        self.region_name = region
        self._clients: dict[str, Any] = {}
        self._stubs: dict[str, Stubber] = {}

    def client(self, service: str, **_options: Any) -> Any:
        """Return the service's client, which refuses every call that nothing was prepared for."""
        if service not in self._clients:
            session = boto3.Session("key", "secret", region_name=self.region_name)
            self._clients[service] = session.client(service)  # type: ignore[call-overload]
            self._stubs[service] = Stubber(self._clients[service])
        return self._clients[service]

    def prepare(self, service: str, operation: str, answer: Answer, expected: dict[str, Any] | None = None) -> None:
        """Let the next call of this service be answered so; check its parameters where some are given."""
        self.client(service)
        if isinstance(answer, str):
            status = 404 if answer == "404" else 400
            self._stubs[service].add_client_error(operation, answer, answer, status, expected_params=expected)
        else:
            self._stubs[service].add_response(operation, answer, expected)

    @contextmanager
    def active(self) -> "Iterator[None]":
        """Give the answers within the block; fail if one was not asked for."""
        with ExitStack() as stack:
            for stub in self._stubs.values():
                stack.enter_context(stub)
            yield
            for stub in self._stubs.values():
                stub.assert_no_pending_responses()
