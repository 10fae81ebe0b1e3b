"""The manifest says of each sample file what a simple recount, which shares no code with the processor, finds too."""

import csv
import gzip
import re
import zlib
from itertools import islice

import pytest

from sample_data.manifest import FOLDER, FOLDERS, SampleFile, load
from sample_data.shape import COLUMNS

FILES = load()
RULES = {
    "order_id": r"[^\x00-\x1f\x7f-\x9f]{1,64}",
    "customer_name": r"[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]{1,200}",
    "product_name": r"[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]{1,200}",
    "quantity": r"0*([1-9][0-9]{0,5}|1000000)",
    "unit_price": r"[0-9]{1,7}(\.[0-9]{1,4})?",
}


def text_of(file: SampleFile) -> str:
    """Unpack and decode a file."""
    data = gzip.decompress(file.read()) if file.path.endswith(".gz") else file.read()
    return data.decode(file.metadata.get("encoding", "utf-8-sig"))


def header_of(text: str) -> tuple[list[str], str]:
    """Return the names in a file's first line, and the delimiter that splits most names off it."""
    line = text.partition("\n")[0]
    delimiter = max(",;\t|", key=line.count)
    return [name.strip().lower() for name in line.split(delimiter)], delimiter


def recount(text: str) -> tuple[int, dict[int, tuple[str, ...]]]:
    """Count a file's accepted rows, and name the columns at fault of its rejected ones by row number."""
    names, delimiter = header_of(text)
    lines = re.findall(r"[^\n]*\n|[^\n]+", text)
    accepted, rejected, number, at = 0, {}, 1, 1
    while at < len(lines):
        number += 1
        reader = csv.reader(islice(lines, at, None), delimiter=delimiter, strict=True)
        try:
            cells = next(reader)
            at += reader.line_num
        except csv.Error:
            # A quote that goes wrong costs its own line, and reading goes on behind that.
            cells = ["broken"]
            at += 1
        if cells == []:
            continue
        if len(cells) != len(names) or sum(map(len, cells)) > 65_536:
            faults: tuple[str, ...] = ("row",)
        else:
            row = dict(zip(names, cells, strict=True))
            faults = tuple(column for column in COLUMNS if not re.fullmatch(RULES[column], row[column].strip(" ")))
        if faults:
            rejected[number] = faults
        else:
            accepted += 1
    return accepted, rejected


def cause_of(file: SampleFile) -> str | None:
    """Say why a file fails, or None."""
    data, cause = file.read(), None
    if not file.path.endswith((".csv", ".csv.gz")):
        cause = "wrong_name"
    elif not data:
        cause = "empty"
    elif data.startswith((b"\x89PNG", b"PK\x03\x04", b"%PDF")):
        cause = "not_csv"
    if cause:
        return cause
    try:
        return cause_of_text(text_of(file))
    except (OSError, EOFError, zlib.error):
        return "bad_gzip"
    except UnicodeDecodeError:
        return "wrong_encoding"


def cause_of_text(text: str) -> str | None:
    """Say why a file that can be read as text fails, or None."""
    names, _ = header_of(text)
    if not set(COLUMNS) & set(names):
        return "no_header"
    if set(COLUMNS) - set(names):
        return "missing_column"
    if len(set(names)) < len(names):
        return "duplicate_column"
    return None if text.strip().count("\n") else "no_rows"


def by_state(*states: str) -> list[SampleFile]:
    """Return the files of some states."""
    return [file for file in FILES if file.state in states]


@pytest.mark.parametrize("file", by_state("processed", "partial"), ids=lambda file: file.path)
def test_rows_are_counted_rightly(file: SampleFile) -> None:
    """A recount accepts as many rows, and rejects the same rows for the same columns."""
    assert cause_of(file) is None
    assert recount(text_of(file)) == (file.accepted_rows, file.rejected_rows)
    assert (file.state == "partial") == bool(file.rejected_rows)
    assert file.cause is None


@pytest.mark.parametrize("file", by_state("processed", "partial"), ids=lambda file: file.path)
def test_unknown_columns_are_named(file: SampleFile) -> None:
    """The manifest names the columns that no order has, in the file's order."""
    names, _ = header_of(text_of(file))

    assert tuple(name for name in names if name not in COLUMNS) == file.unknown_columns


@pytest.mark.parametrize("file", by_state("failed"), ids=lambda file: file.path)
def test_causes_are_named_rightly(file: SampleFile) -> None:
    """A file that fails does so for the cause that the manifest names, and has no rows."""
    assert cause_of(file) == file.cause
    assert (file.accepted_rows, file.rejected_rows) == (0, {})


@pytest.mark.parametrize("file", by_state("duplicate"), ids=lambda file: file.path)
def test_duplicates_are_byte_identical(file: SampleFile) -> None:
    """A duplicate holds the bytes of a file that stands before it in the manifest."""
    (original,) = (other for other in FILES if other.path == file.duplicate_of)

    assert file.read() == original.read()
    assert FILES.index(original) < FILES.index(file)


def test_only_duplicates_share_their_bytes_or_name() -> None:
    """No file is a duplicate by accident, and a flat listing of all of them has no name twice."""
    others = [file for file in FILES if file.state != "duplicate"]

    assert len({file.read() for file in others}) == len(others)
    assert len({file.name for file in FILES}) == len(FILES)


def test_the_manifest_and_the_readme_name_every_file() -> None:
    """The folders hold the files that the manifest lists and the README explains."""
    found = {path.relative_to(FOLDER).as_posix() for folder in FOLDERS for path in (FOLDER / folder).iterdir()}
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")

    assert found == {file.path for file in FILES}
    assert [file.name for file in FILES if f"`{file.name}`" not in readme] == []


def test_every_outcome_has_a_file() -> None:
    """Each state and each cause that a small file can show occurs; too_large would take a large one."""
    assert {file.state for file in FILES} == {"processed", "partial", "failed", "dead_lettered", "duplicate"}
    assert {file.cause for file in by_state("failed")} == {
        *("empty", "no_rows", "missing_column", "duplicate_column", "no_header"),
        *("wrong_encoding", "not_csv", "bad_gzip", "wrong_name"),
    }
    assert {column for file in FILES for faults in file.rejected_rows.values() for column in faults} == {
        *COLUMNS,
        "row",
    }


def test_the_files_are_small() -> None:
    """All files together stay below 100 kB, so that nobody minds them in the repository."""
    assert sum(len(file.read()) for file in FILES) < 100_000
