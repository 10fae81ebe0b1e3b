"""The schedule of the audit: how often, whom it invokes, and that it can be left out."""

import json

import pytest

from tests.infra.stacks import as_text, named, only, resources

WORKER = "ConsoleWorkerFunction"


@pytest.mark.parametrize(
    ("context", "rate"),
    [({}, "rate(1 day)"), ({"audit_hours": 6}, "rate(6 hours)"), ({"audit_hours": 1}, "rate(1 hour)")],
)
def test_worker_is_invoked_once_a_day_or_as_often_as_set(context: dict[str, object], rate: str) -> None:
    """With EventBridge's own event, whose time names the sample: a repeated event finds the same."""
    rule = only("AWS::Events::Rule", **context)

    assert rule["ScheduleExpression"] == rate
    assert rule.get("State", "ENABLED") == "ENABLED"
    [target] = rule["Targets"]
    assert target.keys() == {"Arn", "Id"}
    assert WORKER in as_text(target["Arn"])


def test_only_this_rule_may_invoke_the_worker() -> None:
    """The permission names the rule: no other rule of the account gets in by it."""
    permission = named("AWS::Lambda::Permission", "WorkerFunctionAudit")

    assert permission["Principal"] == "events.amazonaws.com"
    assert permission["Action"] == "lambda:InvokeFunction"
    [rule] = resources("AWS::Events::Rule")
    assert permission["SourceArn"] == {"Fn::GetAtt": [rule, "Arn"]}
    assert WORKER in json.dumps(permission["FunctionName"])


def test_schedule_can_be_left_out() -> None:
    """Verify stays, and so does the alarm."""
    assert resources("AWS::Events::Rule", audit_hours=0) == {}
    assert [name for name in resources("AWS::Lambda::Permission", audit_hours=0) if "Audit" in name] == []
