"""What a button would do, in the numbers of the file."""

from __future__ import annotations

from typing import Any

import pytest

from admin_api.pages.files.effects import effect_in_numbers, verb_of
from processor.domain.actions import ActionKind
from processor.domain.file_states import FileState
from tests.unit.admin_api.made_files import OTHER_ID, made_file

FIRST = made_file(file_id=OTHER_ID, object_key="raw-data/first.csv", accepted_rows=10)


def held(*files: str, **counts: Any) -> Any:
    """Make a file that is held for orders of these files."""
    found = {"orders": 9, "known": 7, "same": 5, "changed": 2, "files": files, "is_exact": True} | counts
    return made_file(state=FileState.HELD, cause="same_orders", same_orders=found)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"accepted_rows": 1}, "1 order of orders.csv is taken back."),
        ({"accepted_rows": 1_000}, "1,000 orders of orders.csv are taken back."),
        (
            {"accepted_rows": 1_000, "replaced_rows": 12, "replaced_by": (OTHER_ID,)},
            "988 orders of orders.csv are taken back. 12 more were taken back before, when first.csv replaced them.",
        ),
    ],
)
def test_voiding_counts_what_is_still_stored(values: dict[str, Any], words: str) -> None:
    """What was replaced is gone already."""
    assert effect_in_numbers(ActionKind.VOID, made_file(**values), {OTHER_ID: FIRST}) == words


def test_replacing_names_the_files_whose_orders_go() -> None:
    """Those that have them stored now; an estimate is called so."""
    others = {OTHER_ID: FIRST, "b": FIRST._replace(voided_at="2026-11-25T18:00:00Z")}

    assert (
        effect_in_numbers(ActionKind.REPLACE, held(OTHER_ID, "b"), others)
        == "Up to 7 orders of first.csv will be replaced."
    )
    assert effect_in_numbers(ActionKind.REPLACE, held(OTHER_ID), others) == "7 orders of first.csv will be replaced."
    assert effect_in_numbers(ActionKind.REPLACE, held(OTHER_ID, is_exact=False), others).startswith("About 7 orders")


def test_replacing_says_if_nothing_is_left_to_replace() -> None:
    """The earlier file was voided since."""
    others = {OTHER_ID: FIRST._replace(voided_at="2026-11-25T18:00:00Z")}

    assert "nothing is taken back" in effect_in_numbers(ActionKind.REPLACE, held(OTHER_ID), others)


def test_storing_beside_says_that_sums_count_both() -> None:
    """Several files are named, many are counted."""
    many = tuple(f"{number}" for number in range(5))

    assert "beside those of first.csv, and count in sums with both" in effect_in_numbers(
        ActionKind.STORE, held(OTHER_ID), {OTHER_ID: FIRST}
    )
    assert "file 0, file 1, file 2 and 2 other files" in effect_in_numbers(ActionKind.STORE, held(*many), {})
    assert "file 0, file 1 and file 2" in effect_in_numbers(ActionKind.STORE, held(*many[:3]), {})


def test_storing_beside_counts_no_file_whose_orders_are_gone() -> None:
    """It was voided, or replaced whole, since this one was held: sums count nothing twice then."""
    voided = FIRST._replace(voided_at="2026-11-25T18:00:00Z")
    replaced = FIRST._replace(replaced_rows=10)

    for gone in (voided, replaced):
        alone = effect_in_numbers(ActionKind.STORE, held(OTHER_ID), {OTHER_ID: gone})
        beside = effect_in_numbers(ActionKind.STORE, held(OTHER_ID, "b"), {OTHER_ID: gone, "b": FIRST})

        assert alone.endswith("stored any more, so only the lines of this file count.")
        assert beside.startswith("Up to 7 orders will have the lines of this file beside those of first.csv, and count")


@pytest.mark.parametrize(
    ("first", "words"),
    [
        (FIRST, "10 orders of first.csv are stored; those of both will be."),
        (FIRST._replace(replaced_rows=9), "1 order of first.csv is stored; those of both will be."),
        (FIRST._replace(voided_at="2026-11-25T18:00:00Z"), "first.csv has no orders stored now."),
        (FIRST._replace(replaced_rows=10), "first.csv has no orders stored now."),
    ],
)
def test_processing_a_duplicate_tells_what_the_first_file_has_stored(first: Any, words: str) -> None:
    """As it is now: only then are orders stored twice."""
    entry = made_file(state=FileState.DUPLICATE, duplicate_of=OTHER_ID)

    assert effect_in_numbers(ActionKind.PROCESS_ANYWAY, entry, {OTHER_ID: first}) == words
    assert effect_in_numbers(ActionKind.PROCESS_ANYWAY, entry, {}) == ""


def test_a_file_held_for_another_cause_is_just_stored() -> None:
    """There is nothing known that it would be beside; what is not looked at is said."""
    entry = made_file(state=FileState.HELD, cause="totals")

    assert verb_of(ActionKind.STORE, entry, "Store beside") == "Store"
    assert verb_of(ActionKind.STORE, held(OTHER_ID), "Store beside") == "Store beside"
    assert "is not looked at" in effect_in_numbers(ActionKind.STORE, entry, {})
    assert "found out by the run" in effect_in_numbers(ActionKind.REPLACE, entry, {})


def test_a_new_run_of_a_held_or_voided_file_says_what_may_come_of_it() -> None:
    """It is judged anew."""
    again = effect_in_numbers(ActionKind.REPROCESS, made_file(state=FileState.HELD), {})
    back = effect_in_numbers(ActionKind.REPROCESS, made_file(state=FileState.VOIDED), {})

    assert again.startswith("It is held again, unless")
    assert back.startswith("Its orders come back.")


def test_other_actions_have_no_numbers() -> None:
    """Their general words say all."""
    assert effect_in_numbers(ActionKind.DISMISS, made_file(), {}) == ""
