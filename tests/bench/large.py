"""One large file on the deployed stack: read in ranges, its workers killed, its execution stopped, resumed, settled.

    python -m tests.bench.large [--mb 1024]

Kills every worker of the ranges' function when a quarter of the ranges is done, stops the execution at half, and lets
the next run finish. Then everything is counted: orders in the table (a sample of very many), lines in both objects,
what the ledger says.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import signal
import sys
import time
from contextlib import suppress
from itertools import batched, count
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

from processor.domain.object_keys import ObjectVersion
from tests.bench.end_to_end import deployed
from tests.bench.report import keep
from tests.bench.run import say
from tests.e2e.deployment import wait_until
from tests.e2e.large_file_executions import list_range_results, list_working_objects, stop_execution

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.bench.end_to_end import Stack

MB = 1024 * 1024
BAD_EVERY = 100
MOST_COUNTED, SAMPLE = 400_000, 10_000
"""Rows."""
CONTEXT = {"large_file_concurrency": 2, "retry_backoff_s": [1, 2]}
"""Two ranges at once for two cores, and no long waits; otherwise as shipped."""
_SETTLED_IN_S = 3 * 3_600
_NAME, _PRODUCT = "Customer " * 20, "Gear, " * 32 + "oiled"
_HEADER = "order_id,customer_name,product_name,quantity,unit_price\n"


class Text(io.RawIOBase):
    """The file's text, generated while it is read, with counts of its rows: some 450 bytes each, every 100th bad."""

    def __init__(self, size_bytes: int) -> None:
        self.good = self.bad = self.size_bytes = 0
        self._pieces = self._made(size_bytes)
        self._left = b""

    def readable(self) -> bool:
        """Say that it is."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer."""
        while len(self._left) < len(buffer) and (piece := next(self._pieces, b"")):
            self._left += piece
        part, self._left = self._left[: len(buffer)], self._left[len(buffer) :]
        buffer[: len(part)] = part
        return len(part)

    def _made(self, size_bytes: int) -> Iterator[bytes]:
        piece = _HEADER
        for number in count():
            is_bad = number % BAD_EVERY == 7
            self.bad, self.good = self.bad + is_bad, self.good + (not is_bad)
            quantity = "none" if is_bad else number % 9 + 1
            piece += f'L-{number:012},"{_NAME}{number % 5_000}","{_PRODUCT}",{quantity},12.50\n'
            if len(piece) < MB:
                continue
            self.size_bytes += len(piece)
            yield piece.encode()
            piece = ""
            if self.size_bytes >= size_bytes:
                return


def workers() -> list[int]:
    """List the processes that do steps of the state machine."""
    pids = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            environment = (folder / "environ").read_bytes()
            if b"AWS_LAMBDA_FUNCTION_NAME=waybill-local-ranges\0" in environment:
                pids.append(int(folder.name))
    return pids


def upload(stack: Stack, size_bytes: int) -> tuple[ObjectVersion, Text]:
    """Upload the file in parts, as clients do with large ones."""
    deployment, text = stack.deployment, Text(size_bytes)
    bucket, key = deployment.outputs["BucketName"], "raw-data/bench/large.csv"
    deployment.client("s3").upload_fileobj(io.BufferedReader(text, MB), bucket, key)
    head = deployment.client("s3").head_object(Bucket=bucket, Key=key)
    return ObjectVersion(bucket, key, head["VersionId"]), text


def count_orders(stack: Stack, accepted: list[bytes]) -> dict[str, int]:
    """Count the orders of these accepted rows in the table; of very many rows, those of a sample.

    Each page of the emulator's scans begins at the first item, so a count takes quadratic time.
    """
    client, name = stack.deployment.client("dynamodb"), stack.deployment.outputs["OrdersTableName"]
    if len(accepted) <= MOST_COUNTED:
        pages = client.get_paginator("scan").paginate(TableName=name, Select="COUNT")
        return {"looked_for": len(accepted), "found": sum(page["Count"] for page in pages)}
    stored = 0
    for rows in batched(Random(1).sample(accepted, SAMPLE), 100):  # noqa: S311
        cells = [row.decode().split(",", 2) for row in rows]
        keys: Any = [{"order_id": {"S": each[0]}, "processed_timestamp": {"S": each[1]}} for each in cells]
        answer = client.batch_get_item(RequestItems={name: {"Keys": keys}})
        stored += len(answer["Responses"][name])
    return {"looked_for": SAMPLE, "found": stored}


def measure(stack: Stack, size_bytes: int) -> dict[str, Any]:
    """Upload, kill, stop, wait and count; return the figures."""
    deployment = stack.deployment
    version, text = upload(stack, size_bytes)
    began = time.time()
    say(f"{text.size_bytes / MB:,.0f} MB with {text.good + text.bad:,} rows are uploaded")
    wait_until(lambda: bool(list_working_objects(deployment, "plan.json")), _SETTLED_IN_S, lambda: "no plan")
    planned_s = time.time() - began
    plan = json.loads(deployment.read(list_working_objects(deployment, "plan.json")[0]))
    ranges = len(plan["split"]["ranges"])
    say(f"split into {ranges} ranges after {planned_s:.0f} s")
    wait_until(
        lambda: len(list_range_results(deployment)) >= ranges // 4, _SETTLED_IN_S, lambda: "a quarter is not done"
    )
    killed = workers()
    for pid in killed:
        os.kill(pid, signal.SIGKILL)
    say(f"killed {len(killed)} workers when {len(list_range_results(deployment))} ranges were done")
    wait_until(lambda: len(list_range_results(deployment)) >= ranges // 2, _SETTLED_IN_S, lambda: "half is not done")
    stop_execution(deployment, version)
    say(f"stopped the execution when {len(list_range_results(deployment))} ranges were done")
    [entry] = deployment.wait_at_rest([version], _SETTLED_IN_S)
    took_s = time.time() - began
    say(f"settled after {took_s:.0f} s; counting")
    accepted = deployment.read(entry.accepted_key).splitlines()[1:]
    orders = count_orders(stack, accepted)
    figures = {
        "mb": round(text.size_bytes / MB),
        "ranges": ranges,
        "good_rows": text.good,
        "bad_rows": text.bad,
        "state": entry.state,
        "accepted_rows": entry.accepted_rows,
        "rejected_rows": entry.rejected_rows,
        "orders": orders,
        "accepted_lines": len(accepted),
        "rejected_lines": deployment.read(entry.rejected_key).count(b"\r\n") - 1,
        "left_behind": len(list_working_objects(deployment)),
        "workers_killed": len(killed),
        "runs": [run.outcome for run in deployment.ledger.list_runs(entry.file_id)],
        "planned_s": round(planned_s),
        "seconds": round(took_s),
        "rows_per_s": round(text.good / took_s),
    }
    is_whole = (
        figures["accepted_rows"] == figures["accepted_lines"] == text.good
        and orders["found"] == orders["looked_for"]
        and orders["looked_for"] in (text.good, SAMPLE)
        and figures["rejected_rows"] == figures["rejected_lines"] == text.bad
    )
    return figures | {"is_whole": is_whole}


def main() -> None:
    """Deploy, measure, keep; fail where a row is missing or one too many."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.large")
    parser.add_argument("--mb", type=int, default=1_024)
    with deployed(CONTEXT) as stack:
        figures = measure(stack, parser.parse_args().mb * MB)
    keep("large", figures)
    print(json.dumps(figures, indent=2))
    if not figures["is_whole"]:
        sys.exit("Rows are missing, or there are too many.")


if __name__ == "__main__":
    main()
