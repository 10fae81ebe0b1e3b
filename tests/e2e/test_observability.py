"""Metrics, traces and mails of the deployed stack."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from cdk.local.emulator import Emulator, free_port
from cdk.local.sidecar_process import Sidecar
from processor.domain.file_states import FileState
from processor.domain.object_keys import file_id
from tests.e2e import bill
from tests.e2e.bring_up import LOCAL, deployed
from tests.e2e.deployment import REGION, Deployment, s3_event
from tests.e2e.fault_actions import BOTO_TRIES
from tests.e2e.faults import Fault, FaultProxy, aws_error
from tests.e2e.order_files import small_file

if TYPE_CHECKING:
    from collections.abc import Iterator


COUNTED = (
    "FilesReceived",
    "FilesProcessed",
    "FilesPartial",
    "FilesFailed",
    "FilesDuplicate",
    "FilesDeadLettered",
    "RunsFailed",
    "RowsAccepted",
    "RowsRejected",
    "BytesProcessed",
    "ConsumedWriteUnits",
    "EstimatedCost",
)


def sums(stack: Deployment, sidecar: Sidecar) -> dict[str, float]:
    """Return CloudWatch's total sum of each metric."""
    sidecar.carry()
    return {name: stack.total_of_metric(name) for name in COUNTED}


@pytest.fixture
def measured_stack() -> Iterator[tuple[Deployment, FaultProxy, Sidecar]]:
    """Deploy a stack of its own, as the emulator may hold a worker's last line back until that worker runs again."""
    port = free_port()
    folder = LOCAL / "test-measured"
    with (
        FaultProxy(f"http://127.0.0.1:{port}") as proxy,
        Sidecar(folder / "sidecar", folder / "mail") as sidecar,
        Emulator(port, folder, extra_env={"AWS_ENDPOINT_URL": proxy.url, **sidecar.extra_env}) as emulator,
    ):
        for deployment in deployed(emulator):
            sidecar.follow(emulator, deployment.outputs)
            yield deployment, proxy, sidecar


def settled_sums(stack: Deployment, sidecar: Sidecar, received: int) -> dict[str, float]:
    """Return the sums once every line has come. Test events, which count nothing, wake workers that hold lines back."""
    for _ in range(20):
        totals = sums(stack, sidecar)
        if totals["FilesReceived"] >= received:
            break
        for _ in range(20):
            stack.send('{"Event": "s3:TestEvent"}')
        stack.wait_idle()
    for _ in range(20):
        stack.send('{"Event": "s3:TestEvent"}')
    stack.wait_idle()
    return sums(stack, sidecar)


def invocations(stack: Deployment) -> int:
    """Count the invocations whose metrics have come."""
    return round(stack.total_of_metric("EstimatedCost", "SampleCount"))


def cost_of_time(stack: Deployment) -> Decimal:
    """Return the price of all invocations' times as the emulator reports them, with the starts of workers."""
    pages = (
        stack.client("logs")
        .get_paginator("filter_log_events")
        .paginate(
            logGroupName=f"/aws/lambda/{stack.outputs['ProcessorFunctionName']}", filterPattern='"REPORT RequestId:"'
        )
    )
    lines = [event["message"] for page in pages for event in page["events"]]
    took_ms = sum(float(line.split("Duration: ")[1].split(" ms")[0]) for line in lines)
    return Decimal(str(took_ms)) / 1000 * 256 / 1024 * bill.GB_SECOND


def test_metrics_of_a_mixed_load_equal_the_tables(
    measured_stack: tuple[Deployment, FaultProxy, Sidecar],
) -> None:
    """300 files of every outcome, retries, duplicates and repeated events: CloudWatch's sums are the tables' counts."""
    open_stack, proxy, sidecar = measured_stack
    bodies = {
        **{f"o-good-{n}.csv": small_file(f"og{n}", n % 30 + 1) for n in range(200)},
        **{f"o-mixed-{n}.csv": small_file(f"om{n}", n % 3, bad=n % 4 + 1) for n in range(50)},
        **{f"o-bad-{n}.csv": b"%PDF-" + bytes([n]) for n in range(30)},
        **{f"o-late-{n}.csv": small_file(f"ol{n}") for n in range(5)},
    }
    with open_stack.paused():
        versions = {name: open_stack.upload(name, body) for name, body in bodies.items()}
        for n in range(5):
            about = (versions[f"o-late-{n}.csv"].key,)
            proxy.add(Fault(aws_error("InternalError", 500), ("GetObject",), about, times=BOTO_TRIES))
    open_stack.wait_at_rest(versions.values(), 240)
    copies = {f"o-copy-{n}.csv": bodies[f"o-good-{n}.csv"] for n in range(15)}
    versions |= {name: open_stack.upload(name, body) for name, body in copies.items()}
    for version in list(versions.values())[:40]:
        open_stack.send(s3_event(version))
    entries = open_stack.wait_at_rest(versions.values(), 240)

    measured = settled_sums(open_stack, sidecar, len(versions))

    states = Counter(entry.state for entry in entries)
    runs = [run for version in versions.values() for run in open_stack.ledger.list_runs(file_id(version))]
    orders = open_stack.orders_by_file()
    read_whole = [entry for entry in entries if entry.state is not FileState.FAILED]
    assert measured["FilesReceived"] == len(versions) == 300
    assert measured["FilesProcessed"] == states[FileState.PROCESSED] == 205
    assert measured["FilesPartial"] == states[FileState.PARTIAL] == 50
    assert measured["FilesFailed"] == states[FileState.FAILED] == 30
    assert measured["FilesDuplicate"] == states[FileState.DUPLICATE] == 15
    assert measured["FilesDeadLettered"] == 0
    assert measured["RunsFailed"] == sum(run.outcome == "error" for run in runs) == 5
    assert measured["RowsAccepted"] == sum(len(orders.get(entry.file_id, [])) for entry in entries)
    assert measured["RowsRejected"] == sum(n % 4 + 1 for n in range(50))
    assert measured["BytesProcessed"] == sum(len((bodies | copies)[entry.name]) for entry in read_whole)
    assert measured["ConsumedWriteUnits"] == bill.write_units(entries, runs)
    tried = Counter(run.file_id for run in runs)
    due = {entry.file_id: bill.receipt(entry) for entry in entries}
    once = [run for run in runs if tried[run.file_id] == 1]
    assert [(paid, due[run.file_id]) for run in once if (paid := bill.paid(run)) != due[run.file_id]] == []
    counted = (
        bill.write_units(entries, runs) * bill.WRITE_UNIT
        + bill.cost_of_calls(proxy.calls)
        + invocations(open_stack) * (3 * bill.SQS + bill.INVOCATION)
    )
    assert counted < Decimal(str(measured["EstimatedCost"])) < counted + cost_of_time(open_stack)


@pytest.fixture
def xray(sidecar: Sidecar) -> Iterator[Any]:
    """Provide a client of the local X-Ray."""
    client = boto3.client(
        "xray", REGION, endpoint_url=sidecar.endpoint, aws_access_key_id="test", aws_secret_access_key="test"
    )
    yield client
    client.close()


def parts_of(xray: Any, trace_id: str) -> list[dict[str, Any]]:
    """List every segment and subsegment of a trace."""
    [trace] = xray.batch_get_traces(TraceIds=[trace_id])["Traces"]
    pending = [json.loads(segment["Document"]) for segment in trace["Segments"]]
    found = []
    while pending:
        part = pending.pop()
        found.append(part)
        pending += part.get("subsegments", [])
    return found


def test_trace_of_a_run_is_found_by_its_file_and_shows_its_parts(open_stack: Deployment, xray: Any) -> None:
    """One trace a run, the same number of parts however many rows, and the file's id leads to it."""
    few = open_stack.upload("traced-few.csv", small_file("tf", 3, bad=1))
    many = open_stack.upload("traced-many.csv", small_file("tm", 900, bad=1))
    open_stack.wait_at_rest([few, many])

    parts = {}
    for version in (few, many):
        [run] = open_stack.ledger.list_runs(file_id(version))
        now = datetime.now(UTC)
        found = xray.get_trace_summaries(
            StartTime=now - timedelta(minutes=10),
            EndTime=now + timedelta(minutes=1),
            FilterExpression=f'annotation.file_id = "{file_id(version)}"',
        )["TraceSummaries"]
        assert [summary["Id"] for summary in found] == [run.trace_id]
        parts[version] = parts_of(xray, run.trace_id)

    ours = ["begin", "check", "clean up", "complete outputs", "identify"]
    ours += ["notify", "read and validate", "run", "settle", "write"]
    for version in (few, many):  # Each once; around them are the segments that Lambda itself adds.
        assert sorted(part["name"] for part in parts[version] if part["name"] in ours) == ours
        assert len(parts[version]) <= len(ours) + 3
    [run_part] = [part for part in parts[many] if part["name"] == "run"]
    assert run_part["annotations"]["outcome"] == "partial"
    [write] = [part for part in parts[many] if part["name"] == "write"]
    assert write["metadata"]["Waybill"]["batches"] == 36


def test_trace_of_a_failed_run_holds_its_exception(open_stack: Deployment, proxy: FaultProxy, xray: Any) -> None:
    """From the ledger's run to the exception in one step."""
    with open_stack.paused():
        version = open_stack.upload("traced-error.csv", small_file("te"))
        fault = Fault(aws_error("InternalError", 500), ("GetObject",), (version.key,), times=BOTO_TRIES)
        proxy.add(fault)
    open_stack.wait_at_rest([version])
    failed = open_stack.ledger.list_runs(file_id(version))[0]

    parts = parts_of(xray, failed.trace_id)

    assert failed.outcome == "error"
    [check] = [part for part in parts if part["name"] == "check"]
    assert check["fault"] is True
    assert "InternalError" in json.dumps(check["cause"])
