"""The deployed console from outside, open and with IAM enforced: who is answered, and that its grants suffice."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import itsdangerous
import pytest

from admin_api.auth import SESSION_COOKIE, User, open_session
from tests.stack.test_end_to_end import small_file

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

    from tests.stack.deployment import Deployment

PAGES = ("/", "/files", "/orders", "/dead-letters", "/metrics", "/activity", "/upload")
LISTS = ("/api/files", "/api/orders", "/api/dead-letters", "/api/activity")


def session_cookie(key: str, user: User) -> str:
    """Make the cookie that signing in gives, as Starlette's SessionMiddleware writes it."""
    session: dict[str, Any] = {}
    open_session(session, user)
    signer = itsdangerous.TimestampSigner(key)
    return signer.sign(base64.b64encode(json.dumps(session).encode())).decode()


@pytest.fixture
def browser(stack: Deployment) -> Iterator[httpx.Client]:
    """Provide a client with the session of an operator."""
    variables = stack.client("lambda").get_function_configuration(FunctionName=stack.outputs["ConsoleFunctionName"])
    secret = variables["Environment"]["Variables"]["SESSION_SECRET_ARN"]
    key = stack.client("secretsmanager").get_secret_value(SecretId=secret)["SecretString"]
    with stack.console() as client:
        client.cookies.set(SESSION_COOKIE, session_cookie(key, User("1", "ada@example.com", ("operators",))))
        yield client


def test_health_is_told_to_anybody(stack: Deployment) -> None:
    """And nothing else is."""
    with stack.console() as stranger:
        assert (stranger.get("/healthz").status_code, stranger.get("/healthz").text) == (200, "ok")
        assert stranger.get("/files").headers["Location"].startswith("/auth/sign-in?")
        assert stranger.get("/api/files").status_code == 401


def test_signing_in_leads_to_the_user_pool(stack: Deployment) -> None:
    """The console has found out by itself where its form is, and sends a challenge along."""
    with stack.console() as stranger:
        answer = stranger.get("/auth/sign-in")

    assert answer.status_code in {302, 303}
    assert "/oauth2/authorize?" in answer.headers["Location"]
    assert "code_challenge_method=S256" in answer.headers["Location"]


@pytest.mark.parametrize("page", PAGES)
def test_every_page_is_shown_with_the_grants_of_the_stack(stack: Deployment, browser: httpx.Client, page: str) -> None:
    """Whatever a page reads, its function may read, or the page would say that something failed."""
    answer = browser.get(page)

    assert answer.status_code == 200, answer.text
    assert "AccessDenied" not in stack.log.read_text(errors="replace")


@pytest.mark.parametrize("path", LISTS)
def test_lists_are_answered_to_whoever_may_look(stack: Deployment, path: str) -> None:
    """A viewer's ID token opens the JSON API."""
    with stack.console(stack.accounts.viewer) as viewer:
        answer = viewer.get(path)

    assert answer.status_code == 200, answer.text
    assert "AccessDenied" not in stack.log.read_text(errors="replace")


def test_whoever_may_only_look_uploads_nothing(stack: Deployment) -> None:
    """The console refuses, and says so."""
    with stack.console(stack.accounts.viewer) as viewer:
        answer = viewer.post("/api/uploads", json={"name": "orders.csv"})

    assert answer.status_code == 403


def test_a_file_and_its_run_are_shown(stack: Deployment, browser: httpx.Client) -> None:
    """From the list to the file, its rows, its run, its trace and its log: each of them readable."""
    version = stack.upload("shown.csv", small_file("shown", 3, bad=1))
    [entry] = stack.wait_at_rest([version])

    page = browser.get(f"/files/{entry.file_id}")
    run = browser.get(f"/files/{entry.file_id}/runs/{stack.ledger.runs(entry.file_id)[-1].run_id}")

    assert "shown.csv" in page.text
    assert (page.status_code, run.status_code) == (200, 200)
    assert "AccessDenied" not in stack.log.read_text(errors="replace")
