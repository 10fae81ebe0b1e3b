"""The tabs of the list of files: each state with its number, as far as it is known."""

from __future__ import annotations

import pytest

from admin_api.pages.files.filters import FileQuery
from admin_api.pages.files.index import FileRow, state_tabs
from processor.domain.file_states import AT_REST, FileState
from processor.ledger.counters import Counts
from tests.unit.admin_api.made_files import made_file

MOVING: dict[FileState, int | None] = {
    FileState.QUEUED: 0,
    FileState.PROCESSING: 2,
    FileState.REPROCESSING: 0,
}


def counted(**numbers: int) -> Counts:
    """Make counts of files at rest."""
    return Counts(dict.fromkeys(AT_REST, 0) | {FileState(name): number for name, number in numbers.items()}, 0)


def test_tabs_have_their_numbers_and_their_tone() -> None:
    """Only what needs a person is loud, and only if there is any."""
    tabs = state_tabs(FileQuery(), counted(processed=12_401, failed=3, held=1), MOVING)

    found = {tab.words: (tab.count, tab.tone) for tab in tabs}
    assert found == {
        "All": ("12,407", ""),
        "Processing": ("2", ""),
        "Processed": ("12,401", ""),
        "Partial": ("0", ""),
        "Failed": ("3", "fail"),
        "Held": ("1", "warn"),
        "Dead letter": ("0", ""),
        "Duplicate": ("0", ""),
    }


def test_rare_states_have_a_tab_only_where_there_are_such_files() -> None:
    """Or where that is the one looked at."""
    looked_at = state_tabs(FileQuery(state=FileState.QUEUED), counted(dismissed=1, voided=2), MOVING)

    assert [tab.words for tab in looked_at][8:] == ["Queued", "Dismissed", "Voided"]
    assert [tab.words for tab in looked_at if tab.current] == ["Queued"]


@pytest.mark.parametrize("number", [1_000, None])
def test_numbers_that_are_not_known_are_not_made_up(number: int | None) -> None:
    """A count that is cut off ends in a plus; one that could not be loaded is left out."""
    tabs = state_tabs(FileQuery(), counted(processed=1), MOVING | {FileState.PROCESSING: number})

    found = {tab.words: tab.count for tab in tabs}
    assert found["Processing"] == ("1,000+" if number else None)
    assert found["All"] == ("1,001+" if number else "1+")


def test_tabs_stand_without_any_numbers() -> None:
    """DynamoDB is away: the links are still there."""
    tabs = state_tabs(FileQuery(), None, dict.fromkeys(MOVING))

    assert {tab.count for tab in tabs} == {None}
    assert len(tabs) == 8


def test_tabs_keep_the_filter_and_drop_the_place() -> None:
    """Another state is another list, from its newest file on."""
    query = FileQuery.model_validate({"state": "failed", "name": "x", "cursor": "abc"})

    tabs = state_tabs(query, counted(), MOVING)

    assert tabs[0].href == "/files?name=x"
    assert tabs[2].href == "/files?state=processed&name=x"


def test_row_says_on_one_line_what_is_wrong() -> None:
    """The error, or else the reasons, or else the warnings; and what share of the rows is good."""
    failed = FileRow(made_file(error="Why.", reasons=("a (1)",)), None, is_stuck=False)
    partial = FileRow(made_file(reasons=("a (2)", "b (1)"), accepted_rows=7, rejected_rows=3), None, is_stuck=False)
    warned = FileRow(made_file(warnings=("Columns not used: x",)), None, is_stuck=False)

    assert [row.cause_words for row in (failed, partial, warned)] == ["Why.", "a (2); b (1)", "Columns not used: x"]
    duplicate = FileRow(
        made_file(state=FileState.DUPLICATE, error="Of a file that was processed then."), None, is_stuck=False
    )
    waits = FileRow(made_file(state=FileState.QUEUED, waits_for="0" * 24, error="Why."), None, is_stuck=False)
    assert duplicate.cause_words == "The same content came before, in another file"
    assert waits.cause_words == "Waits for another file with the same orders"
    assert (partial.accepted_share, failed.accepted_share) == (70, 0)
    assert (partial.duration_ms, FileRow(made_file(duration_ms=5), None, is_stuck=False).duration_ms) == (None, 5)
