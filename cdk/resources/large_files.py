"""The state machine for files that one run cannot store, and the function that does its steps.

Plan → a Distributed Map over the ranges → Settle. A step that fails for good gives the file back to the queue. The
steps are in `processor/large_files/steps.py`.
"""

import json
from typing import Any

from aws_cdk import Acknowledgment, Aws, Validations
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from cdk.bundling.bundle import bundled_code
from cdk.names import large_files_arn, large_files_name, worker_arn
from cdk.resources.processor import grant_runs, run_environment
from cdk.resources.python_function import PythonFunction
from cdk.resources.storage import WORK, Storage, keys_accepted
from cdk.settings import Settings

# Lambda's limit: planning reads the whole file, and settling copies it.
STEP_SECONDS = 900
# Beyond this the fault is not a single range's, so the others need not try.
TOLERATED_PERCENT = 50
LABEL = "ranges"
STEP_ATTEMPTS = 4

_NO_RETRY = {"ErrorEquals": ["LeaseLostError", "PlanMissingError", "RangesMissingError"], "MaxAttempts": 0}
_RETRY_THROTTLED = {
    "ErrorEquals": ["Lambda.TooManyRequestsException"],
    "IntervalSeconds": 5,
    "BackoffRate": 2,
    "MaxDelaySeconds": 120,
    "MaxAttempts": 10,
    "JitterStrategy": "FULL",
}
_RETRY = {
    "ErrorEquals": ["States.ALL"],
    "IntervalSeconds": 3,
    "BackoffRate": 4,
    "MaxDelaySeconds": 120,
    "MaxAttempts": STEP_ATTEMPTS - 1,
    "JitterStrategy": "FULL",
}


class LargeFiles(Construct):
    """The state machine and its function."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: Settings,
        storage: Storage,
        queue: sqs.Queue,
        alerts: sns.Topic,
        console_url: str,
        log_group: logs.LogGroup,
    ) -> None:
        super().__init__(scope, construct_id)
        self._name = large_files_name(settings)
        self._steps = PythonFunction(
            self,
            "Ranges",
            settings=settings,
            name=f"waybill-{settings.environment}-ranges",
            service="processor",  # Its runs, metrics and log are the processor's.
            description="Does the steps of a file that is read in ranges.",
            handler="processor.large_files.handler.handle",
            code=bundled_code("processor", architecture=settings.architecture),
            memory_size=settings.large_file_memory_mb,
            timeout_s=STEP_SECONDS,
            environment=run_environment(
                self, settings=settings, storage=storage, queue=queue, alerts=alerts, console_url=console_url
            ),
            logs_to=log_group,
        )
        self.function = self._steps.function
        self._grant(storage, queue, alerts)
        self._steps.allow(["lambda:InvokeFunction"], worker_arn(self, settings))
        self.machine = self._make_machine(settings, storage)

    def _grant(self, storage: Storage, queue: sqs.Queue, alerts: sns.Topic) -> None:
        """Allow what a run does, the working objects of ranges, and deleting or returning the waiting message."""
        allow, keys = self._steps.allow, storage.keys
        grant_runs(self._steps, storage, alerts)
        allow(["s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload", "s3:DeleteObject"], *keys(WORK))
        allow(["sqs:DeleteMessage", "sqs:ChangeMessageVisibility", "sqs:SendMessage"], queue.queue_arn)
        self._steps.acknowledge(keys_accepted(storage.bucket))

    def _make_machine(self, settings: Settings, storage: Storage) -> sfn.StateMachine:
        role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("states.amazonaws.com"))

        def allow(actions: list[str], *resources: str) -> None:
            iam.Grant.add_to_principal(grantee=role, actions=actions, resource_arns=list(resources))

        allow(["lambda:InvokeFunction"], self.function.function_arn)
        allow(["s3:GetObject"], *storage.keys(WORK))
        # A Distributed Map runs as child executions of this same machine:
        # https://docs.aws.amazon.com/step-functions/latest/dg/iam-policies-eg-dist-map.html
        allow(["states:StartExecution"], large_files_arn(self, settings))
        children = f"arn:{Aws.PARTITION}:states:{Aws.REGION}:{Aws.ACCOUNT_ID}:execution:{self._name}/{LABEL}:*"
        allow(["states:DescribeExecution", "states:StopExecution", "states:RedriveExecution"], children)
        machine = sfn.StateMachine(
            self,
            "Machine",
            state_machine_name=self._name,
            definition_body=sfn.DefinitionBody.from_string(json.dumps(self._definition(settings))),
            role=role.without_policy_updates(),
        )
        # CDK both refers to the role and lists it as a dependency, which cfn-lint calls redundant.
        resource = machine.node.default_child
        if isinstance(resource, sfn.CfnStateMachine):
            resource.add_metadata("cfn-lint", {"config": {"ignore_checks": ["W3005"]}})
        accepted = {
            "AwsSolutions-SF1": "Each execution's history is kept for 90 days, and each step logs as a run does.",
            "AwsSolutions-SF2": "Each step is traced as an invocation of its function, with the run's id on it.",
        }
        for rule, reason in accepted.items():
            Validations.of(machine).acknowledge(Acknowledgment(id=rule, reason=reason))
        wildcards = keys_accepted(storage.bucket) | {
            f"AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:states:<AWS::Region>:<AWS::AccountId>:execution:"
            f"{self._name}/{LABEL}:*]": "The executions of the machine's own Map, whose names AWS chooses."
        }
        for rule, reason in wildcards.items():
            Validations.of(role).acknowledge(Acknowledgment(id=rule, reason=reason))
        return machine

    def _definition(self, settings: Settings) -> dict[str, Any]:
        """Return the machine in Amazon States Language: https://states-language.net.

        With a result path of null a step's input passes on to the next step.
        """
        give_back = {"ErrorEquals": ["States.ALL"], "ResultPath": "$.failure", "Next": "GiveBack"}
        return {
            "Comment": "Reads one file in ranges; processor/large_files/steps.py says what the steps do.",
            "TimeoutSeconds": settings.large_file_timeout_s,
            "StartAt": "Plan",
            "States": {
                "Plan": self._step("plan", ResultPath="$.plan", Catch=[give_back], Next="Split"),
                "Split": {
                    "Type": "Choice",
                    "Choices": [{"Variable": "$.plan.settled", "BooleanEquals": True, "Next": "Settled"}],
                    "Default": "Ranges",
                },
                "Ranges": self._map(settings) | {"Catch": [give_back], "Next": "Settle"},
                "Settle": self._step("settle", with_plan=True, ResultPath=None, Catch=[give_back], Next="Settled"),
                "Settled": {"Type": "Succeed"},
                "GiveBack": self._step("give back", with_failure=True, ResultPath=None, Next="GivenBack"),
                "GivenBack": {
                    "Type": "Fail",
                    "Error": "GivenBack",
                    "Cause": "The run failed; its message comes again, and the file's page says why.",
                },
            },
        }

    def _step(self, step: str, *, with_plan: bool = False, with_failure: bool = False, **rest: Any) -> dict[str, Any]:
        parameters = {"step": step, "task.$": "$"}
        if with_plan:
            parameters["plan.$"] = "$.plan"
        if with_failure:
            parameters["failure.$"] = "$.failure"
        return self._task() | {"Parameters": parameters} | rest

    def _task(self) -> dict[str, Any]:
        return {
            "Type": "Task",
            "Resource": self.function.function_arn,
            "TimeoutSeconds": STEP_SECONDS + 60,
            "Retry": [_NO_RETRY, _RETRY_THROTTLED, _RETRY],
        }

    def _map(self, settings: Settings) -> dict[str, Any]:
        """Run one child execution for each item of the manifest. None returns anything, so no result grows."""
        return {
            "Type": "Map",
            "Label": LABEL,
            "MaxConcurrency": settings.large_file_concurrency,
            "ToleratedFailurePercentage": TOLERATED_PERCENT,
            "ItemReader": {
                "Resource": f"arn:{Aws.PARTITION}:states:::s3:getObject",
                "ReaderConfig": {"InputType": "JSON"},
                "Parameters": {"Bucket.$": "$.plan.bucket", "Key.$": "$.plan.manifest_key"},
            },
            "ItemSelector": {
                "step": "store",
                "task.$": "$",
                "plan.$": "$.plan",
                "range.$": "$$.Map.Item.Value",
            },
            "ItemProcessor": {
                "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
                "StartAt": "Store",
                "States": {"Store": self._task() | {"End": True}},
            },
            "ResultPath": None,
        }
