"""Ledger entries survive the way into the table and back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any, get_type_hints

import pytest
from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from hypothesis import given
from hypothesis import strategies as st

from processor.domain.entries import FileEntry, RunEntry, from_iso, to_iso
from processor.domain.file_states import FileState
from processor.domain.object_keys import ObjectVersion

ITEM: dict[str, Any] = {
    "file_id": "0123",
    "entry": "file",
    "state": "partial",
    "bucket": "bucket",
    "object_key": "raw-data/a/orders.csv",
    "version_id": "v1",
    "received_at": "2026-11-22T10:20:30.000000Z",
    "base_timestamp": "2026-11-22T10:20:30.123456Z",
}
COUNTS = st.integers(0, 10**15)
WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
RUNS = st.builds(
    RunEntry,
    file_id=WORDS.filter(bool),
    run_id=WORDS.filter(bool),
    started_at=WORDS.filter(bool),
    message_id=WORDS.filter(bool),
    receive_count=COUNTS,
    outcome=st.sampled_from([*map(str, FileState), "error", "died"]),
    request_id=WORDS,
    trace_id=WORDS,
    ended_at=WORDS,
    duration_ms=COUNTS,
    accepted_rows=COUNTS,
    rejected_rows=COUNTS,
    batches=COUNTS,
    retried_items=COUNTS,
    consumed_write_units=st.decimals(0, 10**9, places=1).map(str),
    cause=WORDS,
    error=WORDS,
    row_stride=COUNTS,
    row_offsets=st.lists(COUNTS, max_size=5).map(tuple),
    row_marks=st.lists(COUNTS, max_size=5).map(tuple),
)


def stored(item: dict[str, Any]) -> dict[str, Any]:
    """Send an item to DynamoDB's wire form and back, as the table does."""
    wire = {name: TypeSerializer().serialize(value) for name, value in item.items()}
    return {name: TypeDeserializer().deserialize(value) for name, value in wire.items()}


def file_entry(**changes: Any) -> FileEntry:
    """Build a file entry from its item with these changes."""
    return FileEntry.from_item(stored({**ITEM, **changes}))


def test_file_entry_is_built_from_its_item() -> None:
    """Missing attributes are empty, and numbers are whole numbers rather than decimals."""
    entry = file_entry(accepted_rows=7, rejected_rows=2, reasons=["quantity: below 1 (2)"], asked_again=True)

    assert entry == FileEntry(
        file_id="0123",
        state=FileState.PARTIAL,
        bucket="bucket",
        object_key="raw-data/a/orders.csv",
        version_id="v1",
        received_at="2026-11-22T10:20:30.000000Z",
        base_timestamp="2026-11-22T10:20:30.123456Z",
        accepted_rows=7,
        rejected_rows=2,
        reasons=("quantity: below 1 (2)",),
        asked_again=True,
    )
    assert type(entry.accepted_rows) is int


def test_unknown_attributes_are_ignored() -> None:
    """An item written by a newer release can still be read."""
    assert file_entry(invented_later="x") == file_entry()


def test_unknown_state_is_an_error() -> None:
    """A state that the table of moves does not know is never passed on."""
    with pytest.raises(ValueError, match="'lost' is not a valid FileState"):
        file_entry(state="lost")


def test_file_entry_answers_for_its_file() -> None:
    """Name, number of rows and base moment follow from what is stored."""
    entry = file_entry(accepted_rows=7, rejected_rows=2)

    assert (entry.name, entry.rows) == ("orders.csv", 9)
    assert entry.base == datetime(2026, 11, 22, 10, 20, 30, 123_456, tzinfo=UTC)


def test_entry_evolves_into_another() -> None:
    """It gets new values, forgets others, and stays as it was itself."""
    entry = file_entry(cause="empty", run_id="r1")

    changed = entry.evolve(without=("cause", "lease_until"), run_id="r2")

    assert (changed.cause, changed.lease_until, changed.run_id, changed.file_id) == ("", 0, "r2", entry.file_id)
    assert (entry.cause, entry.run_id) == ("empty", "r1")


def test_original_is_in_the_inbox_until_it_is_settled() -> None:
    """A run reads the inbox's version first, and the settled copy once there is one."""
    settled = file_entry(original_key="archive/x", original_version="v9")

    assert file_entry().original == ObjectVersion("bucket", "raw-data/a/orders.csv", "v1")
    assert settled.original == ObjectVersion("bucket", "archive/x", "v9")


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        ({"uploaded_at": "2026-11-22T10:00:00.000000Z"}, {"uploaded_at": "2026-11-22T10:00:00.001000Z"}),
        ({"sequencer": "0055AED6DCD90281E5"}, {"sequencer": "0055AED6DCD90281E6"}),
        ({"sequencer": "0055AED6DCD90281E5"}, {"sequencer": "0055AED6DCD90281E501"}),
        ({"sequencer": "0055AED6DCD90281E5FF"}, {"sequencer": "0055AED6DCD90281E6"}),
        ({"sequencer": "0055aed6dcd90281e5"}, {"sequencer": "0055AED6DCD90281E6"}),
        ({"sequencer": ""}, {"sequencer": "0055AED6DCD90281E5"}),
        ({"sequencer": "FF", "uploaded_at": "2026-11-22T10:00:00.000000Z"}, {"sequencer": "00"}),
        ({"sequencer": "FF", "received_at": "2026-11-22T10:20:29.000000Z"}, {"sequencer": "00"}),
        ({"sequencer": "AB00", "file_id": "0"}, {"sequencer": "AB", "file_id": "1"}),
        ({"file_id": "0"}, {"file_id": "1"}),
    ],
)
def test_files_are_ordered_by_their_arrival(earlier: dict[str, str], later: dict[str, str]) -> None:
    """S3's time comes first, then its sequencer, whose shorter ones are filled up with zeros, then the id."""
    entries = [file_entry(**values) for values in (later, earlier)]

    assert sorted(entries, key=lambda entry: entry.arrival_order) == entries[::-1]


def test_leftover_is_named_only_while_there_is_one() -> None:
    """Clean-up has something to delete exactly when the entry names it."""
    entry = file_entry(leftover_key="raw-data/a/orders.csv", leftover_version="v1")

    in_inbox = file_entry(leftover_key="raw-data/")

    assert file_entry().leftover is None
    assert entry.leftover == ObjectVersion("bucket", "raw-data/a/orders.csv", "v1")
    assert in_inbox.leftover == in_inbox.source


@given(RUNS)
def test_run_entry_round_trips(run: RunEntry) -> None:
    """Property: what is written of a run is read back, counts as whole numbers."""
    result = RunEntry.from_item(stored(run.to_item()))

    assert result == run
    assert type(result.receive_count) is int
    assert all(type(offset) is int for offset in result.row_offsets)


def test_run_entry_stores_nothing_empty() -> None:
    """Empty text and lists are left out; zeros stay, since they are counts."""
    item = RunEntry("0123", "r1", "2026-11-22T10:20:30.000000Z", "m1", 1, "processed").to_item()

    assert item == {
        "entry": "run#2026-11-22T10:20:30.000000Z#r1",
        "file_id": "0123",
        "run_id": "r1",
        "started_at": "2026-11-22T10:20:30.000000Z",
        "message_id": "m1",
        "receive_count": 1,
        "outcome": "processed",
        "duration_ms": 0,
        "accepted_rows": 0,
        "rejected_rows": 0,
        "batches": 0,
        "retried_items": 0,
        "consumed_write_units": "0",
        "row_stride": 0,
        "read_rows": 0,
        "read_quantity": 0,
        "estimated_cost": "0",
        "trace_sampled": False,
    }


def test_runs_sort_by_their_beginning() -> None:
    """The sort keys of a file's runs are in the order in which they began."""
    moments = [datetime(2026, 1, 1, tzinfo=UTC) + timedelta(microseconds=step) for step in (0, 1, 10, 10**6, 10**12)]

    keys = [
        RunEntry("0123", f"r{9 - number}", to_iso(moment), "m", 1, "error").entry
        for number, moment in enumerate(moments)
    ]

    assert keys == sorted(keys)


@given(st.datetimes(datetime(1970, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC)))  # noqa: DTZ001 - hypothesis
def test_moments_round_trip(moment: datetime) -> None:
    """Property: a moment comes back to the microsecond, from any time zone, in text of one length."""
    elsewhere = moment.astimezone(timezone(timedelta(hours=5, minutes=45)))

    assert from_iso(to_iso(elsewhere)) == moment
    assert len(to_iso(moment)) == len("2026-11-22T10:20:30.123456Z")


@pytest.mark.parametrize("shape", [FileEntry, RunEntry])
def test_decimals_of_the_table_do_not_leak(shape: type[FileEntry | RunEntry]) -> None:
    """DynamoDB answers with decimals; in an entry every number is whole, as its declaration has it."""
    kinds = get_type_hints(shape, localns={"Mapping": Mapping})
    numbers = {name for name, kind in kinds.items() if kind is int}
    item = {**dict.fromkeys(shape._fields, ""), "state": "queued", **dict.fromkeys(numbers, 1_800_000_000)}

    entry = shape.from_item(stored(item))

    values = entry._asdict()
    assert numbers
    assert {name for name in numbers if type(values[name]) is int and values[name] == 1_800_000_000} == numbers
    assert not [name for name, value in values.items() if isinstance(value, Decimal)]


@pytest.mark.parametrize(
    ("state", "after_s", "ended"),
    [("processing", -1, False), ("processing", 0, False), ("processing", 1, True), ("queued", 1, False)],
)
def test_run_whose_lease_has_ended_is_dead(state: str, after_s: int, ended: bool) -> None:
    """From the second on in which the next run may take over; a file that no run holds is not stuck."""
    until = datetime(2026, 11, 22, 10, 20, 30, tzinfo=UTC)
    entry = file_entry(state=state, lease_until=Decimal(int(until.timestamp())))

    assert entry.lease_ended(until + timedelta(seconds=after_s)) is ended
