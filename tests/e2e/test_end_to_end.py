"""The deployed stack from outside, open and with IAM enforced: files go in, counts come out."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import Counter
from typing import TYPE_CHECKING

import httpx

from cdk.local.processes import ROOT
from processor.domain.file_states import FileState
from processor.domain.object_keys import ObjectVersion, file_id
from processor.messaging.ingest_queue import IngestQueue
from processor.storage.presigned_posts import presign_upload
from sample_data.generate import generate
from sample_data.manifest import load
from sample_data.shape import Shape
from tests.e2e.deployment import s3_event, wait_until
from tests.e2e.order_files import small_file
from tests.integration.processor.pipeline.whole_orders import order_id_of

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.deployment import Deployment


def test_sample_files_come_to_rest_where_the_manifest_says(stack: Deployment, tmp_path: Path) -> None:
    """The outcomes of `make run` equal those recounted in the tables, the bucket and the queues."""
    outputs = tmp_path / "outputs.json"
    outputs.write_text(json.dumps(stack.document()))
    before, objects_before = sum(map(len, stack.orders_by_file().values())), stack.objects_by_name()

    fed = subprocess.run(
        [sys.executable, "-m", "sample_data.feed", "--outputs", str(outputs)],
        cwd=ROOT,
        env=stack.environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert fed.returncode == 0, fed.stdout[-3000:] + fed.stderr
    stack.wait_idle()
    samples = load()
    orders = stack.orders_by_file()
    assert sum(map(len, orders.values())) - before == sum(sample.orders for sample in samples)
    objects = {name: where - objects_before.get(name, Counter()) for name, where in stack.objects_by_name().items()}
    dead = [sample.name for sample in samples if sample.state == "dead_lettered"]
    assert [sample.name for sample in samples if "raw-data" in objects[sample.name]] == dead
    settled = dict.fromkeys(("processed", "partial", "voided", "duplicate"), "archive")
    settled |= dict.fromkeys(("failed", "held"), "failed-data")
    for sample in samples:
        if sample.state in settled:
            assert objects[sample.name][settled[sample.state]] == 1, sample.path
    assert len(stack.take_dead_letters()) == len(dead)
    assert "AccessDenied" not in stack.log.read_text(errors="replace")


def test_presigned_put_is_processed(stack: Deployment) -> None:
    """A plain HTTP PUT to a presigned URL, as curl makes it, is an upload like any other."""
    bucket = stack.outputs["BucketName"]
    key = "raw-data/by curl + März.csv"
    url = stack.client("s3").generate_presigned_url("put_object", Params={"Bucket": bucket, "Key": key})

    answer = httpx.put(url, content=small_file("curl"), verify=stack.trust)

    assert answer.status_code == 200
    version = ObjectVersion(bucket, key, answer.headers["x-amz-version-id"])
    [entry] = stack.wait_at_rest([version])
    assert (entry.state, entry.accepted_rows) == (FileState.PROCESSED, 3)


def test_upload_over_the_policy_is_refused(stack: Deployment) -> None:
    """The presigned POST enforces the size that its policy names."""
    post = presign_upload(stack.client("s3"), stack.outputs["BucketName"], "large.csv", max_bytes=10)

    answer = httpx.post(
        post.url,
        data=post.fields,
        files={"file": ("large.csv", small_file("large"))},
        verify=stack.trust,
    )

    assert answer.status_code == 400
    assert "EntityTooLarge" in answer.text


def test_every_event_twice_gives_the_same_as_once(stack: Deployment) -> None:
    """Deliver the event of each file twice more, at once and later: no order, run or object is added."""
    versions = [stack.upload(f"twice-{number}.csv", small_file(f"tw{number}", 40, bad=1)) for number in range(8)]
    for version in versions:
        stack.send(s3_event(version))
    entries = stack.wait_at_rest(versions)
    for version in versions:
        stack.send(s3_event(version, version))
    stack.wait_idle()

    orders = stack.orders_by_file()
    objects = stack.objects_by_name()
    for version, entry in zip(versions, entries, strict=True):
        assert len(orders[entry.file_id]) == 40
        assert len({order["order_id"] for order in orders[entry.file_id]}) == 40
        assert objects[version.name] == Counter({"archive": 1, "processed-data": 1})
        assert [run.outcome for run in stack.ledger.list_runs(entry.file_id)] == ["partial"]


def test_renames_empty_versions_and_copies_are_one_file_each(stack: Deployment) -> None:
    """An SFTP client renames what is whole; a mounted bucket writes an empty object first, and notes its time last."""
    s3, place = stack.client("s3"), {"Bucket": stack.outputs["BucketName"]}
    renamed, mounted, temporary = (f"raw-data/by-sftp/{name}" for name in ("a.csv", "b.csv", "a.csv.filepart"))
    with stack.paused():
        answers = [
            (temporary, s3.put_object(**place, Key=temporary, Body=small_file("by-sftp-a"))),
            (renamed, s3.copy_object(**place, Key=renamed, CopySource={**place, "Key": temporary})),
            (mounted, s3.put_object(**place, Key=mounted, Body=b"")),
            (mounted, s3.put_object(**place, Key=mounted, Body=small_file("by-sftp-b"))),
            (
                mounted,
                s3.copy_object(
                    **place,
                    Key=mounted,
                    CopySource={**place, "Key": mounted},
                    Metadata={"mtime": "1"},
                    MetadataDirective="REPLACE",
                ),
            ),
        ]
        s3.delete_object(**place, Key=temporary)
    stack.wait_idle()

    versions = [ObjectVersion(place["Bucket"], key, answer["VersionId"]) for key, answer in answers]
    entries = [entry for entry in map(stack.entry, versions) if entry]
    assert [(entry.name, entry.state) for entry in entries] == [
        ("a.csv", FileState.PROCESSED),
        ("b.csv", FileState.PROCESSED),
    ]
    orders = stack.orders_by_file()
    assert [len(orders[entry.file_id]) for entry in entries] == [3, 3]
    left = s3.list_object_versions(**place, Prefix="raw-data/by-sftp/")["Versions"]
    assert [(each["Key"], each["IsLatest"]) for each in left] == [(temporary, False)]


def test_messages_that_are_no_events_are_dead_lettered(stack: Deployment) -> None:
    """A message that is neither an S3 event nor a command of ours ends in the dead-letter queue, unchanged."""
    bodies = ["not json", "[1, 2]", '{"command": "reprocess", "file_id": "unknown"}', '{"Records": [{}]}']
    for body in bodies:
        stack.send(body)

    wait_until(
        lambda: stack.queue_depth("DeadLetterQueueUrl")[0] == len(bodies), 60, lambda: "not all were dead-lettered"
    )

    assert sorted(message["Body"] for message in stack.take_dead_letters()) == sorted(bodies)


def test_test_event_and_folder_marker_are_ignored(stack: Deployment) -> None:
    """S3's test event and a "folder" made in the S3 console leave nothing behind."""
    version = stack.upload("a folder/", b"")
    stack.send('{"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "b"}')

    stack.wait_idle()

    assert stack.entry(version) is None
    assert stack.take_dead_letters() == []


def test_reprocessing_a_stored_file_adds_nothing(stack: Deployment) -> None:
    """The console's command runs the archived bytes again and the orders stay as they are."""
    version = stack.upload("again.csv", small_file("again", 30))
    [entry] = stack.wait_at_rest([version])
    before = sorted(order["processed_timestamp"] for order in stack.orders_by_file()[entry.file_id])
    stack.ledger.request_reprocess(entry.file_id)

    IngestQueue(stack.client("sqs"), stack.outputs["QueueUrl"]).send_reprocess(entry.file_id)
    wait_until(lambda: len(stack.ledger.list_runs(entry.file_id)) == 2, 60, lambda: "no second run")
    stack.wait_idle()

    after = stack.orders_by_file()[entry.file_id]
    assert sorted(order["processed_timestamp"] for order in after) == before
    assert {order["run_id"] for order in after} != {entry.run_id}


def test_generated_file_is_counted_to_the_row(stack: Deployment) -> None:
    """Each row of an order without a bad row is stored, and no other, as the generator says."""
    shape = Shape(hostile=0.05)
    rows = list(generate(3_000, bad=0.05, seed=7, shape=shape))
    body = (shape.header + "".join(row.text for row in rows)).encode()

    [entry] = stack.wait_at_rest([stack.upload("generated.csv", body)])

    bad_orders = {order_id_of(row) for row in rows if row.bad_column not in (None, "order_id")}
    good = [
        number
        for number, row in enumerate(rows, start=2)
        if row.bad_column is None and order_id_of(row) not in bad_orders
    ]
    stored = sorted(int(order["row_number"]) for order in stack.orders_by_file()[entry.file_id])
    assert stored == good
    assert entry.rejected_rows == len(rows) - len(good)


def test_three_hundred_files_at_once_lose_nothing(stack: Deployment) -> None:
    """300 small files at once become exactly their orders."""
    versions = [stack.upload(f"drop/{number:03}.csv", small_file(f"d{number}")) for number in range(300)]

    entries = stack.wait_at_rest(versions)

    assert Counter(entry.state for entry in entries) == {FileState.PROCESSED: 300}
    orders = stack.orders_by_file()
    assert {len(orders[file_id(version)]) for version in versions} == {3}


def test_logs_are_json_and_hold_no_row(stack: Deployment) -> None:
    """Log lines carry the file's id and no customer."""
    version = stack.upload("logged.csv", small_file("logged", 2, bad=1))
    stack.wait_at_rest([version])
    group = f"/aws/lambda/{stack.outputs['ProcessorFunctionName']}"

    def lines() -> list[str]:
        pages = stack.client("logs").get_paginator("filter_log_events").paginate(logGroupName=group)
        return [event["message"] for page in pages for event in page["events"] if file_id(version) in event["message"]]

    wait_until(lambda: len(lines()) >= 2, 30, lambda: f"only {lines()} was logged")

    events = [json.loads(line) for line in lines() if line.startswith("{") and '"_aws"' not in line]
    assert {"run_began", "file_partial"} <= {event["message"] for event in events}
    assert all(re.fullmatch("[a-z_]+", event["message"]) for event in events)
    assert not any("Lovelace" in line for line in lines())
