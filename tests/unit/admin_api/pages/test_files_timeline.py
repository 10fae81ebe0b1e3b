"""The life of a file in its order, and where it stands in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from admin_api.pages.files.explanation import explain_state
from admin_api.pages.files.timeline import MOST_EVENTS, timeline_of
from processor.domain.actions import ActionKind, ActionState
from processor.domain.entries import to_iso
from processor.domain.file_states import FileState
from tests.unit.admin_api.made_files import LATER, NOW, OTHER_ID, made_action, made_run, made_story

if TYPE_CHECKING:
    from processor.ledger.file_list import FileStory


def titles(told: FileStory) -> list[str]:
    """List the events' titles."""
    return [event.title for event in timeline_of(told, LATER)]


def test_life_is_told_in_its_order() -> None:
    """Upload, runs and what people did, as they came; then how it stands."""
    told = made_story(
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
    told = made_story(state=FileState.PROCESSING, lease_until=int(LATER.timestamp()) + 60)

    assert titles(told) == ["Run 1 is reading"]


def test_run_that_died_without_a_word_leaves_it_standing() -> None:
    """Both the line and the words say so."""
    told = made_story(state=FileState.PROCESSING, lease_until=int(NOW.timestamp()), run_receive_count=3)

    assert titles(told)[-1] == "Stands still"
    explanation = explain_state(told, LATER)
    assert explanation is not None
    assert explanation.tone == "fail"
    assert "at receive 3" in explanation.why


def test_long_life_keeps_its_beginning_and_its_end() -> None:
    """The events left out are counted."""
    told = made_story(*(made_run(number) for number in range(1, 31)))

    found = titles(told)

    assert len(found) == MOST_EVENTS + 2
    assert found[:3] == ["Run 1 processed", "Run 2 processed", "Run 3 processed"]
    assert found[3] == "18 more"
    assert found[-2:] == ["Run 30 processed", "Settled"]


def test_what_was_refused_is_no_step() -> None:
    """Nothing came of it; the activity has it."""
    told = made_story(made_action(state=ActionState.FAILED, done=0), made_action(kind=ActionKind.REDRIVE))

    assert titles(told) == ["Settled"]


def test_action_on_many_leads_to_its_own_page() -> None:
    """The one on this file alone does not."""
    alone, among = made_story(made_action()), made_story(made_action(part_of_many=True))

    assert timeline_of(alone, LATER)[0].href == ""
    assert timeline_of(among, LATER)[0].href == "/activity/20261125T183000Z-0123abcd"


def test_what_people_decide_about_a_held_file_is_told() -> None:
    """It is held, a person has it replace earlier orders, and later somebody voids it."""
    told = made_story(
        made_run(1, outcome=FileState.HELD, cause="same_orders"),
        made_action(kind=ActionKind.REPLACE),
        made_run(40),
        made_action(kind=ActionKind.VOID, at=to_iso(NOW.replace(minute=50))),
        state=FileState.VOIDED,
    )

    assert titles(told) == [
        "Run 1 held the file",
        "Asked to replace earlier orders",
        "Run 2 processed",
        "Orders taken back",
        "Voided",
    ]
    events = timeline_of(told, LATER)
    assert events[0].detail == "same orders"
    assert (events[1].href, events[3].href) == ("", "/activity/20261125T183000Z-0123abcd")


def test_a_file_that_waits_for_another_leads_to_it() -> None:
    """Its last step is the other file's page."""
    told = made_story(state=FileState.QUEUED, waits_for=OTHER_ID)

    last = timeline_of(told, LATER)[-1]

    assert (last.title, last.href) == ("Waits for another file", f"/files/{OTHER_ID}")
