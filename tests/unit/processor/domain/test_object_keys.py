"""A file's identity, and the names of the objects it leaves."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processor.domain.object_keys import (
    ARCHIVE,
    FAILED,
    INBOX,
    ObjectVersion,
    accepted_key,
    file_id,
    has_csv_name,
    is_folder_marker,
    is_gzipped,
    is_temporary_name,
    original_key,
    rejected_key,
)
from tests.unit.processor.strategies import ANY_TEXT

BASE = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
IDENTITY = "0123456789abcdef01234567"
SOURCE = ObjectVersion("bucket", "raw-data/a/b/orders.csv", "v1")

NAMES = ANY_TEXT | st.text(st.sampled_from("aü李😀. "), max_size=1_024)

# Identity


def test_file_id_is_stable() -> None:
    """The id of a known version is this one for ever: the ledger and every settled key hold it."""
    assert file_id(SOURCE) == "30dae433d7b7602cde6e25fd"
    assert file_id(SOURCE) == file_id(ObjectVersion("bucket", "raw-data/a/b/orders.csv", "v1"))


@pytest.mark.parametrize(
    "other",
    [
        ObjectVersion("bucket", SOURCE.key, "v2"),
        ObjectVersion("bucket", SOURCE.key, ""),
        ObjectVersion("bucket", SOURCE.key + " ", "v1"),
        ObjectVersion("bucket2", SOURCE.key, "v1"),
        ObjectVersion("bucketraw-data/a/b/", "orders.csv", "v1"),
    ],
)
def test_other_versions_are_other_files(other: ObjectVersion) -> None:
    """Two uploads of one name, and parts that merely read the same together, are different files."""
    assert file_id(other) != file_id(SOURCE)


@given(ANY_TEXT, ANY_TEXT)
def test_file_id_has_24_hexadecimal_digits(key: str, version: str) -> None:
    """Property: any key and version give an id that fits keys, URLs and the sort keys' arithmetic."""
    assert re.fullmatch("[0-9a-f]{24}", file_id(ObjectVersion("bucket", key, version)))


@pytest.mark.parametrize(
    ("key", "name"),
    [("raw-data/a/b.csv", "b.csv"), ("b.csv", "b.csv"), ("raw-data/", ""), ("raw-data/a b+ü.csv", "a b+ü.csv")],
)
def test_name_is_the_last_part_of_the_key(key: str, name: str) -> None:
    """A file's name is the part of its key behind the last slash."""
    assert ObjectVersion("bucket", key).name == name


@pytest.mark.parametrize(
    ("name", "csv", "gzipped"),
    [
        ("a.csv", True, False),
        ("A.CSV", True, False),
        ("a.csv.gz", True, True),
        ("a.Csv.Gz", True, True),
        (".csv", True, False),
        ("a.gz", False, False),
        ("a.csv.zip", False, False),
        ("a.csv ", False, False),
        ("acsv", False, False),
        ("", False, False),
    ],
)
def test_name_promises_its_kind(name: str, csv: bool, gzipped: bool) -> None:
    """The name alone says whether CSV or packed CSV is promised; case does not matter."""
    assert (has_csv_name(name), is_gzipped(name)) == (csv, gzipped)


def test_folder_marker_is_a_key_with_a_slash_at_its_end() -> None:
    """A "folder" of the S3 console is not a file."""
    keys = ["raw-data/", "raw-data/a/", "raw-data/a", "raw-data/a/b.csv"]

    assert [is_folder_marker(key, 0) for key in keys] == [True, True, False, False]
    assert not any(is_folder_marker(key, 1) for key in keys)


# Keys


def test_settled_keys_hold_date_and_file_id() -> None:
    """Settled objects lie under their prefix by date and file id, under the file's own name."""
    keys = [
        original_key(ARCHIVE, BASE, IDENTITY, "orders.csv.gz"),
        original_key(FAILED, BASE, IDENTITY, "orders.csv"),
        accepted_key(BASE, IDENTITY, "orders.CSV.gz"),
        rejected_key(BASE, IDENTITY, "orders.csv"),
    ]

    assert keys == [
        f"archive/2026/01/02/{IDENTITY}/orders.csv.gz",
        f"failed-data/2026/01/02/{IDENTITY}/orders.csv",
        f"processed-data/2026/01/02/{IDENTITY}/orders.csv",
        f"failed-data/2026/01/02/{IDENTITY}/orders.rejected.csv",
    ]


def test_name_without_csv_ending_is_kept_whole() -> None:
    """Only a CSV's ending is replaced."""
    assert accepted_key(BASE, IDENTITY, "orders.txt").endswith("/orders.txt.csv")


@given(NAMES)
def test_keys_fit_s3_for_any_name(name: str) -> None:
    """Property: a settled key is valid UTF-8 of at most 1,024 bytes, and no settled key is another's or the inbox's."""
    keys = [
        original_key(ARCHIVE, BASE, IDENTITY, name),
        original_key(FAILED, BASE, IDENTITY, name + ".csv"),
        accepted_key(BASE, IDENTITY, name),
        rejected_key(BASE, IDENTITY, name),
    ]

    assert all(len(key.encode()) <= 1_024 for key in keys)
    assert len(set(keys)) == len(keys)
    assert not any(key.startswith(INBOX) for key in keys)


@given(NAMES)
def test_long_names_keep_their_end(name: str) -> None:
    """Property: a name that has to be cut loses its beginning, so that its ending still says what it is."""
    key = original_key(ARCHIVE, BASE, IDENTITY, name + ".csv.gz")

    assert is_gzipped(key)
    assert (name + ".csv.gz").endswith(key.removeprefix(f"archive/2026/01/02/{IDENTITY}/"))


# Temporary names

DEFAULTS = ("*.filepart", "*.part", "*.partial", "*.tmp", "*.crdownload", ".*", "~*")


@pytest.mark.parametrize(
    "name",
    [
        "orders.csv.filepart",
        "orders.part",
        "orders.csv.part",
        "ORDERS.CSV.PART",
        "orders.csv.1a2b3c4d.partial",
        "orders.csv.gz.tmp",
        "Unconfirmed 1.crdownload",
        ".orders.csv.Xa3b4C",
        ".in.orders.csv",
        ".csv",
        "~$orders.csv",
        "a\n.part",
    ],
)
def test_names_that_clients_give_meanwhile(name: str) -> None:
    """Case does not count, and an asterisk stands for anything."""
    assert is_temporary_name(name, DEFAULTS)


@pytest.mark.parametrize(
    "name",
    [
        "orders.csv",
        "orders.part.csv",
        "x.filepart.csv.gz",
        "a.tmp.CSV",
        "part",
        "tmp.txt",
        "orders.parts",
        "",
        "a~.csv",
    ],
)
def test_names_of_their_own(name: str) -> None:
    """A name that promises CSV is temporary only by its beginning."""
    assert not is_temporary_name(name, DEFAULTS)


@pytest.mark.parametrize(
    ("pattern", "name", "is_temporary"),
    [
        ("*.csv-*", "orders.csv-AbCdEfGh", True),
        ("*.csv-*", "orders.csv-old.csv", False),
        ("a*b*c", "aXbYc", True),
        ("a*b*c", "abc", True),
        ("a*b*c", "acb", False),
        ("a*bc*c", "abc", False),
        ("a*a", "a", False),
        ("exact", "EXACT", True),
        ("exact", "exactly", False),
        ("[ab].part", "a.part", False),
        ("?.part", "a.part", False),
        ("", "a", False),
    ],
)
def test_patterns_of_a_deployment(pattern: str, name: str, *, is_temporary: bool) -> None:
    """Nothing but an asterisk stands for anything else."""
    assert is_temporary_name(name, (pattern,)) is is_temporary


@given(ANY_TEXT)
def test_whole_files_are_temporary_only_by_their_beginning(name: str) -> None:
    """Property: no pattern of the defaults takes a CSV file that begins with neither a full stop nor a tilde."""
    assert not is_temporary_name(f"x{name}.csv", DEFAULTS)
