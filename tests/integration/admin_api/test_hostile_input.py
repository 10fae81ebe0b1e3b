"""Every route of the application's own table takes hostile values without an error and without an unescaped echo."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from admin_api.web.sessions import SESSION_COOKIE
from processor.ledger.table import FilesTable
from tests.integration.admin_api.console import OPERATOR, VIEWER, ConsoleStage, session_cookie
from tests.integration.admin_api.dead_letters import bury_file, skip_waits
from tests.integration.admin_api.hostile_requests import (
    COOKIES,
    CORPUS,
    HEADERS,
    IMAGE,
    SCRIPT,
    WORST,
    HostileRequest,
    Target,
    header_value,
    list_targets,
    requests_to,
    url_of,
)
from tests.integration.stage import BAD_ROW, GOOD_ROWS, csv_file

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from httpx2 import Response
    from starlette.testclient import TestClient

    from admin_api.web.users import User

EXAMPLES = {"anonymous": 4, "viewer": 2, "operator": 6}
OUTSIDE = ("https://sign-in.test/", "https://waybill", "https://s3.", "https://test-bucket")
DISCOVERY = {
    "issuer": "https://cognito.test/pool",
    "authorization_endpoint": "https://sign-in.test/oauth2/authorize",
    "token_endpoint": "https://sign-in.test/oauth2/token",
    "jwks_uri": "https://cognito.test/pool/keys",
    "_loaded_at": 1,
}


@pytest.fixture
def known(console: ConsoleStage, monkeypatch: pytest.MonkeyPatch) -> Mapping[str, Sequence[str]]:
    """Provide files, orders, dead letters and a described user pool; returns values that exist, by parameter."""
    from admin_api.pages.sign_in import _cognito  # noqa: PLC0415

    skip_waits(console, monkeypatch)
    console.console.__dict__["discovery_url"] = "data:application/json,{}"
    _cognito("data:application/json,{}", console.config.client_id).server_metadata = DISCOVERY
    entry = console.stage.process(f"{SCRIPT} {IMAGE}.csv".replace("/", ""), csv_file(*GOOD_ROWS, BAD_ROW))
    message, _ = bury_file(console, "dead.csv", ("Broken", SCRIPT + IMAGE))
    actions = [console.action_id() for _ in range(3)]
    ids = [entry.file_id, "0" * 24]
    return {
        "file_id": ids,
        "file": ids,
        "id": ids,
        "file_ids": ids,
        "run_id": [entry.run_id],
        "order_id": ["A-1"],
        "customer": ["Ada Lovelace"],
        "kind": ["reprocess", "dismiss", "process_anyway", "upload", "original", "accepted", "rejected"],
        "action_id": actions,
        "action": actions,
        "reason": [SCRIPT],
        "state": ["partial", "failed", ""],
        "received": ["7d"],
        "window": ["hour", "week"],
        "tab": ["rejected", "orders", "runs", "objects", "activity"],
        "first": ["0", "1"],
        "limit": ["1", "100"],
        "all": ["1"],
        "compare": ["true"],
        "do": ["redrive", "delete"],
        "scope": ["selected", "group", "all"],
        "ids": [message],
        "message_ids": [message],
        "cause": ["Broken"],
        "key": [entry.object_key, "raw-data/x.csv"],
        "q": [message, entry.file_id, entry.run_id, "A-1", SCRIPT],
        "until": ["2027-01-01T00:00:00Z"],
    }


@pytest.fixture(autouse=True)
def _strict_table(console: ConsoleStage) -> Iterator[None]:
    """Refuse keys as DynamoDB does: empty ones, and those of too many bytes, which moto takes."""

    def check(params: dict[str, Any], **_: Any) -> None:
        requests = [params, *(each for table in params.get("RequestItems", {}).values() for each in _keys(table))]
        for request in requests:
            for name in ("Key", "ExclusiveStartKey"):
                for part in request.get(name, {}).values():
                    assert 0 < len(part["S"].encode()) <= 1_024, f"{name} {part}"

    events = console.console.dynamodb.meta.events
    events.register("before-parameter-build", check)
    yield
    events.unregister("before-parameter-build", check)


def _keys(table: Any) -> list[dict[str, Any]]:
    return [{"Key": key} for key in table["Keys"]] if "Keys" in table else []


@pytest.mark.parametrize(("name", "user"), [("anonymous", None), ("viewer", VIEWER), ("operator", OPERATOR)])
def test_no_route_fails_on_or_echoes_whatever_is_sent(
    console: ConsoleStage, known: Mapping[str, Sequence[str]], name: str, user: User | None
) -> None:
    """Property: an answer below 500, no markup and no header of the caller's, no way to another site."""
    browser = console.browser(None)
    browser.app.router.dependencies.clear()  # type: ignore[attr-defined]  # Unknown parameters reach the pages.
    targets = list_targets(browser.app)  # type: ignore[arg-type]

    for target in targets:
        cookie = f"{SESSION_COOKIE}={session_cookie(user)}" if user else ""
        _try(browser, target, requests_to(target, known, cookie), EXAMPLES[name])

    assert len(targets) > 40
    assert FilesTable(console.console.dynamodb, "files").get_item("0" * 24, "file") == {}


@pytest.mark.usefixtures("known")
def test_no_header_or_cookie_makes_an_error(console: ConsoleStage) -> None:
    """Each of them with each value, from anybody: what is read before the sign-in can be reached without one."""
    nobody = console.browser(None)
    target = Target("GET", "/files", (), (), ())

    for value in CORPUS:
        for name in HEADERS:
            headers = [(b"HX-Request", b"true"), (name.encode(), header_value(value))]
            _check(target, nobody.get("/files", headers=headers), is_anonymous=True)
        jar = b"; ".join(f"{name}=".encode() + header_value(value).replace(b";", b"") for name in COOKIES)
        page = nobody.get("/auth/signed-out", headers=[(b"Cookie", jar)])

        _check(target, page, is_anonymous=False)


def test_no_parameter_of_a_page_makes_an_error(console: ConsoleStage, known: Mapping[str, Sequence[str]]) -> None:
    """Each of them alone, with the values that most pages trip over, beside values that exist for the others."""
    browser = console.browser(OPERATOR)
    targets = [each for each in list_targets(browser.app) if each.method == "GET" and not each.is_open]  # type: ignore[arg-type]

    for target in targets:
        for name in (*target.in_path, *target.in_query):
            for value in WORST:
                values = {each: known.get(each, ["x"])[0] for each in target.in_path} | {name: value}
                _check(target, browser.get(url_of(target, values)), is_anonymous=False)


def _try(browser: TestClient, target: Target, requests: st.SearchStrategy[HostileRequest], examples: int) -> None:
    """Send requests to one route, and hold each answer against what any may be."""

    @given(request=requests)
    @settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    def send(request: HostileRequest) -> None:
        browser.cookies.clear()
        answer = browser.request(request.method, request.url, headers=request.headers, content=request.content)
        _check(target, answer, is_anonymous=not request.session)

    send()


def _check(target: Target, answer: Response, *, is_anonymous: bool) -> None:
    assert answer.status_code < 500, answer.text
    assert "x-injected" not in answer.headers
    assert all(len(cookie) < 4_096 for cookie in answer.headers.get_list("set-cookie"))
    location = answer.headers.get("location", "/")
    assert (location.startswith("/") and not location.startswith(("//", "/\\"))) or location.startswith(OUTSIDE)
    assert len(location) < 8_000
    if "html" in answer.headers.get("content-type", ""):
        assert SCRIPT not in answer.text
        assert "<img src=x" not in answer.text
    if is_anonymous and not target.is_open:
        assert answer.status_code in {303, 401, 403}
    assert "default-src 'none'" in answer.headers["content-security-policy"]
