"""The account of the metrics: what CloudWatch has counted, held against the runs on record.

An invocation that dies sends nothing, so a sum may lack what dead invocations would have told, and nothing else.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cdk.local.sidecar_process import Sidecar
    from tests.chaos.history import History
    from tests.chaos.inventory import Inventory
    from tests.e2e.deployment import Deployment

_BY_OUTCOME = {
    "processed": "FilesProcessed",
    "partial": "FilesPartial",
    "failed": "FilesFailed",
    "held": "FilesHeld",
    "duplicate": "FilesDuplicate",
}
_COUNTED = ("FilesReceived", *_BY_OUTCOME.values(), "RowsAccepted", "RowsRejected")
_WAKING = 20


def read_sums(stack: Deployment, sidecar: Sidecar) -> dict[str, float]:
    """Return the sums once every line has come: test events wake the workers that hold lines back."""
    for _ in range(3):
        for _ in range(_WAKING):
            stack.send('{"Event": "s3:TestEvent"}')
        stack.wait_idle()
        sidecar.carry()
    return {name: stack.total_of_metric(name) for name in _COUNTED}


def check_metrics(sums: dict[str, float], inventory: Inventory, history: History) -> list[str]:
    """Hold each sum between the truth without what dead invocations may have held, and the truth."""
    truth: Counter[str] = Counter(FilesReceived=len(inventory.files))
    died = 0
    rows: dict[str, list[int]] = {"RowsAccepted": [], "RowsRejected": []}
    for run in (run for runs in inventory.runs.values() for run in runs):
        died += run["outcome"] == "died"
        if name := _BY_OUTCOME.get(run["outcome"]):
            truth[name] += 1
            rows["RowsAccepted"].append(int(run.get("accepted_rows", 0)))
            rows["RowsRejected"].append(int(run.get("rejected_rows", 0)))
    # Each left a dead run behind, or was struck after its settlement.
    deaths = died + history.killed + history.stopped
    wrong = []
    for name in _COUNTED:
        if name in rows:
            most, lost = sum(rows[name]), sum(sorted(rows[name], reverse=True)[:deaths])
        else:
            most, lost = truth[name], deaths
        if not most - lost <= sums[name] <= most:
            wrong.append(f"{name} is {sums[name]:,.0f}, not between {most - lost:,} and {most:,}")
    return wrong
