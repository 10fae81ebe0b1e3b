"""Nobody gets in without signing in, viewers may look but not act, and errors are answered in words."""

from __future__ import annotations

import importlib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError
from starlette.requests import Request
from starlette.testclient import TestClient

import admin_api
from admin_api.app import PAGES, create_app, load_pages
from admin_api.rendering.views import redirect
from admin_api.web.assets import asset
from admin_api.web.sessions import SESSION_COOKIE, open_session
from admin_api.wiring.services import Console
from tests.grants.in_process import learn_names
from tests.integration.admin_api.console import (
    NOBODY_IN_PARTICULAR,
    OPERATOR,
    URL,
    VIEWER,
    ConsoleStage,
    session_cookie,
    sign_session,
    words,
)
from tests.integration.stage import REGION

if TYPE_CHECKING:
    from fastapi import FastAPI

ROUTERS = [
    path for path in Path(admin_api.__file__).parent.rglob("*.py") if "APIRouter(" in path.read_text(encoding="utf-8")
]
OPEN = {"/healthz", "/robots.txt", "/auth/sign-in", "/auth/callback", "/auth/sign-out", "/auth/signed-out"}


def routes(app: FastAPI) -> list[tuple[str, str]]:
    """List every method and path that the application answers, with plausible parameters."""
    load_pages(app, *PAGES)
    contexts: list[Any] = [
        context
        for route in app.routes
        for context in (route.effective_route_contexts() if hasattr(route, "effective_route_contexts") else [route])
    ]
    return [
        (method, context.path.replace("{", "").replace("}", "").replace(":path", ""))
        for context in contexts
        for method in sorted(context.methods - {"HEAD"})
    ]


def test_every_route_but_the_open_ones_asks_for_a_sign_in(console: ConsoleStage) -> None:
    """A page that somebody adds is closed before they have thought of it."""
    nobody = console.browser(None)
    closed = [(method, path) for method, path in routes(nobody.app) if path not in OPEN and "/static/" not in path]  # type: ignore[arg-type]

    answers = {(method, path): nobody.request(method, path) for method, path in closed}

    assert len(closed) >= 35
    for (_, path), answer in answers.items():
        if path.startswith("/api/") and path != "/api/docs":
            assert answer.status_code == 401
            assert answer.headers["Content-Type"] == "application/problem+json"
        else:
            assert answer.status_code == 303
            assert answer.headers["Location"].startswith("/auth/sign-in?next=%2F")


def test_every_page_is_below_a_path_that_loads_it(console: ConsoleStage) -> None:
    """A page whose module stands under another path would be found only after that one was asked for."""
    modules = {name for names in PAGES.values() for name in names}
    paths = {
        name: {route.path for route in importlib.import_module(f"admin_api.{name}").router.routes} for name in modules
    }

    astray = {
        (name, path)
        for name in modules
        for path in paths[name]
        if name not in PAGES.get(path.removeprefix("/").partition("/")[0], ())
    }

    assert not astray
    assert {f.stem for f in ROUTERS} <= {name.rpartition(".")[2] for name in modules}
    assert console.browser().app.state.loaded == set()  # type: ignore[attr-defined]


def test_an_unknown_path_tells_nobody_that_it_is_unknown(console: ConsoleStage) -> None:
    """Without a session, what there is and what there is not look the same."""
    answer = console.browser(None).get("/no/such/page")

    assert answer.status_code == 303


def test_what_everybody_may_have_needs_nothing_of_aws(console: ConsoleStage) -> None:
    """A function that is started for a static file makes no client, fetches no key, and marks its answer all the same.

    Nor does one for a page that somebody without a session asks for: the key is fetched once, for the first with one.
    """
    asked: list[str] = []

    def client(service: str, **_: Any) -> Any:
        asked.append(service)
        return boto3.client("secretsmanager", region_name=REGION)

    secret = boto3.client("secretsmanager", region_name=REGION).create_secret(Name="session", SecretString="a key")
    config = replace(console.config, session_secret_arn=secret["ARN"])
    learn_names(config)
    nobody = TestClient(create_app(Console(config=config, region=REGION, client=client)), base_url=URL)

    answers = [nobody.get(path, follow_redirects=False) for path in (asset("app.css"), "/healthz", "/robots.txt")]
    made_for_files = list(asked)
    pages = [nobody.get(path, follow_redirects=False) for path in ("/", "/files", "/api/docs")]
    api = nobody.get("/api/files")
    made_for_nobody = list(asked)
    nobody.cookies.set(SESSION_COOKIE, session_cookie(VIEWER, key="another key"))
    forged = [nobody.get(path, follow_redirects=False) for path in ("/", "/files")]

    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert all("default-src 'none'" in answer.headers["Content-Security-Policy"] for answer in answers)
    assert made_for_files == made_for_nobody == []
    assert [page.status_code for page in pages] == [303, 303, 303]
    assert api.status_code == 401
    assert [page.status_code for page in forged] == [303, 303]
    assert asked == ["secretsmanager"]


def test_the_health_check_answers_everybody(console: ConsoleStage) -> None:
    """A monitor has no session."""
    answer = console.browser(None).get("/healthz")

    assert (answer.status_code, answer.text) == (200, "ok")


def test_a_page_that_polls_is_sent_to_the_sign_in_and_back(console: ConsoleStage) -> None:
    """The session of a page left open ends; the page goes to sign in and returns to where it was."""
    headers = {"HX-Request": "true", "HX-Current-URL": f"{URL}/files?state=failed"}

    answer = console.browser(None).get("/api/docs", headers=headers)

    assert answer.headers["HX-Redirect"] == "/auth/sign-in?next=%2Ffiles%3Fstate%3Dfailed"


@pytest.mark.parametrize(
    "url", ["http://[", "http://[::1", "//[", "\x00", "/" + "x" * 9_000, "https://console.test:port/files", "é" * 3_000]
)
def test_page_that_polls_from_nowhere_is_sent_to_the_sign_in(console: ConsoleStage, url: str) -> None:
    """Anybody may send any address: none makes an error, which would ring an alarm, nor an answer as long as itself."""
    headers = [(b"HX-Request", b"true"), (b"HX-Current-URL", url.encode())]

    answer = console.browser(None).get("/files", headers=headers)

    assert answer.status_code == 401
    assert len(answer.headers["HX-Redirect"]) < 2_000


@pytest.mark.parametrize("host", ["[", "[::1", "x/y", "a b", "\xff", ""])
@pytest.mark.parametrize("path", ["/files", "/no/such/page", "/files/", "/api/files", "/auth/signed-out"])
def test_made_up_host_changes_nothing(console: ConsoleStage, host: str, path: str) -> None:
    """Pages and redirects are the same: nothing of an answer is built from the Host header."""
    ours = console.browser().get(path)

    answer = console.browser().get(path, headers=[(b"Host", host.encode("latin-1"))])

    assert answer.status_code == ours.status_code
    assert answer.headers.get("Location") == ours.headers.get("Location")


@pytest.mark.parametrize(
    "values", [None, [], 1, "text", {}, {"user": 1}, {"user": {"subject": "x"}, "until": 1}, {"id": [], "user": []}]
)
@pytest.mark.parametrize("path", ["/files", "/auth/sign-out", "/auth/callback"])
def test_session_of_another_shape_is_none(console: ConsoleStage, values: object, path: str) -> None:
    """A cookie that another version of the console has signed signs nobody in, and makes no error."""
    console.console.__dict__["discovery_url"] = "https://cognito.invalid/discovery"
    nobody = console.browser(None, cookies={SESSION_COOKIE: sign_session(values)})

    answer = nobody.post(path) if path.endswith("sign-out") else nobody.get(path)

    assert answer.status_code == {"/files": 303, "/auth/sign-out": 200, "/auth/callback": 400}[path]


@pytest.mark.parametrize(
    "cookie",
    ["", "garbage", "bnVsbA==.abc.def", "eyJ1c2VyIjoge319.aSX0Vg.xxxxxxxxxxxxxxxxxxxxxxxxxxx"],
)
def test_a_session_that_we_did_not_sign_is_none(console: ConsoleStage, cookie: str) -> None:
    """A made-up cookie opens nothing."""
    nobody = console.browser(None, cookies={"__Host-waybill": cookie})

    assert nobody.get("/api/docs").status_code == 303


def test_a_session_signed_with_another_key_is_none(console: ConsoleStage) -> None:
    """Changing the key ends every session."""
    console.console.__dict__["session_key"] = "another key"

    nobody = console.browser(None, cookies={"__Host-waybill": session_cookie(VIEWER)})

    assert nobody.get("/api/docs").status_code == 303


def test_somebody_in_no_group_is_told_whom_to_ask(console: ConsoleStage) -> None:
    """An account of the pool alone gives no permission."""
    answer = console.browser(NOBODY_IN_PARTICULAR).get("/api/docs")

    assert answer.status_code == 403
    assert "neither in the group operators nor in viewers" in answer.text


def test_a_viewer_may_look_and_not_act(console: ConsoleStage) -> None:
    """The page answers, the action is refused in words."""
    viewer = console.browser(VIEWER)

    looked = viewer.get("/api/docs")
    acted = viewer.post("/api/uploads", json={"name": "orders.csv"})

    assert looked.status_code == 200
    assert acted.status_code == 403
    assert "viewer" in acted.json()["detail"]


def test_an_action_that_another_site_sends_is_refused(console: ConsoleStage) -> None:
    """The cookie comes along and does not help."""
    operator = console.browser()

    answer = operator.post("/api/uploads", json={"name": "orders.csv"}, headers={"Sec-Fetch-Site": "cross-site"})

    assert answer.status_code == 403


def test_a_bad_token_is_not_made_up_for_by_a_cookie(console: ConsoleStage) -> None:
    """A token exempts from the forgery check, so it must hold by itself."""
    console.console.__dict__["discovery_url"] = "data:application/json,{}"
    operator = console.browser()

    answer = operator.get("/api/openapi.json", headers={"Authorization": "Bearer forged"})

    assert answer.status_code == 401


def test_a_page_that_is_not_there_says_what_to_do(console: ConsoleStage) -> None:
    """A mistyped address gets a page with a request id."""
    answer = console.browser().get("/no/such/page")

    assert answer.status_code == 404
    assert "use the search" in words(answer)
    assert answer.headers["X-Request-Id"] in answer.text


def test_a_parameter_that_cannot_be_used_is_named(console: ConsoleStage) -> None:
    """The problem document says which one and why."""
    answer = console.browser().get("/api/orders", params={"order_id": "A-1", "limit": "many"})

    assert answer.status_code == 422
    assert answer.json()["detail"].startswith("limit: ")


def test_aws_that_does_not_answer_is_no_fault_of_the_readers(console: ConsoleStage) -> None:
    """The page says which call failed and what to do; the details are in the log."""
    console.console.dynamodb.delete_table(TableName="orders")

    answer = console.browser().get("/api/orders", params={"order_id": "A-1"})

    assert answer.status_code == 503
    problem = answer.json()
    assert "Query failed" in problem["detail"]
    assert "Nothing is lost" in problem["detail"]


@pytest.mark.parametrize(("path", "kind"), [("/", "text/html"), ("/api/files", "application/problem+json")])
def test_without_the_key_of_the_sessions_nobody_is_let_in_and_it_is_said_why(
    console: ConsoleStage, path: str, kind: str
) -> None:
    """An error in finding out who asks is answered like a later one, headers included."""

    class Away:
        def get_secret_value(self, **_: Any) -> None:
            raise ClientError({"Error": {"Code": "ThrottlingException"}}, "GetSecretValue")

    nobody = TestClient(
        create_app(Console(config=console.config, region=REGION, client=lambda *_, **__: Away())),
        base_url=URL,
        cookies={SESSION_COOKIE: session_cookie(VIEWER)},
    )

    answer = nobody.get(path)

    assert answer.status_code == 503
    assert answer.headers["Content-Type"].startswith(kind)
    assert "GetSecretValue failed: ThrottlingException" in answer.text
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


def test_what_nobody_expected_shows_no_stack(console: ConsoleStage, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page with a request id, and the rest in the log."""

    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("a secret detail")

    monkeypatch.setattr("admin_api.api.docs.group_calls", broken)

    answer = console.browser().get("/api/docs")

    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert "Traceback" not in answer.text
    assert answer.headers["X-Request-Id"] in answer.text


def test_an_upload_is_prepared_for_one_name(console: ConsoleStage) -> None:
    """The policy holds prefix, size and type; S3 enforces it."""
    answer = console.browser().post("/api/uploads", json={"name": "orders.csv", "encoding": "cp1252"})

    assert answer.status_code == 201
    upload = answer.json()
    assert upload["object_key"].startswith("raw-data/")
    assert upload["object_key"].endswith("/orders.csv")
    assert upload["fields"]["key"] == upload["object_key"]
    assert upload["fields"]["x-amz-meta-encoding"] == "cp1252"


@pytest.mark.parametrize("name", ["a/b.csv", "orders.txt", "", "\n.csv", "x" * 300 + ".csv"])
def test_a_name_that_cannot_be_uploaded_is_refused(console: ConsoleStage, name: str) -> None:
    """Before the file is on its way."""
    answer = console.browser().post("/api/uploads", json={"name": name})

    assert answer.status_code == 422
    assert answer.json()["detail"]


def test_a_part_of_a_page_leaves_the_word_about_an_action_to_the_page(console: ConsoleStage) -> None:
    """A list that refreshes itself in another tab must not swallow what the redirect has to tell."""
    cookie = session_cookie(OPERATOR, say="2 files are being reprocessed.")
    browser = console.browser(None, cookies={"__Host-waybill": cookie})

    part = console.part(browser, "/files")
    whole = browser.get("/files")

    assert "Set-Cookie" not in part.headers
    assert "2 files are being reprocessed." in words(whole)
    assert "Set-Cookie" in whole.headers


def test_way_back_from_a_preference_is_bounded(console: ConsoleStage) -> None:
    """A form's field does not come back as a header of a megabyte."""
    browser = console.browser()

    short = browser.post("/preferences", data={"theme": "dark", "next": "/files?name=x"})
    long = browser.post("/preferences", data={"theme": "dark", "next": "/" + "x" * 1_900})
    huge = browser.post("/preferences", data={"theme": "dark", "next": "/" + "x" * 1_000_000})

    assert short.headers["Location"] == "/files?name=x"
    assert long.headers["Location"] == "/"
    assert huge.status_code == 422


@pytest.mark.parametrize(("letter", "number"), [("a", 255), ("\u00e4", 255), ("\U0001f600", 200)])
def test_word_about_an_action_fits_into_the_cookie(console: ConsoleStage, letter: str, number: int) -> None:
    """The name of a file may be long, and longer as JSON; the browser keeps the cookie all the same."""
    request = Request({"type": "http", "session": {}})
    open_session(request.session, OPERATOR)

    redirect(request, "/", say=f"{letter * number}.csv was asked to run again.")

    assert len(SESSION_COOKIE) + len(sign_session(request.session)) < 4_000
    assert request.session["say"].startswith(letter * 100)
