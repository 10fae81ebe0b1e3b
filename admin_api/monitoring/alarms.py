"""The alarms of one environment and their states now; ``cdk/monitoring/alarm_plan.py`` writes their texts."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from mypy_boto3_cloudwatch import CloudWatchClient

FRESH_S = 20.0
"""CloudWatch judges most alarms once a minute, and bills each request."""
_MOST_ALARMS = 100
"""DescribeAlarms' limit; the stack has about twenty."""
_LABELLED_LINE = re.compile(r"^(Look at|Do|Runbook): (.+)$", re.MULTILINE)


class AlarmState(StrEnum):
    """An alarm's state, by CloudWatch's own names."""

    ALARM = "ALARM"
    NO_DATA = "INSUFFICIENT_DATA"
    OK = "OK"


@dataclass(frozen=True, slots=True)
class Alarm:
    """One alarm and its state now."""

    name: str
    """Without the environment's prefix; also the name of its section in the runbook."""
    state: AlarmState
    reason: str
    """CloudWatch's reason for the state."""
    since: datetime | None
    means: str
    look: str
    do: str
    runbook: str
    """The path of its section of the runbook."""

    @property
    def is_red(self) -> bool:
        """Whether it needs attention now."""
        return self.state is AlarmState.ALARM


class AlarmReader:
    """Reads the alarms named ``waybill-<environment>-…``, at most once in :data:`FRESH_S` seconds."""

    def __init__(
        self, cloudwatch: CloudWatchClient, environment: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._cloudwatch = cloudwatch
        self._prefix = f"waybill-{environment}-"
        self._clock = clock
        self._known: tuple[float, tuple[Alarm, ...]] | None = None

    def read_alarms(self) -> tuple[Alarm, ...]:
        """Read all alarms in one call; those that fire come first, then by name. Raises botocore's errors.

        The composite alarm is left out, as it only repeats the others.
        """
        known = self._known
        if known is None or self._clock() - known[0] >= FRESH_S:
            self._known = known = self._clock(), self._ask()
        return known[1]

    def _ask(self) -> tuple[Alarm, ...]:
        response = self._cloudwatch.describe_alarms(
            AlarmNamePrefix=self._prefix, AlarmTypes=["MetricAlarm"], MaxRecords=_MOST_ALARMS
        )
        alarms = [alarm for each in response["MetricAlarms"] if _is_ours(alarm := _parse_alarm(each, self._prefix))]
        order = list(AlarmState)
        return tuple(sorted(alarms, key=lambda alarm: (order.index(alarm.state), alarm.name)))


def _is_ours(alarm: Alarm) -> bool:
    """Leave out the alarms of an environment whose name begins with this one's (``dev`` and ``dev-eu``)."""
    return not alarm.runbook or alarm.runbook.endswith(f"#{alarm.name}")


def _parse_alarm(described: Any, prefix: str) -> Alarm:
    description = described.get("AlarmDescription", "")
    lines = dict(_LABELLED_LINE.findall(description))
    return Alarm(
        name=described["AlarmName"].removeprefix(prefix),
        state=AlarmState(described["StateValue"]),
        reason=described.get("StateReason", ""),
        since=described.get("StateTransitionedTimestamp") or described.get("StateUpdatedTimestamp"),
        means=description.partition("\n")[0],
        look=lines.get("Look at", ""),
        do=lines.get("Do", ""),
        runbook=lines.get("Runbook", ""),
    )
