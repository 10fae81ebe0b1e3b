"""Signs BatchWriteItem requests with AWS Signature Version 4, and writes their heads. Pure but for the clock.

https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html. What the requests of a second share is
computed once. Tests hold the signatures equal to botocore's.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from botocore.credentials import ReadOnlyCredentials

SERVICE = "dynamodb"
TARGET = "DynamoDB_20120810.BatchWriteItem"
CONTENT_TYPE = "application/x-amz-json-1.0"
_ALGORITHM = "AWS4-HMAC-SHA256"


class RequestSigner:
    """Writes the head of each request to one host."""

    def __init__(
        self,
        host: str,
        region: str,
        credentials: Callable[[], ReadOnlyCredentials],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._host = host
        self._region = region
        self._credentials = credentials
        self._clock = clock
        self._second = -1

    def head(self, body: bytes) -> bytes:
        """Return the request line and the headers."""
        second = int(self._clock())
        if second != self._second:
            self._prepare(second)
        request = self._request.copy()
        request.update(hashlib.sha256(body).hexdigest().encode())
        signature = self._signature.copy()
        signature.update(request.hexdigest().encode())
        return b"%b%b\r\nContent-Length: %d\r\n\r\n" % (self._head, signature.hexdigest().encode(), len(body))

    def _prepare(self, second: int) -> None:
        """Compute what the requests of this second share. The credentials may have changed."""
        credentials = self._credentials()
        moment = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(second))
        scope = f"{moment[:8]}/{self._region}/{SERVICE}/aws4_request"
        headers = {"content-type": CONTENT_TYPE, "host": self._host, "x-amz-date": moment}
        if credentials.token:
            headers["x-amz-security-token"] = credentials.token
        headers["x-amz-target"] = TARGET
        signed = ";".join(headers)
        lines = "".join(f"{name}:{value}\n" for name, value in headers.items())
        self._request = hashlib.sha256(f"POST\n/\n\n{lines}\n{signed}\n".encode())
        key = f"AWS4{credentials.secret_key}".encode()
        for part in scope.split("/"):
            key = hmac.digest(key, part.encode(), "sha256")
        # A copy of it costs a third of what another one would.
        self._signature = hmac.new(key, f"{_ALGORITHM}\n{moment}\n{scope}\n".encode(), "sha256")
        header_lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        authorization = f"{_ALGORITHM} Credential={credentials.access_key}/{scope}, SignedHeaders={signed}, Signature="
        self._head = f"POST / HTTP/1.1\r\n{header_lines}Authorization: {authorization}".encode()
        self._second = second
