"""What our Lambda functions have in common: Python from a bundle, JSON logs in a group of their own, traces, a role.

What one of them does, is told and may touch is functions.py's and console.py's. A role begins with no grant but its
own logs and traces.
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
    """One function with its role, and its log group where `logs_to` is none. `options` are lambda_.Function's own."""

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
            application_log_level_v2=_lowest_level_let_through(settings),
            **options,
        )
        # CDK lists the role among the function's dependencies beside referring to it; cfn-lint calls that redundant.
        resource = self.function.node.default_child
        if isinstance(resource, lambda_.CfnFunction):
            resource.add_metadata("cfn-lint", {"config": {"ignore_checks": ["W3005"]}})
        self.acknowledge(
            {
                "AwsSolutions-L1": "Python 3.12 is what the whole project is locked to and tested on; it is supported.",
                "AwsSolutions-IAM5[Resource::*]": "X-Ray has no resources: its actions can be granted on * only.",
            }
        )

    def allow(self, actions: list[str], *resources: str) -> None:
        """Grant actions on resources, by their ARNs."""
        iam.Grant.add_to_principal(grantee=self.role, actions=actions, resource_arns=list(resources))

    def acknowledge(self, accepted: Mapping[str, str]) -> None:
        """Accept findings of cdk-nag about this function, each with its reason."""
        for rule, reason in accepted.items():
            Validations.of(self).acknowledge(Acknowledgment(id=rule, reason=reason))


def log_group(scope: Construct, construct_id: str, *, settings: Settings, name: str) -> logs.LogGroup:
    """Make a log group that is kept as long as the settings say."""
    return logs.LogGroup(
        scope,
        construct_id,
        log_group_name=name,
        retention=LOG_RETENTION[settings.log_retention_days],
        # Made again under the same name by the next deployment, which would fail on one left behind.
        removal_policy=RemovalPolicy.DESTROY,
    )


def _powertools(settings: Settings, service: str) -> dict[str, str]:
    return {
        "POWERTOOLS_SERVICE_NAME": service,
        "POWERTOOLS_LOG_LEVEL": settings.log_level,
        "POWERTOOLS_LOGGER_SAMPLE_RATE": str(settings.debug_sample_rate),
    }


def _lowest_level_let_through(settings: Settings) -> lambda_.ApplicationLogLevel:
    """Tell Lambda which log lines to keep: it drops what is below, whatever Powertools was told, sampled debug too.

    Never less than INFO: a line without a level counts as that, and the lines that hold the metrics have none.
    https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html
    """
    lowest = settings.log_level == "DEBUG" or settings.debug_sample_rate > 0
    return lambda_.ApplicationLogLevel.DEBUG if lowest else lambda_.ApplicationLogLevel.INFO
