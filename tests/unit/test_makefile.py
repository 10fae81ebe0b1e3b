"""The Makefile's two halves of `make test` are all of the tests."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_folder_with_tests_is_run() -> None:
    """A new suite that no list names would never run, and nobody would notice."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    lists = re.findall(r"^(?:EMULATED|COMPUTED|FOLLOWING) := (.*)", makefile, re.MULTILINE)
    named = {path for paths in lists for path in paths.split()}

    folders = {f"tests/{path.relative_to(ROOT / 'tests').parts[0]}" for path in ROOT.glob("tests/**/test_*.py")}

    assert named == folders
