"""Ledgers of any size for the console's benchmark: files of every state, as the processor would have left them."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import batched
from typing import TYPE_CHECKING, Any

from processor.domain.actions import ActionEntry, ActionKind, ActionState
from processor.domain.entries import FILE_ENTRY, FILE_KIND, RunEntry, base_timestamp_of, to_iso
from processor.domain.file_states import FileState
from processor.domain.orders import ENRICHED_HEADER, sort_keys
from processor.ledger.counters import COUNTS_PARTITION
from processor.ledger.table import serialise

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from admin_api.wiring.services import Console

_BATCH = 25
_ROWS = 1_000
"""In each file."""
_STATES = (FileState.PARTIAL, FileState.FAILED, FileState.DEAD_LETTERED, FileState.DUPLICATE)
FILE_ID, RUN_ID, ORDER_ID = f"{0:024x}", "run-0000", "A-0000001"


def same_table(dynamodb: Any, model: str, name: str) -> None:
    """Make a table of the same keys and indexes as another one."""
    table = dynamodb.describe_table(TableName=model)["Table"]
    indexes = [
        {name: index[name] for name in ("IndexName", "KeySchema", "Projection")}
        for index in table["GlobalSecondaryIndexes"]
    ]
    dynamodb.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=table["AttributeDefinitions"],
        KeySchema=table["KeySchema"],
        GlobalSecondaryIndexes=indexes,
    )


def fill(console: Console, files: int) -> None:
    """Write that many files with a run each, the newest of them ``FILE_ID``, and their counters."""
    now = datetime.now(UTC)
    _write(console, console.config.files_table, _items(console, files, now))
    console.s3.put_object(
        Bucket=console.config.bucket_name, Key=_accepted_key(now), Body=_accepted_rows(now, _ROWS).encode()
    )


def _items(console: Console, files: int, now: datetime) -> Iterator[dict[str, Any]]:
    counted: Counter[str] = Counter()
    for number in range(files):
        entry = _file(console.config.bucket_name, number, now - timedelta(seconds=number))
        counted[entry["state"]] += 1
        counted["rejected_rows"] += entry["rejected_rows"] if entry["state"] == FileState.PARTIAL else 0
        yield entry
    yield _run(now).to_item()
    yield _action(now).to_item()
    yield {"file_id": COUNTS_PARTITION, "entry": "shard#0", **counted}


def _file(bucket: str, number: int, at: datetime) -> dict[str, Any]:
    """Return a settled file's item; one in twenty needs a person, and half of the newest hundred failed.

    So the list of failed files fills a page in both ledgers.
    """
    if number % 20 == 0:
        state = _STATES[number // 20 % len(_STATES)]
    else:
        state = FileState.FAILED if number < 100 and number % 2 else FileState.PROCESSED
    rejected = 3 if state is FileState.PARTIAL else 0
    name = f"orders-{number:06}.csv"
    return {
        "file_id": f"{number:024x}",
        "entry": FILE_ENTRY,
        "kind": FILE_KIND,
        "state": state,
        "counted_as": state,
        "bucket": bucket,
        "object_key": f"raw-data/shop/{name}",
        "version_id": f"version-{number}",
        "received_at": to_iso(at),
        "base_timestamp": base_timestamp_of(to_iso(at)),
        "settled_at": to_iso(at + timedelta(seconds=1)),
        "run_id": RUN_ID,
        "run_started_at": to_iso(at),
        "size_bytes": 54_000,
        "accepted_rows": _ROWS - rejected,
        "accepted_key": _accepted_key(at) if state in {FileState.PROCESSED, FileState.PARTIAL} else "",
        "rejected_rows": rejected,
        "reasons": ["quantity: not a whole number (3)"] if rejected else [],
        "cause": "not_csv" if state is FileState.FAILED else "",
        "error": "This is a PNG picture, not CSV text." if state is FileState.FAILED else "",
    }


def _accepted_key(at: datetime) -> str:
    """Return the key of a file's accepted rows; only the newest file's object exists."""
    return f"processed-data/bench/{at:%Y%m%dT%H%M%S.%fZ}.csv"


def _accepted_rows(at: datetime, rows: int) -> str:
    """Write the newest file's accepted rows as its run would have."""
    sort_key = sort_keys(at, FILE_ID)
    numbers = range(2, rows + 2)
    lines = [f"A-{n:07},{sort_key(n)},Ada Lovelace,Difference Engine,1,19.99,19.99,{n}" for n in numbers]
    return "".join(f"{line}\r\n" for line in [",".join(ENRICHED_HEADER), *lines])


def _run(at: datetime) -> RunEntry:
    return RunEntry(
        file_id=FILE_ID,
        run_id=RUN_ID,
        started_at=to_iso(at),
        message_id="message",
        receive_count=1,
        outcome=FileState.PARTIAL,
        request_id="request",
        trace_id="1-5759e988-bd862e3fe1be46a994272793",
        trace_sampled=True,
        ended_at=to_iso(at + timedelta(seconds=1)),
        duration_ms=1_000,
        accepted_rows=997,
        rejected_rows=3,
        consumed_write_units="2010",
        estimated_cost="0.00128",
        costs={"orders_write_units": "0.000625", "orders_index_write_units": "0.000625"},
    )


def _action(at: datetime) -> ActionEntry:
    return ActionEntry(
        action_id="20261125T180000Z-0123abcd",
        kind=ActionKind.REPROCESS,
        at=to_iso(at),
        who="ada@example.com",
        state=ActionState.DONE,
        file_id=FILE_ID,
        subject="orders-000000.csv",
        expected=1,
        done=1,
    )


def fill_orders(console: Console) -> None:
    """Store two lines of one order."""
    now = to_iso(datetime.now(UTC))
    order = {
        "order_id": ORDER_ID,
        "customer_name": "Ada Lovelace",
        "product_name": "Difference Engine",
        "quantity": 1,
        "unit_price": 1999,
        "line_total": 1999,
        "row_number": 2,
        "file_id": FILE_ID,
        "run_id": RUN_ID,
        "customer_key": "ada lovelace#2",
    }
    lines = [{**order, "processed_timestamp": now.replace("Z", f"{number:03}Z")} for number in range(2)]
    _write(console, console.config.orders_table, lines)


def _write(console: Console, table: str, items: Iterable[dict[str, Any]]) -> None:
    for batch in batched(items, _BATCH):
        requests = [{"PutRequest": {"Item": serialise({k: v for k, v in item.items() if v != ""})}} for item in batch]
        left = console.dynamodb.batch_write_item(RequestItems={table: requests}).get("UnprocessedItems")
        if left:
            raise SystemExit("The emulator left items unprocessed, which it never does.")
