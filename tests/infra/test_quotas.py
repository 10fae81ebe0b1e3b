"""Quotas of AWS that no emulator holds us to: sizes, counts and lengths of what the template asks for.

Each limit is the documented one of a new account, not one that can be raised on request.
"""

import json
import re
from collections import Counter
from typing import Any

import pytest

from tests.infra.stacks import as_text, resources, template, template_file

# Long names, every alarm, every index: whatever makes the template largest.
LARGEST: dict[str, object] = {"environment": "a-long-environment-x", "alert_email": "somebody.with.a.long@example.com"}


def everything(**context: object) -> dict[str, Any]:
    """Return all resources by logical id."""
    return dict(template(**context).to_json()["Resources"])


def resolved(value: Any) -> str:
    """Return a template's text with values as long as AWS's: account, Region, names and addresses."""
    text = as_text(value).replace("${AWS::AccountId}", "123456789012").replace("${AWS::Partition}", "aws")
    return re.sub(r"\$\{[^}]*\}", "x" * 80, text.replace("${AWS::Region}", "ap-southeast-1"))


def test_cloudformation_takes_the_template() -> None:
    """At most 1 MB, 500 resources, 200 outputs; https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html."""
    whole = template(**LARGEST).to_json()

    assert template_file(**LARGEST).stat().st_size < 1_000_000
    assert len(whole["Resources"]) <= 500
    assert len(whole["Outputs"]) <= 200
    assert len(whole["Description"]) <= 1024
    assert all(len(name) <= 255 for name in whole["Resources"])


def test_lambda_takes_the_functions() -> None:
    """4 KB of variables, names of 64 characters, descriptions of 256, a handler of 128."""
    for resource in resources("AWS::Lambda::Function", **LARGEST).values():
        properties = resource["Properties"]
        variables = {name: resolved(value) for name, value in properties["Environment"]["Variables"].items()}

        assert sum(len(name) + len(value.encode()) for name, value in variables.items()) < 4096
        assert len(properties["FunctionName"]) <= 64
        assert len(properties["Description"]) <= 256
        assert len(properties["Handler"]) <= 128
        assert 128 <= properties["MemorySize"] <= 10_240
        assert 1 <= properties["Timeout"] <= 900


def test_iam_takes_the_policies() -> None:
    """10,240 characters for all inline policies of a role, blanks not counted; 2,048 for who may assume it."""
    sizes: Counter[str] = Counter()
    for policy in resources("AWS::IAM::Policy", **LARGEST).values():
        for role in policy["Properties"]["Roles"]:
            sizes[role["Ref"]] += len(measured(policy["Properties"]["PolicyDocument"]))
    roles = resources("AWS::IAM::Role", **LARGEST)

    assert sizes.keys() == roles.keys()
    assert max(sizes.values()) <= 10_240
    assert all(len(measured(role["Properties"]["AssumeRolePolicyDocument"])) <= 2_048 for role in roles.values())


def measured(document: Any) -> str:
    """Return a policy as IAM measures it, with every reference as long as a long ARN."""
    if isinstance(document, dict) and len(document) == 1 and next(iter(document)) in {"Ref", "Fn::GetAtt", "Fn::Join"}:
        return json.dumps(resolved(document))
    if isinstance(document, dict):
        return "{" + ",".join(f'"{name}":{measured(value)}' for name, value in document.items()) + "}"
    if isinstance(document, list):
        return "[" + ",".join(map(measured, document)) + "]"
    return json.dumps(document).replace(" ", "")


def test_resource_policies_are_small_enough() -> None:
    """20 KB for a bucket's; queues and topics take more."""
    for kind in ("AWS::S3::BucketPolicy", "AWS::SQS::QueuePolicy", "AWS::SNS::TopicPolicy"):
        for policy in resources(kind, **LARGEST).values():
            assert len(measured(policy["Properties"]["PolicyDocument"])) <= 20_480


def test_cloudwatch_takes_the_alarms() -> None:
    """Names of 255 characters, descriptions of 1,024, 10 metrics in an expression; a rule of 10,240 over 100 alarms."""
    alarms = resources("AWS::CloudWatch::Alarm", **LARGEST)
    (composite,) = [one["Properties"] for one in resources("AWS::CloudWatch::CompositeAlarm", **LARGEST).values()]
    described = [*(alarm["Properties"] for alarm in alarms.values()), composite]

    assert all(len(one["AlarmName"]) <= 255 for one in described)
    assert [one["AlarmName"] for one in described if len(resolved(one["AlarmDescription"])) > 1024] == []
    assert all(len(alarm["Properties"].get("Metrics", ())) <= 10 for alarm in alarms.values())
    assert len(composite["AlarmRule"]) <= 10_240
    assert len(alarms) <= 100


def test_names_fit_their_services() -> None:
    """The longest environment makes no name too long: bucket 63, queue 80, machine 80, log group 512, rule 32."""
    limits = {
        "BucketName": 63,
        "QueueName": 80,
        "StateMachineName": 80,
        "LogGroupName": 512,
        "UserPoolName": 128,
        "Domain": 63,
        "DashboardName": 255,
        "DisplayName": 100,
    }
    too_long = [
        f"{name} {text}"
        for resource in everything(**LARGEST).values()
        for name, value in resource["Properties"].items()
        if name in limits and len(text := resolved(value)) > limits[name]
    ]
    rules = [one["Properties"]["SamplingRule"] for one in resources("AWS::XRay::SamplingRule", **LARGEST).values()]

    assert too_long == []
    assert all(len(rule["RuleName"]) <= 32 for rule in rules)
    assert len({rule["Priority"] for rule in rules}) == len(rules) <= 25


def test_http_api_takes_the_routes() -> None:
    """300 routes and integrations, and a function's answer before the gateway's 30 s are over."""
    assert len(resources("AWS::ApiGatewayV2::Route")) <= 300
    assert len(resources("AWS::ApiGatewayV2::Integration")) <= 300


def test_dynamodb_takes_the_tables() -> None:
    """20 global indexes, keys of names up to 255 characters, and only key attributes declared."""
    for table in resources("AWS::DynamoDB::Table").values():
        properties = table["Properties"]
        indexes = properties.get("GlobalSecondaryIndexes", [])
        keys = {key["AttributeName"] for schema in (properties, *indexes) for key in schema["KeySchema"]}

        assert len(indexes) <= 20
        assert {one["AttributeName"] for one in properties["AttributeDefinitions"]} == keys


def test_step_functions_takes_the_machine() -> None:
    """1 MB of definition, states named by at most 80 characters, a Map of at most 10,000 children at once."""
    for concurrency in (2, 1000):
        (machine,) = resources("AWS::StepFunctions::StateMachine", large_file_concurrency=concurrency).values()
        definition = resolved(machine["Properties"]["DefinitionString"])

        assert len(definition) <= 1_048_576
        assert all(len(name) <= 80 for name in json.loads(definition)["States"])
        assert json.loads(definition)["States"]["Ranges"]["MaxConcurrency"] <= 10_000


@pytest.mark.parametrize("days", [1, 14])
def test_sqs_takes_the_queues(days: int) -> None:
    """Messages are kept for at most 14 days, hidden for 12 hours, waited for 20 s."""
    context = {"queue_retention_days": 1, "dlq_retention_days": max(2, days), "timeout_s": 900}
    for queue in resources("AWS::SQS::Queue", **context).values():
        properties = queue["Properties"]

        assert 60 <= properties["MessageRetentionPeriod"] <= 1_209_600
        assert properties.get("VisibilityTimeout", 30) <= 43_200
        assert properties.get("ReceiveMessageWaitTimeSeconds", 0) <= 20


def test_logs_takes_the_queries() -> None:
    """10,000 characters and a name of 255."""
    for query in resources("AWS::Logs::QueryDefinition", **LARGEST).values():
        assert len(query["Properties"]["QueryString"]) <= 10_000
        assert len(query["Properties"]["Name"]) <= 255
