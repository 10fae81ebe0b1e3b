"""Tests for sending the samples: the console is asked for a presigned POST, and S3 is sent the file."""

import json
from collections.abc import Iterator

import httpx
import pytest

from sample_data.console_api import ConsoleApi

ENDPOINT = "http://127.0.0.1:4566"
LOCAL = "http://a1b2.execute-api.localhost:4566"
BUCKET = f"{ENDPOINT}/bucket"
POST = {"url": BUCKET, "fields": {"key": "raw-data/1/orders.csv", "policy": "p"}, "object_key": "raw-data/1/orders.csv"}


class Stage:
    """A console and a bucket that remember what they were sent."""

    def __init__(self) -> None:
        self.requests: list[httpx.Request] = []
        self.refusal = 0

    def answer(self, request: httpx.Request) -> httpx.Response:
        """Take one request."""
        self.requests.append(request)
        if request.url.path == "/bucket":
            return httpx.Response(204, headers={"x-amz-version-id": "v1"})
        return httpx.Response(self.refusal or 201, json=POST)


@pytest.fixture
def stage() -> Stage:
    """Set up both."""
    return Stage()


@pytest.fixture
def http(stage: Stage) -> Iterator[httpx.Client]:
    """Provide a client that reaches nobody else."""
    with httpx.Client(transport=httpx.MockTransport(stage.answer)) as client:
        yield client


def test_the_file_goes_to_s3_by_the_consoles_form(stage: Stage, http: httpx.Client) -> None:
    """Name, metadata and token go to the console; the form's fields and then the bytes go to the bucket, no token."""
    done = ConsoleApi(http, "https://console.example", ENDPOINT, "token").upload(
        "orders.csv", b"a,b", {"encoding": "cp1252", "rows": "7"}
    )

    asked, sent = stage.requests
    assert (str(asked.url), asked.headers["Authorization"]) == ("https://console.example/api/uploads", "Bearer token")
    assert json.loads(asked.content) == {"name": "orders.csv", "encoding": "cp1252", "rows": "7"}
    assert "Authorization" not in sent.headers
    body = sent.content.decode()
    assert body.index('name="key"') < body.index('name="policy"') < body.index('name="file"; filename="orders.csv"')
    assert (done.object_key, done.version_id) == ("raw-data/1/orders.csv", "v1")


def test_a_local_address_is_reached_by_the_endpoint(stage: Stage, http: httpx.Client) -> None:
    """No name server knows it; the host's name says which API is meant."""
    ConsoleApi(http, LOCAL, ENDPOINT, "token").upload("orders.csv", b"a,b")

    asked, sent = stage.requests
    assert (asked.url.host, asked.headers["Host"]) == ("127.0.0.1", "a1b2.execute-api.localhost:4566")
    assert sent.headers["Host"] == "127.0.0.1:4566"


def test_a_file_is_voided_by_the_consoles_api(stage: Stage, http: httpx.Client) -> None:
    """With its reason and the token."""
    ConsoleApi(http, "https://console.example", ENDPOINT, "token").void("f1", "a wrong price list")

    [asked] = stage.requests
    assert (asked.url.path, asked.headers["Authorization"]) == ("/api/files/f1/actions", "Bearer token")
    assert json.loads(asked.content) == {"kind": "void", "reason": "a wrong price list"}


def test_a_refusal_is_no_upload(stage: Stage, http: httpx.Client) -> None:
    """Whoever may not upload is told, and the bucket is left alone."""
    stage.refusal = 403

    with pytest.raises(httpx.HTTPStatusError):
        ConsoleApi(http, LOCAL, ENDPOINT, "token").upload("orders.csv", b"a,b")

    assert len(stage.requests) == 1
