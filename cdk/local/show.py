"""Shows traces, metrics and mails of the local stack in the terminal, read through AWS's own APIs.

    python -m cdk.local.show trace <trace id | file name | file id>
    python -m cdk.local.show metrics [--minutes 60]
    python -m cdk.local.show mails [<number>]

It finds the stack by .local/outputs.json, which `make run` writes.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
from rich.console import Console
from rich.panel import Panel
from rich.text import Text

from cdk.local.charts import Metric, Point, chart
from cdk.local.processes import ROOT
from cdk.local.sidecar.mailbox import mails
from cdk.local.waterfall import waterfall

OUTPUTS = ROOT / ".local/outputs.json"
_TRACE_ID = re.compile(r"1-[0-9a-f]{8}-[0-9a-f]{24}")
_NAMESPACES = ("Waybill", "AWS/Lambda", "AWS/SQS")
_STATISTICS = ("Sum", "SampleCount", "Minimum", "Maximum")
_PERIOD_S = 1
_QUERIES_AT_ONCE = 500


class NothingToShowError(Exception):
    """There is nothing to show; the message says why."""


class Stack:
    """The running stack, as the outputs file of `make run` describes it."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._document = document
        self.outputs: dict[str, str] = document["outputs"]
        self.mail_folder = Path(document["mail_folder"])

    @classmethod
    def load(cls, outputs: Path) -> Stack:
        """Read the outputs file; raise NothingToShowError if there is none."""
        if not outputs.exists():
            raise NothingToShowError("Nothing is up: start it with `make run`.")
        return cls(json.loads(outputs.read_text()))

    def client(self, service: str) -> Any:
        """Return a client of the emulator, or of the sidecar for X-Ray."""
        return boto3.client(  # type: ignore[call-overload]
            service,
            self._document["region"],
            endpoint_url=self._document["xray_endpoint" if service == "xray" else "endpoint"],
            aws_access_key_id="test",
            aws_secret_access_key="test",  # noqa: S106  The emulator's.
        )


def show_trace(stack: Stack, wanted: str, console: Console) -> None:
    """Draw one trace, or the traces of all runs of a file in their order."""
    trace_ids = [wanted] if _TRACE_ID.fullmatch(wanted) else _traces_of_file(stack, wanted)
    xray = stack.client("xray")
    for trace_id in trace_ids:
        traces = xray.batch_get_traces(TraceIds=[trace_id])["Traces"]
        if not traces:
            console.print(f"Trace {trace_id} is not there: the run was not sampled, or ended before it could send it.")
            continue
        console.print(waterfall(trace_id, [json.loads(each["Document"]) for each in traces[0]["Segments"]]))


def _traces_of_file(stack: Stack, wanted: str) -> list[str]:
    """Return the trace ids of a file, found in the ledger by id or name; of several files with one name, the newest."""
    dynamodb = stack.client("dynamodb")
    scan = dynamodb.get_paginator("scan").paginate(
        TableName=stack.outputs["FilesTableName"],
        FilterExpression="#entry = :file AND (contains(object_key, :wanted) OR file_id = :wanted)",
        ExpressionAttributeNames={"#entry": "entry"},
        ExpressionAttributeValues={":file": {"S": "file"}, ":wanted": {"S": wanted}},
    )
    entries = [{name: value.get("S", "") for name, value in item.items()} for page in scan for item in page["Items"]]
    named = [e for e in entries if wanted in (e["file_id"], e["object_key"], e["object_key"].rpartition("/")[2])]
    if not named:
        raise NothingToShowError(f"No file is called {wanted}.")
    newest = max(named, key=lambda entry: entry["received_at"])
    runs = dynamodb.query(
        TableName=stack.outputs["FilesTableName"],
        KeyConditionExpression="file_id = :file AND begins_with(#entry, :run)",
        ExpressionAttributeNames={"#entry": "entry"},
        ExpressionAttributeValues={":file": {"S": newest["file_id"]}, ":run": {"S": "run#"}},
    )["Items"]
    runs.sort(key=lambda run: run["started_at"]["S"])
    trace_ids = [run["trace_id"]["S"] for run in runs if "trace_id" in run]
    if not trace_ids:
        raise NothingToShowError(f"No run of {wanted} has left a trace id (state: {newest.get('state')}).")
    return list(dict.fromkeys(trace_ids))


def show_metrics(stack: Stack, minutes: int, console: Console) -> None:
    """Draw every metric of the last minutes."""
    metrics = [metric for metric in _list_metrics(stack.client("cloudwatch"), minutes) if metric.points]
    if not metrics:
        raise NothingToShowError(f"No metric has a value in the last {minutes} minutes.")
    console.print(chart(metrics))


def _list_metrics(cloudwatch: Any, minutes: int) -> list[Metric]:
    listed = [
        (Metric(each["Namespace"], each["MetricName"], tuple(d["Value"] for d in each["Dimensions"])), each)
        for namespace in _NAMESPACES
        for page in cloudwatch.get_paginator("list_metrics").paginate(Namespace=namespace)
        for each in page["Metrics"]
    ]
    listed.sort(key=lambda pair: (_NAMESPACES.index(pair[0].namespace), pair[0].dimensions, pair[0].name))
    queries = [
        {
            "Id": f"m{number}_{statistic.lower()}",
            "MetricStat": {"Metric": metric, "Period": _PERIOD_S, "Stat": statistic},
        }
        for number, (_, metric) in enumerate(listed)
        for statistic in _STATISTICS
    ]
    now = datetime.now(UTC)
    series: dict[str, dict[float, float]] = {str(query["Id"]): {} for query in queries}
    for first in range(0, len(queries), _QUERIES_AT_ONCE):
        pages = cloudwatch.get_paginator("get_metric_data").paginate(
            MetricDataQueries=queries[first : first + _QUERIES_AT_ONCE],
            StartTime=now - timedelta(minutes=minutes),
            EndTime=now + timedelta(minutes=1),
        )
        for result in (result for page in pages for result in page["MetricDataResults"]):
            moments = [moment.timestamp() for moment in result["Timestamps"]]
            series[result["Id"]] |= dict(zip(moments, result["Values"], strict=True))
    return [replace(metric, points=_points(series, number)) for number, (metric, _) in enumerate(listed)]


def _points(series: dict[str, dict[float, float]], number: int) -> tuple[Point, ...]:
    sums, samples, least, most = (series[f"m{number}_{statistic.lower()}"] for statistic in _STATISTICS)
    return tuple(
        Point(when, sums[when], samples[when], least[when], most[when])
        for when in sorted(sums.keys() & samples.keys() & least.keys() & most.keys())
    )


def show_mails(stack: Stack, number: int | None, console: Console) -> None:
    """Print every mail, or one."""
    chosen = mails(stack.mail_folder)
    if number is not None:
        chosen = [mail for mail in chosen if int(mail.name.partition("-")[0]) == number]
    if not chosen:
        raise NothingToShowError("No mail has come." if number is None else f"There is no mail {number}.")
    for mail in chosen:
        subject, _, body = mail.read_text(encoding="utf-8").partition("\n\n")
        title = Text(subject.removeprefix("Subject: "))
        console.print(Panel(Text(body.rstrip()), title=title, subtitle=Text(mail.name, "dim"), title_align="left"))


def _console() -> Console:
    """Return a console as wide as the terminal, or wide enough for a line if the output is not a terminal."""
    console = Console()
    return console if console.is_terminal else Console(width=160)


def main() -> int:
    """Parse the arguments, show, return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m cdk.local.show", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--outputs", type=Path, default=OUTPUTS, help="the outputs file of make run")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("trace").add_argument("wanted", help="trace id, file name or file id")
    commands.add_parser("metrics").add_argument("--minutes", type=int, default=60)
    commands.add_parser("mails").add_argument("number", type=int, nargs="?")
    options = parser.parse_args()
    try:
        stack = Stack.load(options.outputs)
        if options.command == "trace":
            show_trace(stack, options.wanted, _console())
        elif options.command == "metrics":
            show_metrics(stack, options.minutes, _console())
        else:
            show_mails(stack, options.number, _console())
    except NothingToShowError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
