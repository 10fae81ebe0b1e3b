"""The documentation says what the code says, every link in it is live, and its words are those of the glossary."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import Any

import pytest

from cdk.settings import Settings
from processor.domain import errors
from processor.domain.columns import COLUMNS
from processor.domain.file_states import FileState
from processor.domain.holds import SHARE_FROM_ROWS, HoldCause
from processor.domain.order_sample import MOST_ORDERS
from processor.observability.metrics import UNITS

ROOT = Path(__file__).parents[2]
DOCS = sorted(page.relative_to(ROOT).as_posix() for page in ROOT.glob("docs/*.md"))
PAGES = [
    "README.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "SECURITY.md",
    "sample_data/README.md",
    "cdk/local/sidecar/README.md",
    *DOCS,
]
MOST_LINES_OF_README = 220
# What a page names in code's letters and what is a file of ours: with a folder of ours in front and a suffix.
CODE_PATH = re.compile(r"`((?:admin_api|cdk|docs|processor|sample_data|templates|tests)/[\w./-]+\.[a-z]+)`")


def read(page: str) -> str:
    """Return a page's text."""
    return (ROOT / page).read_text(encoding="utf-8")


def table_after(page: str, heading: str) -> list[list[str]]:
    """Return the cells of the first table below a line of the page that ends in these words, without its header."""
    _, _, rest = read(page).partition(f"{heading}\n")
    lines = re.search(r"(?:^\|.*\n)+", rest, re.MULTILINE)
    assert lines, f"{page} has no table after {heading!r}"
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines.group().splitlines()[2:]]


def headings(page: str, levels: str = "#+") -> list[str]:
    """List the headings of a page, of some levels."""
    prose = re.sub(r"^ *```.*?^ *```", "", read(page), flags=re.MULTILINE | re.DOTALL)
    return re.findall(rf"^{levels} (.*)", prose, re.MULTILINE)


def anchor(heading: str) -> str:
    """Name a heading as a link does, which is GitHub's way."""
    return re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-")


def links(page: str) -> list[str]:
    """List the targets of a page's links and pictures. A link may be broken over two lines."""
    text = read(page)
    return re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r'\b(?:src|srcset)="([^"]+)"', text)


def leads_somewhere(target: str, page: str) -> bool:
    """Tell whether a link on a page names a file and, after a #, a heading of it."""
    path, _, place = target.partition("#")
    linked = (ROOT / page).parent / path if path else ROOT / page
    if not place:
        return linked.exists()
    return linked.is_file() and place in map(anchor, headings(linked.resolve().relative_to(ROOT).as_posix()))


# What a table copies from the code.


def test_columns_table_is_the_declaration() -> None:
    """Each column with its rule, in order, and no other."""
    rows = table_after("docs/file-format.md", "## Columns")

    assert rows == [[f"`{column.name}`", column.rule] for column in COLUMNS]


def test_causes_table_names_every_permanent_error() -> None:
    """Each cause of failure is listed once."""
    causes = [row[0] for row in table_after("docs/file-format.md", "## Causes of failure")]

    assert sorted(causes) == sorted({f"`{error.cause}`" for error in errors.PermanentError.__subclasses__()})


def test_causes_of_holding_are_explained() -> None:
    """Each has a row of its own, and words in the runbook that say how to decide."""
    causes = [row[0].strip("`") for row in table_after("docs/orders.md", "cause:")]
    _, _, decisions = read("docs/runbook.md").partition("## Held files\n")

    assert sorted(causes) == sorted(HoldCause)
    assert sorted(re.findall(r"^Cause `(\w+)`:", decisions, re.MULTILINE)) == sorted(HoldCause)


def test_guarantees_about_orders_are_those_of_the_code() -> None:
    """The bounds of the samples, and what follows from them, to the last of 1,000 cases."""
    page = " ".join(read("docs/orders.md").split())

    def found_in(orders: int, repeated: int) -> float:
        return 1 - (1 - MOST_ORDERS / orders) ** repeated

    assert f"up to {MOST_ORDERS:,} of them" in page
    assert f"at least {SHARE_FROM_ROWS} rows" in page
    assert "Of a file of 10,000 orders that is one in five: a file that repeats 31 of them is found in 999 of" in page
    assert found_in(10_000, 31) >= 0.999
    assert "one that repeats 5 in two of three" in page
    assert found_in(10_000, 5) >= 2 / 3
    assert "has up to 285 times its orders" in page
    assert found_in(285 * 1_000, 1_000) >= 0.999
    assert "one of 0.35 % still is" in page
    assert found_in(1_000_000, 3_500) >= 0.999


def test_states_table_names_every_state() -> None:
    """Each state of a file, in order, and no other."""
    rows = table_after("docs/how-it-works.md", "## States of a file")

    assert [row[0] for row in rows] == [f"`{state}`" for state in FileState]


def test_metrics_table_names_every_metric_with_its_unit() -> None:
    """Each declared metric once, and no other."""
    rows = table_after("docs/observability.md", "## Metrics")

    named = [(name, unit.partition(" ")[0]) for names, unit, _ in rows for name in re.findall(r"`(\w+)`", names)]

    assert sorted(named) == sorted(UNITS.items())


def as_written(default: Any) -> str:
    """Write a setting's default as the tables do: as it would be given on the command line."""
    text = ",".join(map(str, default)) if isinstance(default, tuple) else str(default)
    return f"`{text}`" if text else "empty"


def test_configuration_tables_name_every_setting_with_its_default() -> None:
    """Each field of Settings stands in one of the two tables, in the order of declaration, and no other does."""
    declared = [[f"`{field.name}`", as_written(field.default)] for field in dataclasses.fields(Settings)]
    tables = [
        table_after("docs/configuration.md", heading) for heading in ("## Settings to decide on", "## Other settings")
    ]

    written = [[row[:2] for row in rows] for rows in tables]

    assert sorted(row for rows in written for row in rows) == sorted(declared)
    assert [rows for rows in written if rows != sorted(rows, key=declared.index)] == []
    assert all(meaning for rows in tables for _, _, meaning in rows)


def test_alarms_table_names_every_section_of_the_runbook() -> None:
    """Each alarm has a row, and each row a section; the composite alarm has its words above the table."""
    rows = table_after("docs/observability.md", "## Dashboard and alarms")

    linked = [re.findall(r"runbook\.md#([\w-]+)", row[0])[0] for row in rows]

    sections = {anchor(heading) for heading in headings("docs/runbook.md", "##")}
    assert sorted(linked) == sorted(sections - {"incident", "what-the-alarms-do-not-see"})


# The pages among each other.


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    """Each link within the repository names a file, and a heading of it, that exists."""
    broken = [link for link in links(page) if not link.startswith("https://") and not leads_somewhere(link, page)]

    assert broken == []


@pytest.mark.parametrize("page", PAGES)
def test_files_that_are_named_exist(page: str) -> None:
    """A path in code's letters is a file, too, where nobody made it a link."""
    assert [path for path in CODE_PATH.findall(read(page)) if not (ROOT / path).exists()] == []


def test_index_names_every_page() -> None:
    """No page of docs/ is found by chance alone, and none is named twice."""
    named = [link for link in links("docs/README.md") if "/" not in link]

    assert sorted(f"docs/{name}" for name in named) == [page for page in DOCS if page != "docs/README.md"]


def test_readme_is_short() -> None:
    """The README stays short: more than a few lines on a subject belong to its page."""
    assert len(read("README.md").splitlines()) <= MOST_LINES_OF_README


def glossary() -> list[tuple[str, str, list[str]]]:
    """Return each word with its meaning and the words that are no longer used for it."""
    rows = table_after("docs/glossary.md", "# Glossary")
    return [(word.strip("*"), meaning, retired.split(", ") if retired else []) for word, meaning, retired in rows]


def test_glossary_is_in_alphabetical_order() -> None:
    """A reader who looks for a word finds it, or sees that it is not there."""
    words = [word for word, _, _ in glossary()]

    assert words == sorted(set(words))
    assert [word for word, meaning, _ in glossary() if not meaning or ". " in meaning] == []


def test_glossary_retires_a_word_once() -> None:
    """A word that is no longer used has one successor, and is none itself."""
    words = {word for word, _, _ in glossary()}
    retired = [word for _, _, retired in glossary() for word in retired]

    assert len(retired) == len(set(retired))
    assert words.isdisjoint(retired)


def retired_words() -> set[str]:
    """Return the words that are no longer used, in singular and plural."""
    words = {word for _, _, retired in glossary() for word in retired}
    return words | {f"{word}s" for word in words}


@pytest.mark.parametrize("page", ["README.md", *DOCS])
def test_headings_are_no_retired_words(page: str) -> None:
    """A heading is what people search for, so it speaks the glossary's words."""
    assert [heading for heading in headings(page) if heading.lower() in retired_words()] == []


def test_modules_are_not_called_by_retired_words() -> None:
    """A module that takes up an old name would teach it to the next reader."""
    modules = [module for folder in ("processor", "admin_api", "templates") for module in ROOT.glob(f"{folder}/**/*.*")]

    assert [module.name for module in modules if module.stem.strip("_") in retired_words()] == []


COMMANDS = [*PAGES, *sorted(path.relative_to(ROOT).as_posix() for path in ROOT.glob("templates/**/*.html"))]


@pytest.mark.parametrize("page", COMMANDS)
def test_no_password_stands_on_a_command_line(page: str) -> None:
    """Other processes and the shell's history would have it."""
    assert re.findall(r"(?i)\bpassword=\S*|TOTP_SECRET=\S*|--secret-string (?!file:)\S*", read(page)) == []


@pytest.mark.parametrize("page", COMMANDS)
def test_no_upload_takes_a_redirect_for_success(page: str) -> None:
    """S3 redirects while its names for a new bucket spread; curl would end well and nothing would be stored."""
    uploads = re.findall(r"^.*curl .*(?:--upload-file|-F file=).*$", read(page), re.MULTILINE)

    assert [line for line in uploads if not re.search(r"--location|curl -\w*L", line)] == []
    assert [line for line in uploads if not re.search(r"--fail|curl -\w*f", line)] == []
