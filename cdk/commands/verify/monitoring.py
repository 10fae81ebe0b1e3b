"""Assertions about what watches the stack: an alarm is heard, the run was counted, and its trace is there."""

from datetime import UTC, datetime, timedelta
from typing import Any

from cdk.commands.verify.alerts import Alerts
from cdk.commands.verify.checklist import CheckError, Checklist, LeftOutError, wait_for
from cdk.commands.verify.deployment import Deployment
from cdk.commands.verify.files import Files

ALARM_S = 60
# CloudWatch takes a minute or two for metrics from log lines, X-Ray some seconds.
METRICS_S = 300
TRACE_S = 120
NAMESPACE, COUNTED = "Waybill", "FilesProcessed"


class Monitoring:
    """The assertions."""

    def __init__(self, deployment: Deployment, alerts: Alerts, files: Files) -> None:
        self._deployment = deployment
        self._alerts = alerts
        self._files = files

    def check(self, checks: Checklist) -> None:
        """Run them."""
        checks.check("An alarm is heard", lambda: self._ring(checks))
        if self._files.stored:
            checks.check("The run was counted", self._count)
            checks.check("Its trace is there", self._trace)

    def _ring(self, checks: Checklist) -> str:
        prefix = f"waybill-{self._deployment.environment}-"
        cloudwatch = self._deployment.client("cloudwatch")
        kinds = ["MetricAlarm", "CompositeAlarm"]
        answer = cloudwatch.describe_alarms(AlarmNamePrefix=prefix, AlarmTypes=kinds, MaxRecords=100)
        composites = [alarm for alarm in answer.get("CompositeAlarms", []) if _is_ours(alarm, prefix)]
        ours = [alarm for alarm in answer["MetricAlarms"] if _is_ours(alarm, prefix)]
        quiet = [alarm for alarm in ours if alarm["StateValue"] != "ALARM"]
        if not quiet:
            raise CheckError(f"There is no alarm {prefix}… that is not ringing already. See the alarms.")
        if any(composite["StateValue"] == "ALARM" for composite in composites):
            raise LeftOutError("The incident alarm is on already, so another makes no further mail. See the runbook.")
        name, before = quiet[0]["AlarmName"], quiet[0]["StateValue"]
        checks.remove_later(f"The state of the alarm {name}", lambda: self._set(name, before))
        self._set(name, "ALARM")
        wait_for(
            lambda: self._state(name) == "ALARM", ALARM_S, lambda: f"{name} is {self._state(name)}, though it was set."
        )
        if not composites:
            return f"{name}; this deployment has no incident alarm"
        subject = self._alerts.wait_for_text(
            composites[0]["AlarmName"], f"See {composites[0]['AlarmName']} and the topic's policy."
        )
        return f"{name}, “{subject}”"

    def _set(self, name: str, state: str) -> None:
        cloudwatch = self._deployment.client("cloudwatch")
        cloudwatch.set_alarm_state(AlarmName=name, StateValue=state, StateReason="make verify")

    def _state(self, name: str) -> str:
        (alarm,) = self._deployment.client("cloudwatch").describe_alarms(AlarmNames=[name])["MetricAlarms"]
        return str(alarm["StateValue"])

    def _count(self) -> None:
        dimensions = {"service": "processor", "environment": self._deployment.environment}
        cloudwatch = self._deployment.client("cloudwatch")

        def find() -> bool:
            answer = cloudwatch.get_metric_statistics(
                Namespace=NAMESPACE,
                MetricName=COUNTED,
                Dimensions=[{"Name": name, "Value": value} for name, value in dimensions.items()],
                StartTime=self._deployment.begun_at - timedelta(minutes=1),
                EndTime=datetime.now(UTC) + timedelta(minutes=1),
                Period=60,
                Statistics=["Sum"],
            )
            return bool(sum(point["Sum"] for point in answer["Datapoints"]) >= 1)

        wait_for(find, METRICS_S, lambda: f"{NAMESPACE}/{COUNTED} has counted nothing. See the processor's log group.")

    def _trace(self) -> str:
        (run, *_) = self._deployment.read(f"/api/files/{self._files.file_id}")["runs"]
        if not run["trace_sampled"]:
            raise LeftOutError("X-Ray was not asked to record this run: see the setting trace_sampling.")
        xray = self._deployment.client("xray")

        def find() -> list[Any]:
            return [trace for trace in xray.batch_get_traces(TraceIds=[run["trace_id"]])["Traces"] if trace["Segments"]]

        wait_for(find, TRACE_S, lambda: f"X-Ray has no trace {run['trace_id']}. See the role's permissions.")
        return str(run["trace_id"])


def _is_ours(alarm: dict[str, Any], prefix: str) -> bool:
    """Leave out an environment whose name begins with this one's; a description ends with the alarm's own name."""
    _, mark, section = alarm.get("AlarmDescription", "").rpartition("#")
    return not mark or section == alarm["AlarmName"].removeprefix(prefix)
