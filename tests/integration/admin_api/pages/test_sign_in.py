"""The ends of a sign-in that a browser cannot be led to: stale links, Cognito away, and what signing out leaves."""

from __future__ import annotations

import pytest

from tests.integration.admin_api.console import NOBODY_IN_PARTICULAR, ConsoleStage, words

DISCOVERY = {
    "issuer": "https://cognito.test/pool",
    "authorization_endpoint": "https://sign-in.test/oauth2/authorize",
    "token_endpoint": "https://sign-in.test/oauth2/token",
    "jwks_uri": "https://cognito.test/pool/keys",
}


@pytest.fixture(autouse=True)
def _known_pool(console: ConsoleStage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the user pool's description be known, so that nothing is asked over the network."""
    from admin_api.pages.sign_in import _cognito  # noqa: PLC0415

    console.console.__dict__["discovery_url"] = "https://cognito.test/discovery"
    client = _cognito("https://cognito.test/discovery", console.config.client_id)
    client.server_metadata = {**DISCOVERY, "_loaded_at": 1}


def test_the_browser_is_sent_to_cognito_with_a_challenge(console: ConsoleStage) -> None:
    """Code flow with PKCE, a state and a nonce; and the way back is our own callback."""
    answer = console.browser(None).get("/auth/sign-in", params={"next": "/files"})

    address = answer.headers["Location"]
    assert answer.status_code == 302
    assert address.startswith("https://sign-in.test/oauth2/authorize?response_type=code")
    for part in ("code_challenge_method=S256", "code_challenge=", "state=", "nonce=", "scope=openid+email"):
        assert part in address
    assert "redirect_uri=https%3A%2F%2Fconsole.test%2Fauth%2Fcallback" in address


def test_the_cookie_is_as_strict_as_browsers_allow(console: ConsoleStage) -> None:
    """Host-bound, out of scripts' reach, encrypted transport only, not sent by other sites' forms."""
    cookie = console.browser(None).get("/auth/sign-in").headers["Set-Cookie"]

    assert cookie.startswith("__Host-waybill=")
    for attribute in ("path=/;", "httponly", "secure", "samesite=lax", "Max-Age=3600"):
        assert attribute in cookie
    assert "domain" not in cookie.lower()


@pytest.mark.parametrize(
    "query",
    [
        {"code": "stolen", "state": "not-ours"},
        {"code": "stolen"},
        {"error": "access_denied", "error_description": "<script>alert(1)</script>"},
        {},
    ],
)
def test_an_answer_that_nobody_asked_for_signs_nobody_in(console: ConsoleStage, query: dict[str, str]) -> None:
    """A stale link, the back button or a forged callback: a page that offers to try again, and no session."""
    browser = console.browser(None)

    answer = browser.get("/auth/callback", params=query)

    assert answer.status_code == 400
    assert "Sign in again" in words(answer)
    assert "<script>alert" not in answer.text
    assert browser.get("/api/docs").status_code == 303


def test_signing_out_closes_both_sessions(console: ConsoleStage) -> None:
    """Ours at once, and Cognito's by going there; a form may lead nowhere else, so the page does."""
    browser = console.browser()

    answer = browser.post("/auth/sign-out")

    assert answer.status_code == 200
    assert answer.headers["Refresh"].startswith("0; url=https://sign-in.test/logout?client_id=browsers&logout_uri=")
    assert "__Host-waybill=null; path=/; expires=Thu, 01 Jan 1970" in answer.headers["Set-Cookie"]


def test_another_site_cannot_sign_anybody_out(console: ConsoleStage) -> None:
    """It would only be a nuisance, and is refused all the same."""
    browser = console.browser()

    refused = browser.post("/auth/sign-out", headers={"Sec-Fetch-Site": "cross-site"})

    assert refused.status_code == 403
    assert browser.get("/api/docs").status_code == 200


def test_whoever_is_in_no_group_can_sign_out(console: ConsoleStage) -> None:
    """Or they would be stuck with the wrong account."""
    assert console.browser(NOBODY_IN_PARTICULAR).post("/auth/sign-out").status_code == 200


def test_the_page_after_signing_out_needs_no_session(console: ConsoleStage) -> None:
    """It says what was not stopped."""
    answer = console.browser(None).get("/auth/signed-out")

    assert answer.status_code == 200
    assert "Files continue to be processed" in words(answer)
