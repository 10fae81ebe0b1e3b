"""Names on which several constructs or commands must agree before the resource exists."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import ArnFormat, Aws, Stack

if TYPE_CHECKING:
    from constructs import Construct

    from cdk.settings import Settings


def bucket_name(settings: Settings) -> str:
    """Name the bucket, so that the queue's policy can name it without a dependency cycle."""
    return f"waybill-{settings.environment}-{Aws.ACCOUNT_ID}-{Aws.REGION}"


def large_files_name(settings: Settings) -> str:
    """Name the state machine, which the function that starts it and the one that it calls both refer to."""
    return f"waybill-{settings.environment}-large-files"


def large_files_arn(scope: Construct, settings: Settings) -> str:
    """Return the ARN of the state machine for large files."""
    return _arn(scope, "states", "stateMachine", large_files_name(settings))


def worker_name(settings: Settings) -> str:
    """Name the console's worker, which invokes itself and is invoked by the processor."""
    return f"waybill-{settings.environment}-console-worker"


def worker_arn(scope: Construct, settings: Settings) -> str:
    """Return the ARN of the console's worker."""
    return _arn(scope, "lambda", "function", worker_name(settings))


def alarm_arn(scope: Construct, name: str) -> str:
    """Return the ARN of an alarm in this account and region."""
    return _arn(scope, "cloudwatch", "alarm", name)


def _arn(scope: Construct, service: str, resource: str, name: str) -> str:
    return Stack.of(scope).format_arn(
        service=service, resource=resource, resource_name=name, arn_format=ArnFormat.COLON_RESOURCE_NAME
    )


def dashboard_name(settings: Settings) -> str:
    """Name the dashboard: alarms link to it, and it shows the alarms.

    An account has one list of dashboards for all regions, so the name holds the region.
    """
    return f"waybill-{settings.environment}-{Aws.REGION}"


def dashboard_url(settings: Settings) -> str:
    """Link to the dashboard in the CloudWatch console or, where monitoring is small, to the alarms."""
    console = f"https://{Aws.REGION}.console.aws.amazon.com/cloudwatch/home?region={Aws.REGION}"
    if settings.monitoring == "small":
        return f"{console}#alarmsV2:?search=waybill-{settings.environment}-"
    return f"{console}#dashboards/dashboard/{dashboard_name(settings)}"
