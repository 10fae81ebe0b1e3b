"""From upload to settled on the deployed stack in the emulator: where a file's time goes, and how much goes through.

    python -m tests.bench.end_to_end [--files 1000] [--large-rows 200000]

Emulator, workers and this process share the machine, and the emulator is the slowest. The figures show the pipeline's
own share, not AWS's speed. So rows a second stand beside those of bare BatchWriteItem calls, sent by as many
connections in the same run.
"""

from __future__ import annotations

import argparse
import io
import json
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from itertools import batched, count
from typing import TYPE_CHECKING, Any

import boto3

from cdk.local.deploy import bring_up
from cdk.local.emulator import Emulator
from cdk.local.sidecar_process import Sidecar
from processor.domain.entries import from_iso
from processor.domain.orders import BY_CUSTOMER, OrderMaker, put_request
from sample_data.generate import write_file
from tests.bench.report import keep, table
from tests.bench.run import LOCAL, say
from tests.e2e.deployment import REGION, Deployment, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from processor.domain.entries import FileEntry, RunEntry
    from processor.domain.object_keys import ObjectVersion

WARM_UP, MEASURED = 10, 100
"""Files of 1,000 rows, one after the other."""
SMALL_ROWS = 100
AT_ONCE = 16
"""Uploads at once, and connections of the bare calls, as many as the pooled sender's."""
_SETTLES_IN_S = 1_800
_TRACED_IN_S = 30


@dataclass(frozen=True)
class Stack:
    """The deployed stack, and where its traces are."""

    deployment: Deployment
    xray: Any
    seeds: Iterator[int] = field(default_factory=count)

    def upload(self, rows: int) -> tuple[ObjectVersion, float]:
        """Upload a file of order ids that no other has; return it with the time of the start."""
        body, seed = io.BytesIO(), next(self.seeds)
        write_file(body, rows, seed=seed)
        began = time.time()
        return self.deployment.upload(f"bench/{rows}-{seed}.csv", body.getvalue()), began

    def settled(self, versions: list[ObjectVersion]) -> list[FileEntry]:
        """Wait for files."""
        return self.deployment.wait_at_rest(versions, _SETTLES_IN_S)

    def run_of(self, entry: FileEntry) -> RunEntry:
        """Read a file's only run."""
        [run] = self.deployment.ledger.list_runs(entry.file_id)
        return run

    def trace_of(self, run: RunEntry) -> dict[str, Any]:
        """Read the segment of a run's function, which is sent when the invocation has ended."""
        found: list[dict[str, Any]] = []

        def is_there() -> bool:
            traces = self.xray.batch_get_traces(TraceIds=[run.trace_id])["Traces"]
            found[:] = [json.loads(segment["Document"]) for trace in traces for segment in trace["Segments"]]
            return len(found) == 1

        wait_until(is_there, _TRACED_IN_S, lambda: f"no trace of {run.run_id}")
        return found[0]


@contextmanager
def deployed(context: Mapping[str, object] | None = None) -> Iterator[Stack]:
    """Deploy the stack as it ships, or with other settings."""
    with (
        Sidecar(LOCAL / "bench-sidecar", LOCAL / "bench-sidecar/mail") as sidecar,
        Emulator(0, LOCAL / "bench-end-to-end", extra_env=sidecar.extra_env) as emulator,
    ):
        outputs = bring_up(emulator, out_dir=LOCAL / "cdk.out.bench", context=dict(context or {}))
        sidecar.follow(emulator, outputs)
        deployment = Deployment(emulator.endpoint, outputs, emulator.child_env(), emulator.log)
        xray = boto3.client(
            "xray", REGION, endpoint_url=sidecar.endpoint, aws_access_key_id="test", aws_secret_access_key="test"
        )
        yield Stack(deployment, xray)
        deployment.close()


def latency(stack: Stack) -> dict[str, Any]:
    """Settle files of 1,000 rows one by one on a warm function; return the parts of their times in milliseconds."""
    taken: dict[str, list[float]] = {}
    over_floor = []
    for number in range(WARM_UP + MEASURED):
        version, began = stack.upload(1_000)
        [entry] = stack.settled([version])
        run = stack.run_of(entry)
        if number < WARM_UP:
            continue
        floor = sum(Decimal(run.costs[name]) for name in ("orders_write_units", "orders_index_write_units"))
        over_floor.append(Decimal(run.estimated_cost) / floor)
        for part, seconds in _parts(stack.trace_of(run), began, from_iso(entry.settled_at).timestamp()).items():
            taken.setdefault(part, []).append(seconds * 1000)
    quantiles = {part: {"p50": _quantile(values, 50), "p99": _quantile(values, 99)} for part, values in taken.items()}
    return {"files": MEASURED, "ms": quantiles, "cost_over_floor": float(statistics.median(over_floor))}


def _parts(segment: dict[str, Any], began: float, settled: float) -> dict[str, float]:
    """Return the times of a trace's parts, in seconds."""
    run = next(part for part in segment["subsegments"] if part["name"] == "run")
    spans = {part["name"]: part for part in run["subsegments"]}
    reading = spans["read and validate"]
    [write] = reading["subsegments"]
    took = {name: part["end_time"] - part["start_time"] for name, part in {**spans, "write": write}.items()}
    parts = {
        "upload, queue and poll": segment["start_time"] - began,
        "start": run["start_time"] - segment["start_time"],
        "begin, identify, check": took["begin"] + took["identify"] + took["check"],
        "read and validate": took["read and validate"] - took["write"],
        "write": took["write"],
        "complete outputs": took["complete outputs"],
        "settle": settled - spans["settle"]["start_time"],
    }
    whole = settled - began
    return {**parts, "between": whole - sum(parts.values()), "upload to settled": whole}


def _quantile(values: list[float], percent: int) -> float:
    return round(statistics.quantiles(values, n=100, method="inclusive")[percent - 1], 1)


def throughput(stack: Stack, sizes: list[int]) -> dict[str, float]:
    """Upload files of these numbers of rows at once; return how fast all are settled."""
    began = time.time()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        uploads = pool.map(lambda rows: stack.upload(rows)[0], sizes)
        entries = stack.settled(list(uploads))
    took = max(from_iso(entry.settled_at).timestamp() for entry in entries) - began
    rows = sum(entry.accepted_rows for entry in entries)
    return {
        "files": len(sizes),
        "rows": rows,
        "seconds": round(took, 1),
        "files_per_s": round(len(sizes) / took, 1),
        "rows_per_s": round(rows / took),
    }


def bare_rows_per_s(stack: Stack, rows: int) -> float:
    """Return the rows a second that the emulator takes by bare write calls."""
    maker = OrderMaker(datetime.now(UTC), f"{1:024x}", "run", "1-trace", (BY_CUSTOMER,))
    values = ("Ada Lovelace", "Difference Engine", 1, Decimal("19.99"))
    puts: list[Any] = [
        put_request(maker.lay_out(maker.enrich(number, (f"A-{number}", *values)), f"ada lovelace#{number % 4}"))
        for number in range(rows)
    ]
    name = stack.deployment.outputs["OrdersTableName"]
    client = stack.deployment.client("dynamodb")
    began = time.perf_counter()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        batches = batched(puts, 25)
        list(pool.map(lambda batch: client.batch_write_item(RequestItems={name: list(batch)}), batches))
    return round(rows / (time.perf_counter() - began))


def show(found: dict[str, Any]) -> str:
    """Write the figures down as Markdown."""
    timed, bare = found["latency"], found["bare_rows_per_s"]
    parts = [[part, f"{ms['p50']:.1f}", f"{ms['p99']:.1f}"] for part, ms in timed["ms"].items()]
    rates = [
        [what, f"{rate['seconds']:.1f}", f"{rate['files_per_s']:.1f}", f"{rate['rows_per_s']:,}", f"{share:.2f}"]
        for what, rate in (("small files", found["small"]), ("one large file", found["large"]))
        for share in [rate["rows_per_s"] / bare]
    ]
    return "\n\n".join(
        [
            table([f"{timed['files']} files of 1,000 rows, warm", "p50 ms", "p99 ms"], parts),
            table(["at once", "seconds", "files/s", "rows/s", f"of the {bare:,} bare rows/s"], rates),
            f"Cost of 1,000 rows over DynamoDB's own: {timed['cost_over_floor']:.3f} (must be at most 1.03).",
        ]
    )


def main() -> None:
    """Deploy, measure, show, keep."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.end_to_end")
    parser.add_argument("--files", type=int, default=1_000, help="how many small files come at once")
    parser.add_argument("--large-rows", type=int, default=200_000, help="rows of the large file")
    options = parser.parse_args()
    with deployed() as stack:
        say("files of 1,000 rows, one after the other")
        found: dict[str, Any] = {"latency": latency(stack)}
        say(f"{options.files:,} files of {SMALL_ROWS} rows at once")
        found["small"] = throughput(stack, [SMALL_ROWS] * options.files)
        say(f"one file of {options.large_rows:,} rows")
        found["large"] = throughput(stack, [options.large_rows])
        found["bare_rows_per_s"] = bare_rows_per_s(stack, min(options.large_rows, 50_000))
    keep("end_to_end", found)
    print(show(found))


if __name__ == "__main__":
    main()
