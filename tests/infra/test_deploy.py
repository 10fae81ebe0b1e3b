"""`make deploy`, beside its calls of the CDK command line."""

from pathlib import Path

import boto3
import pytest

from cdk.commands import deploy
from cdk.commands.preflight.report import Report
from cdk.commands.session import OperationError, stack_name
from tests.infra.aws_answers import PreparedSession


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> boto3.Session:
    """Return a session with credentials of no account, and no terminal."""
    monkeypatch.setattr("sys.stdin.isatty", lambda: False)
    monkeypatch.delenv("YES", raising=False)
    return boto3.Session("key", "secret", region_name="us-east-1")


@pytest.fixture
def report(monkeypatch: pytest.MonkeyPatch) -> Report:
    """Have the examination of the account find this."""
    found = Report()
    monkeypatch.setattr(deploy, "examine", lambda _session, _settings: found)
    return found


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Have the CDK's calls noted, and nothing else done."""
    noted: list[str] = []

    def run_cdk(*arguments: str, folder: "Path | None" = None) -> int:
        noted.append(" ".join(arguments))
        return 0

    monkeypatch.setattr(deploy, "run_cdk", run_cdk)
    return noted


def test_permissions_that_widen_need_somebody_who_sees_them(
    session: boto3.Session, report: Report, calls: list[str]
) -> None:
    """Without a terminal the CDK is still told to ask, which it then refuses."""
    deploy.deploy(session, ["-c", "environment=prod"])

    assert calls == ["deploy Waybill-prod --require-approval broadening -c environment=prod"]


def test_a_pipeline_approves_by_saying_so(
    session: boto3.Session, report: Report, calls: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """YES=1 stands in for a person."""
    monkeypatch.setenv("YES", "1")

    deploy.deploy(session, [])

    assert calls == ["deploy Waybill-dev --require-approval never"]


def test_a_refused_approval_says_how_to_give_it(
    session: boto3.Session, report: Report, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The CDK's own words do not know of YES=1; its exit code is passed on."""
    monkeypatch.setattr(deploy, "run_cdk", lambda *_: 3)

    assert deploy.deploy(session, []) == 3
    assert "YES=1" in capsys.readouterr().err


def test_a_refusal_deploys_nothing(session: boto3.Session, report: Report, calls: list[str]) -> None:
    """All refusals are said at once."""
    report.refusals += ["The bucket is taken.", "The stack is stuck."]

    with pytest.raises(OperationError, match=r"(?s)Nothing was deployed.*taken.*stuck"):
        deploy.deploy(session, [])

    assert calls == []


def test_lowered_settings_overrule_what_was_asked_for(
    session: boto3.Session, report: Report, calls: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """They come last, and the note says so."""
    report.lowered["console_concurrency"] = 0
    report.notes.append("console_concurrency is 0 this time.")

    deploy.deploy(session, ["-c", "console_concurrency=20"])

    assert calls[0].endswith("-c console_concurrency=20 -c console_concurrency=0")
    assert "is 0 this time" in capsys.readouterr().err


def test_a_missing_bootstrap_is_not_made_unseen(session: boto3.Session, report: Report, calls: list[str]) -> None:
    """It makes roles that deploy; without a terminal the sentence names the command."""
    report.bootstrap = "The CDK was never bootstrapped in aws://1/us-east-1"

    with pytest.raises(OperationError, match=r"aws://1/us-east-1: `make bootstrap`"):
        deploy.deploy(session, [])

    assert calls == []


@pytest.mark.parametrize(("answer", "goes_on"), [("yes", True), ("no", False), ("", False)])
def test_a_person_decides_on_the_bootstrap(
    report: Report, calls: list[str], monkeypatch: pytest.MonkeyPatch, answer: str, *, goes_on: bool
) -> None:
    """A yes bootstraps, then deploys."""
    report.bootstrap = "The CDK was never bootstrapped"
    session = PreparedSession("us-east-1")
    identity = {"Account": "123456789012", "Arn": "arn:aws:iam::123456789012:user/ada"}
    if goes_on:
        session.prepare("sts", "get_caller_identity", identity)
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("builtins.input", lambda _question: answer)
    monkeypatch.delenv("YES", raising=False)

    with session.active():
        if goes_on:
            deploy.deploy(session, [])  # type: ignore[arg-type]
        else:
            with pytest.raises(OperationError, match="declined"):
                deploy.deploy(session, [])  # type: ignore[arg-type]

    assert [call.partition(" ")[0] for call in calls] == (["bootstrap", "deploy"] if goes_on else [])


def test_names_of_queues_are_waited_for(
    session: boto3.Session, report: Report, calls: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQS would refuse them otherwise, half-way through the deployment."""
    slept: list[float] = []
    monkeypatch.setattr("time.sleep", slept.append)
    report.wait_s = 42

    deploy.deploy(session, [])

    assert (slept, len(calls)) == ([42], 1)


@pytest.mark.parametrize("operation", ["synth", "deploy", "bootstrap"])
@pytest.mark.parametrize(
    ("setting", "told"), [("memory_mb=much", "memory_mb='much'"), ("removal_polcy=retain", "there is no such setting")]
)
def test_an_unusable_setting_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch,
    calls: list[str],
    capsys: pytest.CaptureFixture[str],
    operation: str,
    setting: str,
    told: str,
) -> None:
    """It is said before anything is asked of AWS."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_REGION", "eu-central-1")

    assert deploy.main([operation, "-c", setting]) == 1

    assert told in capsys.readouterr().err
    assert calls == []


def test_the_stack_follows_the_environment() -> None:
    """Destroy removes the stack that deploy makes."""
    assert stack_name([]) == "Waybill-dev"
    assert stack_name(["-c", "memory_mb=512", "-c", "environment=prod"]) == "Waybill-prod"


def test_the_stack_is_named_by_cdk_json_where_no_argument_names_it(tmp_path: Path) -> None:
    """Settings may stand there, so that nobody has to repeat them; an argument wins."""
    configured = tmp_path / "cdk.json"
    configured.write_text('{"context": {"environment": "shop"}}')

    assert stack_name([], configured) == "Waybill-shop"
    assert stack_name(["-c", "environment=prod"], configured) == "Waybill-prod"


def test_settings_of_the_cdk_itself_pass() -> None:
    """They are not ours to judge; cdk.json holds some."""
    assert deploy.read_settings(["-c", "@aws-cdk/core:newStyleStackSynthesis=true"]).environment == "dev"


def test_missing_credentials_are_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A newcomer reads what to set, not a stack trace."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "/nonexistent")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")

    assert deploy.main(["deploy"]) == 1

    assert capsys.readouterr().err.count("\n") == 1
