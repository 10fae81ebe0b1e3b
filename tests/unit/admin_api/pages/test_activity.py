"""The progress of an action on many things, and whether its worker is gone."""

from __future__ import annotations

from typing import Any

import pytest

from admin_api.pages.activity import ActionProgress
from processor.domain.actions import ActionState
from tests.unit.admin_api.made_files import made_action


def shown(seconds: float = 10, **values: Any) -> ActionProgress:
    """Make the page of an action that runs for so long."""
    return ActionProgress(made_action(**{"state": ActionState.RUNNING} | values), seconds=seconds, is_stalled=False)


def test_the_rest_takes_as_long_as_the_part_so_far_did() -> None:
    """Whatever came of each thing counts."""
    page = shown(10, expected=20, done=3, skipped=1, failed=1)

    assert (page.action.handled, page.total, page.seconds_left) == (5, 20, 30)


@pytest.mark.parametrize(
    "values",
    [
        {"expected": 20, "done": 0},
        {"expected": 20, "done": 20},
        {"expected": 20, "done": 5, "state": ActionState.STOPPED},
        {"expected": 20, "done": 5, "seconds": 0.5},
    ],
)
def test_what_cannot_be_told_is_not_told(values: dict[str, Any]) -> None:
    """Before the first thing, after the last, when it is over, and in its first second."""
    assert shown(**values).seconds_left is None


def test_bar_has_room_for_more_than_was_expected() -> None:
    """An estimate may have been too low."""
    assert shown(expected=10, done=12).total == 12


def test_page_asks_again_only_while_it_runs() -> None:
    """A finished action does not change any more."""
    assert shown().live_url == "/activity/20261125T183000Z-0123abcd"
    assert shown(state=ActionState.DONE).live_url == ""
