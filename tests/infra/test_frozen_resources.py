"""Logical ids and names that a deployment can no longer change: those of what holds data, and of what has a fixed name.

`frozen_resources.txt` lists them for the environment `dev`. CloudFormation knows a resource by its logical id, which
CDK makes from the place in the construct tree, so that moving a construct is enough to change it.
"""

from pathlib import Path
from typing import Any

import pytest

from tests.infra.stacks import as_text, template

LIST = Path(__file__).with_name("frozen_resources.txt")

ORPHAN = "AWS would create an empty one beside it, and the old one, with all its data, would belong to no stack"
LOST = "AWS would delete it with what it holds, and create an empty one"
REFUSED = "AWS creates before it deletes, and refuses the second one of a name: the deployment would fail and roll back"
RENEWED = "AWS would replace it: addresses, ids and links that people and scripts keep would end"

# By kind: the property that names it or that AWS cannot change in place, and what a change would do.
KINDS: dict[str, tuple[str, str]] = {
    "AWS::S3::Bucket": ("BucketName", ORPHAN),
    "AWS::DynamoDB::Table": ("KeySchema", ORPHAN),
    "AWS::Cognito::UserPool": ("UserPoolName", ORPHAN),
    "AWS::SQS::Queue": ("QueueName", f"{REFUSED}; under a new name, {LOST}"),
    "AWS::Logs::LogGroup": ("LogGroupName", f"{REFUSED}; under a new name, {LOST}"),
    "AWS::SecretsManager::Secret": ("", f"{LOST}: everybody would be signed out"),
    "AWS::SNS::Topic": ("", f"{LOST}: every subscription would have to be confirmed again"),
    "AWS::Cognito::UserPoolDomain": ("Domain", RENEWED),
    "AWS::Cognito::UserPoolClient": ("", RENEWED),
    "AWS::Cognito::UserPoolGroup": ("GroupName", f"{REFUSED}; its members would have to be added again"),
    "AWS::ApiGatewayV2::Api": ("Name", f"{RENEWED}, the console's address among them"),
    "AWS::ApiGatewayV2::Stage": ("StageName", REFUSED),
    "AWS::ApiGatewayV2::Route": ("RouteKey", REFUSED),
    "AWS::Lambda::Function": ("FunctionName", REFUSED),
    "AWS::Lambda::EventSourceMapping": ("", f"{REFUSED}: a queue and a function have one mapping"),
    "AWS::Lambda::EventInvokeConfig": ("Qualifier", REFUSED),
    "AWS::StepFunctions::StateMachine": ("StateMachineName", REFUSED),
    "AWS::CloudWatch::Alarm": ("AlarmName", REFUSED),
    "AWS::CloudWatch::CompositeAlarm": ("AlarmName", REFUSED),
    "AWS::CloudWatch::Dashboard": ("DashboardName", REFUSED),
    "AWS::XRay::SamplingRule": ("SamplingRule", REFUSED),
    "AWS::Logs::QueryDefinition": ("Name", REFUSED),
    "AWS::Events::Rule": ("Name", REFUSED),
    "AWS::Scheduler::Schedule": ("Name", REFUSED),
}


def name_of(kind: str, properties: dict[str, Any]) -> str:
    """Return a resource's name, or what else must stay."""
    value = properties.get(KINDS[kind][0], "")
    if kind == "AWS::DynamoDB::Table":
        return ", ".join(key["AttributeName"] for key in value)
    return str(value["RuleName"]) if kind == "AWS::XRay::SamplingRule" else as_text(value)


def deployed(**context: object) -> dict[str, tuple[str, str]]:
    """Return kind and name of each resource of these kinds, by logical id."""
    resources = template(**context).to_json()["Resources"].items()
    return {
        logical_id: (resource["Type"], name_of(resource["Type"], resource["Properties"]))
        for logical_id, resource in resources
        if resource["Type"] in KINDS
    }


def frozen() -> dict[str, tuple[str, str]]:
    """Return the list: kind and name by logical id."""
    lines = (line.split(maxsplit=2) for line in LIST.read_text().splitlines() if not line.startswith("#"))
    return {parts[1]: (parts[0], parts[2] if len(parts) > 2 else "") for parts in lines}


def test_nothing_frozen_has_changed() -> None:
    """Each resource of the list is in the template, under its logical id and with its name."""
    now = deployed()

    changed = [
        f"{kind} {logical_id} {name!r} is now {now.get(logical_id, ('', 'gone'))[1]!r}. {KINDS[kind][1]}."
        for logical_id, (kind, name) in frozen().items()
        if now.get(logical_id) != (kind, name)
    ]

    assert not changed, "\n".join(["Put it back, or plan a migration and say so in the changelog:", *changed])


def test_everything_with_data_or_a_name_is_frozen() -> None:
    """A new resource joins the list when it is new."""
    listed = frozen()

    missing = [
        f"{kind} {logical_id} {name}".rstrip()
        for logical_id, (kind, name) in deployed().items()
        if logical_id not in listed
    ]

    assert not missing, "\n".join([f"Add these lines to {LIST.name}:", *missing])


def test_every_kind_with_a_fixed_name_is_known() -> None:
    """A kind of resource that gets a name of ours needs an entry in KINDS; policies are named by CDK."""
    resources = template().to_json()["Resources"].values()

    named = {
        resource["Type"]
        for resource in resources
        for name, value in resource["Properties"].items()
        if name == "Name" or (name.endswith("Name") and "waybill-" in str(value))
    }

    assert named - {"AWS::IAM::Policy"} <= KINDS.keys()


@pytest.mark.parametrize(
    "context",
    [
        {"monitoring": "small"},
        {"order_indexes": []},
        {"console_url": "https://orders.example.com"},
        {"removal_policy": "retain"},
    ],
)
def test_no_setting_moves_what_is_frozen(context: dict[str, object]) -> None:
    """A setting may leave a resource out; under another logical id it would be another resource."""
    listed = frozen()

    moved = {logical_id: entry for logical_id, entry in deployed(**context).items() if listed.get(logical_id) != entry}

    assert moved == {}
