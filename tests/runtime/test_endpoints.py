"""Every client as Lambda builds it, stopped before it sends: the real endpoints, signatures and headers of AWS."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from tests.runtime.conftest import probe_path
from tests.runtime.functions import BUNDLE_OF, TRACE, Function

if TYPE_CHECKING:
    from pathlib import Path

REGIONS = ("us-east-1", "eu-central-1", "me-central-1")  # The last was launched after March 2019.
BUCKET = "waybill-prod-123456789012"
SIGNED_AS = {
    "cloudwatch": "monitoring",
    "cognito-idp": "cognito-idp",
    "dynamodb": "dynamodb",
    "lambda": "lambda",
    "logs": "logs",
    "orders": "dynamodb",
    "s3": "s3",
    "secretsmanager": "secretsmanager",
    "sns": "sns",
    "sqs": "sqs",
    "stepfunctions": "states",
    "xray": "xray",
}
"""The names by which services are signed, which begin their host names, by their names in the SDK."""
SERVICES = {
    "Processor": {"dynamodb", "lambda", "orders", "s3", "sns", "sqs", "stepfunctions"},
    "ConsoleWeb": {
        *("cloudwatch", "cognito-idp", "dynamodb", "lambda", "logs", "s3", "secretsmanager", "sns", "sqs", "xray"),
    },
}


@pytest.fixture(params=REGIONS)
def region(request: pytest.FixtureRequest) -> str:
    """Provide each Region in turn."""
    return str(request.param)


def requests_of(name: str, region: str, bundle: Path, sdk: Path) -> dict[str, Any]:
    """Return the requests that a function's clients would send."""
    probe = probe_path("endpoints")
    with Function(name, bundle=bundle, sdk=sdk, resolve=str, region=region, probe=probe) as function:
        answer: dict[str, Any] = function.invoke({"function": name})
        return answer


def expected_host(service: str, region: str) -> str:
    """Return the host in AWS's table of endpoints: https://docs.aws.amazon.com/general/latest/gr/rande.html."""
    if service == "s3" and region == "us-east-1":
        return f"{BUCKET}.s3.amazonaws.com"
    return f"{BUCKET + '.' if service == 's3' else ''}{SIGNED_AS[service]}.{region}.amazonaws.com"


@pytest.mark.parametrize("name", SERVICES)
def test_each_client_calls_and_signs_for_its_region(
    name: str, region: str, bundles: dict[str, Path], sdk: Path
) -> None:
    """A wrong host or scope is refused by AWS alone; no emulator looks at them."""
    requests = requests_of(name, region, bundles[BUNDLE_OF[name]], sdk)

    discovery = requests.pop("discovery", {"url": f"https://cognito-idp.{region}.amazonaws.com/"})
    assert urlsplit(discovery["url"])[:2] == ("https", f"cognito-idp.{region}.amazonaws.com")
    assert set(requests) == SERVICES[name]
    for service, request in requests.items():
        address, headers = urlsplit(request["url"]), request["headers"]
        assert (address.scheme, address.hostname) == ("https", expected_host(service, region)), service
        assert address.port in (None, 443)
        assert f"/{region}/{SIGNED_AS[service]}/aws4_request" in headers["authorization"], service
        assert headers["x-amz-security-token"] == "token", service


def test_calls_carry_the_trace(bundles: dict[str, Path], newest_sdk: Path) -> None:
    """AWS joins its own segments to the function's by this header."""
    requests = requests_of("Processor", "eu-central-1", bundles["processor"], newest_sdk)

    del requests["orders"]  # DynamoDB makes no segment of its own.
    assert {request["headers"]["x-amzn-trace-id"] for request in requests.values()} == {TRACE}
