"""The life of a file in its order, and where it stands in words."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from admin_api.pages.files.timeline import MOST_EVENTS, timeline_of, verdict_of
from processor.domain.actions import ActionKind, ActionState
from processor.domain.entries import to_iso
from processor.domain.file_states import AT_REST, FileState
from processor.ledger.file_list import FileStory
from tests.unit.admin_api.made_files import NOW, made_action, made_file, made_run

LATER = NOW + timedelta(hours=1)


def story(*parts: Any, **values: Any) -> FileStory:
    """Make a story of runs and actions around a file with these values."""
    runs = tuple(part for part in parts if hasattr(part, "run_id"))
    actions = tuple(part for part in parts if hasattr(part, "action_id"))
    return FileStory(made_file(**values), runs, actions)


def titles(told: FileStory) -> list[str]:
    """List the events' titles."""
    return [event.title for event in timeline_of(told, LATER)]


def test_life_is_told_in_its_order() -> None:
    """Upload, runs and what people did, as they came; then how it stands."""
    told = story(
        made_run(1, outcome="error", cause="ThrottledError"),
        made_run(2, outcome=FileState.PARTIAL),
        made_action(),
        made_run(40, outcome=FileState.PROCESSED, duration_ms=1_200),
        uploaded_at=to_iso(NOW),
        settled_at=to_iso(NOW.replace(minute=41)),
    )

    assert titles(told) == [
        "Uploaded",
        "Run 1 failed",
        "Run 2 rejected some rows",
        "Asked to run again",
        "Run 3 processed",
        "Settled",
    ]
    events = timeline_of(told, LATER)
    assert events[1].detail == "ThrottledError"
    assert events[3].detail == "by ada@example.com"
    assert (events[4].detail, events[4].href) == ("1.2 s", f"/files/{told.entry.file_id}/runs/r40")


def test_run_under_way_is_the_last_step() -> None:
    """It has no entry of its own yet."""
    told = story(state=FileState.PROCESSING, lease_until=int(LATER.timestamp()) + 60)

    assert titles(told) == ["Run 1 is reading"]


def test_run_that_died_without_a_word_leaves_it_standing() -> None:
    """Both the line and the words say so."""
    told = story(state=FileState.PROCESSING, lease_until=int(NOW.timestamp()), run_receive_count=3)

    assert titles(told)[-1] == "Stands still"
    verdict = verdict_of(told, LATER)
    assert verdict is not None
    assert verdict.tone == "fail"
    assert "at receive 3" in verdict.why


def test_long_life_keeps_its_beginning_and_its_end() -> None:
    """The events left out are counted."""
    told = story(*(made_run(number) for number in range(1, 31)))

    found = titles(told)

    assert len(found) == MOST_EVENTS + 2
    assert found[:3] == ["Run 1 processed", "Run 2 processed", "Run 3 processed"]
    assert found[3] == "18 more"
    assert found[-2:] == ["Run 30 processed", "Settled"]


def test_what_was_refused_is_no_step() -> None:
    """Nothing came of it; the activity has it."""
    told = story(made_action(state=ActionState.FAILED, done=0), made_action(kind=ActionKind.REDRIVE))

    assert titles(told) == ["Settled"]


def test_action_on_many_leads_to_its_own_page() -> None:
    """The one on this file alone does not."""
    alone, among = story(made_action()), story(made_action(part_of_many=True))

    assert timeline_of(alone, LATER)[0].href == ""
    assert timeline_of(among, LATER)[0].href == "/activity/20261125T183000Z-0123abcd"


@pytest.mark.parametrize("state", FileState)
def test_every_state_that_needs_a_person_says_what_to_do(state: FileState) -> None:
    """And those that do not need one say nothing, or only what is going on."""
    told = story(state=state, error="Why.", lease_until=int(LATER.timestamp()) + 1, rejected_rows=1, accepted_rows=2)

    verdict = verdict_of(told, LATER)

    needs = state in AT_REST - {FileState.PROCESSED, FileState.REPAIRED, FileState.DISMISSED}
    assert bool(verdict and verdict.advice) is needs
    if state in {FileState.PROCESSED, FileState.REPAIRED, FileState.PROCESSING, FileState.REPROCESSING}:
        assert verdict is None


def test_dismissal_tells_who_and_why() -> None:
    """The last one that was carried out; one without a record still says that it is so."""
    dismissed = made_action(kind=ActionKind.DISMISS, reason="Sent twice.")

    with_record = verdict_of(story(dismissed, state=FileState.DISMISSED), LATER)
    without = verdict_of(story(state=FileState.DISMISSED), LATER)

    assert with_record is not None
    assert (with_record.what, with_record.why) == ("ada@example.com dismissed it.", "Sent twice.")
    assert without is not None
    assert without.what == "Somebody dismissed it."
