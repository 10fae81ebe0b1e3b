"""The manifest says of each sample file what a simple recount, which shares no code with the processor, finds too."""

import csv
import gzip
import re
import zlib
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import islice

import pytest

from sample_data.manifest import FOLDER, FOLDERS, SampleFile, load
from sample_data.shape import COLUMNS

FILES = load()
STORED = [file for file in FILES if file.state in {"processed", "partial", "voided"}]
RULES = {
    "order_id": r"[^\x00-\x1f\x7f-\x9f]{1,64}",
    "customer_name": r"[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]{1,200}",
    "product_name": r"[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]{1,200}",
    "quantity": r"0*([1-9][0-9]{0,5}|1000000)",
    "unit_price": r"[0-9]{1,7}(\.[0-9]{1,4})?",
}


def by_state(*states: str) -> list[SampleFile]:
    """Return the files of some states."""
    return [file for file in FILES if file.state in states]


def text_of(file: SampleFile) -> str:
    """Unpack and decode a file."""
    data = gzip.decompress(file.read()) if file.path.endswith(".gz") else file.read()
    return data.decode(file.metadata.get("encoding", "utf-8-sig"))


def header_of(text: str) -> tuple[list[str], str]:
    """Return the names in a file's first line, and the delimiter that splits most names off it."""
    line = text.partition("\n")[0]
    delimiter = max(",;\t|", key=line.count)
    return [name.strip().lower() for name in line.split(delimiter)], delimiter


@dataclass
class Recount:
    """A file's rows by their numbers: cells of the accepted ones, columns at fault of the others."""

    accepted: dict[int, dict[str, str]] = field(default_factory=dict)
    rejected: dict[int, tuple[str, ...]] = field(default_factory=dict)

    @property
    def orders(self) -> dict[str, list[tuple[str, ...]]]:
        """The lines of each order."""
        found: dict[str, list[tuple[str, ...]]] = {}
        for row in self.accepted.values():
            found.setdefault(row["order_id"], []).append(tuple(row[column] for column in COLUMNS))
        return found


def recount(text: str) -> Recount:
    """Validate a file's rows, and lay aside those of orders that lost a row."""
    names, delimiter = header_of(text)
    lines = re.findall(r"[^\n]*\n|[^\n]+", text)
    found, broken, number, at = Recount(), set(), 1, 1
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
            row = {name: cell.strip(" ") for name, cell in zip(names, cells, strict=True)}
            faults = tuple(column for column in COLUMNS if not re.fullmatch(RULES[column], row[column]))
            broken |= {row["order_id"]} if faults else set()
        if faults:
            found.rejected[number] = faults
        else:
            found.accepted[number] = row
    for number in [number for number, row in found.accepted.items() if row["order_id"] in broken]:
        del found.accepted[number]
        found.rejected[number] = ("order",)
    return found


def hold_of(file: SampleFile) -> str | None:
    """Say why a file that can be read is held, or None, by the policies that are set by default."""
    found, said = recount(text_of(file)), file.metadata
    rows = len(found.accepted) + len(found.rejected)
    amounts = [Decimal(row["quantity"]) * Decimal(row["unit_price"]) for row in found.accepted.values()]
    if int(said.get("rows", rows)) != rows or Decimal(said.get("total", sum(amounts))) != sum(amounts):
        return "totals"
    if rows >= 20 and len(found.rejected) * 2 > rows:
        return "rejected_share"
    earlier = {order_id for other in STORED if other.path == file.after for order_id in recount(text_of(other)).orders}
    return "same_orders" if earlier & found.orders.keys() else None


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


@pytest.mark.parametrize("file", STORED, ids=lambda file: file.path)
def test_rows_are_counted_rightly(file: SampleFile) -> None:
    """A recount accepts as many rows, and rejects the same rows for the same columns."""
    found = recount(text_of(file))

    assert (cause_of(file), hold_of(file), file.cause) == (None, None, None)
    assert (len(found.accepted), found.rejected) == (file.accepted_rows, file.rejected_rows)
    assert (file.state == "partial") == bool(file.rejected_rows)


@pytest.mark.parametrize("file", STORED, ids=lambda file: file.path)
def test_a_missing_line_end_is_warned_of(file: SampleFile) -> None:
    """The manifest expects the warning for each file whose last row has no line end, and for no other."""
    assert ("no line end" in file.warning) == (not text_of(file).endswith("\n"))


@pytest.mark.parametrize("file", by_state("held"), ids=lambda file: file.path)
def test_causes_of_holding_are_named_rightly(file: SampleFile) -> None:
    """A file that is held is an order file, and has exactly the cause that the manifest names."""
    assert cause_of(file) is None
    assert hold_of(file) == file.cause
    assert (file.accepted_rows, file.rejected_rows) == (0, {})


@pytest.mark.parametrize("file", STORED, ids=lambda file: file.path)
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
def test_duplicates_have_the_same_text(file: SampleFile) -> None:
    """A duplicate holds the text of a file that stands before it in the manifest, whatever its line ends."""
    (original,) = (other for other in FILES if other.path == file.duplicate_of)

    assert text_of(file).replace("\r\n", "\n") == text_of(original)
    assert FILES.index(original) < FILES.index(file)


def test_one_duplicate_has_the_same_bytes_and_one_has_not() -> None:
    """Both are shown."""
    contents = [file.read() for file in STORED]

    assert sorted(file.read() in contents for file in by_state("duplicate")) == [False, True]


def test_no_file_is_a_duplicate_or_held_by_accident() -> None:
    """No two others share bytes, name or an order id: the console's uploads all have one sender."""
    others = [file for file in FILES if file.state != "duplicate"]
    orders = [order_id for file in STORED for order_id in recount(text_of(file)).orders]

    assert len({file.read() for file in others}) == len(others)
    assert len({file.name for file in FILES}) == len(FILES)
    assert sorted(orders) == sorted(set(orders))


def test_the_manifest_and_the_readme_name_every_file() -> None:
    """The folders hold the files that the manifest lists and the README explains."""
    found = {path.relative_to(FOLDER).as_posix() for folder in FOLDERS for path in (FOLDER / folder).iterdir()}
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")

    assert found == {file.path for file in FILES}
    assert [file.name for file in FILES if f"`{file.name}`" not in readme] == []


def test_every_outcome_has_a_file() -> None:
    """Each state and each cause that a small file can show occurs; too_large takes a large one, cut_off a setting."""
    assert {file.state for file in FILES} == {
        *("processed", "partial", "failed", "held", "voided", "dead_lettered", "duplicate")
    }
    assert {file.cause for file in by_state("held")} == {"same_orders", "rejected_share", "totals"}
    assert {file.cause for file in by_state("failed")} == {
        *("empty", "no_rows", "missing_column", "duplicate_column", "no_header"),
        *("wrong_encoding", "not_csv", "bad_gzip", "wrong_name"),
    }
    assert {column for file in FILES for faults in file.rejected_rows.values() for column in faults} == {
        *COLUMNS,
        "row",
        "order",
    }


def test_the_files_are_small() -> None:
    """All files together stay below 100 kB, so that nobody minds them in the repository."""
    assert sum(len(file.read()) for file in FILES) < 100_000
