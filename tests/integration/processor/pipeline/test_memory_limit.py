"""The shipped handler in a process that the operating system holds to the function's 256 MB.

`make memory` runs the whole of it: a million rows, and every hostile file by itself, at ten times the size.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.bench.stub import running
from tests.integration.processor.pipeline.hostile_files import Hostile, hostile_files
from tests.integration.processor.pipeline.whole_orders import ORDERS, write_orders

ROOT = Path(__file__).parents[4]
LIMIT_MB = 256
WHOLE = bool(os.environ.get("WAYBILL_WHOLE_MEMORY"))
ROWS = 1_000_000 if WHOLE else 100_000
SIZE = 10_000_000 if WHOLE else 400_000
MOST_UNPACKED = str(200_000_000 if WHOLE else 10_000_000)
SECONDS = 1_800 if WHOLE else 120

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="Only Linux refuses memory by RLIMIT_DATA."),
    pytest.mark.timeout(2 * SECONDS),
]


def run_limited(folder: Path, hostile: Hostile, *allocate_mb: str, limit_mb: int = LIMIT_MB) -> dict[str, Any]:
    """Run the handler on a file under the limit; return what it measured, and how many orders were sent."""
    path = folder / "body"
    path.write_bytes(hostile.body)
    with running(body=str(path)) as stub:
        command = [sys.executable, "-m", "tests.integration.processor.pipeline.limited_run"]
        process = subprocess.run(
            [*command, str(limit_mb), hostile.name, *allocate_mb],
            cwd=ROOT,
            env=environment(stub.url),
            capture_output=True,
            text=True,
            check=False,
            timeout=SECONDS,
        )
        assert process.returncode == 0, process.stderr[-2000:]
        measured: dict[str, Any] = json.loads(process.stdout.splitlines()[-1])
        return measured | {"orders": stub.stored()["puts"]}


def environment(endpoint: str) -> dict[str, str]:
    """Return the variables of the child: as few of ours as possible."""
    ours = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": "us-east-1"}
    more = {"AWS_DEFAULT_REGION": "us-east-1", "AWS_ENDPOINT_URL": endpoint, "MAX_GZIP_BYTES": MOST_UNPACKED}
    return ours | keys | more


FEW = ("one quoted cell", "all commas", "bomb of lines", "many members", "lines of every kind")
KINDS = tuple(hostile_files(1)) if WHOLE else FEW
"""Each kind by itself, or, where time is short, lines of all kinds in one."""


def told(kind: str, measured: dict[str, Any]) -> None:
    """Print what was measured, for `make memory`."""
    print(f"{kind}: {measured['peak_bytes'] / 2**20:.0f} MB at most, {measured['cpu_s']:.1f} s of CPU")


@pytest.mark.parametrize("kind", ORDERS if WHOLE else ["usual", "half rejected"])
def test_many_rows_fit(tmp_path: Path, kind: str) -> None:
    """Every row of a whole order of a large file is sent, in 120 MB: however many orders there are, or are rejected."""
    path = tmp_path / "orders.csv"
    with path.open("wb") as out:
        whole_rows = write_orders(out, ROWS, kind)

    measured = run_limited(tmp_path, Hostile("orders.csv", path.read_bytes()))

    told(f"{ROWS:,} rows, {kind}", measured)
    assert measured["orders"] == whole_rows
    assert measured["peak_bytes"] < 120_000_000


@pytest.mark.parametrize("kind", KINDS)
def test_hostile_files_fit(tmp_path: Path, kind: str) -> None:
    """However hostile a file, its run ends by settling it, with the orders that its good rows are."""
    hostile = hostile_files(SIZE)[kind]()

    measured = run_limited(tmp_path, hostile)

    told(kind, measured)
    assert measured["peak_bytes"] < LIMIT_MB * 2**20 / 2
    assert measured["orders"] == hostile.orders


def test_the_limit_bites(tmp_path: Path) -> None:
    """With nearly the limit taken by something else, the same work fails, in whatever words: so it is really held."""
    small = Hostile("a.csv", b"order_id\n")

    run_limited(tmp_path, small)

    with pytest.raises(AssertionError):
        run_limited(tmp_path, small, str(LIMIT_MB - 20))
