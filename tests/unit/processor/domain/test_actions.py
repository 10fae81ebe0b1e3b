"""Actions survive the way into the table and back, and meet neither a file nor a run there."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from hypothesis import given
from hypothesis import strategies as st

from processor.domain.actions import ActionEntry, ActionKind, ActionState, is_action_id, new_action_id

NOW = datetime(2026, 11, 22, 10, 20, 30, tzinfo=UTC)
NUMBERS = ("expected", "done", "skipped", "failed", "rate_per_s")
COUNTS = st.integers(0, 10**9)
WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
SELECTIONS = st.dictionaries(WORDS.filter(bool), st.one_of(WORDS, st.booleans(), st.lists(WORDS, max_size=3)))
ACTIONS = st.builds(
    ActionEntry,
    action_id=st.just("20261122T102030Z-0a1b2c3d"),
    kind=st.sampled_from(ActionKind),
    at=st.just("2026-11-22T10:20:30.000000Z"),
    who=WORDS.filter(bool),
    state=st.sampled_from(ActionState),
    file_id=st.sampled_from(["", "0123456789abcdef01234567"]),
    subject=WORDS,
    selection=SELECTIONS,
    reason=WORDS,
    expected=COUNTS,
    done=COUNTS,
    skipped=COUNTS,
    failed=COUNTS,
    error=WORDS,
    rate_per_s=COUNTS,
    stop_asked=st.booleans(),
    stop_asked_by=WORDS,
    progressed_at=WORDS,
    finished_at=WORDS,
    resume=WORDS,
    sub=WORDS,
    asked_for=WORDS,
    finished_by=WORDS,
)


def stored(item: dict[str, Any]) -> dict[str, Any]:
    """Send an item to DynamoDB's wire form and back, as the table does."""
    wire = {name: TypeSerializer().serialize(value) for name, value in item.items()}
    return {name: TypeDeserializer().deserialize(value) for name, value in wire.items()}


@given(ACTIONS)
def test_action_survives_the_table(action: ActionEntry) -> None:
    """Every value comes back as it was, numbers as whole numbers."""
    read_back = ActionEntry.from_item(stored(action.to_item()))

    assert read_back == action
    assert {name: type(getattr(read_back, name)) for name in NUMBERS} == dict.fromkeys(NUMBERS, int)


@given(ACTIONS)
def test_action_is_no_file_and_no_run_in_the_table(action: ActionEntry) -> None:
    """It has no ``state``, by which files are listed; its key says what it is, its kind lists it among its like."""
    item = action.to_item()

    assert "state" not in item
    kind = "access" if action.kind in {ActionKind.DOWNLOAD, ActionKind.EXPORT} else "action"
    assert (item["kind"], item["received_at"]) == (kind, action.at)
    assert item["entry"] == item["file_id"] == f"action#{action.action_id}"


@given(ACTIONS)
def test_a_note_has_a_key_that_no_action_has(action: ActionEntry) -> None:
    """It lies in its file's partition, tells who did what, and is in no list of actions."""
    item = stored(action.to_note("0123456789abcdef01234567", "orders.csv", action.at))
    read_back = ActionEntry.from_item(item)

    assert "kind" not in item
    assert (item["file_id"], item["entry"]) == ("0123456789abcdef01234567", f"action#{action.action_id}#note")
    assert (read_back.who, read_back.kind, read_back.reason) == (action.who, action.kind, action.reason)
    assert read_back.part_of_many == (action.file_id == "")


@given(st.datetimes(timezones=st.just(UTC), min_value=datetime(2000, 1, 1)))  # noqa: DTZ001 - hypothesis adds the zone
def test_new_ids_are_ids_that_sort_by_time(now: datetime) -> None:
    """An id names its second, and two forms rendered in one second still differ."""
    first, second = new_action_id(now), new_action_id(now)

    assert is_action_id(first)
    assert first != second
    assert first.startswith(re.sub(r"[-:]", "", now.isoformat(timespec="seconds"))[:15])


@pytest.mark.parametrize(
    "text",
    ["", "20261122T102030Z", "20261122T102030Z-0A1B2C3D", "20261122T102030Z-0a1b2c3d\n", "x20261122T102030Z-0a1b2c3d"],
)
def test_other_texts_are_no_ids(text: str) -> None:
    """The id of a form is checked before it becomes a key."""
    assert not is_action_id(text)


def test_action_knows_how_far_it_is() -> None:
    """Handled is whatever it came past; finished is whatever no longer runs."""
    action = ActionEntry("20261122T102030Z-0a1b2c3d", ActionKind.DISMISS, "t", "ada", ActionState.RUNNING)

    assert (action.is_finished, action.handled) == (False, 0)
    assert (
        ActionEntry("i", ActionKind.DISMISS, "t", "ada", ActionState.STOPPED, "f", done=1, skipped=2, failed=3).handled
        == 6
    )
