"""Waterfalls, charts and mails in the terminal."""

from __future__ import annotations

import io
import json
import time
from typing import TYPE_CHECKING, Any

import pytest
from rich.console import Console

from cdk.local import run
from cdk.local.accounts import OPERATOR, VIEWER, Account, Accounts
from cdk.local.charts import Metric, Point, chart, number, sparkline
from cdk.local.show import NothingToShowError, Stack, show_mails, show_metrics, show_trace
from cdk.local.waterfall import bar, duration, waterfall
from tests.sidecar.small_stack import SmallStack, until

if TYPE_CHECKING:
    from pathlib import Path

    from cdk.local.emulator import Emulator
    from cdk.local.sidecar_process import Sidecar


def shown(*drawings: Any) -> str:
    """Draw into text."""
    paper = io.StringIO()
    console = Console(width=160, file=paper)
    for drawing in drawings:
        console.print(drawing)
    return paper.getvalue()


def test_a_waterfall_places_parts_and_tells_their_errors() -> None:
    """Each part is a line with its time, its bar at its place, its annotations, its exception."""
    failed = {
        "name": "write",
        "start_time": 101.0,
        "end_time": 102.0,
        "fault": True,
        "cause": {"exceptions": [{"type": "Throttled", "message": "too [fast]"}]},
    }
    begun = {"name": "settle", "start_time": 102.0, "in_progress": True, "metadata": {"Waybill": {"rows": 10}}}
    root = {"name": "run", "start_time": 100.0, "end_time": 102.0, "annotations": {"file_id": "f"}}

    lines = shown(waterfall("1-2-3", [root | {"subsegments": [failed, begun]}])).splitlines()

    assert lines[0].split() == ["Trace", "1-2-3", "2.00", "s"]
    assert lines[2].split() == ["run", "2.00", "s", "█" * 36, "file_id=f"]
    assert lines[3].rstrip() == f"  write   1.00 s {' ' * 18}{'█' * 18} Throttled: too [fast]"
    assert lines[4].split() == ["settle", "running", "▏", "rows=10"]


@pytest.mark.parametrize(
    ("part", "drawn"),
    [
        ((0, 10, 10), "████"),
        ((5, 7.5, 10), "  █"),
        ((5, 5.001, 10), "  ▏"),
        ((10, 10, 10), "   ▏"),
        ((0, 0, 0), "████"),
    ],
)
def test_a_bar_is_where_its_part_is(part: tuple[float, float, float], drawn: str) -> None:
    """The shortest is visible, and the last stays inside the row."""
    assert bar(*part, width=4) == drawn


def test_durations_and_figures_keep_the_digits_that_matter() -> None:
    """Long durations have few decimals, and whole numbers none."""
    assert [duration(seconds) for seconds in (75, 1.234, 0.1234, 0.00123)] == ["75.0 s", "1.23 s", "123 ms", "1.2 ms"]
    assert [number(value) for value in (1234567, 1234.56, 12.345, 0.0000123)] == [
        "1,234,567",
        "1,234.6",
        "12.345",
        "1.23e-05",
    ]


def test_a_sparkline_has_gaps_where_nothing_was_measured() -> None:
    """Zero is drawn; a gap is blank."""
    assert sparkline([0.0, None, 4.0, 8.0]) == "▁ ▅█"
    assert sparkline([0.0]) == "▁"


def test_a_chart_sums_counters_and_averages_levels() -> None:
    """The figures beside a chart are exact, and a level has no sum."""
    points = (Point(100, 6, 2, 2, 4), Point(101, 4, 1, 4, 4))
    counter, level = Metric("Waybill", "RowsAccepted", ("local",), points), Metric("Waybill", "PeakMemory", (), points)

    lines = shown(chart([counter, level])).splitlines()

    assert lines[2].split()[-5:] == ["10", "3", "2", "3.333", "4"]
    assert lines[4].split()[-4:] == ["3", "2", "3.333", "4"]
    assert "█▆" in lines[2]
    assert "▇█" in lines[4]


@pytest.mark.parametrize("followed", [False], ids=["open"], indirect=True)  # `make run` speaks plain HTTP.
def test_traces_metrics_and_mails_of_a_stack(followed: tuple[Sidecar, SmallStack]) -> None:
    """Found by what `make run` writes: a trace by its id and by the file's name in the ledger."""
    sidecar, stack = followed
    table = {"FilesTableName": "small-files"}
    shown_stack = Stack(
        {
            "endpoint": stack.endpoint,
            "region": "us-east-1",
            "xray_endpoint": sidecar.endpoint,
            "mail_folder": str(sidecar.mail_folder),
            "outputs": stack.outputs | table,
        }
    )
    xray, dynamodb = shown_stack.client("xray"), stack.client("dynamodb")
    keys = [("file_id", "HASH"), ("entry", "RANGE")]
    dynamodb.create_table(
        TableName="small-files",
        KeySchema=[{"AttributeName": name, "KeyType": kind} for name, kind in keys],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name, _ in keys],
        BillingMode="PAY_PER_REQUEST",
    )
    stack.send(file_id="shown", rows=3)
    stack.client("sns").publish(TopicArn=stack.outputs["AlertsTopicArn"], Subject="[a] mail", Message="Its [text]")

    def trace_ids() -> list[str]:
        sidecar.carry()
        now = time.time()
        found = xray.get_trace_summaries(
            StartTime=now - 3_600, EndTime=now + 1, FilterExpression='annotation.file_id = "shown"'
        )
        return [each["Id"] for each in found["TraceSummaries"]]

    until(lambda: trace_ids() and sidecar.mails())
    (trace_id,) = trace_ids()
    for item in (
        {"entry": "file", "object_key": "raw-data/orders.csv", "received_at": "2026-11-22"},
        {"entry": "file", "object_key": "raw-data/other-orders.csv", "received_at": "2026-11-23"},
        {"entry": "run#1", "started_at": "2026-11-22", "trace_id": trace_id},
    ):
        file_id = "f2" if "other" in item.get("object_key", "") else "f1"
        attributes = {name: {"S": value} for name, value in (item | {"file_id": file_id}).items()}
        dynamodb.put_item(TableName="small-files", Item=attributes)

    def text(show: Any, *arguments: Any) -> str:
        paper = io.StringIO()
        show(shown_stack, *arguments, Console(width=160, file=paper))
        return paper.getvalue()

    for wanted in (trace_id, "orders.csv", "f1"):
        assert "## handle" in text(show_trace, wanted)
    assert "is not there" in text(show_trace, "1-00000000-000000000000000000000000")
    assert "RowsAccepted" in text(show_metrics, 5)
    assert "Its [text]" in text(show_mails, None)
    absent: tuple[tuple[Any, str | int], ...] = (
        (show_trace, "orders"),
        (show_trace, "other-orders.csv"),
        (show_mails, 999),
    )
    for show, missing in absent:
        with pytest.raises(NothingToShowError):
            text(show, missing)
    xray.close()


def test_the_contract_file_tells_how_to_reach_everything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It holds endpoints, accounts, traces and mails, and is removed with the stack."""

    class Place:
        endpoint = "http://127.0.0.1:1"
        mail_folder = tmp_path / "mail"

    monkeypatch.setattr(run, "OUTPUTS", tmp_path / "outputs.json")
    place: Any = Place()
    emulator: Emulator = place
    accounts = Accounts(Account(OPERATOR, "one"), Account(VIEWER, "two"))
    left_over = run.OUTPUTS.with_suffix(".draft")
    left_over.touch(mode=0o644)
    with run.outputs_file(emulator, {"ConsoleUrl": "http://a.localhost"}, place, accounts):
        document = json.loads(run.OUTPUTS.read_text())
        mode = run.OUTPUTS.stat().st_mode & 0o777

    assert mode == 0o600  # It holds passwords.
    assert {"endpoint", "region", "stack", "xray_endpoint", "mail_folder"} < document.keys()
    assert (document["console_url"], document["console_user"]) == ("http://a.localhost", OPERATOR)
    assert (document["console_password"], document["viewer_user"], document["viewer_password"]) == (
        "one",
        VIEWER,
        "two",
    )
    assert document["outputs"] == {"ConsoleUrl": "http://a.localhost"}
    assert not run.OUTPUTS.exists()
    with pytest.raises(NothingToShowError, match="make run"):
        Stack.load(run.OUTPUTS)
