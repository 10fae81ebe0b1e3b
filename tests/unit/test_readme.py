"""The README's tables say what the code says: columns, settings, causes of failure."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import Any

import pytest

from cdk.settings import Settings
from processor.domain import errors
from processor.domain.columns import COLUMNS

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def table_after(heading: str) -> list[list[str]]:
    """Return the cells of the first table below a line that ends in these words, without its header."""
    _, _, rest = README.partition(f"{heading}\n")
    lines = re.search(r"(?:^\|.*\n)+", rest, re.MULTILINE)
    assert lines, f"the README has no table after {heading!r}"
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines.group().splitlines()[2:]]


def as_written(default: Any) -> str:
    """Write a setting's default as the README does: as it would be given on the command line."""
    text = ",".join(map(str, default)) if isinstance(default, tuple) else str(default)
    return f"`{text}`" if text else "empty"


def test_columns_table_is_the_declaration() -> None:
    """Each column with its rule, in order, and no other."""
    assert table_after("## What a file may look like") == [[f"`{column.name}`", column.rule] for column in COLUMNS]


def test_configuration_table_names_every_setting_with_its_default() -> None:
    """Each field of Settings, in order, and no other; each with a meaning."""
    rows = table_after("## Configuration")

    assert [row[:2] for row in rows] == [
        [f"`{field.name}`", as_written(field.default)] for field in dataclasses.fields(Settings)
    ]
    assert all(meaning for _, _, meaning in rows)


def test_causes_table_names_every_permanent_error() -> None:
    """What can make a file fail is in the README, once."""
    causes = [row[0] for row in table_after("The causes of a failed file:")]

    assert sorted(causes) == sorted({f"`{error.cause}`" for error in errors.PermanentError.__subclasses__()})


def anchors(text: str) -> set[str]:
    """Name the places in a text that a link can point to, as GitHub names them."""
    titles = re.findall(r"^#+ (.*)", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title).lower().replace(" ", "-") for title in titles}


def leads_somewhere(target: str, page: Path) -> bool:
    """Tell whether a link on a page names a file and, after a #, a heading of it."""
    path, _, anchor = target.partition("#")
    linked = page.parent / path if path else page
    return linked.exists() and (not anchor or anchor in anchors(linked.read_text(encoding="utf-8")))


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs/runbook.md", "docs/scale.md"])
def test_links_lead_somewhere(name: str) -> None:
    """Each link within the repository names a file, and a heading of it, that exists."""
    page = ROOT / name
    # A link may be broken over two lines.
    targets = re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8"))

    broken = [target for target in targets if not target.startswith("https://") and not leads_somewhere(target, page)]

    assert broken == []


def test_monitoring_table_names_every_section_of_the_runbook() -> None:
    """Each alarm has a row, and each row a section; the composite alarm has its words above the table."""
    linked = [re.findall(r"runbook\.md#([\w-]+)", row[0])[0] for row in table_after("and be glad of more.")]

    sections = anchors((ROOT / "docs/runbook.md").read_text(encoding="utf-8"))

    assert set(linked) == sections - {"runbook", "incident", "what-the-alarms-do-not-see"}
