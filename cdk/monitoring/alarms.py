"""One alarm for each plan, and a composite alarm over them that sends the one mail of an incident.

Only the composite has an action. It fires when the first alarm does, and can fire again once all are over.
"""

from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_sns as sns
from constructs import Construct

from cdk.conditions import only_on_aws
from cdk.monitoring.alarm_plan import RUNBOOK, AlarmPlan
from cdk.monitoring.alarm_plans import plan_alarms
from cdk.monitoring.metrics import Metrics
from cdk.names import alarm_arn, dashboard_url
from cdk.resources.storage import Storage
from cdk.settings import Settings

COMPOSITE = "incident"


class Alarms(Construct):
    """The alarms, and the composite alarm that publishes to the alerts topic."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: Settings,
        metrics: Metrics,
        storage: Storage,
        alerts: sns.Topic,
    ) -> None:
        super().__init__(scope, construct_id)
        self._settings = settings
        groups = _deployed(plan_alarms(settings, metrics, storage), settings)
        self._plans = [plan for plans in groups.values() for plan in plans]
        alarms = [self._make_alarm(plan) for plan in self._plans]
        composite = self._compose(groups)
        composite.node.add_dependency(*alarms)  # CloudWatch refuses a rule that names missing alarms.
        composite.add_alarm_action(actions.SnsAction(alerts))

    def references(self) -> list[cloudwatch.IAlarm]:
        """Refer to all alarms by ARN, the composite first, including those that the emulator leaves out."""
        return [
            cloudwatch.Alarm.from_alarm_arn(self, f"Shown-{name}", alarm_arn(self, self._alarm_name(name)))
            for name in (COMPOSITE, *(plan.name for plan in self._plans))
        ]

    def _alarm_name(self, name: str) -> str:
        return f"waybill-{self._settings.environment}-{name}"

    def _dashboard(self) -> str:
        where = "Dashboard" if self._settings.monitoring == "full" else "Alarms"
        return f"{where}: {dashboard_url(self._settings)}"

    def _make_alarm(self, plan: AlarmPlan) -> cloudwatch.Alarm:
        breaching, evaluated = plan.periods
        alarm = cloudwatch.Alarm(
            self,
            plan.name.title().replace("-", ""),
            # Fixed, so that the composite's rule and the dashboard can name alarms that the emulator leaves out.
            alarm_name=self._alarm_name(plan.name),
            alarm_description=plan.describe(self._dashboard()),
            metric=plan.metric,
            comparison_operator=plan.comparison,
            threshold=plan.threshold,
            datapoints_to_alarm=breaching,
            evaluation_periods=evaluated,
            treat_missing_data=plan.missing,
        )
        if isinstance(plan.metric, cloudwatch.MathExpression):
            only_on_aws(alarm)  # The emulator refuses metric maths.
        return alarm

    def _compose(self, groups: dict[str, list[AlarmPlan]]) -> cloudwatch.CompositeAlarm:
        first = "\n".join(f"- {', '.join(plan.name for plan in plans)}: {look}" for look, plans in groups.items())
        composite = cloudwatch.CompositeAlarm(
            self,
            "Incident",
            composite_alarm_name=self._alarm_name(COMPOSITE),
            alarm_description=(
                "Something needs a person. This is the one mail about it: further alarms join it in silence.\n\n"
                f"{self._dashboard()}\nWhat to look at first, by the alarm that is red there:\n"
                f"{first}\nDo: what the red alarm's description says.\nRunbook: {RUNBOOK}#{COMPOSITE}"
            ),
            alarm_rule=cloudwatch.AlarmRule.from_string(
                " OR ".join(f'ALARM("{self._alarm_name(plan.name)}")' for plan in self._plans)
            ),
        )
        only_on_aws(composite)
        return composite


def _deployed(groups: dict[str, list[AlarmPlan]], settings: Settings) -> dict[str, list[AlarmPlan]]:
    """Leave out what is not deployed where monitoring is small."""
    if settings.monitoring == "full":
        return groups
    essential = {look: [plan for plan in plans if plan.is_essential] for look, plans in groups.items()}
    return {look: plans for look, plans in essential.items() if plans}
