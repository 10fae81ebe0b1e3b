"""The security headers of every answer, and the refusal of forged requests."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from admin_api.web.security import RequestGuard, origin_of

URL = "https://console.test"


@pytest.fixture
def client() -> TestClient:
    """Provide a guarded application of one route."""

    def answer(_request: Any) -> PlainTextResponse:
        return PlainTextResponse("done")

    app = Starlette(routes=[Route(path, answer, methods=["GET", "POST"]) for path in ("/", "/api/files")])
    return TestClient(RequestGuard(app, console_url=URL), base_url=URL)


def test_every_answer_carries_the_policy(client: TestClient) -> None:
    """No inline script or style, no frame, no cache, and nothing but our own to send to."""
    headers = client.get("/").headers

    policy = headers["Content-Security-Policy"]
    assert "unsafe-inline" not in policy
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "connect-src 'self';" in policy
    assert "form-action 'self';" in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Request-Id"]


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Site": "cross-site", "Origin": URL},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": URL + ".evil.example"},
        {"Authorization": "Basic Zm9yZ2Vk", "Sec-Fetch-Site": "cross-site"},
        {"Authorization": "Bearer x", "Sec-Fetch-Site": "cross-site"},
        {},
    ],
)
def test_a_request_of_another_site_is_refused(client: TestClient, headers: dict[str, str]) -> None:
    """The session cookie may come along; what the request wants is not done."""
    answer = client.post("/", headers=headers)

    assert answer.status_code == 403
    assert "another site" in answer.text


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/", {"Sec-Fetch-Site": "same-origin"}),
        ("/", {"Origin": URL}),
        ("/api/files", {"Authorization": "Bearer x"}),
    ],
)
def test_our_own_pages_and_scripts_may_act(client: TestClient, path: str, headers: dict[str, str]) -> None:
    """A form of ours, in an old browser too, and the API with a token, which no browser adds by itself."""
    assert client.post(path, headers=headers).status_code == 200


def test_looking_is_free(client: TestClient) -> None:
    """A link from elsewhere leads to the page."""
    assert client.get("/", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 200


def test_an_origin_is_scheme_host_and_port() -> None:
    """No path and no query."""
    assert origin_of("http://127.0.0.1:4566/bucket?x=1") == "http://127.0.0.1:4566"
