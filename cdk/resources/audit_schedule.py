"""The schedule of the audit: EventBridge invokes the console's worker every so many hours."""

from aws_cdk import Duration, Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from constructs import Construct

from cdk.resources.python_function import PythonFunction
from cdk.settings import Settings

_TARGET = "worker"


class AuditSchedule(Construct):
    """The rule, and the permission to invoke the worker; neither if there are no scheduled audits."""

    def __init__(self, scope: Construct, construct_id: str, *, settings: Settings, worker: PythonFunction) -> None:
        super().__init__(scope, construct_id)
        if not settings.audit_hours:
            return
        # The worker reads the event as EventBridge writes it: its time names the sample.
        rule = events.CfnRule(
            self,
            "Rule",
            name=f"waybill-{settings.environment}-audit",
            description="Audits the books of a sample of files.",
            schedule_expression=events.Schedule.rate(Duration.hours(settings.audit_hours)).expression_string,
            targets=[events.CfnRule.TargetProperty(arn=worker.function.function_arn, id=_TARGET)],
        )
        worker.function.add_permission(
            "Audit",
            principal=iam.ServicePrincipal("events.amazonaws.com"),
            source_account=Stack.of(self).account,
            source_arn=rule.attr_arn,
        )
