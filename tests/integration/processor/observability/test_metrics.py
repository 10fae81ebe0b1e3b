"""Every figure is right: the metrics of a mixed load equal counts made from the inputs and the tables."""

from __future__ import annotations

import json
import sys
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from processor.domain.file_states import FileState
from processor.messaging.messages import reprocess_body
from processor.observability.cost import Usage
from processor.observability.metrics import AUDIT_COUNTERS, COUNTERS, MEASUREMENTS, UNITS, InvocationMetrics
from processor.observability.usage_meter import UsageMeter
from processor.pipeline.run import Run
from tests.integration.stage import BAD_ROW, GOOD_ROWS, csv_file, record, s3_event

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.integration.stage import Stage

DIMENSIONS = [["environment", "service"]]


def emf_lines(text: str) -> list[dict[str, Any]]:
    """Pick the EMF documents out of what the function printed."""
    return [json.loads(line) for line in text.splitlines() if '"_aws"' in line]


def good_file(number: int) -> bytes:
    """Build a file of 1 to 40 good rows."""
    return csv_file(*(f"g{number}-{row},Ada,Pen,{row + 1},1.50" for row in range(number % 40 + 1)))


def values(document: dict[str, Any], name: str) -> list[float]:
    """Return a metric's values in one document; [] if it is not in it."""
    value = document.get(name, [])
    return value if isinstance(value, list) else [value]


def test_every_invocation_sends_one_line_with_zeros(
    stage: Stage,
    handle: Callable[..., Any],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Also when the handler has nothing to do or fails, so that a rate has a denominator."""
    handle(record(stage, '{"Event": "s3:TestEvent"}'))
    handle(record(stage, "no event"))

    documents = emf_lines(capsys.readouterr().out)

    assert len(documents) == 2
    for document, cold in zip(documents, (1, 0), strict=True):
        [directive] = document["_aws"]["CloudWatchMetrics"]
        assert directive["Namespace"] == "Waybill"
        assert [sorted(each) for each in directive["Dimensions"]] == DIMENSIONS
        assert set(COUNTERS) <= {metric["Name"] for metric in directive["Metrics"]}
        assert values(document, "FilesReceived") == [0]
        assert values(document, "ColdStarts") == [cold]
        assert (document["service"], document["environment"]) == ("processor", "test")


def test_ids_are_properties_and_never_dimensions(
    stage: Stage,
    handle: Callable[..., Any],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A file's id can be searched for and costs no metric of its own."""
    version = stage.upload("orders.csv", csv_file("A-1,Ada,Pen,1,1.00"))

    handle(record(stage, s3_event(version)))

    [document] = emf_lines(capsys.readouterr().out)
    assert document["file_id"] == stage.entry(version).file_id
    assert "file_id" not in document["_aws"]["CloudWatchMetrics"][0]["Dimensions"][0]


def test_metrics_of_a_mixed_load_equal_the_ground_truth(
    stage: Stage,
    handle: Callable[..., Any],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A hundred files of every outcome, with duplicates, repeated events, retries, a dead letter and reprocessing."""
    bodies = {
        **{
            f"good-{n}.csv": csv_file(*(f"g{n}-{row},Ada,Pen,{row + 1},1.50" for row in range(n % 40 + 1)))
            for n in range(60)
        },
        **{f"mixed-{n}.csv": csv_file(f"m{n},Ada,Pen,1,1.00", *[BAD_ROW] * (n % 5 + 1)) + b"\n" * n for n in range(20)},
        **{f"bad-{n}.csv": b"\x89PNG\r\n\x1a\n" + bytes([n]) for n in range(10)},
        **{f"copy-{n}.csv": b"" for n in range(6)},
        **{f"late-{n}.csv": csv_file(f"l{n},Ada,Pen,1,1.00") for n in range(3)},
        "dead.csv": csv_file("d,Ada,Pen,1,1.00"),
    }
    bodies |= {f"copy-{n}.csv": bodies[f"good-{n}.csv"] for n in range(6)}
    # Each from a sender of its own: files of one sender are compared with each other.
    versions = {name: stage.upload(f"{name}/{name}", body) for name, body in bodies.items()}
    failing = dict.fromkeys([f"late-{n}.csv" for n in range(3)], 1) | {"dead.csv": 3}
    read = stage.clients.s3.get_object

    def unreliable(**request: Any) -> Any:
        name = request["Key"].rpartition("/")[2]
        if failing.get(name, 0):
            failing[name] -= 1
            raise ConnectionError("S3 is away")
        return read(**request)

    monkeypatch.setattr("processor.wiring.runtime.services.objects.client.get_object", unreliable, raising=False)
    runs: Counter[str] = Counter()
    for name, version in versions.items():
        for receive_count in (1, 2, 3):
            runs[name] += 1
            if not handle(record(stage, s3_event(version), receive_count))["batchItemFailures"]:
                break
        if name.startswith("good-1"):
            handle(record(stage, s3_event(version)))
    again = [version for name, version in versions.items() if name.startswith("good-2")]
    for version in again:
        stage.services.ledger.request_reprocess(stage.entry(version).file_id)
        handle(record(stage, reprocess_body(stage.entry(version).file_id)))

    documents = emf_lines(capsys.readouterr().out)
    sums = {name: sum(sum(values(document, name)) for document in documents) for name in COUNTERS}
    entries = {name: stage.entry(version) for name, version in versions.items()}
    states = Counter(entry.state for entry in entries.values())
    reprocessed_rows = sum(entries[version.name].accepted_rows for version in again)
    assert states == {
        FileState.PROCESSED: 63,
        FileState.PARTIAL: 20,
        FileState.FAILED: 10,
        FileState.DUPLICATE: 6,
        FileState.DEAD_LETTERED: 1,
    }
    assert sums["FilesReceived"] == len(bodies) == 100
    assert sums["FilesProcessed"] == 63 + len(again)
    assert sums["FilesPartial"] == 20
    assert sums["FilesFailed"] == 10
    assert sums["FilesDuplicate"] == 6
    assert sums["FilesDeadLettered"] == 1
    assert sums["RunsFailed"] == 3 + 3
    assert sums["RowsAccepted"] == len(stage.orders()) + reprocessed_rows
    assert sums["RowsRejected"] == sum(n % 5 + 1 for n in range(20))
    unread = (FileState.FAILED, FileState.DEAD_LETTERED)
    read_whole = [name for name, entry in entries.items() if entry.state not in unread]
    assert sums["BytesProcessed"] == sum(len(bodies[name]) for name in read_whole) + sum(
        len(bodies[version.name]) for version in again
    )
    assert sums["ColdStarts"] == 1
    assert sum(len(values(document, "ProcessingDuration")) for document in documents) == 99 + len(again)


def test_meter_counts_what_dynamodb_says_with_indexes_apart(stage: Stage) -> None:
    """Orders, index and ledger are told apart; reads do not count as writes, nor does a repeated transaction."""
    meter = UsageMeter("orders")
    answers: dict[str, Any] = {
        "ConsumedCapacity": [
            {
                "TableName": "orders",
                "CapacityUnits": 50.0,
                "GlobalSecondaryIndexes": {"by_customer": {"CapacityUnits": 25.0}},
            }
        ]
    }

    meter._count_dynamodb("after-call.dynamodb.BatchWriteItem", answers)
    meter._count_dynamodb(
        "after-call.dynamodb.UpdateItem", {"ConsumedCapacity": {"TableName": "f", "CapacityUnits": 3.0}}
    )
    meter._count_dynamodb("after-call.dynamodb.GetItem", {"ConsumedCapacity": {"TableName": "f", "CapacityUnits": 1.0}})
    meter._count_dynamodb("after-call.dynamodb.PutItem", {})
    settled = {"TableName": "f", "CapacityUnits": 7.0, "WriteCapacityUnits": 4.0}
    repeated = {"TableName": "f", "CapacityUnits": 4.0, "ReadCapacityUnits": 4.0}
    for capacity in (settled, repeated):
        meter._count_dynamodb("after-call.dynamodb.TransactWriteItems", {"ConsumedCapacity": [capacity]})

    used = meter.usage()
    assert (used.orders_write_units, used.orders_index_write_units) == (25.0, 25.0)
    assert (used.ledger_write_units, used.read_units) == (3.0 + 7.0, 1.0 + 4.0)
    assert used.write_units == 60.0


def test_receipt_of_a_run_lists_every_call(
    stage: Stage,
    handle: Callable[..., Any],
) -> None:
    """The run's entry in the ledger has its costs by what it used."""
    version = stage.upload("orders.csv", csv_file(*(f"A-{n},Ada,Pen,1,1.00" for n in range(60))))

    handle(record(stage, s3_event(version)))

    [run] = stage.runs(version)
    assert float(run.estimated_cost) == pytest.approx(sum(map(float, run.costs.values())))
    # Two objects written (accepted rows, archive), two read (HEAD, GET): $5 and $0.40 a million.
    assert float(run.costs["s3_writes"]) == pytest.approx(2 * 5e-6)
    assert float(run.costs["s3_reads"]) == pytest.approx(2 * 0.4e-6)
    assert float(run.costs["sqs_requests"]) == pytest.approx(3 * 0.4e-6)


def test_small_monitoring_pays_for_three_metrics_and_keeps_the_other_values_in_the_log(
    stage: Stage,
    handle: Callable[..., Any],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each metric that an EMF line declares is billed; a value that it only holds can still be queried."""
    module = sys.modules["processor.handler"]
    small = module.services._replace(config=module.services.config._replace(monitoring="small"))
    monkeypatch.setattr(module, "services", small)
    handle(record(stage, s3_event(stage.upload("small.csv", csv_file(*GOOD_ROWS, BAD_ROW)))))

    [document] = emf_lines(capsys.readouterr().out)

    [directive] = document["_aws"]["CloudWatchMetrics"]
    assert {metric["Name"] for metric in directive["Metrics"]} == {"RowsAccepted", "RowsRejected", "UploadToSettled"}
    assert document.keys() >= set(UNITS) - set(AUDIT_COUNTERS) - {"RangesPeakMemory"}
    assert (document["FilesPartial"], values(document, "RowsAccepted")) == (1, [len(GOOD_ROWS)])


def test_undeclared_names_are_refused() -> None:
    """A metric that nobody has declared cannot be sent by a slip."""
    tally = InvocationMetrics()

    with pytest.raises(KeyError):
        tally.count("FilesLost")
    with pytest.raises(KeyError):
        tally.measure("FilesLost", 1)
    assert not set(COUNTERS) & set(MEASUREMENTS)


def test_run_that_cannot_begin_is_counted_and_logged(
    stage: Stage,
    handle: Callable[..., Any],
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Even without the ledger, the log and the metrics say so."""
    version = stage.upload("orders.csv", csv_file("A-1,Ada,Pen,1,1.00"))

    def fail(*_: object) -> None:
        raise ConnectionError("DynamoDB is away")

    monkeypatch.setattr("processor.ledger.ledger.Ledger.begin_run", fail)
    handle(record(stage, s3_event(version), receive_count=3))

    [document] = emf_lines(capsys.readouterr().out)
    assert values(document, "RunsFailed") == [1]
    assert values(document, "FilesDeadLettered") == [1]
    assert "run_failed" in [entry.message for entry in caplog.records]


def test_retried_file_took_from_its_upload_to_its_end(
    stage: Stage, handle: Callable[..., Any], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The time that an operator waited includes the retries; a reprocess long afterwards does not count."""
    version = stage.upload("orders.csv", csv_file("A-1,Ada,Pen,1,1.00"))
    with monkeypatch.context() as patch:
        patch.setattr(stage.clients.s3, "get_object", None)
        patch.setattr("processor.wiring.runtime.services.objects.client.get_object", None, raising=False)
        handle(record(stage, s3_event(version)))

    handle(record(stage, s3_event(version), receive_count=2))
    stage.services.ledger.request_reprocess(stage.entry(version).file_id)
    handle(record(stage, reprocess_body(stage.entry(version).file_id)))

    waited = [values(document, "UploadToSettled") for document in emf_lines(capsys.readouterr().out)]
    assert [len(each) for each in waited] == [0, 1, 0]


def test_receipt_of_a_very_large_file_keeps_every_unit(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Above a million, too, the write units are a number and no power of ten."""
    monkeypatch.setattr(Run, "usage", lambda _: Usage(orders_write_units=1_240_073))
    version = stage.upload("orders.csv", csv_file(*GOOD_ROWS))

    stage.deliver(version)

    [run] = stage.runs(version)
    assert run.consumed_write_units == "1240081"
