"""A file's identity, the moves between its states, and the names of the objects it leaves."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from processor.domain.errors import IllegalTransitionError
from processor.domain.object_keys import (
    ARCHIVE,
    FAILED,
    INBOX,
    SETTLED,
    TRANSITIONS,
    FileState,
    ObjectVersion,
    accepted_key,
    check_transition,
    file_id,
    has_csv_name,
    is_folder_marker,
    is_gzipped,
    original_key,
    rejected_key,
    states_before,
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
    """What a person calls the file is what stands behind the last slash."""
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
    """What the S3 console makes for "create folder" is told from files."""
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


# States


def test_every_state_has_its_moves() -> None:
    """The table knows every state, and a new file."""
    assert TRANSITIONS.keys() == {None, *FileState}


def test_every_state_can_be_reached() -> None:
    """From a new file, every state is some number of allowed moves away."""
    reached: set[FileState | None] = {None}
    while more := {new for old in reached for new in TRANSITIONS[old]} - reached:
        reached |= more

    assert reached == {None, *FileState}


def test_no_state_is_a_dead_end() -> None:
    """Whatever has become of a file, it can be run again."""
    able: set[FileState | None] = {FileState.PROCESSING}
    while more := {old for old, following in TRANSITIONS.items() if following & able} - able:
        able |= more

    assert able == TRANSITIONS.keys()


@pytest.mark.parametrize("new", FileState)
@pytest.mark.parametrize("old", [None, *FileState])
def test_exactly_the_moves_of_the_table_are_allowed(old: FileState | None, new: FileState) -> None:
    """Every other move is an error that names both states."""
    if new in TRANSITIONS[old]:
        check_transition(old, new)
        return

    with pytest.raises(IllegalTransitionError) as caught:
        check_transition(old, new)

    assert str(caught.value) == f"A file that is {old or 'new'} cannot become {new}."


@pytest.mark.parametrize("new", FileState)
def test_states_before_are_those_of_the_table(new: FileState) -> None:
    """What the ledger's conditions are made of agrees with the table, a new file apart."""
    assert set(states_before(new)) == {old for old in FileState if new in TRANSITIONS[old]}


def test_only_a_run_leaves_the_waiting_states() -> None:
    """Results come from a run only: no state but processing leads to processed, partial, failed or duplicate."""
    results = {FileState.PROCESSED, FileState.PARTIAL, FileState.FAILED, FileState.DUPLICATE}

    assert {old for old, following in TRANSITIONS.items() if following & results} == {FileState.PROCESSING}


def test_settled_files_begin_a_run_only_when_a_person_asks() -> None:
    """A duplicate delivery of a settled file never begins a run: a person moves it to reprocessing first."""
    assert not any(FileState.PROCESSING in TRANSITIONS[state] for state in SETTLED)
    assert all(FileState.REPROCESSING in TRANSITIONS[state] for state in SETTLED)


def test_states_that_wait_for_a_run_are_not_settled() -> None:
    """Settled is every state from which no run may begin, and nothing else."""
    assert {state for state in FileState if FileState.PROCESSING not in TRANSITIONS[state]} == SETTLED


class FileLife(RuleBasedStateMachine):
    """Walks a file through deliveries, runs and people's decisions, as the ledger would."""

    def __init__(self) -> None:
        super().__init__()
        self.state: FileState | None = None
        self.asked = 0
        self.runs_asked_for = 0

    def move(self, new: FileState) -> None:
        """Make one checked move."""
        check_transition(self.state, new)
        self.state = new

    @precondition(lambda self: self.state not in SETTLED)
    @rule()
    def deliver(self) -> None:
        """Deliver the message of a file that is not settled: a run begins or takes over."""
        self.runs_asked_for += self.state is FileState.REPROCESSING
        self.move(FileState.PROCESSING)

    @precondition(lambda self: self.state is FileState.PROCESSING)
    @rule(outcome=st.sampled_from([FileState.PROCESSED, FileState.PARTIAL, FileState.FAILED, FileState.DUPLICATE]))
    def settle(self, outcome: FileState) -> None:
        """End the run with a result."""
        self.move(outcome)

    @precondition(lambda self: self.state is FileState.PROCESSING)
    @rule(last=st.booleans())
    def fail_for_now(self, last: bool) -> None:
        """Let the run raise: the message waits for its retry or dead-letters."""
        self.move(FileState.DEAD_LETTERED if last else FileState.QUEUED)

    @precondition(lambda self: self.state in SETTLED | {FileState.DEAD_LETTERED})
    @rule()
    def ask_again(self) -> None:
        """Ask for a new run, as a person does."""
        self.asked += 1
        self.move(FileState.REPROCESSING)

    @precondition(lambda self: self.state in {FileState.PARTIAL, FileState.FAILED})
    @rule(outcome=st.sampled_from([FileState.REPAIRED, FileState.DISMISSED]))
    def put_right(self, outcome: FileState) -> None:
        """Repair or dismiss what needs a person."""
        self.move(outcome)

    @invariant()
    def settled_files_run_only_when_asked(self) -> None:
        """No settled file is run again more often than a person asked."""
        assert self.runs_asked_for <= self.asked

    @invariant()
    def only_known_states_are_reached(self) -> None:
        """Know nothing but new files and the states of the table."""
        assert self.state in TRANSITIONS


TestFileLife = FileLife.TestCase
TestFileLife.__doc__ = "Every walk through deliveries, runs and decisions keeps to the table."
