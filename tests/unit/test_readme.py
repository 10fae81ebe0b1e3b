"""The README's tables say what the code says: columns, settings, causes of failure."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import Any

import pytest

from cdk.settings import Settings
from processor import errors
from processor.columns import COLUMNS

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


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"])
def test_links_lead_somewhere(name: str) -> None:
    """Each link within the repository names a file, or a heading of its own text, that exists."""
    text = (ROOT / name).read_text(encoding="utf-8")
    targets = [target for target in re.findall(r"\]\(([^)\s]+)\)", text) if not target.startswith("https://")]

    broken = [
        target
        for target in targets
        if not (target[1:] in anchors(text) if target.startswith("#") else (ROOT / target).exists())
    ]

    assert broken == []
