"""Our requests carry to the byte the signature that botocore would give them."""

from __future__ import annotations

from datetime import UTC, datetime
from email.parser import BytesParser
from typing import Any
from unittest.mock import patch

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials, ReadOnlyCredentials
from hypothesis import given
from hypothesis import strategies as st

from processor.orders.transport.sigv4 import CONTENT_TYPE, TARGET, RequestSigner

_KEYS = st.text("ABCXYZabcxyz0189+/=", min_size=1, max_size=80)
_MOMENTS = st.integers(1_600_000_000, 4_000_000_000)


def signer(credentials: ReadOnlyCredentials, moment: float, host: str = "h", region: str = "r") -> RequestSigner:
    """Make a signer whose clock stands still."""
    return RequestSigner(host, region, lambda: credentials, clock=lambda: moment)


def headers_of(head: bytes) -> dict[str, str]:
    """Read a request's headers, names in lower case."""
    line, _, rest = head.partition(b"\r\n")
    assert line == b"POST / HTTP/1.1"
    assert head.endswith(b"\r\n\r\n")
    return {name.lower(): value for name, value in BytesParser().parsebytes(rest).items()}


def reference(body: bytes, credentials: ReadOnlyCredentials, moment: float, host: str, region: str) -> dict[str, str]:
    """Let botocore sign the same request."""
    request: Any = AWSRequest(
        "POST",
        f"https://{host}/",
        {"X-Amz-Target": TARGET, "Content-Type": CONTENT_TYPE, "Host": host},
        body,
    )
    now = datetime.fromtimestamp(int(moment), UTC)
    with patch("botocore.auth.get_current_datetime", lambda: now):
        SigV4Auth(
            Credentials(str(credentials.access_key), str(credentials.secret_key), credentials.token), "dynamodb", region
        ).add_auth(request)
    return {name.lower(): str(value) for name, value in request.headers.items()}


@given(
    st.binary(max_size=300),
    st.builds(ReadOnlyCredentials, _KEYS, _KEYS, st.none() | _KEYS),
    _MOMENTS,
    st.sampled_from(["dynamodb.eu-west-1.amazonaws.com", "localhost:4566"]),
    st.sampled_from(["eu-west-1", "us-gov-east-1"]),
)
def test_signature_is_botocores(
    body: bytes, credentials: ReadOnlyCredentials, moment: int, host: str, region: str
) -> None:
    """Property: whatever the body, credentials, moment and place, every header that botocore signs is equal."""
    ours = headers_of(signer(credentials, moment + 0.5, host, region).head(body))

    theirs = reference(body, credentials, moment, host, region)
    assert {name: ours[name] for name in theirs} == theirs
    assert set(ours) - set(theirs) == {"content-length"} - set(theirs)
    assert ours["content-length"] == str(len(body))


def test_requests_of_one_second_are_each_signed() -> None:
    """Requests of one second share nothing that depends on a body."""
    credentials = ReadOnlyCredentials("A", "s", None)
    shared = signer(credentials, 1_800_000_000)

    heads = [shared.head(body) for body in (b"{}", b"{1}", b"{}")]

    assert heads[0] == heads[2] != heads[1]
    assert heads[1] == signer(credentials, 1_800_000_000).head(b"{1}")


def test_credentials_are_asked_for_every_second() -> None:
    """Refreshed credentials are used from the next second on."""
    found = [ReadOnlyCredentials("OLD", "s", "t"), ReadOnlyCredentials("NEW", "s", "t")]
    moments = [1_800_000_000.2, 1_800_000_000.9, 1_800_000_001.1]
    changing = RequestSigner("h", "r", lambda: found.pop(0), clock=lambda: moments.pop(0))

    heads = [changing.head(b"{}") for _ in range(3)]

    assert [b"Credential=OLD/" in head for head in heads] == [True, True, False]
    assert b"Credential=NEW/" in heads[2]
