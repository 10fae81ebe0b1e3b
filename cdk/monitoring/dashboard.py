"""The dashboard, which shows whether anything is wrong now, and where.

From top to bottom: the present, throughput, latency, the function, large files, the tables, cost, and the console.
"""

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_logs as logs
from constructs import Construct

from cdk.monitoring.alarms import Alarms
from cdk.monitoring.dashboard_resources import Resources
from cdk.monitoring.dashboard_work import Work
from cdk.monitoring.metrics import Metrics
from cdk.monitoring.widgets import text
from cdk.names import dashboard_name
from cdk.resources.storage import Storage
from cdk.settings import Settings


class Dashboard(Construct):
    """The CloudWatch dashboard."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: Settings,
        metrics: Metrics,
        storage: Storage,
        alarms: Alarms,
        log_group: logs.ILogGroup,
    ) -> None:
        super().__init__(scope, construct_id)
        work = Work(settings, metrics)
        resources = Resources(settings, metrics, storage, log_group)
        cloudwatch.Dashboard(
            self,
            "Dashboard",
            dashboard_name=dashboard_name(settings),
            default_interval=Duration.hours(3),
            widgets=[
                [text(_heading(settings), height=3)],
                *work.now(alarms.references()),
                *work.throughput(),
                *work.latency(),
                *resources.function(),
                *resources.large_files(),
                *resources.tables(),
                *work.cost(),
                *resources.console(),
            ],
        )


def _heading(settings: Settings) -> str:
    return (
        f"# Waybill {settings.environment}\n"
        "**Is anything wrong now?** All alarms green, no dead letters, and the oldest message younger than "
        f"{settings.max_message_age_s} s: no. Otherwise open the red alarm: it says what it means and what to do; the "
        "whole procedure is its section in `docs/runbook.md`. From a file's id to its story: Logs Insights → Saved "
        f"queries → `Waybill/{settings.environment}/Everything about one file`."
    )
