"""Uploads by the console's JSON API, with an ID token as any script has; the files themselves go to S3."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx

_LOCAL = ".localhost"


@dataclass(frozen=True, slots=True)
class UploadedObject:
    """An uploaded object's key and version."""

    object_key: str
    version_id: str


class ConsoleApi:
    """The API of a stack's console for one account."""

    def __init__(self, http: httpx.Client, console_url: str, endpoint: str, token: str) -> None:
        self._http = http
        self._headers = {"Authorization": f"Bearer {token}"}
        self._url = console_url
        address = urlsplit(console_url)
        if (address.hostname or "").endswith(_LOCAL):
            # Browsers and curl resolve such a name to this machine; Python asks a name server.
            self._url = endpoint
            self._headers["Host"] = address.netloc

    def upload(self, name: str, body: bytes, metadata: Mapping[str, str] = MappingProxyType({})) -> UploadedObject:
        """Upload one file by a presigned POST of the console; raise httpx.HTTPStatusError if it is refused.

        ``metadata`` is what the upload says of the file: ``encoding``, ``rows``, ``total``.
        """
        answer = self._http.post(f"{self._url}/api/uploads", json={"name": name, **metadata}, headers=self._headers)
        answer.raise_for_status()
        post: dict[str, Any] = answer.json()
        # S3 requires the file as the form's last field.
        response = self._http.post(post["url"], data=post["fields"], files={"file": (name, body, "text/csv")})
        response.raise_for_status()
        return UploadedObject(post["object_key"], response.headers["x-amz-version-id"])

    def void(self, file_id: str, reason: str) -> None:
        """Have the orders of a file taken back; raise httpx.HTTPStatusError if that is refused."""
        asked = {"kind": "void", "reason": reason}
        address = f"{self._url}/api/files/{file_id}/actions"
        self._http.post(address, json=asked, headers=self._headers).raise_for_status()


def id_token(cognito: Any, client_id: str, user: str, password: str) -> str:
    """Sign in as scripts do; return the ID token."""
    answer = cognito.initiate_auth(
        ClientId=client_id,
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": user, "PASSWORD": password},
    )
    return str(answer["AuthenticationResult"]["IdToken"])
