"""The deployed stack as `make verify` sees it: outputs, clients, and what its function was given."""

import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from cdk.commands.verify.checklist import CheckError

if TYPE_CHECKING:
    import boto3
    import httpx


@dataclass
class Deployment:
    """One environment under verification."""

    session: "boto3.Session"
    outputs: dict[str, str]
    browser: "httpx.Client"
    """Signed in after the assertion about it."""
    mark: str = field(default_factory=lambda: f"verify-{secrets.token_hex(4)}")
    """Part of the name of everything that this verification makes."""
    begun_at: datetime = field(default_factory=lambda: datetime.now(UTC))

    def client(self, service: str) -> Any:
        """Return a client of a service."""
        return self.session.client(service)  # type: ignore[call-overload]

    @property
    def console_url(self) -> str:
        """The console's address."""
        return self.outputs["ConsoleUrl"]

    @property
    def origin(self) -> str:
        """The origin that a browser sends from the console's pages."""
        parts = urlsplit(self.console_url)
        return f"{parts.scheme}://{parts.netloc}"

    @cached_property
    def function(self) -> dict[str, Any]:
        """The processor's configuration."""
        name = self.outputs["ProcessorFunctionName"]
        return dict(self.client("lambda").get_function_configuration(FunctionName=name))

    @property
    def variables(self) -> dict[str, str]:
        """The processor's environment."""
        return dict(self.function["Environment"]["Variables"])

    @property
    def environment(self) -> str:
        """The environment's name."""
        return self.variables["ENVIRONMENT"]

    def read(self, path: str) -> Any:
        """Read a document of the console's JSON API."""
        return self._document(self.browser.get(f"{self.console_url}{path}"))

    def post(self, path: str, document: dict[str, Any]) -> Any:
        """Post a document to the JSON API as a page of the console does."""
        headers = {"Origin": self.origin, "Sec-Fetch-Site": "same-origin"}
        return self._document(self.browser.post(f"{self.console_url}{path}", json=document, headers=headers))

    @staticmethod
    def _document(answer: "httpx.Response") -> Any:
        if answer.is_error or "json" not in answer.headers.get("content-type", ""):
            path = urlsplit(str(answer.url)).path
            raise CheckError(f"{path} answers {answer.status_code}: {answer.text[:300]}. See the console's log.")
        return answer.json()
