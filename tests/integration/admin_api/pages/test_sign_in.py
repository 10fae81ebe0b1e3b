"""The ends of a sign-in that a browser cannot be led to: stale links, Cognito away, and what signing out leaves."""

from __future__ import annotations

import pytest
from botocore.stub import Stubber
from httpx2 import ConnectError

from admin_api.web.sessions import SESSION_COOKIE
from admin_api.web.users import User
from tests.integration.admin_api.console import NOBODY_IN_PARTICULAR, ConsoleStage, words
from tests.integration.calls import calls_to, is_of_session

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


def test_signed_out_session_is_refused_at_once_wherever_its_cookie_is(console: ConsoleStage) -> None:
    """A copy of the cookie opens no page, no API and no action, in another function's process either."""
    browser = console.browser()
    stolen = {SESSION_COOKIE: browser.cookies[SESSION_COOKIE]}
    thief = console.browser(None, cookies=stolen)
    before = thief.get("/files")

    answer = browser.post("/auth/sign-out")

    assert before.status_code == 200
    assert thief.get("/files").status_code == 303
    assert thief.get("/api/files").status_code == 401
    assert thief.post("/api/uploads", json={"name": "orders.csv"}).status_code == 401
    assert console.browser(None, cookies=stolen).get("/files").status_code == 303
    assert console.browser().get("/files").status_code == 200
    assert answer.headers["Clear-Site-Data"] == '"cache", "storage"'


def test_sign_out_that_cannot_be_written_down_can_be_repeated(console: ConsoleStage) -> None:
    """Nobody is told to be signed out whose cookie still opens everything."""
    browser = console.browser()
    with Stubber(console.console.dynamodb) as stubber:
        stubber.add_client_error("put_item", "InternalServerError", http_status_code=400)
        failed = browser.post("/auth/sign-out")

    again = browser.post("/auth/sign-out")

    assert failed.status_code == 503
    assert "Set-Cookie" not in failed.headers
    assert again.status_code == 200


def test_every_request_looks_at_its_session_once(console: ConsoleStage) -> None:
    """One read of one item, as last written: what each page costs more than before."""
    browser = console.browser()

    with calls_to(console.console.dynamodb, with_sessions=True) as calls:
        for _ in range(2):
            browser.get("/api/docs")

    looks = [call.parameters for call in calls if is_of_session(call)]
    assert [look["ConsistentRead"] for look in looks] == [True, True]
    assert looks[0]["Key"] == looks[1]["Key"]


def test_link_of_another_site_to_the_sign_in_ends_no_session(console: ConsoleStage) -> None:
    """Any site can lead a browser there; the session goes on until another opens."""
    browser = console.browser()

    browser.get("/auth/sign-in", headers={"Sec-Fetch-Site": "cross-site"})

    assert browser.get("/api/docs").status_code == 200


def test_cookie_of_a_sign_in_fits_into_what_browsers_keep(console: ConsoleStage) -> None:
    """Behind the longest address, with an open session and after many tries: below 4,096 bytes with its name."""
    browser = console.browser(User("s" * 36, f"{'n' * 64}@{'d' * 100}.example", ("operators", "viewers")))

    sizes = []
    for number in range(5):
        ids = "&".join(f"file_id={number:024x}" for _ in range(44))
        answer = browser.get("/auth/sign-in", params={"next": f"/files/actions?kind=reprocess&{ids}"[:1_490]})
        sizes.append(len(answer.headers["Set-Cookie"].partition(";")[0]))

    assert max(sizes) < 4_096
    assert min(sizes) > 2_500


def test_session_ended_while_a_hundred_files_were_ticked_leads_to_the_front_page(console: ConsoleStage) -> None:
    """Their address does not fit into the cookie, without which no sign-in is completed."""
    ids = "&".join(f"file_id={number:024x}" for number in range(100))
    nobody = console.browser(None)

    led = nobody.get(f"/files/actions?kind=reprocess&{ids}")

    assert led.headers["Location"] == "/auth/sign-in?next=%2F"
    assert len(nobody.get(led.headers["Location"]).headers["Set-Cookie"]) < 4_096


def test_cognito_away_is_said_and_signs_out_all_the_same(
    console: ConsoleStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Signing in is not possible now, which is no fault of ours; signing out ends our session without it."""
    from admin_api.pages.sign_in import _cognito  # noqa: PLC0415

    client = _cognito("https://cognito.test/discovery", console.config.client_id)

    async def fail() -> None:
        raise ConnectError("no route to host")

    monkeypatch.setattr(client, "load_server_metadata", fail)
    browser = console.browser()

    signing_in = console.browser(None).get("/auth/sign-in")
    signed_out = browser.post("/auth/sign-out")

    assert signing_in.status_code == 503
    assert "Cognito does not answer" in words(signing_in)
    assert "You are signed out" in words(signed_out)
    assert browser.get("/api/docs").status_code == 303
