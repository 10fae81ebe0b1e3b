"""The expected cost of a load of small files: write units and list prices, from files, runs and calls.

Independent of the processor: prices are written again, and calls are counted on the wire. The rules hold while every
item is below a kilobyte. AWS also bills a write whose condition fails; nothing counts it, as its answer does not give
its units.
"""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import TYPE_CHECKING

from processor.domain.file_states import FileState

if TYPE_CHECKING:
    from collections.abc import Iterable

    from processor.domain.entries import FileEntry, RunEntry
    from tests.e2e.aws_calls import Call

MICRO = Decimal("0.000001")
WRITE_UNIT, READ_UNIT = Decimal("0.625") * MICRO, Decimal("0.125") * MICRO
S3_WRITE, S3_READ = Decimal(5) * MICRO, Decimal("0.4") * MICRO
SQS, SNS, INVOCATION = Decimal("0.4") * MICRO, Decimal("0.5") * MICRO, Decimal("0.2") * MICRO
GB_SECOND = Decimal("0.0000133334")

BEGIN_NEW, BEGIN_AGAIN = 3, 4
"""The entry with two indexes; a changed state is a delete and a put in the one by state."""
CLAIM, RUN_ENTRY, MAIL = 1, 1, 1
GIVE_BACK = 6
"""Entry twice and once more for the run's, since they are one transaction, and the entry in two indexes."""
SETTLE = 7
"""Entry and counter, twice each since they are one transaction, and the entry in two indexes."""
ORDER = 2
"""The table and one index."""

_S3_READS = {"GetObject", "HeadObject"}
_S3_FREE = {"DeleteObject"}
_MAILED = {FileState.PARTIAL, FileState.FAILED, FileState.DUPLICATE}


def write_units(entries: Iterable[FileEntry], runs: Iterable[RunEntry]) -> int:
    """Count the write units of files that were each settled once, after none or more failed runs."""
    entries, runs = list(entries), list(runs)
    states = Counter(entry.state for entry in entries)
    failed = sum(run.outcome == "error" for run in runs)
    claims = states[FileState.PROCESSED] + states[FileState.PARTIAL]  # The failed runs have read no row.
    return (
        ORDER * sum(entry.accepted_rows for entry in entries)
        + BEGIN_NEW * len(entries)
        + BEGIN_AGAIN * (len(runs) - len(entries))
        + CLAIM * claims
        + RUN_ENTRY * len(runs)
        + GIVE_BACK * failed
        + SETTLE * len(entries)
        + MAIL * sum(states[state] for state in _MAILED)
    )


def cost_of_calls(calls: Iterable[Call]) -> Decimal:
    """Price the requests that workers made, writes to DynamoDB apart: those are priced by their units."""
    counted: Counter[tuple[str, str]] = Counter((call.service, call.operation) for call in calls)
    total = Decimal(0)
    for (service, operation), number in counted.items():
        if service == "s3" and operation not in _S3_FREE:
            total += number * (S3_READ if operation in _S3_READS else S3_WRITE)
        elif service == "dynamodb" and operation in {"GetItem", "Query"}:  # Consistent, of less than 4 KB.
            total += number * READ_UNIT
        elif service == "sqs":
            total += number * SQS
        elif service == "sns":
            total += number * SNS
    return total


def receipt(entry: FileEntry) -> dict[str, Decimal]:
    """Return the expected receipt of a file's only run, without the function's time."""
    writes = {FileState.PROCESSED: 2, FileState.PARTIAL: 2 + bool(entry.accepted_rows)}.get(entry.state, 1)
    is_copy = entry.state is FileState.DUPLICATE
    has_claimed = entry.state in (FileState.PROCESSED, FileState.PARTIAL)
    lines = {
        "orders_write_units": entry.accepted_rows * WRITE_UNIT,
        "orders_index_write_units": entry.accepted_rows * WRITE_UNIT,
        "ledger_write_units": (BEGIN_NEW + CLAIM * has_claimed + RUN_ENTRY + SETTLE) * WRITE_UNIT,
        "read_units": 3 * READ_UNIT * is_copy,  # Whose claim it is, whether that file keeps it, how it stands.
        "s3_writes": writes * S3_WRITE,
        "s3_reads": 2 * S3_READ,
        "sqs_requests": 3 * SQS,
        "lambda_requests": INVOCATION,
    }
    return {name: cost for name, cost in lines.items() if cost}


def paid(run: RunEntry) -> dict[str, Decimal]:
    """Return a run's receipt, without the function's time."""
    return {name: Decimal(cost) for name, cost in run.costs.items() if name != "lambda_gb_seconds"}
