"""The order of `make verify`: what stops it, what is removed, and what it never does unasked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import boto3
import pytest

from cdk.commands.preflight.report import Report
from cdk.commands.session import OperationError
from cdk.commands.verify import __main__ as verify
from cdk.commands.verify.alerts import Alerts
from cdk.commands.verify.browser import open_browser
from cdk.commands.verify.checklist import Checklist
from cdk.commands.verify.dead_letters import DeadLetters
from cdk.commands.verify.deployment import Deployment

if TYPE_CHECKING:
    from collections.abc import Sequence

CONTEXT = ["-c", "environment=verify"]


@pytest.fixture
def report() -> Report:
    """Return what the preflight finds."""
    return Report()


@pytest.fixture
def calls(report: Report, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Have each step noted, and nothing done."""
    noted: list[str] = []

    def note(step: str) -> int:
        noted.append(step)
        return 0

    for name in ("DEPLOYED", "TEARDOWN"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {"ACCESS_KEY_ID": "k", "SECRET_ACCESS_KEY": "s", "REGION": "eu-central-1"}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    monkeypatch.setattr(verify, "examine", lambda _session, _settings: report)
    monkeypatch.setattr(verify, "deploy", lambda _session, _context: note("deploy"))
    monkeypatch.setattr(verify, "destroy", lambda _session, _context: note("destroy"))
    monkeypatch.setattr(verify, "read_outputs", lambda _session, _stack: {"ConsoleUrl": "https://x"})

    def assert_all(_deployment: Deployment, checks: Checklist) -> None:
        checks.remove_later("It", lambda: noted.append("remove"))
        note("assert")

    monkeypatch.setattr(verify, "assert_all", assert_all)
    return noted


def test_it_deploys_asserts_and_removes_what_it_made(calls: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """The stack stays unless somebody asks otherwise."""
    assert verify.main(CONTEXT) == 0

    assert calls == ["deploy", "assert", "remove"]
    assert capsys.readouterr().out.splitlines()[-1] == "All of it holds."


def test_a_refusal_of_the_preflight_deploys_nothing(
    calls: list[str], report: Report, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its sentences are the failure's."""
    report.refusals.append("The bucket's name is taken.")

    assert verify.main(CONTEXT) == 1

    assert calls == []
    assert "✗ The account is ready for it\n    The bucket's name is taken." in capsys.readouterr().out


def test_what_is_deployed_already_is_not_deployed_again(calls: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """DEPLOYED=1 only asserts."""
    monkeypatch.setenv("DEPLOYED", "1")

    assert verify.main(CONTEXT) == 0

    assert calls == ["assert", "remove"]


def test_a_failed_deployment_is_asserted_nothing_about(
    calls: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The CDK has said why."""
    monkeypatch.setattr(verify, "deploy", lambda _session, _context: 1)

    assert verify.main(CONTEXT) == 1

    assert calls == []
    assert "✗ Waybill-verify is deployed" in capsys.readouterr().out


@pytest.mark.parametrize("asked", ["1", "yes", ""])
def test_the_stack_is_removed_only_if_asked(calls: list[str], monkeypatch: pytest.MonkeyPatch, asked: str) -> None:
    """By TEARDOWN=1 and nothing like it."""
    monkeypatch.setenv("TEARDOWN", asked)

    assert verify.main(CONTEXT) == 0

    assert ("destroy" in calls) is (asked == "1")


def test_a_teardown_that_would_leave_data_is_refused_before_anything_is_made(
    calls: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A kept bucket would keep the next verification of the environment from being deployed."""
    monkeypatch.setenv("TEARDOWN", "1")

    assert verify.main(["-c", "environment=shop"]) == 1
    assert calls == []
    assert 'CONTEXT="removal_policy=destroy"' in capsys.readouterr().out

    assert verify.main(["-c", "environment=shop", "-c", "removal_policy=destroy"]) == 0
    assert calls == ["deploy", "assert", "remove", "destroy"]


def test_a_refused_verification_removes_no_stack(
    calls: list[str], report: Report, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has deployed nothing, so whatever is there is somebody else's."""
    monkeypatch.setenv("TEARDOWN", "1")
    report.refusals.append("Waybill-verify is being changed at this moment.")

    assert verify.main(CONTEXT) == 1

    assert calls == []


def test_a_teardown_that_is_not_confirmed_is_a_failure(calls: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody takes a stack for gone that is still there."""

    def destroy(_session: boto3.Session, _context: Sequence[str]) -> int:
        raise OperationError("Nothing was removed.")

    monkeypatch.setenv("TEARDOWN", "1")
    monkeypatch.setattr(verify, "destroy", destroy)

    assert verify.main(CONTEXT) == 1


def test_what_was_made_is_removed_though_it_is_interrupted(calls: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C leaves no account behind."""

    def assert_all(_deployment: Deployment, checks: Checklist) -> None:
        checks.remove_later("It", lambda: calls.append("remove"))
        raise KeyboardInterrupt

    monkeypatch.setattr(verify, "assert_all", assert_all)

    with pytest.raises(KeyboardInterrupt):
        verify.main(CONTEXT)

    assert calls == ["deploy", "remove"]


def test_without_a_session_nothing_further_is_asserted(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A failed sign-in would fail everything behind it, so one line stands for all."""
    monkeypatch.setattr(Alerts, "subscribe", lambda *_: None)
    monkeypatch.setattr(DeadLetters, "send_poison", lambda *_: None)
    monkeypatch.setattr(verify, "check_access", lambda *_: False)
    monkeypatch.setattr(verify, "prove_large_file", lambda *_: pytest.fail("it went on"))
    lines: list[str] = []

    with open_browser() as browser:
        verify.assert_all(Deployment(boto3.Session(), {}, browser), Checklist(lines.append))

    assert lines[-1].startswith("The rest needs an operator's session")
