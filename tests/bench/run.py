"""`make bench`: the processor as shipped beside other ways to do the same task, on the same files in one run.

    python -m tests.bench.run [--rows 10000 100000 1000000] [--repeat 3] [--cases waybill "waybill, not sending"]

Every measurement is a process of its own (``tests.bench.case``), and so is the server that it talks to
(``tests.bench.stub``). Repetitions are interleaved, figures are medians. CPU is user and system of the measured
process; on a busy machine trust ratios before figures. Prints tables and writes ``.local/bench.json``.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from processor.observability.cost import PRICES
from sample_data.generate import write_file
from tests.bench import lambda_share
from tests.bench.case import CASES, IMPORTS
from tests.bench.report import keep, show
from tests.bench.stub import running

if TYPE_CHECKING:
    from collections.abc import Collection

ROOT = Path(__file__).parents[2]
LOCAL = ROOT / ".local"
BAD = 0.01
LARGEST_REPEATED = 100_000
"""Rows; from here on a peer takes minutes and is measured once."""
OURS = "waybill"
MEMORY_MB = (128, 256, 512, 1024, 1769)
SIZED_ROWS = (1_000, 100_000)


def measure(*arguments: str, share: float | None = None) -> dict[str, float]:
    """Run one case in a process of its own, perhaps with a share of a CPU only."""
    command = [sys.executable, "-m", "tests.bench.case", *arguments]
    # With byte code, which Lambda's bundle holds, too: compiling would cost more than all that is to be measured.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    with lambda_share.limited(command, share) as wrapped:
        process = subprocess.run(wrapped, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if process.returncode:
        raise RuntimeError(f"{arguments} failed: {process.stderr[-2_000:]}")
    result: dict[str, float] = json.loads(process.stderr.splitlines()[-1])
    return result


def medians(results: list[dict[str, float]]) -> dict[str, float]:
    """Take the median of each figure."""
    return {name: statistics.median(result[name] for result in results) for name in results[0]}


def file_of(rows: int) -> Path:
    """Generate the file once."""
    path = LOCAL / "bench" / f"{rows}.csv"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as out:
            write_file(out, rows, bad=BAD)
    return path


def file_of_single_orders(rows: int) -> Path:
    """Write a file in which each row is an order of its own, once: most of the work before the first write."""
    path = LOCAL / "bench" / f"{rows}-orders.csv"
    if not path.exists():
        lines = file_of(rows).read_text("utf-8").splitlines(keepends=True)
        with path.open("w", encoding="utf-8", newline="") as out:
            out.writelines(line.replace("SO0001-", f"SO{number:07}-", 1) for number, line in enumerate(lines))
    return path


def compare(path: Path, rows: int, repeat: int, cases: Collection[str]) -> dict[str, dict[str, float]]:
    """Measure cases on one file, in turn."""
    results = defaultdict(list)
    with running(body=str(path)) as stub:
        for turn in range(repeat):
            for name in cases:
                if turn and rows > LARGEST_REPEATED and not name.startswith(OURS):
                    continue
                say(f"{rows:,} rows, turn {turn + 1} of {repeat}: {name}")
                results[name].append(measure(name, stub.url, str(rows)))
    return {name: medians(found) for name, found in results.items()}


def imports(repeat: int) -> dict[str, dict[str, float]]:
    """Measure the imports."""
    results = defaultdict(list)
    with running() as stub:
        for turn in range(repeat + 1):
            for name in IMPORTS:
                say(f"import, turn {turn} of {repeat}: {name}")
                figures = measure(name, stub.url, "0")
                if turn:  # The first one writes the byte code.
                    results[name].append(figures)
    return {name: medians(figures) for name, figures in results.items()}


def as_in_lambda(rows: int) -> dict[str, float]:
    """Measure a whole run with the CPU of 256 MB and answers that take as long as DynamoDB's."""
    say(f"{rows:,} rows with {lambda_share.OF_256_MB:.1%} of a CPU and answers after 8 ms")
    with running(body=str(file_of(rows)), delay_s=0.008) as stub:
        return measure(OURS, stub.url, str(rows), share=lambda_share.OF_256_MB)


def memory_sizes(repeat: int) -> dict[str, dict[str, float]]:
    """Measure the same runs with the shares of a CPU that come with sizes of memory, and what each costs at Lambda."""
    found: dict[str, dict[str, float]] = {}
    for rows in SIZED_ROWS:
        with running(body=str(file_of(rows)), delay_s=0.008) as stub:
            for memory_mb in MEMORY_MB:
                say(f"{rows:,} rows with the CPU of {memory_mb} MB")
                share = memory_mb / lambda_share.ONE_CPU_MB
                runs = [measure(OURS, stub.url, str(rows), share=share) for _ in range(repeat)]
                wall_s = medians(runs)["wall_s"]
                usd = wall_s * memory_mb / 1024 * float(PRICES["lambda_gb_seconds"])
                found.setdefault(str(memory_mb), {})[str(rows)] = wall_s
                found[str(memory_mb)][f"{rows} usd"] = usd
    return found


def machine() -> str:
    """Name the processor and the interpreter."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")
    cores = sum(line.startswith("processor") for line in lines)
    return f"{cores} cores of {model}, Python {platform.python_version()}"


def say(text: str) -> None:
    """Print progress to standard error."""
    print(text, file=sys.stderr, flush=True)


def main() -> None:
    """Measure, show, keep."""
    parser = argparse.ArgumentParser(prog="make bench")
    parser.add_argument("--rows", type=int, nargs="*", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--cases", nargs="*", default=list(CASES), choices=list(CASES), metavar="CASE")
    options = parser.parse_args()
    found: dict[str, Any] = {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": machine(),
        "imports": imports(options.repeat),
        "files": {str(rows): compare(file_of(rows), rows, options.repeat, options.cases) for rows in options.rows},
        "orders": {
            str(rows): compare(file_of_single_orders(rows), rows, options.repeat, [OURS])[OURS] for rows in options.rows
        },
    }
    if lambda_share.is_possible():
        found["memory"] = memory_sizes(options.repeat)
    if lambda_share.is_possible() and options.rows:
        found["lambda"] = {"rows": max(options.rows), **as_in_lambda(max(options.rows))}
    keep("processor", found)
    print(show(found))


if __name__ == "__main__":
    main()
