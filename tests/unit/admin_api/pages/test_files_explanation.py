"""Where a file stands in words: what happened, why, and what to do, by what its other files are now."""

from __future__ import annotations

import pytest

from admin_api.pages.files.explanation import explain_state
from admin_api.pages.files.others import names_of_others
from processor.domain.actions import ActionKind
from processor.domain.file_states import AT_REST, FileState
from processor.domain.holds import HoldCause
from tests.unit.admin_api.made_files import LATER, OTHER_ID, made_action, made_file, made_story


@pytest.mark.parametrize("state", FileState)
def test_every_state_that_needs_a_person_says_what_to_do(state: FileState) -> None:
    """And those that do not need one say nothing, or only what is going on."""
    told = made_story(
        state=state, error="Why.", lease_until=int(LATER.timestamp()) + 1, rejected_rows=1, accepted_rows=2
    )

    explanation = explain_state(told, LATER)

    needs = state in AT_REST - {FileState.PROCESSED, FileState.REPAIRED, FileState.DISMISSED}
    assert bool(explanation and explanation.advice) is needs
    if state in {FileState.PROCESSED, FileState.REPAIRED, FileState.PROCESSING, FileState.REPROCESSING}:
        assert explanation is None


def test_dismissal_tells_who_and_why() -> None:
    """The last one that was carried out; one without a record still says that it is so."""
    dismissed = made_action(kind=ActionKind.DISMISS, reason="Sent twice.")

    with_record = explain_state(made_story(dismissed, state=FileState.DISMISSED), LATER)
    without = explain_state(made_story(state=FileState.DISMISSED), LATER)

    assert with_record is not None
    assert (with_record.what, with_record.why) == ("ada@example.com dismissed it.", "Sent twice.")
    assert without is not None
    assert without.what == "Somebody dismissed it."


@pytest.mark.parametrize("cause", [*HoldCause, "sender"])
def test_a_held_file_says_in_words_what_to_do(cause: str) -> None:
    """Whatever it is held for; a cause of a later version has at least its own error."""
    explanation = explain_state(made_story(state=FileState.HELD, cause=cause, error="Why."), LATER)

    assert explanation is not None
    assert cause not in explanation.what
    assert explanation.why == "Nothing of it is stored until somebody decides."
    assert "ismiss" in explanation.advice


@pytest.mark.parametrize(
    ("first", "what_it_is", "advice"),
    [
        ({"state": FileState.PROCESSED, "accepted_rows": 3}, "The rows of that file are stored.", "Dismiss this one"),
        ({"state": FileState.DISMISSED, "accepted_rows": 3}, "The rows of that file are stored.", "Dismiss this one"),
        ({"state": FileState.PROCESSING}, "That file is under way.", "Wait"),
        (
            {"state": FileState.VOIDED, "accepted_rows": 3, "voided_at": "2026-11-25T19:00:00Z"},
            "That file has been voided since: its orders were taken back.",
            "Process this one",
        ),
        (
            {"state": FileState.PARTIAL, "accepted_rows": 3, "replaced_rows": 3},
            "3 of that file's 3 rows have been replaced by a later file.",
            "Dismiss this one",
        ),
        (
            {"state": FileState.PROCESSED, "accepted_rows": 3, "replaced_rows": 1},
            "1 of that file's 3 rows have been replaced by a later file.",
            "Dismiss this one",
        ),
        ({"state": FileState.FAILED}, "That file is failed: none of its rows is stored.", "Process this one"),
        (
            {"state": FileState.DEAD_LETTERED},
            "That file is dead lettered; a run of it may have stored some of its rows.",
            "Settle that file first",
        ),
    ],
)
def test_a_duplicate_tells_of_the_first_file_as_it_is_now(
    first: dict[str, object], what_it_is: str, advice: str
) -> None:
    """What was true when it was held may have changed: only a file that has its rows stored makes it superfluous."""
    story = made_story(state=FileState.DUPLICATE, duplicate_of=OTHER_ID, error="It was processed once.")
    others = {OTHER_ID: made_file(file_id=OTHER_ID, object_key="raw-data/first.csv", **first)}

    explanation = explain_state(story, LATER, others=others)

    assert explanation is not None
    assert explanation.what == "The same content came before, as first.csv."
    assert explanation.why == what_it_is
    assert explanation.advice.startswith(advice)


def test_a_held_file_says_that_the_earlier_orders_are_gone() -> None:
    """There is nothing to replace, and nothing to be beside, once the earlier file was voided."""
    counts = {"orders": 3, "known": 2, "same": 2, "changed": 0, "files": [OTHER_ID]}
    story = made_story(state=FileState.HELD, cause=HoldCause.SAME_ORDERS, same_orders=counts)
    first = made_file(file_id=OTHER_ID, accepted_rows=2)

    stored, gone = (
        explain_state(story, LATER, others={OTHER_ID: each})
        for each in (first, first._replace(voided_at="2026-11-25T19:00:00Z"))
    )

    assert stored is not None
    assert stored.advice.startswith("Replace if")
    assert gone is not None
    assert gone.advice == "No earlier file has these orders stored any more: store this one, or dismiss it."


def test_rejected_rows_that_a_later_file_may_have_brought_are_not_to_be_corrected_unseen() -> None:
    """Most senders correct the whole file: its orders replace those of the partial one, which still needs a person."""
    counts = {"accepted_rows": 2, "rejected_rows": 1}

    alone = explain_state(made_story(state=FileState.PARTIAL, **counts), LATER)
    story = made_story(state=FileState.PARTIAL, replaced_by=(OTHER_ID,), replaced_rows=2, **counts)
    later = made_file(file_id=OTHER_ID, accepted_rows=3)
    replaced, voided = (
        explain_state(story, LATER, others={OTHER_ID: each})
        for each in (later, later._replace(voided_at="2026-11-25T19:00:00Z"))
    )

    assert alone is not None
    assert alone.advice.startswith("Correct them")
    assert replaced is not None
    assert "If that one brings these rows, too, dismiss this one." in replaced.advice
    assert voided is not None
    assert voided.advice == alone.advice


def test_a_waiting_file_names_the_one_that_it_waits_for() -> None:
    """It goes on by itself, so nothing is to be done."""
    story = made_story(state=FileState.QUEUED, waits_for=OTHER_ID)
    others = {OTHER_ID: made_file(file_id=OTHER_ID, object_key="raw-data/first.csv", state=FileState.PROCESSING)}

    explanation = explain_state(story, LATER, others=others)

    assert explanation is not None
    assert explanation.what == "It waits for first.csv, which is being processed."
    assert explanation.tone == "info"


def test_a_voided_file_tells_who_why_and_how_to_bring_it_back() -> None:
    """The original is kept."""
    voided = made_action(kind=ActionKind.VOID, reason="Wrong price list.")

    explanation = explain_state(made_story(voided, state=FileState.VOIDED), LATER)

    assert explanation is not None
    assert (explanation.what, explanation.why) == ("ada@example.com had its orders taken back.", "Wrong price list.")
    assert explanation.advice.startswith("Reprocess it to bring its orders back")


def test_each_other_file_is_named_once() -> None:
    """They are read with one request."""
    counts = {"orders": 3, "known": 2, "same": 2, "changed": 0, "files": ["a", "b"]}

    names = names_of_others(made_file(duplicate_of="a", same_orders=counts, replaces=("b",), replaced_by=("c",)))

    assert names == ("a", "b", "c")
