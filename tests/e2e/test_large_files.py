"""A file of many ranges on the deployed stack, with killed workers and a stopped execution."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from processor.domain.entries import DIED
from processor.domain.file_states import FileState
from processor.messaging.messages import reprocess_body
from tests.e2e.deployment import wait_until
from tests.e2e.faults import Fault, kill_after, kill_before
from tests.e2e.large_file_executions import list_executions, list_range_results, list_working_objects, stop_execution

if TYPE_CHECKING:
    from collections.abc import Iterator

    from processor.domain.entries import FileEntry
    from tests.e2e.deployment import Deployment
    from tests.e2e.faults import FaultProxy

HEADER = b"order_id,customer_name,product_name,quantity,unit_price\n"
EVERY = 97
"""So many rows stand between two that are quoted over several lines, and so many between two that are bad."""


def large_file(name: str, megabytes: int) -> tuple[bytes, int, int]:
    """Build a file of rows of some 220 bytes; return it with its good and its bad rows."""
    rows, bad = [], 0
    count = megabytes * 1024 * 1024 // 220
    product = "Gear " + "x" * 170
    for number in range(count):
        if number % EVERY == 5:
            rows.append(f'{name}-{number},"Ada\n\n""Countess"" Lovelace","{product}",2,0.10\n')
        elif number % EVERY == 7:
            rows.append(f"{name}-{number},Ada,{product},two,0.10\n")
            bad += 1
        else:
            rows.append(f"{name}-{number},Customer {number % 50},{product},{number % 9 + 1},12.50\n")
    return HEADER + "".join(rows).encode(), count - bad, bad


@contextmanager
def one_run_has_all_the_time(stack: Deployment) -> Iterator[None]:
    """Let the processor store the file in one go."""
    client, name = stack.client("lambda"), stack.outputs["ProcessorFunctionName"]
    before = client.get_function_configuration(FunctionName=name)
    variables = before["Environment"]["Variables"]
    fast = variables | {"RUN_BYTES_PER_S": "1000000000"}
    client.update_function_configuration(FunctionName=name, Timeout=600, Environment={"Variables": fast})
    try:
        yield
    finally:
        client.update_function_configuration(
            FunctionName=name, Timeout=before["Timeout"], Environment={"Variables": variables}
        )


def picture(stack: Deployment, entry: FileEntry) -> dict[str, Any]:
    """Return the file's orders, both objects to the byte, counts and reasons."""
    orders = stack.orders_by_file()[entry.file_id]
    plain = [{name: value for name, value in order.items() if name not in ("run_id", "trace_id")} for order in orders]
    return {
        "orders": sorted(plain, key=lambda order: order["processed_timestamp"]),
        "accepted": stack.read(entry.accepted_key),
        "rejected": stack.read(entry.rejected_key),
        "facts": (entry.state, entry.accepted_rows, entry.rejected_rows, entry.reasons, entry.content_sha256),
    }


def test_killed_and_resumed_it_leaves_what_one_run_leaves(open_stack: Deployment, proxy: FaultProxy) -> None:
    """Four ranges; workers die around a write, the execution is stopped, and the next one stores what is missing."""
    body, good, bad = large_file("large", 4)
    with open_stack.paused():
        version = open_stack.upload("large.csv", body)
        deaths = [
            proxy.add(Fault(kill_before, ("BatchWriteItem",), nth=20)),
            proxy.add(Fault(kill_after, ("BatchWriteItem",), nth=700)),
            proxy.add(Fault(kill_before, ("PutObject",), about=("00001.json",))),
        ]
    wait_until(
        lambda: len(list_range_results(open_stack)) >= 2, 180, lambda: f"only {list_range_results(open_stack)} are done"
    )
    stop_execution(open_stack, version)

    [entry] = open_stack.wait_at_rest([version], 300)

    assert (entry.state, entry.accepted_rows, entry.rejected_rows) == (FileState.PARTIAL, good, bad)
    assert all(firing.killed for death in deaths for firing in death.wait(1))
    runs = [run.outcome for run in open_stack.ledger.list_runs(entry.file_id)]
    assert (runs[0], runs[-1]) == (DIED, "partial")
    wait_until(lambda: not list_working_objects(open_stack), 30, lambda: f"{list_working_objects(open_stack)} are left")
    in_ranges = picture(open_stack, entry)
    assert len(in_ranges["orders"]) == good
    with one_run_has_all_the_time(open_stack):
        open_stack.ledger.request_reprocess(entry.file_id)
        open_stack.send(reprocess_body(entry.file_id))
        wait_until(
            lambda: len(open_stack.ledger.list_runs(entry.file_id)) == 3, 300, lambda: "the file was not reprocessed"
        )
        open_stack.wait_idle(60)
    again = open_stack.entry(version)
    assert again is not None
    assert not list_executions(open_stack)
    assert picture(open_stack, again) == in_ranges


def test_ranges_need_no_more_than_they_are_granted(stack: Deployment) -> None:
    """Open and with permissions enforced, a file of several ranges is settled without a failed step."""
    body, good, bad = large_file("granted", 2)
    version = stack.upload("granted.csv", body)

    [entry] = stack.wait_at_rest([version], 180)

    assert (entry.state, entry.accepted_rows, entry.rejected_rows) == (FileState.PARTIAL, good, bad)
    [run] = stack.ledger.list_runs(entry.file_id)
    assert "state_transitions" in run.costs
    wait_until(lambda: not list_working_objects(stack), 30, lambda: f"{list_working_objects(stack)} are left")
