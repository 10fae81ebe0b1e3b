"""The console behind an HTTP API, where paths change: it decodes them, and ends them at a question mark.

A path is handed on decoded "and even truncated at a decoded ``?``"
(https://github.com/middleapi/standard-server/pull/93, from captures of real requests), and Mangum decodes it again.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from mangum import Mangum

from admin_api.app import create_app
from admin_api.web.sessions import SESSION_COOKIE
from tests.integration.admin_api.console import OPERATOR, session_cookie

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from tests.integration.admin_api.console import ConsoleStage


@dataclass(frozen=True)
class Page:
    """The answer to a request."""

    status: int
    text: str
    location: str


class HttpApi:
    """An HTTP API in front of the console, and an operator's browser."""

    def __init__(self, console: ConsoleStage) -> None:
        self._serve = Mangum(create_app(console.console), lifespan="off")
        self._cookie = f"{SESSION_COOKIE}={session_cookie(OPERATOR)}"

    def get(self, address: str, context: LambdaContext | None = None) -> Page:
        """Ask for an address as a link has it."""
        parts = urlsplit(address)
        path = unquote(parts.path).partition("?")[0]
        event: dict[str, Any] = {
            "version": "2.0",
            "routeKey": "$default",
            "rawPath": path,
            "rawQueryString": parts.query,
            "cookies": [self._cookie],
            "headers": {"host": "console.test", "accept-encoding": "identity"},
            "requestContext": {
                "http": {"method": "GET", "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1"},
                "stage": "$default",
            },
            "isBase64Encoded": False,
        }
        answer = self._serve(event, context)  # type: ignore[arg-type]
        body = str(answer["body"])
        if answer["isBase64Encoded"]:
            body = base64.b64decode(body).decode()
        return Page(answer["statusCode"], body, answer["headers"].get("location", ""))
