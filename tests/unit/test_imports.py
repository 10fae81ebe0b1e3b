"""Imports that import-linter cannot see: what the tests import, and who imports an entry point."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("processor", "admin_api", "cdk", "sample_data", "tests")
ENTRY_POINTS = {"processor.handler", "processor.large_files.handler", "admin_api.handler", "admin_api.worker"}
IMPORTERS_OF_ENTRY_POINTS = {
    "tests/bench/case.py",
    "tests/bench/waybill.py",
    "tests/integration/admin_api/test_handler.py",
    "tests/integration/conftest.py",
}
"""They run or measure an entry point as Lambda does, which imports it too."""


def list_modules(*packages: str) -> list[Path]:
    """List the modules of these packages, without environments that lie inside them."""
    paths = (path for package in packages for path in sorted((ROOT / package).rglob("*.py")))
    return [path for path in paths if ".venv" not in path.parts]


def list_imports(source: str) -> set[str]:
    """List the dotted names that a module imports, by statement or by `import_module`, and their members."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import(aliases):
                names |= {alias.name for alias in aliases}
            case ast.ImportFrom(str(module), aliases):
                names |= {module} | {f"{module}.{alias.name}" for alias in aliases}
            case ast.Call(ast.Attribute(attr="import_module") | ast.Name("import_module"), [ast.Constant(str(name))]):
                names.add(name)
    return names


@pytest.mark.parametrize(
    "source",
    [
        "import tests.unit.test_x",
        "from tests.unit import test_x",
        "from tests.unit.test_x import name",
        "def load():\n    import tests.unit.test_x",
        "importlib.import_module('tests.unit.test_x')",
    ],
)
def test_every_form_of_import_is_listed(source: str) -> None:
    """Statements, members, imports inside functions and by name are all listed."""
    assert "tests.unit.test_x" in list_imports(source)


def test_no_module_imports_a_test_module() -> None:
    """Two test modules share code by a helper module beside them."""
    imports = {
        path.relative_to(ROOT).as_posix(): sorted(name for name in list_imports(path.read_text()) if ".test_" in name)
        for path in list_modules(*PACKAGES)
    }

    assert {path: names for path, names in imports.items() if names} == {}


def test_only_those_that_must_import_an_entry_point() -> None:
    """An entry point makes its clients when it is imported, so nothing imports it for a part of it."""
    importers = {
        path.relative_to(ROOT).as_posix()
        for path in list_modules(*PACKAGES)
        if list_imports(path.read_text()) & ENTRY_POINTS
    }

    assert importers == IMPORTERS_OF_ENTRY_POINTS
