"""`make verify` on broken deployments: each assertion fails, says what it saw, and removes what it made."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from botocore.exceptions import ClientError

from cdk.commands.totp import totp_code
from cdk.commands.verify import access, browser, dead_letters, files, large_file, monitoring
from cdk.commands.verify.alerts import Alerts
from cdk.commands.verify.checklist import CheckError, Checklist, LeftOutError, wait_for
from cdk.commands.verify.deployment import Deployment
from tests.infra.aws_answers import PreparedSession
from tests.infra.stacks import resources

if TYPE_CHECKING:
    from collections.abc import Callable

URL = "https://a1.execute-api.eu-central-1.amazonaws.com"
BUCKET_URL = "https://waybill-x.s3.eu-central-1.amazonaws.com/"
MARK = "verify-0123abcd"
OUTPUTS = {
    "ConsoleUrl": URL,
    "BucketName": "waybill-x",
    "ProcessorFunctionName": "waybill-x-processor",
    "AlertsTopicArn": "arn:aws:sns:eu-central-1:123456789012:alerts",
    "DeadLetterQueueUrl": "https://sqs.eu-central-1.amazonaws.com/123456789012/dead",
    "LargeFilesArn": "arn:aws:states:eu-central-1:123456789012:stateMachine:large",
}
ALLOWED = {"access-control-allow-origin": URL}
type Route = "Callable[[httpx.Request], httpx.Response] | httpx.Response"


@pytest.fixture(autouse=True)
def _no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for nothing."""
    monkeypatch.setattr("cdk.commands.verify.checklist.POLL_S", 0)
    for module, name in ((files, "SETTLE_S"), (dead_letters, "ACTION_S"), (monitoring, "ALARM_S")):
        monkeypatch.setattr(module, name, 0)


def deployment(session: PreparedSession | None = None, **routes: httpx.Response) -> Deployment:
    """Provide a deployment whose console and bucket answer so, by the path's last part; else with 200 and nothing."""

    def answer(request: httpx.Request) -> httpx.Response:
        place = "bucket" if str(request.url).startswith(BUCKET_URL) else request.url.path.rpartition("/")[2]
        found = routes.get(f"{request.method}_{place}") or routes.get(place) or httpx.Response(200, text="ok")
        return httpx.Response(found.status_code, headers=found.headers, content=found.content)

    client = httpx.Client(transport=httpx.MockTransport(answer), follow_redirects=True)
    return Deployment(session or PreparedSession(), OUTPUTS, client, MARK)  # type: ignore[arg-type]


def document(value: Any, status: int = 200) -> httpx.Response:
    """Answer with JSON."""
    return httpx.Response(status, json=value)


PERMISSION = document({"url": BUCKET_URL, "fields": {"key": "raw-data/x"}, "object_key": "raw-data/x"}, 201)
STORED = httpx.Response(204, headers=ALLOWED | {"x-amz-version-id": "v1"})
ENTRY = {
    "file_id": "f1",
    "version_id": "v1",
    "state": "processed",
    "accepted_rows": 1,
    "rejected_rows": 0,
    "error": "",
    "cause": "",
}
ORDER = {
    "customer_name": "Zoë Ångström",
    "product_name": "Cards, punched",
    "quantity": 3,
    "unit_price": "19.99",
    "line_total": "59.97",
}


def listed(**changed: Any) -> httpx.Response:
    """List the one file."""
    return document({"files": [ENTRY | changed]})


# The list itself.


def test_each_assertion_is_a_line_and_a_failure_is_counted() -> None:
    """With its reason; what means nothing here is neither."""
    lines: list[str] = []
    checks = Checklist(lines.append)

    def fail() -> None:
        raise CheckError("It is green. Paint it.")

    def leave_out() -> None:
        raise LeftOutError("There is no paint.")

    assert checks.check("It is there", lambda: "here")
    assert not checks.check("It is red", fail)
    assert not checks.check("It is wet", leave_out)

    assert checks.failures == 1
    assert lines[0].startswith("✓ It is there (here, ")
    assert lines[1:] == ["✗ It is red\n    It is green. Paint it.", "· It is wet: left out. There is no paint."]


def test_everything_is_removed_though_one_removal_fails() -> None:
    """The newest first; what stays is named, and is a failure."""
    lines: list[str] = []
    removed: list[str] = []
    checks = Checklist(lines.append)

    def refuse() -> None:
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "DeleteQueue")

    checks.remove_later("The first", lambda: removed.append("first"))
    checks.remove_later("The queue q", refuse)
    checks.remove_later("The last", lambda: removed.append("last"))

    checks.remove_all()

    assert removed == ["last", "first"]
    assert checks.failures == 1
    assert "The queue q could not be removed" in lines[0]


def test_an_unforeseen_answer_fails_one_assertion_and_no_other() -> None:
    """The script has never met AWS, so it may well not know one; what was made is removed all the same."""
    lines: list[str] = []
    removed: list[str] = []
    checks = Checklist(lines.append)

    def stumble() -> None:
        raise KeyError("x-amz-version-id")

    checks.remove_later("The first", lambda: removed.append("first"))
    checks.remove_later("The second", stumble)
    assert not checks.check("It is stored", stumble)
    assert checks.check("It is there", lambda: None)
    checks.remove_all()

    assert (checks.failures, removed) == (2, ["first"])
    assert all("perhaps a fault of its own: KeyError('x-amz-version-id')" in line for line in (lines[0], lines[2]))


def test_waiting_ends_with_what_was_seen() -> None:
    """An assertion that hangs would tell nobody anything."""
    with pytest.raises(CheckError, match="After 0 s it is Tuesday"):
        wait_for(lambda: None, 0, lambda: "it is Tuesday.")


# Who gets in.


@pytest.mark.parametrize("answer", [httpx.Response(503), httpx.Response(200, text="Welcome")])
def test_a_console_that_does_not_answer_is_seen(answer: httpx.Response) -> None:
    """Nor does another page at its address pass for it."""
    with pytest.raises(CheckError, match="healthz"):
        access._answers(deployment(healthz=answer))


def test_a_console_that_lets_strangers_in_is_seen() -> None:
    """A page that answers without a sign-in fails the assertion."""
    with pytest.raises(CheckError, match="answers 200 to a stranger"):
        access._is_closed(deployment())


def test_an_api_that_lets_strangers_in_is_seen() -> None:
    """As does a document."""
    to_sign_in = httpx.Response(303, headers={"location": "/auth/sign-in?next=%2F"})
    pages = dict.fromkeys(("", "orders", "dead-letters"), to_sign_in)
    stack = deployment(**pages, files=to_sign_in)  # type: ignore[arg-type]

    with pytest.raises(CheckError, match=r"/api/files answers 303 to a stranger, not 401"):
        access._is_closed(stack)


def test_a_code_is_never_given_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cognito takes each once, so the second waits for the next half minute."""
    clock = [59.0]
    monkeypatch.setattr("time.time", lambda: clock[0])
    monkeypatch.setattr("time.sleep", lambda seconds: clock.__setitem__(0, clock[0] + seconds))
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    operator = access.TemporaryOperator("a@b.invalid")

    codes = [operator.set_up(secret), operator.give_code()]

    assert codes == [totp_code(secret, 30), totp_code(secret, 60)]
    assert clock[0] == 60


# Cognito's pages.

LOGIN = """<form method="POST" action="/login?client_id=c"><input type="hidden" name="_csrf" value="t">
<input name="username" type="text"><input name="password" type="password"><input type="Submit" name="signInSubmitButton"
value="Sign in"></form><form action="/other"><input type="password" name="password"></form>"""
CODE = """<form method="post" action="/mfa"><input type="hidden" name="_csrf" value="u">
<input name="authentication_code" type="text"></form>"""


def test_the_forms_for_password_and_code_are_filled_in() -> None:
    """With the hidden values of each, and back to the page that was asked for."""
    sent: list[tuple[str, str]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append((request.url.path, request.content.decode()))
        match request.url.path, len(sent):
            case "/files", 1:
                return httpx.Response(302, headers={"location": "https://auth.example.com/login"})
            case "/login", 2:
                return httpx.Response(200, html=LOGIN)
            case "/login", 3:
                return httpx.Response(200, html=CODE)
            case "/mfa", _:
                return httpx.Response(302, headers={"location": f"{URL}/files"})
        return httpx.Response(200, text="Files")

    with httpx.Client(transport=httpx.MockTransport(answer), follow_redirects=True) as client:
        page = browser.sign_in(client, f"{URL}/files", "ada@example.com", "pass word", lambda: "123456")

    assert page.text == "Files"
    assert sent[2] == (
        "/login",
        "_csrf=t&username=ada%40example.com&password=pass+word&signInSubmitButton=Sign+in",
    )
    assert sent[3] == ("/mfa", "_csrf=u&authentication_code=123456")


def test_a_page_without_a_form_is_named_without_its_query() -> None:
    """The query may hold a code."""
    refusal = httpx.Response(400, text="Sign-in failed", headers={"content-type": "text/html"})

    to_refusal = httpx.Response(302, headers={"location": "/auth?code=SECRET"})
    stack = deployment(files=to_refusal, auth=refusal)

    with pytest.raises(CheckError, match=r"/auth answers 400 without a form.* Sign-in failed") as caught:
        browser.sign_in(stack.browser, f"{URL}/files", "a@b.c", "p", str)

    assert "SECRET" not in str(caught.value)


def test_names_under_localhost_are_this_machine() -> None:
    """As in every browser, and no other name is."""
    assert browser._is_this_machine("a1.execute-api.localhost")
    assert not browser._is_this_machine("localhost.example.com")


# Files.


def checked_files(stack: Deployment) -> files.Files:
    """Return the assertions about files."""
    return files.Files(stack, Alerts(stack))


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (httpx.Response(403, text="CORSResponse: not allowed"), "answers 403 to a browser's preflight"),
        (httpx.Response(200), "lets no origin read"),
        (httpx.Response(200, headers={"access-control-allow-origin": "https://other"}), "lets https://other read"),
        (httpx.Response(307), "answers 307"),
    ],
)
def test_a_bucket_that_refuses_the_consoles_pages_is_seen(answer: httpx.Response, words: str) -> None:
    """A page of the console could not upload."""
    with pytest.raises(CheckError, match=words):
        checked_files(deployment(POST_uploads=PERMISSION, OPTIONS_bucket=answer))._preflight()


def test_a_redirected_upload_is_no_success() -> None:
    """S3's global host answers 307, and nothing is stored."""
    stack = deployment(POST_uploads=PERMISSION, POST_bucket=httpx.Response(307))

    with pytest.raises(CheckError, match="answers 307 to the upload"):
        files.upload(stack, "a.csv", io.BytesIO(b"x"))


@pytest.mark.parametrize(
    ("entry", "orders", "words"),
    [
        ({"state": "failed", "error": "No header."}, [], "is failed with 1 rows: No header"),
        ({"state": "queued"}, [], "is queued"),
        ({"accepted_rows": 0}, [], "with 0 rows"),
        ({}, [], r"is stored as \[\]"),
        ({}, [ORDER | {"unit_price": "19.98"}], "19.98"),
        ({}, [ORDER, ORDER], "is stored as"),
    ],
)
def test_an_order_that_is_not_the_one_sent_is_seen(entry: dict[str, Any], orders: list[Any], words: str) -> None:
    """Missing, twice, or a cent off; or its file is not settled."""
    stack = deployment(
        POST_uploads=PERMISSION, POST_bucket=STORED, files=listed(**entry), orders=document({"orders": orders})
    )

    with pytest.raises(CheckError, match=words):
        checked_files(stack)._store()


def test_the_right_order_passes() -> None:
    """The same answers with the right values hold."""
    stack = deployment(
        POST_uploads=PERMISSION, POST_bucket=STORED, files=listed(), orders=document({"orders": [ORDER]})
    )

    assert checked_files(stack)._store() == f"order {MARK}-1"


def test_other_bytes_are_seen() -> None:
    """A download of an error page is no download."""
    stack = deployment(original=httpx.Response(200, text="<Error>SignatureDoesNotMatch</Error>"))
    checked = checked_files(stack)
    checked._entry = ENTRY

    with pytest.raises(CheckError, match="bytes that are not the"):
        checked._download()


def test_a_failure_that_nobody_is_told_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """The file fails as it should, and nothing is published."""
    monkeypatch.setattr("cdk.commands.verify.alerts.ALERT_S", 0)
    session = PreparedSession()
    session.prepare("sqs", "receive_message", {})
    stack = deployment(
        session, POST_uploads=PERMISSION, POST_bucket=STORED, files=listed(state="failed", cause="wrong_columns")
    )
    alerts = Alerts(stack, url=OUTPUTS["DeadLetterQueueUrl"])

    with session.active(), pytest.raises(CheckError, match="nothing about it was published"):
        files.Files(stack, alerts)._fail(Checklist(print))


# A large file.


def test_a_large_file_is_larger_than_one_run_takes() -> None:
    """By the configuration that the template gives the function; it stores few rows and none is too long."""
    processor = next(
        one["Properties"]
        for one in resources("AWS::Lambda::Function").values()
        if one["Properties"]["FunctionName"] == "waybill-dev-processor"
    )
    size = large_file.size_for_ranges(processor)
    body = io.BytesIO()

    rows = large_file.write_large_file(body, MARK, 200_000)

    lines = body.getvalue().splitlines()
    rate = int(processor["Environment"]["Variables"]["RUN_BYTES_PER_S"])
    assert rate * processor["Timeout"] / 2 < size < large_file.MOST_BYTES
    assert (len(lines), rows) == (rows + 1, 4)
    assert max(map(len, lines)) < 65_536


def test_a_file_that_would_be_too_large_to_send_is_left_out() -> None:
    """The line says which setting makes it smaller."""
    session = PreparedSession()
    variables = {"Variables": {"RUN_BYTES_PER_S": "10000000"}}
    session.prepare("lambda", "get_function_configuration", {"Timeout": 900, "Environment": variables})

    with session.active(), pytest.raises(LeftOutError, match="run_kb_per_s"):
        large_file.prove_large_file(deployment(session))


# Dead letters.

LETTER = {"message_id": "m1", "body": f"{MARK}: no event of S3"}


@pytest.mark.parametrize(
    ("action", "words"),
    [
        ({"finished_at": "", "state": "running", "done": 0, "failed": 0}, "is not done"),
        ({"finished_at": "2026", "state": "done", "done": 0, "failed": 1}, "is done with 0 done"),
    ],
)
def test_an_action_that_does_not_end_well_is_seen(action: dict[str, Any], words: str) -> None:
    """Whether the worker never began or could not do it."""
    stack = deployment(POST_actions=document({"action_id": "a1"}, 202), a1=document(action))

    with pytest.raises(CheckError, match=words):
        dead_letters.DeadLetters(stack)._act("delete", "m1")


def test_a_letter_that_the_console_does_not_show_is_seen() -> None:
    """Others in the queue are not taken for it."""
    stack = deployment(**{"dead-letters": document({"dead_letters": [LETTER | {"body": "another"}]})})  # type: ignore[arg-type]

    with pytest.raises(CheckError, match="shows no such dead letter"):
        dead_letters.DeadLetters(stack)._find(LETTER["body"], 0)


# Watching.


def prepared_alarms(session: PreparedSession, *states: str, composite: str = "") -> None:
    """Let these alarms be described."""
    alarms = [{"AlarmName": f"waybill-x-{number}", "StateValue": state} for number, state in enumerate(states)]
    composites = [{"AlarmName": "waybill-x-incident", "StateValue": composite}] if composite else []
    session.prepare(
        "lambda", "get_function_configuration", {"Environment": {"Variables": {"ENVIRONMENT": "x"}}, "Timeout": 1}
    )
    session.prepare("cloudwatch", "describe_alarms", {"MetricAlarms": alarms, "CompositeAlarms": composites})


def watched(session: PreparedSession) -> monitoring.Monitoring:
    """Return the assertions about monitoring."""
    stack = deployment(session)
    return monitoring.Monitoring(stack, Alerts(stack, url=OUTPUTS["DeadLetterQueueUrl"]), checked_files(stack))


def test_a_stack_without_a_quiet_alarm_is_seen() -> None:
    """None can be made to ring."""
    session = PreparedSession()
    prepared_alarms(session, "ALARM")

    with session.active(), pytest.raises(CheckError, match="no alarm waybill-x-"):
        watched(session)._ring(Checklist(print))


def test_an_incident_that_is_on_already_leaves_the_assertion_out() -> None:
    """It could not ring again, and that is no fault of the deployment."""
    session = PreparedSession()
    prepared_alarms(session, "OK", composite="ALARM")

    with session.active(), pytest.raises(LeftOutError, match="on already"):
        watched(session)._ring(Checklist(print))


def test_an_incident_that_publishes_is_heard_and_the_alarm_is_set_back() -> None:
    """As on AWS, where the incident alarm publishes to the topic."""
    session = PreparedSession()
    prepared_alarms(session, "INSUFFICIENT_DATA", composite="OK")
    reason = {"AlarmName": "waybill-x-0", "StateReason": "make verify"}
    session.prepare("cloudwatch", "set_alarm_state", {}, reason | {"StateValue": "ALARM"})
    ringing = {"MetricAlarms": [{"AlarmName": "waybill-x-0", "StateValue": "ALARM"}]}
    session.prepare("cloudwatch", "describe_alarms", ringing)
    published = {"Subject": "ALARM: waybill-x-incident", "Message": '{"AlarmName": "waybill-x-incident"}'}
    message = {"Body": json.dumps(published), "ReceiptHandle": "r"}
    session.prepare("sqs", "receive_message", {"Messages": [message]})
    session.prepare("sqs", "delete_message", {})
    session.prepare("cloudwatch", "set_alarm_state", {}, reason | {"StateValue": "INSUFFICIENT_DATA"})
    checks = Checklist(print)

    with session.active():
        heard = watched(session)._ring(checks)
        checks.remove_all()

    assert heard == "waybill-x-0, “ALARM: waybill-x-incident”"
    assert checks.failures == 0


def test_marks_differ_from_one_verification_to_the_next() -> None:
    """Two at once do not take each other's files, queues or accounts for their own."""
    first = deployment()
    second = replace(first, mark=Deployment(first.session, OUTPUTS, first.browser).mark)

    assert first.mark != second.mark
