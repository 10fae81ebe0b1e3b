"""Available actions are exactly those that the states allow, and every refusal says why."""

from __future__ import annotations

from datetime import timedelta

import pytest

from admin_api.actions.available import AVAILABLE_ACTIONS, available_actions, explain_refusal, is_allowed
from processor.domain.actions import ActionKind
from processor.domain.file_states import TRANSITIONS, FileState
from tests.unit.admin_api.made_files import NOW, made_file

EXPECTED: dict[FileState, set[str]] = {
    FileState.QUEUED: set(),
    FileState.PROCESSING: set(),
    FileState.PROCESSED: {"reprocess", "void", "verify"},
    FileState.PARTIAL: {"reprocess", "dismiss", "void", "verify"},
    FileState.FAILED: {"reprocess", "dismiss", "verify"},
    FileState.HELD: {"replace", "store", "reprocess", "dismiss", "verify"},
    FileState.DUPLICATE: {"process_anyway", "dismiss", "verify"},
    FileState.DEAD_LETTERED: {"reprocess", "dismiss"},
    FileState.REPROCESSING: set(),
    FileState.REPAIRED: {"reprocess", "void", "verify"},
    FileState.DISMISSED: {"reprocess", "void", "verify"},
    FileState.VOIDED: {"reprocess", "verify"},
}


@pytest.mark.parametrize("state", FileState)
def test_each_state_offers_what_can_be_done_in_it(state: FileState) -> None:
    """No more, and no less; and what is offered is a move that the ledger allows."""
    entry = made_file(state=state, lease_until=int(NOW.timestamp()) + 60, accepted_key="processed-data/orders.csv")

    found = {str(action.kind) for action in available_actions(entry, NOW)}

    assert found == EXPECTED[state]
    targets = {"dismiss": FileState.DISMISSED, "void": FileState.VOIDED}
    assert all(targets.get(kind, FileState.REPROCESSING) in TRANSITIONS[state] for kind in found)


def test_a_file_that_has_stored_nothing_cannot_be_voided() -> None:
    """All of its rows were rejected."""
    entry = made_file(state=FileState.PARTIAL, rejected_rows=3)

    assert not is_allowed(ActionKind.VOID, entry, NOW)
    assert explain_refusal(ActionKind.VOID, entry) == "orders.csv has stored no orders that could be taken back."


@pytest.mark.parametrize("state", [FileState.PROCESSED, FileState.PARTIAL, FileState.VOIDED])
def test_nothing_else_is_possible_while_orders_are_taken_back(state: FileState) -> None:
    """A new run would store them again; only a void can go on, where it was stopped."""
    entry = made_file(state=state, taking_back="20261125T183000Z-0123abcd", accepted_key="processed-data/orders.csv")

    found = {str(action.kind) for action in available_actions(entry, NOW)}

    assert found == ({"void", "verify"} if state is FileState.VOIDED else {"verify"})
    assert "20261125T183000Z-0123abcd" in explain_refusal(ActionKind.REPROCESS, entry)


def test_file_whose_run_has_died_can_be_reprocessed() -> None:
    """From the second on in which the next run may take it over."""
    entry = made_file(state=FileState.PROCESSING, lease_until=int(NOW.timestamp()))

    assert not available_actions(entry, NOW)
    assert [action.kind for action in available_actions(entry, NOW + timedelta(seconds=1))] == [ActionKind.REPROCESS]


@pytest.mark.parametrize("kind", AVAILABLE_ACTIONS)
@pytest.mark.parametrize("state", FileState)
def test_every_refusal_names_the_file_and_the_reason(state: FileState, kind: ActionKind) -> None:
    """Whatever is asked for in whatever state: a sentence that a person can act on."""
    entry = made_file(state=state, lease_until=int(NOW.timestamp()) + 60)

    if not is_allowed(kind, entry, NOW):
        why = explain_refusal(kind, entry)
        assert why.startswith("orders.csv ")
        assert why.endswith(".")


def test_what_is_no_file_action_is_never_allowed() -> None:
    """Redriving and deleting are about messages."""
    assert not is_allowed(ActionKind.REDRIVE, made_file(), NOW)


def test_buttons_name_the_effect_and_the_number() -> None:
    """One file is one file."""
    assert AVAILABLE_ACTIONS[ActionKind.DISMISS].button(1) == "Dismiss 1 file"
    assert AVAILABLE_ACTIONS[ActionKind.REPROCESS].button(1_234) == "Reprocess 1,234 files"
