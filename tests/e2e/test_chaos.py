"""Killed workers and failing AWS calls on the emulator, with real processes."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from processor.domain.entries import DIED, ERROR, FILE_ENTRY
from processor.domain.file_states import AT_REST, FileState
from processor.domain.object_keys import file_id
from processor.ledger.counters import Counters
from processor.ledger.table import deserialise
from tests.e2e.deployment import s3_event, wait_until
from tests.e2e.fault_actions import BOTO_TRIES
from tests.e2e.faults import Fault, aws_error, kill_after, kill_before, leave_unprocessed
from tests.e2e.order_files import small_file

if TYPE_CHECKING:
    from processor.domain.object_keys import ObjectVersion
    from tests.e2e.deployment import Deployment
    from tests.e2e.faults import FaultProxy

ROWS = 60
STEPS = 14
"""AWS calls in the run of a file of 60 good rows; the test counts them. Files that reject rows make three more, for the
rejected rows and the mail (of which there are only so many an hour):
tests/integration/processor/pipeline/test_convergence.py kills those too."""
ALWAYS = 1_000


def about(version: ObjectVersion) -> tuple[str, ...]:
    """Return the texts that a call about this file mentions."""
    return (version.key, file_id(version), version.name)


def assert_settled_exactly_once(stack: Deployment, versions: list[ObjectVersion], rows: int = ROWS) -> None:
    """Count: each accepted row is one order, each original lies in the archive and nowhere else."""
    orders, objects = stack.orders_by_file(), stack.objects_by_name()
    for version in versions:
        of_file = orders[file_id(version)]
        assert len(of_file) == rows, version.name
        assert len({order["order_id"] for order in of_file}) == rows, version.name
        assert objects[version.name] == Counter({"archive": 1, "processed-data": 1}), version.name


def assert_counters_are_exact(stack: Deployment) -> None:
    """Hold the counters of files at rest against the table itself."""
    client, table = stack.client("dynamodb"), stack.outputs["FilesTableName"]
    pages = client.get_paginator("scan").paginate(TableName=table, ConsistentRead=True)
    items = [deserialise(item) for page in pages for item in page["Items"]]
    counted = Counter(item["counted_as"] for item in items if item["entry"] == FILE_ENTRY and "counted_as" in item)
    assert counted
    assert Counters(client, table).read_counts().at_rest == dict.fromkeys(AT_REST, 0) | dict(counted)


def test_kill_the_worker_at_every_step(open_stack: Deployment, proxy: FaultProxy) -> None:
    """24 files, each worker killed -9 before or after another AWS call of its run; every retry converges."""
    deaths = [(step, strike) for step in range(STEPS) for strike in (kill_before, kill_after)]
    with open_stack.visibility_timeout(12), open_stack.paused():
        versions = [
            open_stack.upload(f"{strike.__name__}-{step:02}.csv", small_file(f"k{step}{strike.__name__}", ROWS))
            for step, strike in deaths
        ]
        armed = [
            proxy.add(Fault(strike, about=about(version), nth=step + 1))
            for version, (step, strike) in zip(versions, deaths, strict=True)
        ]
    with open_stack.visibility_timeout(12):
        firings = [firing for fault in armed for firing in fault.wait(90)]
        entries = open_stack.wait_at_rest(versions, 180)

    assert len({firing.killed for firing in firings if firing.killed}) == len(deaths)
    assert {entry.state for entry in entries} == {FileState.PROCESSED}
    assert_settled_exactly_once(open_stack, versions)
    runs = [open_stack.ledger.list_runs(file_id(version)) for version in versions]
    assert all(ended[-1].outcome == FileState.PROCESSED for ended in runs)
    assert sum(run.outcome == DIED for ended in runs for run in ended) >= len(deaths) // 2
    assert_counters_are_exact(open_stack)


def test_the_steps_are_all_of_a_run(open_stack: Deployment, proxy: FaultProxy) -> None:
    """A run makes exactly that number of calls."""
    version = open_stack.upload("counted.csv", small_file("counted", ROWS))

    open_stack.wait_at_rest([version])

    assert sum(call.mentions(*about(version)) for call in proxy.calls) == STEPS


def test_outage_is_retried_then_dead_lettered_then_redriven(open_stack: Deployment, proxy: FaultProxy) -> None:
    """Three failing runs, each on record; the dead letter, sent back unchanged, settles the file."""
    with open_stack.paused():
        version = open_stack.upload("outage.csv", small_file("outage", ROWS, bad=1))
        proxy.add(Fault(aws_error("InternalError", 500), ("GetObject",), about(version), times=ALWAYS))

    [entry] = open_stack.wait_at_rest([version])

    assert (entry.state, entry.cause) == (FileState.DEAD_LETTERED, "InternalError")
    assert [(run.outcome, run.receive_count) for run in open_stack.ledger.list_runs(entry.file_id)] == [
        (ERROR, 1),
        (ERROR, 2),
        (ERROR, 3),
    ]
    wait_until(lambda: open_stack.queue_depth("DeadLetterQueueUrl")[0] == 1, 30, lambda: "there is no dead letter")
    proxy.reset()
    [dead_letter] = open_stack.take_dead_letters()
    open_stack.send(dead_letter["Body"])
    wait_until(lambda: len(open_stack.ledger.list_runs(entry.file_id)) == 4, 30, lambda: "the redrive did not run")
    open_stack.wait_idle()
    assert_settled_exactly_once(open_stack, [version])


def test_one_bad_file_of_a_batch_leaves_its_neighbours_settled(open_stack: Deployment, proxy: FaultProxy) -> None:
    """Several messages a batch, several files a message: only what failed comes again."""
    with open_stack.batches_of(10), open_stack.paused():
        versions = [
            open_stack.upload(f"batch-{number}.csv", small_file(f"b{number}", ROWS, bad=1)) for number in range(6)
        ]
        open_stack.send(s3_event(*versions))
        bad = versions[2]
        proxy.add(Fault(aws_error("InternalError", 500), ("HeadObject",), about(bad), times=BOTO_TRIES))
    with open_stack.batches_of(10):
        entries = open_stack.wait_at_rest(versions)

    assert {entry.state for entry in entries if entry.file_id != file_id(bad)} == {FileState.PARTIAL}
    for version in versions:
        if version != bad:
            assert [run.outcome for run in open_stack.ledger.list_runs(file_id(version))] == ["partial"]
    assert open_stack.ledger.list_runs(file_id(bad))[0].outcome == ERROR


def test_throttled_and_unprocessed_items_are_all_stored(open_stack: Deployment, proxy: FaultProxy) -> None:
    """Items that DynamoDB leaves unprocessed or refuses for a while are stored in the end, once."""
    with open_stack.paused():
        version = open_stack.upload("throttled.csv", small_file("throttled", ROWS, bad=1))
        batch = ("BatchWriteItem",)
        proxy.add(Fault(leave_unprocessed(5), batch, about(version)))
        proxy.add(Fault(aws_error("ProvisionedThroughputExceededException"), batch, about(version), nth=3, times=2))
        proxy.add(Fault(leave_unprocessed(1), batch, about(version), nth=2))

    [entry] = open_stack.wait_at_rest([version])

    assert entry.state is FileState.PARTIAL
    assert_settled_exactly_once(open_stack, [version])
    [run] = open_stack.ledger.list_runs(entry.file_id)
    assert run.retried_items > 0
