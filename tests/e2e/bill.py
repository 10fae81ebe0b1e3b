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
REGISTER = 1
"""The order ids of a file with some 240 orders or fewer: 4 bytes each, and 100 for the rest."""
GIVE_BACK = 6
"""Entry twice and once more for the run's, since they are one transaction, and the entry in two indexes."""
SETTLE = 7
"""Entry and counter, twice each since they are one transaction, and the entry in two indexes."""
UNSTORED = 1
"""What came of an upload of which nothing is stored: a copy of it, as some clients make, is told by that."""
READS, READS_OF_A_COPY = 2, 5
"""The register of the sender's files, and whether an earlier release knows the bytes; of a copy also whose rows they
are, how that file stands, and its rows, which are compared."""
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
    return (
        ORDER * sum(entry.accepted_rows for entry in entries)
        + BEGIN_NEW * len(entries)
        + BEGIN_AGAIN * (len(runs) - len(entries))
        + sum(map(_claims, entries))  # The failed runs have read no row.
        + RUN_ENTRY * len(runs)
        + GIVE_BACK * failed
        + SETTLE * len(entries)
        + MAIL * sum(states[state] for state in _MAILED)
    )


def _claims(entry: FileEntry) -> int:
    """Count what says of its orders, of its rows and of the upload that they came."""
    has_registered = entry.state is FileState.DUPLICATE or entry.accepted_rows  # A copy has the orders of the other.
    has_claimed = entry.state in (FileState.PROCESSED, FileState.PARTIAL)
    return REGISTER * bool(has_registered) + CLAIM * has_claimed + UNSTORED * (not entry.accepted_rows)


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
        "ledger_write_units": (BEGIN_NEW + _claims(entry) + RUN_ENTRY + SETTLE) * WRITE_UNIT,
        "read_units": READS_OF_A_COPY * READ_UNIT if is_copy else READS * READ_UNIT * has_claimed,
        "s3_writes": writes * S3_WRITE,
        "s3_reads": (4 if is_copy else 2) * S3_READ,
        "sqs_requests": 3 * SQS,
        "lambda_requests": INVOCATION,
    }
    return {name: cost for name, cost in lines.items() if cost}


def paid(run: RunEntry) -> dict[str, Decimal]:
    """Return a run's receipt, without the function's time."""
    return {name: Decimal(cost) for name, cost in run.costs.items() if name != "lambda_gb_seconds"}
