"""The table of promises names tests that exist, and results with their seeds."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/promises.md").read_text(encoding="utf-8")
TEST_LINK = re.compile(r"\[(test_\w+)\]\(\.\./(tests/[\w/]+\.py)\)")


def rows_after(heading: str) -> list[list[str]]:
    """Return the cells of the first table after a line of the page, without its header."""
    _, _, rest = PAGE.partition(f"{heading}\n")
    table = re.search(r"(?:^\|.*\n)+", rest, re.MULTILINE)
    assert table
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table.group().splitlines()[2:]]


PROMISES = rows_after("# Promises")


@pytest.mark.parametrize("promise", PROMISES, ids=lambda row: row[0][:40])
def test_every_promise_is_held_by_tests_that_exist(promise: list[str]) -> None:
    """Each row links to tests, and each of these is a function of the file that the link leads to."""
    _, held_by, result = promise

    links = TEST_LINK.findall(held_by)

    assert links
    assert result
    assert [name for name, path in links if f"def {name}(" not in (ROOT / path).read_text(encoding="utf-8")] == []


def test_chaos_results_have_their_seeds() -> None:
    """Five runs or more are told, each with its own seed, its files, and all checks that there are."""
    results = rows_after("## Chaos")

    seeds = [row[0] for row in results]
    assert len(set(seeds)) == len(seeds) >= 5
    assert all(seed.isdecimal() and int(files) >= 60 for seed, files, *_ in results)
    assert all(re.fullmatch(r"\d+ of \d+.*", row[-1]) for row in results)


def test_no_promise_is_made_twice() -> None:
    """Each promise has one row."""
    promises = [row[0] for row in PROMISES]

    assert len(set(promises)) == len(promises) > 10
