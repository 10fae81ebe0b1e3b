"""`make verify` on broken deployments: files, dead letters and what watches them. Each failure says what was seen."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from cdk.commands.verify import dead_letters, files, large_file, monitoring
from cdk.commands.verify.alerts import Alerts
from cdk.commands.verify.checklist import CheckError, Checklist, LeftOutError
from tests.infra.answering_console import BUCKET_URL, MARK, OUTPUTS, URL, deployment
from tests.infra.aws_answers import PreparedSession
from tests.infra.stacks import resources

if TYPE_CHECKING:
    from cdk.commands.verify.deployment import Deployment

ALLOWED = {"access-control-allow-origin": URL}


@pytest.fixture(autouse=True)
def _no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for nothing."""
    monkeypatch.setattr("cdk.commands.verify.checklist.POLL_S", 0)
    for module, name in ((files, "SETTLE_S"), (dead_letters, "ACTION_S"), (monitoring, "ALARM_S")):
        monkeypatch.setattr(module, name, 0)


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
        ({"state": "held", "error": "1 of 1 orders came before."}, [], "is held with 1 rows: 1 of 1 orders"),
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


def described(name: str, state: str, section: str = "") -> dict[str, str]:
    """Describe an alarm, whose section in the runbook is its name without the environment."""
    section = section or name.rpartition("-")[2]
    return {"AlarmName": name, "StateValue": state, "AlarmDescription": f"It is.\nRunbook: docs/runbook.md#{section}"}


def prepared_alarms(session: PreparedSession, *states: str, composite: str = "") -> None:
    """Let these alarms be described, and before them two of the environment `x-ray` in the same account."""
    alarms = [described("waybill-x-ray-errors", "OK", "errors")]
    alarms += [described(f"waybill-x-{number}", state) for number, state in enumerate(states)]
    composites = [described("waybill-x-ray-incident", "OK", "incident")]
    composites += [described("waybill-x-incident", composite)] if composite else []
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
