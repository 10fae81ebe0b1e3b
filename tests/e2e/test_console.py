"""The deployed console from outside, open and with IAM enforced: sign-in, and sufficient grants."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import itsdangerous
import pytest

from admin_api.web.sessions import SESSION_COOKIE, open_session
from admin_api.web.users import User
from tests.e2e.deployment import wait_until
from tests.e2e.order_files import HEADER, dead_letter, small_file

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

    from tests.e2e.deployment import Deployment

PAGES = ("/", "/files", "/orders", "/dead-letters", "/metrics", "/activity", "/upload")
LISTS = ("/api/files", "/api/orders?customer=Ada+Lovelace", "/api/dead-letters", "/api/actions")


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
    """All else asks for a sign-in."""
    with stack.console() as stranger:
        assert (stranger.get("/healthz").status_code, stranger.get("/healthz").text) == (200, "ok")
        assert stranger.get("/files").headers["Location"].startswith("/auth/sign-in?")
        assert stranger.get("/api/files").status_code == 401


def test_signing_in_leads_to_the_user_pool(stack: Deployment) -> None:
    """The console finds the pool's sign-in page and sends a challenge."""
    with stack.console() as stranger:
        answer = stranger.get("/auth/sign-in")

    assert answer.status_code in {302, 303}
    assert "/oauth2/authorize?" in answer.headers["Location"]
    assert "code_challenge_method=S256" in answer.headers["Location"]


@pytest.mark.parametrize("page", PAGES)
def test_every_page_is_shown_with_the_grants_of_the_stack(stack: Deployment, browser: httpx.Client, page: str) -> None:
    """No page shows a failed part, so the function may read all that pages need."""
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
    """The list, the file, its rows, its run, its trace and its log are all shown."""
    version = stack.upload("shown.csv", small_file("shown", 3, bad=1))
    [entry] = stack.wait_at_rest([version])

    page = browser.get(f"/files/{entry.file_id}")
    run = browser.get(f"/files/{entry.file_id}/runs/{stack.ledger.list_runs(entry.file_id)[-1].run_id}")

    assert "shown.csv" in page.text
    assert (page.status_code, run.status_code) == (200, 200)
    assert "AccessDenied" not in stack.log.read_text(errors="replace")


@pytest.fixture
def script(stack: Deployment) -> Iterator[httpx.Client]:
    """Provide a client with an operator's token."""
    with stack.console(stack.accounts.operator) as client:
        yield client


def finished(script: httpx.Client, asked: httpx.Response) -> dict[str, Any]:
    """Wait until the worker has finished the action."""
    assert asked.status_code == 202, asked.text
    told: dict[str, Any] = asked.json()

    def is_over() -> bool:
        told.update(script.get(f"/api/actions/{told['action_id']}").json())
        return bool(told["state"] != "running")

    wait_until(is_over, 90, lambda: f"the action is still {told['state']}")
    return told


def test_the_worker_does_what_was_asked_for_in_bulk(stack: Deployment, script: httpx.Client) -> None:
    """Failed files run again, then are dismissed with their objects: with no more than the worker's own grants."""
    versions = [stack.upload(f"bulk-{number}.csv", f"nothing,{number}\n".encode()) for number in range(3)]
    ids = [entry.file_id for entry in stack.wait_at_rest(versions)]

    again = finished(script, script.post("/api/files/actions", json={"kind": "reprocess", "file_ids": ids}))
    stack.wait_at_rest(versions)
    gone = {"kind": "dismiss", "reason": "only a test", "file_ids": ids}
    dismissed = finished(script, script.post("/api/files/actions", json=gone))

    assert (again["state"], again["done"], again["failed"]) == ("done", 3, 0), again
    assert (dismissed["state"], dismissed["done"], dismissed["failed"]) == ("done", 3, 0), dismissed
    assert [len(stack.ledger.list_runs(file_id)) for file_id in ids] == [2, 2, 2]
    objects = stack.objects_by_name()
    assert {prefix for number in range(3) for prefix in objects[f"bulk-{number}.csv"]} == {"archive"}
    assert "AccessDenied" not in stack.log.read_text(errors="replace")


def test_an_archived_file_that_fails_leaves_the_archive_and_comes_back(stack: Deployment, script: httpx.Client) -> None:
    """A stored file is archived, fails when it is reprocessed under a lower limit, and is dismissed."""
    version = stack.upload("limited.csv", f"{HEADER}limited-1,Zoë,Café crème,1,2.50\n".encode())
    [stored] = stack.wait_at_rest([version])

    with stack.processor_with(MAX_FILE_BYTES="10"):
        script.post(f"/api/files/{stored.file_id}/actions", json={"kind": "reprocess"}).raise_for_status()
        wait_until(lambda: len(stack.ledger.list_runs(stored.file_id)) == 2, 60, lambda: "no second run")
        [failed] = stack.wait_at_rest([version])
    dismiss = {"kind": "dismiss", "reason": "only a test"}
    script.post(f"/api/files/{stored.file_id}/actions", json=dismiss).raise_for_status()

    assert (stored.state, failed.state, failed.cause) == ("processed", "failed", "too_large")
    assert [run.outcome for run in stack.ledger.list_runs(stored.file_id)] == ["processed", "failed"]
    assert stack.objects_by_name()["limited.csv"] == {"archive": 1, "processed-data": 1}
    assert "AccessDenied" not in stack.log.read_text(errors="replace")


@pytest.mark.parametrize("everything", [False, True])
def test_the_worker_redrives_dead_letters(open_stack: Deployment, *, everything: bool) -> None:
    """The dead letters move to the ingest queue and their files are processed: chosen ones, or all.

    Not with permissions enforced: AWS allows a batch of SQS's to whoever may do the single call, and the emulator asks
    for a permission of the batch's own name.
    """
    version = dead_letter(open_stack, f"redriven-{everything}.csv")
    with open_stack.console(open_stack.accounts.operator) as script:
        look = script.get("/api/dead-letters")
        assert look.status_code == 200, look.text
        seen = [letter["message_id"] for letter in look.json()["dead_letters"]]
        which = {"all": True} if everything else {"message_ids": seen}

        done = finished(script, script.post("/api/dead-letters/actions", json={"do": "redrive", **which}))

    assert (done["state"], done["done"], done["failed"]) == ("done", 1, 0), done
    [entry] = open_stack.wait_at_rest([version])
    assert entry.accepted_rows == 4


def test_what_the_worker_fails_at_for_good_is_kept(open_stack: Deployment) -> None:
    """After its last attempt Lambda puts the event and the error into the queue of failed actions."""
    sqs = open_stack.client("sqs")
    queue = sqs.get_queue_url(QueueName="waybill-local-failed-actions")["QueueUrl"]
    event = json.dumps({"action": "without an id"})

    open_stack.client("lambda").invoke(
        FunctionName=open_stack.outputs["WorkerFunctionName"], InvocationType="Event", Payload=event.encode()
    )

    kept: list[Any] = []

    def receive() -> bool:
        kept.extend(sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=1).get("Messages", []))
        return bool(kept)

    wait_until(receive, 60, lambda: "nothing was kept")
    sqs.purge_queue(QueueUrl=queue)
    body = json.loads(kept[0]["Body"])
    assert body["requestPayload"] == json.loads(event)
    assert "action_id" in json.dumps(body["responsePayload"])
