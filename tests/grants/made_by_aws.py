"""The calls that AWS's own services make for the stack: read from the resources that cause them.

No test can record them. Each rule names AWS's documentation of the permissions.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from tests.grants.policies import CONTEXT, Request
from tests.grants.template import ACCOUNT, listed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.grants.template import Template


def requests_of_aws(template: Template) -> Iterator[tuple[str, Request]]:
    """Yield each request with what it is good for."""
    for read in (_functions, _event_sources, _destinations, _machines, _bucket_events, _alarms, _http_api, _schedules):
        yield from read(template)


def _functions(template: Template) -> Iterator[tuple[str, Request]]:
    """Yield Lambda's log and trace: https://docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html."""
    for name, function in template.functions.items():
        role = template.role_of(function["Role"])
        log_group = str(template.resolve(function["LoggingConfig"]["LogGroup"]))
        stream = f"{template.arn_here('logs', 'log-group:' + log_group)}:log-stream:2026/11/28/[$LATEST]0"
        for action in ("CreateLogStream", "PutLogEvents"):
            yield f"Lambda writes the log of {name}", Request(role, f"logs:{action}", stream)
        if function.get("TracingConfig", {}).get("Mode") == "Active":
            # https://docs.aws.amazon.com/lambda/latest/dg/services-xray.html
            for action in ("PutTraceSegments", "PutTelemetryRecords"):
                yield f"Lambda traces {name}", Request(role, f"xray:{action}", "*")


def _event_sources(template: Template) -> Iterator[tuple[str, Request]]:
    """Yield the receiving of messages: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html."""
    for mapping in template.of_kind("AWS::Lambda::EventSourceMapping").values():
        name = re.split("[/:]", template.arn_of_function(mapping["FunctionName"]))[-1]
        function = template.function_named(name)
        for action in ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes"):
            yield (
                f"Lambda receives messages for {name}",
                Request(
                    template.role_of(function["Role"]), f"sqs:{action}", template.resolve(mapping["EventSourceArn"])
                ),
            )


def _destinations(template: Template) -> Iterator[tuple[str, Request]]:
    """Yield what is sent on after failures: https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html."""
    actions = {"sqs": "sqs:SendMessage", "sns": "sns:Publish", "lambda": "lambda:InvokeFunction"}
    for config in template.of_kind("AWS::Lambda::EventInvokeConfig").values():
        name = str(template.resolve(config["FunctionName"]))
        for destination in config.get("DestinationConfig", {}).values():
            arn = str(template.resolve(destination["Destination"]))
            role = template.role_of(template.function_named(name)["Role"])
            yield f"Lambda sends on what {name} was asked for", Request(role, actions[arn.split(":")[2]], arn)


def _machines(template: Template) -> Iterator[tuple[str, Request]]:
    """Yield a state machine's steps.

    https://docs.aws.amazon.com/step-functions/latest/dg/service-integration-iam-templates.html
    """
    for logical_id, machine in template.of_kind("AWS::StepFunctions::StateMachine").items():
        role, arn = template.role_of(machine["RoleArn"]), template.arn(logical_id)
        definition = json.loads(template.resolve(machine["DefinitionString"]))
        for state in _states(definition["States"]):
            for action, resource in _needs_of_state(template, state, arn):
                yield "Step Functions runs the machine", Request(role, action, resource)


def _states(states: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for state in states.values():
        yield state
        yield from _states(state.get("ItemProcessor", {}).get("States", {}))
        for branch in state.get("Branches", ()):
            yield from _states(branch["States"])


def _needs_of_state(template: Template, state: dict[str, Any], machine: str) -> Iterator[tuple[str, str]]:
    if state["Type"] == "Task":
        if not state["Resource"].startswith("arn:aws:lambda:"):
            raise ValueError(f"What {state['Resource']} needs is not known: add it to tests/grants/made_by_aws.py.")
        yield "lambda:InvokeFunction", state["Resource"]
    if state.get("ItemProcessor", {}).get("ProcessorConfig", {}).get("Mode") == "DISTRIBUTED":
        # https://docs.aws.amazon.com/step-functions/latest/dg/iam-policies-eg-dist-map.html
        yield "states:StartExecution", machine
        children = f"{machine.replace(':stateMachine:', ':execution:')}/{state['Label']}:0"
        for action in ("DescribeExecution", "StopExecution", "RedriveExecution"):
            yield f"states:{action}", children
    if reader := state.get("ItemReader"):
        if not reader["Resource"].endswith(":s3:getObject"):
            raise ValueError(f"What {reader['Resource']} needs is not known: add it to tests/grants/made_by_aws.py.")
        # The manifest is named by the plan, which lies with the working objects.
        [bucket] = template.of_kind("AWS::S3::Bucket")
        yield "s3:GetObject", f"{template.arn(bucket)}/work-data/x"


def _from(service: str, action: str, resource: str, source: str) -> Request:
    """Make a request of a service for a resource of this account."""
    context = CONTEXT | {"aws:SourceArn": source, "aws:SourceAccount": ACCOUNT}
    return Request(f"{service}.amazonaws.com", action, resource, context)


def _bucket_events(template: Template) -> Iterator[tuple[str, Request]]:
    """Yield S3's notifications.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/grant-destinations-permissions-to-s3.html
    """
    for bucket, properties in template.of_kind("AWS::S3::Bucket").items():
        for queue in properties.get("NotificationConfiguration", {}).get("QueueConfigurations", ()):
            arn = template.resolve(queue["Queue"])
            yield "S3 announces uploads", _from("s3", "sqs:SendMessage", arn, template.arn(bucket))


def _alarms(template: Template) -> Iterator[tuple[str, Request]]:
    """Yield alarms' mails.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html
    """
    for kind in ("AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm"):
        for alarm, properties in template.of_kind(kind).items():
            for action in (*properties.get("AlarmActions", ()), *properties.get("OKActions", ())):
                topic = template.resolve(action)
                yield "An alarm tells people", _from("cloudwatch", "sns:Publish", topic, template.arn(alarm))


def _http_api(template: Template) -> Iterator[tuple[str, Request]]:
    """Yield the gateway's calls.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
    """
    for integration in template.of_kind("AWS::ApiGatewayV2::Integration").values():
        source = f"{template.arn_here('execute-api', template.resolve(integration['ApiId']))}/$default/$default"
        function = template.arn_of_function(integration["IntegrationUri"])
        yield "The gateway calls its function", _from("apigateway", "lambda:InvokeFunction", function, source)


def _schedules(template: Template) -> Iterator[tuple[str, Request]]:
    """Yield schedules' calls: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html."""
    for rule, properties in template.of_kind("AWS::Events::Rule").items():
        for target in properties.get("Targets", ()):
            function = template.arn_of_function(target["Arn"])
            yield "A rule calls its function", _from("events", "lambda:InvokeFunction", function, template.arn(rule))
    for properties in template.of_kind("AWS::Scheduler::Schedule").values():
        for target in listed(properties["Target"]):
            role = template.role_of(target["RoleArn"])
            function = template.arn_of_function(target["Arn"])
            yield "A schedule calls its function", Request(role, "lambda:InvokeFunction", function)
