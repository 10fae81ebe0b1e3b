"""`make sbom`: what is deployed and installed, by the lock files."""

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

from cdk.bundling.sources import locked_requirements
from cdk.commands import sbom

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def bills(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """Write the bills and read them."""
    paths = sbom.write_bills(tmp_path_factory.mktemp("sbom"))
    return {path.name: json.loads(path.read_text(encoding="utf-8")) for path in paths}


def components(bill: dict[str, Any]) -> dict[str, str]:
    """Return the versions of a bill's packages by name."""
    return {component["name"]: component["version"] for component in bill["components"]}


def test_each_bill_is_cyclonedx_with_an_address_for_every_package(bills: dict[str, dict[str, Any]]) -> None:
    """A scanner finds packages by their purl."""
    for bill in bills.values():
        assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.5")
        assert bill["serialNumber"].startswith("urn:uuid:")
        assert all(component["purl"].startswith(("pkg:pypi/", "pkg:npm/")) for component in bill["components"])


def test_the_functions_bill_is_what_the_bundles_install(bills: dict[str, dict[str, Any]]) -> None:
    """Both bundles' packages with their versions, and nothing else."""
    requirements = locked_requirements("processor") + locked_requirements("console")
    pins = [line.split()[0].rstrip(";").split("==") for line in requirements.splitlines() if "==" in line.split(";")[0]]

    assert components(bills[sbom.DEPLOYED]) == dict(pins)


def test_every_locked_package_is_listed(bills: dict[str, dict[str, Any]]) -> None:
    """Tools and tests included."""
    locked = tomllib.loads((ROOT / "uv.lock").read_text(encoding="utf-8"))["package"]
    packages = json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8"))["packages"]

    listed = components(bills[sbom.PYTHON])

    assert {package["name"] for package in locked} - {"waybill"} == set(listed)
    expected = {name.removeprefix("node_modules/"): one["version"] for name, one in packages.items() if name}
    assert components(bills[sbom.NPM]) == expected


def test_the_console_page_script_is_listed(bills: dict[str, dict[str, Any]]) -> None:
    """The console serves a copy of it."""
    assert "htmx.org" in components(bills[sbom.NPM])
