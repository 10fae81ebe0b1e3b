"""Asks the console's JSON API for uploads, with an ID token as any script would; sends the files themselves to S3."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    import httpx

_LOCAL = ".localhost"


@dataclass(frozen=True, slots=True)
class Uploaded:
    """Where a file lies, once S3 has it."""

    object_key: str
    version_id: str


class ConsoleApi:
    """The API of a stack's console, seen by one signed-in account."""

    def __init__(self, http: httpx.Client, console_url: str, endpoint: str, token: str) -> None:
        self._http = http
        self._headers = {"Authorization": f"Bearer {token}"}
        self._url = console_url
        address = urlsplit(console_url)
        if (address.hostname or "").endswith(_LOCAL):
            # Browsers and curl know that it is this machine; Python asks a name server.
            self._url = endpoint
            self._headers["Host"] = address.netloc

    def upload(self, name: str, body: bytes, *, encoding: str = "") -> Uploaded:
        """Upload one file by a presigned POST that the console makes; raises httpx.HTTPStatusError where it may not."""
        answer = self._http.post(
            f"{self._url}/api/uploads", json={"name": name, "encoding": encoding}, headers=self._headers
        )
        answer.raise_for_status()
        post: dict[str, Any] = answer.json()
        # S3 wants the file as the last field of the form.
        response = self._http.post(post["url"], data=post["fields"], files={"file": (name, body, "text/csv")})
        response.raise_for_status()
        return Uploaded(post["object_key"], response.headers["x-amz-version-id"])


def id_token(cognito: Any, client_id: str, user: str, password: str) -> str:
    """Sign in as scripts do."""
    answer = cognito.initiate_auth(
        ClientId=client_id,
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": user, "PASSWORD": password},
    )
    return str(answer["AuthenticationResult"]["IdToken"])
