"""The alarms of a deployment, grouped by what to look at first."""

from cdk.monitoring.alarm_plan import AlarmPlan
from cdk.monitoring.alarms_on_resources import (
    plan_for_console,
    plan_for_function,
    plan_for_large_files,
    plan_for_tables,
)
from cdk.monitoring.alarms_on_work import plan_for_files, plan_for_queues
from cdk.monitoring.metrics import Metrics
from cdk.resources.storage import Storage
from cdk.settings import Settings


def plan_alarms(settings: Settings, metrics: Metrics, storage: Storage) -> dict[str, list[AlarmPlan]]:
    """Plan the alarms; the keys say what to look at."""
    return {
        "the queues": list(plan_for_queues(settings, metrics)),
        "the mails about the files, and the saved query 'Failures by cause'": list(plan_for_files(settings, metrics)),
        "the function, and the saved query 'Invocations that died'": list(plan_for_function(settings, metrics)),
        "Step Functions": list(plan_for_large_files(settings, metrics)),
        "the tables": list(plan_for_tables(settings, metrics, storage)),
        "the console's logs, and the saved query 'Console requests that failed'": list(plan_for_console(metrics)),
    }
