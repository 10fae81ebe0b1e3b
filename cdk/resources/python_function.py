"""A Python function as all of ours are built: bundle, JSON logs, traces, and a role that may write both.

Environment and further grants are those of processor.py, large_files.py and console.py.
"""

from collections.abc import Mapping
from typing import Any

from aws_cdk import Acknowledgment, Duration, RemovalPolicy, Validations
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from cdk.settings import LOG_RETENTION_DAYS, Settings

RUNTIME = lambda_.Runtime.PYTHON_3_12
ARCHITECTURES = {"arm64": lambda_.Architecture.ARM_64, "x86_64": lambda_.Architecture.X86_64}
LOG_RETENTION = dict(zip(LOG_RETENTION_DAYS, logs.RetentionDays, strict=False))  # CDK adds an "infinite" at the end.


class PythonFunction(Construct):
    """One function with its role, and a log group unless `logs_to` gives one. `options` are lambda_.Function's own."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: Settings,
        name: str,
        service: str,
        environment: Mapping[str, str],
        timeout_s: int,
        logs_to: logs.LogGroup | None = None,
        **options: Any,
    ) -> None:
        super().__init__(scope, construct_id)
        self.log_group = logs_to or log_group(self, "Logs", settings=settings, name=f"/aws/lambda/{name}")
        self.role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
        self.log_group.grant_write(self.role)
        self.function = lambda_.Function(
            self,
            "Function",
            function_name=name,
            runtime=RUNTIME,
            architecture=ARCHITECTURES[settings.architecture],
            timeout=Duration.seconds(timeout_s),
            environment={**environment, **_powertools(settings, service)},
            role=self.role,
            tracing=lambda_.Tracing.ACTIVE if settings.trace_sampling else lambda_.Tracing.PASS_THROUGH,
            logging_format=lambda_.LoggingFormat.JSON,
            log_group=self.log_group,
            application_log_level_v2=_lowest_level(settings),
            **options,
        )
        # CDK both refers to the role and lists it as a dependency, which cfn-lint calls redundant.
        resource = self.function.node.default_child
        if isinstance(resource, lambda_.CfnFunction):
            resource.add_metadata("cfn-lint", {"config": {"ignore_checks": ["W3005"]}})
        self.acknowledge(
            {
                "AwsSolutions-L1": "Python 3.12 is what the whole project is locked to and tested on; it is supported.",
                "AwsSolutions-IAM5[Resource::*]": "X-Ray has no resources: its actions can be granted on * only.",
            }
        )

    def allow(self, actions: list[str], *resources: str) -> iam.Grant:
        """Grant actions on resources, given by ARN. A resource that needs the grant can wait for what is returned."""
        return iam.Grant.add_to_principal(grantee=self.role, actions=actions, resource_arns=list(resources))

    def deny(self, actions: list[str], resource: str, conditions: Mapping[str, Mapping[str, Any]]) -> None:
        """Refuse actions on a resource under conditions, whatever is granted."""
        statement = iam.PolicyStatement(
            effect=iam.Effect.DENY, actions=actions, resources=[resource], conditions=dict(conditions)
        )
        self.role.add_to_principal_policy(statement)

    def acknowledge(self, accepted: Mapping[str, str]) -> None:
        """Acknowledge findings of cdk-nag about this function, each with its reason."""
        for rule, reason in accepted.items():
            Validations.of(self).acknowledge(Acknowledgment(id=rule, reason=reason))


def log_group(scope: Construct, construct_id: str, *, settings: Settings, name: str) -> logs.LogGroup:
    """Create a log group with the retention of the settings."""
    return logs.LogGroup(
        scope,
        construct_id,
        log_group_name=name,
        retention=LOG_RETENTION[settings.log_retention_days],
        # The next deployment creates it under the same name, and would fail on one left behind.
        removal_policy=RemovalPolicy.DESTROY,
    )


def _powertools(settings: Settings, service: str) -> dict[str, str]:
    return {
        "POWERTOOLS_SERVICE_NAME": service,
        "POWERTOOLS_LOG_LEVEL": settings.log_level,
        "POWERTOOLS_LOGGER_SAMPLE_RATE": str(settings.debug_sample_rate),
    }


def _lowest_level(settings: Settings) -> lambda_.ApplicationLogLevel:
    """Return the level below which Lambda drops log lines, whatever Powertools is set to, sampled debug lines included.

    Never above INFO: a line without a level, such as those that hold the metrics, counts as INFO.
    https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html
    """
    lowest = settings.log_level == "DEBUG" or settings.debug_sample_rate > 0
    return lambda_.ApplicationLogLevel.DEBUG if lowest else lambda_.ApplicationLogLevel.INFO
