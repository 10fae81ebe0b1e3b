"""The reader of alarms on moto: their order, their state and their texts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from admin_api.monitoring.alarms import AlarmReader, AlarmState

if TYPE_CHECKING:
    from collections.abc import Callable


DESCRIPTION = (
    "A message lies in the dead-letter queue.\n\nLook at: the mail\nDashboard: https://x\n"
    "Do: redrive the queue.\nRunbook: docs/runbook.md#{name}"
)


def alarm(cloudwatch: Any, name: str, description: str) -> None:
    """Make an alarm."""
    cloudwatch.put_metric_alarm(
        AlarmName=name,
        AlarmDescription=description,
        Namespace="Waybill",
        MetricName="FilesFailed",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=0,
        ComparisonOperator="GreaterThanThreshold",
    )


def test_firing_alarms_come_first_and_each_has_its_texts(client: Callable[[str], Any]) -> None:
    """Alarms of an environment with a similar name are left out."""
    cloudwatch = client("cloudwatch")
    for name in ("dead-letters", "failed-files", "near-timeout"):
        alarm(cloudwatch, f"waybill-test-{name}", DESCRIPTION.format(name=name))
    alarm(cloudwatch, "waybill-test-eu-dead-letters", DESCRIPTION.format(name="dead-letters"))
    alarm(cloudwatch, "waybill-test-by-hand", "")
    alarm(cloudwatch, "waybill-other-dead-letters", DESCRIPTION.format(name="dead-letters"))
    cloudwatch.set_alarm_state(AlarmName="waybill-test-near-timeout", StateValue="ALARM", StateReason="Too slow.")
    cloudwatch.set_alarm_state(AlarmName="waybill-test-by-hand", StateValue="OK", StateReason="Fine.")

    alarms = AlarmReader(cloudwatch, "test").read_alarms()

    assert [(each.name, each.state) for each in alarms] == [
        ("near-timeout", AlarmState.ALARM),
        ("by-hand", AlarmState.OK),
        ("dead-letters", AlarmState.OK),
        ("failed-files", AlarmState.OK),
    ]
    red = alarms[0]
    assert red.is_red
    assert (red.reason, red.means, red.look) == ("Too slow.", "A message lies in the dead-letter queue.", "the mail")
    assert (red.do, red.runbook) == ("redrive the queue.", "docs/runbook.md#near-timeout")
    assert red.since is not None
