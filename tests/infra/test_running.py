"""Tests for `make test`: the suites that it runs, their order, zone and date."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def shown(*command: str) -> str:
    """Run a command in the repository, as if no `make` had begun us, and return what it says."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "SUITE", "SEED"))}
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def test_one_suite_runs_alone() -> None:
    """Nothing else is run for it, and an unknown suite is refused."""
    said = shown("make", "--dry-run", "test", "SUITE=infra")

    assert said.count("-m pytest") == 1
    assert " tests/infra " in said
    assert "tests/unit" not in said
    assert "mypy" not in said
    assert "There is no suite infrastructure." in shown("make", "test", "SUITE=infrastructure")


def test_every_part_has_the_seed_that_was_asked_for() -> None:
    """A failed run can be repeated, with its order, zone and date."""
    said = shown("make", "--dry-run", "test", "SEED=19")

    assert said.count("--randomly-seed=19 ") == 4
    assert said.count("--any-date ") == 2


def test_the_seed_moves_the_zone_and_if_asked_to_the_date() -> None:
    """The header says where and when it is."""
    command = (sys.executable, "-m", "pytest", "--collect-only", "-p", "no:cacheprovider", "--randomly-seed=19")
    file = "tests/unit/test_dates.py"

    assert "in America/New_York" in shown(*command, file)
    assert "It is Friday, 29 February 2036, 07:" in shown(*command, "--any-date", file)
