"""Deaths at every call of a run that is held, replaces, waits, or wakes another file change nothing in the end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from processor.domain.file_states import FileState
from tests.integration.kill import SHARE, Kill, Killer, some_calls
from tests.integration.stage import csv_file, s3_event

if TYPE_CHECKING:
    from processor.domain.object_keys import ObjectVersion
    from tests.integration.stage import Stage

FILE = csv_file("A-1,Ada,Engine,1,2.50", "A-2,Bob,Pen,2,0.10")
CHANGED = csv_file("A-1,Ada,Engine,1,9.99", "A-3,Cy,Cup,1,1.00")
_MOST_CALLS = 60


def begin(stage: Stage, at: int) -> tuple[ObjectVersion, ObjectVersion]:
    """Forget what was, and upload a first file and one with an order of it."""
    stage.forget_everything()
    return stage.upload(f"first-{at}.csv", FILE), stage.upload(f"second-{at}.csv", CHANGED)


def die_and_come_again(stage: Stage, version: ObjectVersion, at: int, receive_count: int = 1) -> bool:
    """Deliver a file and let its run die before or after one of its calls, then once more; False if there is no such.

    An even ``at`` is before call ``at // 2``, an odd one after it.
    """
    message = stage.message(s3_event(version), receive_count)
    try:
        with Killer(at // 2, after=at % 2 == 1).watching(stage.clients):
            stage.handle(message)
    except Kill:
        stage.advance_clock()
        stage.deliver(version, receive_count=receive_count + 1)
        return True
    return False


@pytest.mark.parametrize("policy", ["hold", "replace"])
def test_second_file_ends_as_it_would_without_a_death(stage: Stage, policy: str) -> None:
    """Held: nothing of it is stored. Replacing: its orders are stored, and the worker is called for the earlier."""
    stage.configure(same_orders=policy)
    deaths = 0
    for at in some_calls(_MOST_CALLS * 2):
        first, second = begin(stage, at)
        stage.deliver(first)
        stage.worker.calls.clear()
        died = die_and_come_again(stage, second, at)

        entry = stage.entry(second)
        if policy == "hold":
            assert (entry.state, entry.cause, entry.same_orders["known"]) == (FileState.HELD, "same_orders", 1)
            assert len(stage.orders()) == 2
        else:
            assert (entry.state, entry.replaces) == (FileState.PROCESSED, (stage.entry(first).file_id,))
            assert len(stage.orders()) == 4
            assert {"take_back": entry.file_id} in stage.worker.calls
        assert stage.objects("raw-data/") == []
        if not died:
            break
        deaths += 1
    assert deaths >= 2 * 15 // SHARE


def test_waiting_file_goes_on_whoever_dies(stage: Stage) -> None:
    """The first file dies while it stores; the second dies at each call of its wait; then both are delivered again."""
    deaths = 0
    for at in some_calls(_MOST_CALLS * 2):
        first, second = begin(stage, at)
        with pytest.raises(Kill), Killer(name="BatchWriteItem").watching(stage.clients):
            stage.deliver(first)
        died = die_and_come_again(stage, second, at)
        stage.advance_clock()
        stage.deliver(first, receive_count=2)
        stage.handle_all(only_commands=True)

        assert stage.entry(first).state is FileState.PROCESSED
        assert stage.entry(second).state is FileState.HELD
        assert len(stage.orders()) == 2
        if not died:
            break
        deaths += 1
    assert deaths >= 2 * 8 // SHARE


def test_file_that_dies_while_it_settles_wakes_the_one_that_waits(stage: Stage) -> None:
    """Whichever call was the last one: its next delivery wakes the other, which is then judged."""
    deaths = 0
    for at in some_calls(_MOST_CALLS * 2):
        first, second = begin(stage, at)
        with pytest.raises(Kill), Killer(name="BatchWriteItem").watching(stage.clients):
            stage.deliver(first)
        stage.deliver(second)
        stage.advance_clock()
        died = die_and_come_again(stage, first, at, receive_count=2)
        stage.handle_all(only_commands=True)

        assert stage.entry(first).state is FileState.PROCESSED
        assert stage.entry(second).state is FileState.HELD
        assert len(stage.orders()) == 2
        if not died:
            break
        deaths += 1
    assert deaths >= 2 * 12 // SHARE
