"""Only resources that the emulator refuses are left out there."""

import json
from typing import Any

import pytest

from cdk.conditions import EMULATED_ACCOUNT
from cdk.local.emulator import ACCOUNT
from tests.infra.stacks import template

UNKNOWN_TO_THE_EMULATOR = {
    "AWS::CloudWatch::CompositeAlarm",
    "AWS::Logs::QueryDefinition",
    "AWS::XRay::SamplingRule",
}


def holds(expression: Any, **known: str) -> bool:
    """Evaluate a template's condition."""
    ((function, arguments),) = expression.items()
    if function == "Fn::Equals":
        left, right = (known[one["Ref"]] if isinstance(one, dict) else one for one in arguments)
        return bool(left == right)
    results = [holds(argument, **known) for argument in arguments]
    return {"Fn::Not": not results[0], "Fn::And": all(results), "Fn::Or": any(results)}[function]


@pytest.mark.parametrize(
    ("partition", "account", "expected"),
    [
        ("aws", "123456789012", True),
        ("aws-us-gov", "123456789012", False),  # Waybill is for one partition.
        ("AWS::Partition", "AWS::AccountId", False),  # The emulator, which resolves neither.
        ("aws", ACCOUNT, False),
    ],
)
def test_condition_tells_aws_from_the_emulator(partition: str, account: str, *, expected: bool) -> None:
    """On AWS nothing is left out."""
    (condition,) = template().to_json()["Conditions"].values()

    assert holds(condition, **{"AWS::Partition": partition, "AWS::AccountId": account}) is expected
    assert EMULATED_ACCOUNT == ACCOUNT


def test_only_what_the_emulator_refuses_is_left_out() -> None:
    """Its unknown kinds of resources, and alarms with metric maths."""
    for resource in template().to_json()["Resources"].values():
        refused = resource["Type"] in UNKNOWN_TO_THE_EMULATOR or (
            resource["Type"] == "AWS::CloudWatch::Alarm" and "Metrics" in resource["Properties"]
        )
        assert resource.get("Condition") == ("OnAws" if refused else None)


def test_nothing_that_stays_refers_to_what_is_left_out() -> None:
    """A reference to a resource that is not there fails the deployment."""
    everything = template().to_json()["Resources"]
    conditional = {name for name, resource in everything.items() if "Condition" in resource}
    staying = json.dumps([resource for name, resource in everything.items() if name not in conditional])

    assert [name for name in conditional if f'"{name}"' in staying] == []
