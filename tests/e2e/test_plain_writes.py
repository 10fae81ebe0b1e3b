"""The fallback ``order_writes=plain``, with which the SDK's client stores the same orders."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING, Any

from processor.domain.file_states import FileState
from processor.messaging.ingest_queue import IngestQueue
from sample_data.generate import generate
from sample_data.shape import Shape
from tests.e2e.deployment import wait_until
from tests.e2e.order_files import HEADER, small_file

if TYPE_CHECKING:
    from processor.domain.entries import FileEntry
    from tests.e2e.deployment import Deployment
    from tests.e2e.faults import FaultProxy

ROWS = 600
BY_THE_CLIENT = '{"RequestItems": {'
"""How botocore writes a request's beginning; the processor's own has no space in it."""


def mixed_files() -> dict[str, bytes]:
    """Build files that take every way through the processor, by their names."""
    shape = Shape(hostile=0.2)
    rows = [row.text for row in generate(ROWS, bad=0.05, seed=11, shape=shape)]
    return {
        "plain-hostile.csv": (shape.header + "".join(rows)).encode(),
        "plain-packed.csv.gz": gzip.compress(small_file("packed", 120, bad=3)),
        "plain-small.csv": small_file("plain", 1),
        "plain-rejected.csv": small_file("rejected", 0, bad=4),
        "plain-empty.csv": ("note," + HEADER).encode(),  # No sample has these bytes: they would be held as a duplicate.
    }


def results(stack: Deployment, entries: list[FileEntry]) -> list[dict[str, Any]]:
    """Return each file's orders without their run, both objects to the byte, and counts."""
    orders = stack.orders_by_file()
    return [
        {
            "orders": sorted(
                [(name, value) for name, value in sorted(order.items()) if name not in ("run_id", "trace_id")]
                for order in orders.get(entry.file_id, [])
            ),
            "accepted": stack.read(entry.accepted_key) if entry.accepted_key else b"",
            "rejected": stack.read(entry.rejected_key) if entry.rejected_key else b"",
            "counts": (entry.state, entry.accepted_rows, entry.rejected_rows, entry.reasons, entry.cause),
        }
        for entry in entries
    ]


def test_the_sdks_client_leaves_what_the_fast_way_leaves(open_stack: Deployment, proxy: FaultProxy) -> None:
    """Every file of a mixed set comes to rest on the fallback, and a run on the fast way changes nothing of it."""
    with open_stack.processor_with(ORDER_WRITES="plain"):
        versions = [open_stack.upload(f"plain/{name}", body) for name, body in mixed_files().items()]
        entries = open_stack.wait_at_rest(versions)
    by_the_client = results(open_stack, entries)
    writes = [call for call in proxy.calls if call.operation == "BatchWriteItem"]
    proxy.reset()

    for entry in entries:
        open_stack.ledger.request_reprocess(entry.file_id)
        IngestQueue(open_stack.client("sqs"), open_stack.outputs["QueueUrl"]).send_reprocess(entry.file_id)
    wait_until(
        lambda: all(len(open_stack.ledger.list_runs(entry.file_id)) == 2 for entry in entries),
        60,
        lambda: "a file was not reprocessed",
    )
    on_the_fast_way = results(open_stack, open_stack.wait_at_rest(versions))
    fast_writes = [call for call in proxy.calls if call.operation == "BatchWriteItem"]

    assert [entry.state for entry in entries] == [
        *(FileState.PARTIAL, FileState.PARTIAL, FileState.PROCESSED, FileState.PARTIAL, FileState.FAILED)
    ]
    assert [entry.accepted_rows for entry in entries[1:]] == [120, 1, 0, 0]
    assert entries[0].rows == ROWS
    assert [len(result["orders"]) for result in by_the_client] == [entry.accepted_rows for entry in entries]
    assert writes
    assert all(call.mentions(BY_THE_CLIENT) for call in writes)
    assert on_the_fast_way == by_the_client
    assert fast_writes
    assert not any(call.mentions(BY_THE_CLIENT) for call in fast_writes)
