"""The memory of a run does not grow with its file."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[4]


def run_of(rows: int) -> dict[str, Any]:
    """Run the pipeline in a process of its own and return what it measured."""
    command = [sys.executable, "-m", "tests.integration.processor.pipeline.measure_memory", str(rows)]
    printed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    measured: dict[str, Any] = json.loads(printed.splitlines()[-1])
    return measured


def test_four_times_the_file_needs_no_more_memory() -> None:
    """Beyond a few blocks, peak memory is flat, and far below the function's 256 MB."""
    small, large = run_of(80_000), run_of(320_000)

    assert small["whole"]
    assert large["whole"]
    assert large["peak_bytes"] < 1.2 * small["peak_bytes"]
    assert large["peak_bytes"] < 128 * 1024 * 1024
