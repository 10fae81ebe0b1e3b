"""The moves between a file's states, and what each state means for a person."""

from __future__ import annotations

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from processor.domain.errors import IllegalTransitionError
from processor.domain.file_states import (
    AT_REST,
    MOVING,
    NEEDS_PERSON,
    SETTLED,
    TRANSITIONS,
    FileState,
    check_transition,
    states_before,
)


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
    """Every settled file can be run again."""
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
    """The states in the ledger's conditions are those of the table, apart from a new file."""
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


def test_a_file_moves_or_rests() -> None:
    """Every state is one or the other, and nobody is needed for a file that moves."""
    assert {*MOVING} | AT_REST == {*FileState}
    assert not {*MOVING} & AT_REST
    assert NEEDS_PERSON < AT_REST


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
