"""The Makefile's parts of `make test` are all of the tests, and what it installs is held to hashes."""

from __future__ import annotations

import json
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_folder_with_tests_is_run() -> None:
    """A new suite that no list names would never run, and nobody would notice."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    lists = re.findall(r"^(?:EMULATED|COMPUTED|FOLLOWING|BESIDE) := (.*)", makefile, re.MULTILINE)
    named = {path for paths in lists for path in paths.split()}

    folders = {f"tests/{path.relative_to(ROOT / 'tests').parts[0]}" for path in ROOT.glob("tests/**/test_*.py")}

    assert named == folders


def test_the_bootstrap_takes_nothing_without_its_hash() -> None:
    """One pinned package, its hashes, and options by which pip refuses anything else and builds nothing."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    lines = (ROOT / "uv-bootstrap.txt").read_text(encoding="utf-8").replace("\\\n", "").splitlines()
    (requirement,) = [line for line in lines if line and not line.startswith("#")]
    installs = re.findall(r"pip install (?:[^\n]*\\\n)*[^\n]*", makefile)

    name, *hashes = requirement.split()

    assert re.fullmatch(r"uv==\d+\.\d+\.\d+", name)
    assert len(hashes) >= 10
    assert all(re.fullmatch("--hash=sha256:[0-9a-f]{64}", one) for one in hashes)
    assert len(installs) == 1
    assert all(option in installs[0] for option in ("--require-hashes", "--only-binary :all:", "uv-bootstrap.txt"))


def test_no_package_of_npm_runs_a_script_when_it_is_installed() -> None:
    """Neither do the locked ones need to."""
    settings = (ROOT / ".npmrc").read_text(encoding="utf-8").splitlines()
    packages = json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8"))["packages"]

    assert "ignore-scripts=true" in settings
    assert [name for name, package in packages.items() if package.get("hasInstallScript")] == []
    assert [name for name, package in packages.items() if name and "integrity" not in package] == []
