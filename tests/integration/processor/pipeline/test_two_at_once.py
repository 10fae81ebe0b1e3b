"""Two files with the same orders at the same moment: at most one is stored, whichever way their runs interleave."""

from __future__ import annotations

import random
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from processor.domain.file_states import FileState
from processor.pipeline.handover import Task
from tests.integration.kill import some_calls
from tests.integration.ranges import Machine
from tests.integration.stage import Stage, csv_file, s3_event
from tests.integration.turns import Turns

if TYPE_CHECKING:
    from processor.domain.object_keys import ObjectVersion

_MOST_CALLS = 100
ROWS = ("A-1,Ada,Engine,1,2.50", "A-2,Bob,Pen,2,0.10")
SWAPPED = csv_file(
    "Ada,A-1,Engine,1,2.50", "Bob,A-2,Pen,2,0.10", header="customer_name,order_id,product_name,quantity,unit_price"
)
CHANGED = csv_file("A-1,Ada,Engine,1,9.99", "A-9,Bob,Pen,2,0.10")
PAIRS = {
    "equal bytes": (csv_file(*ROWS), csv_file(*ROWS)),
    "equal rows": (csv_file(*ROWS), SWAPPED),
    "one order": (csv_file(*ROWS), CHANGED),
}


def run_both(stage: Stage, versions: list[ObjectVersion], schedule: list[int]) -> list[int]:
    """Process both files under the schedule, then every message that comes of it; return the calls of each."""
    messages = [stage.message(s3_event(version)) for version in versions]
    turns = Turns(schedule)
    turns.run(stage.clients, *(lambda each=message: stage.handle(each) for message in messages))
    stage.handle_all()
    return turns.calls


def check_stored_once(stage: Stage, versions: list[ObjectVersion]) -> None:
    """Demand that one file is stored, that the other waits for a person, and that each order is there once."""
    states = Counter(stage.entry(version).state for version in versions)
    stored = next(stage.entry(version) for version in versions if stage.entry(version).state is FileState.PROCESSED)
    assert states[FileState.PROCESSED] == 1
    assert states[FileState.HELD] + states[FileState.DUPLICATE] == 1
    assert {order["file_id"] for order in stage.orders()} == {stored.file_id}
    assert stage.objects("raw-data/") == []


@pytest.mark.parametrize("pair", PAIRS.values(), ids=list(PAIRS))
@pytest.mark.parametrize("first", [0, 1])
def test_one_of_two_is_stored_wherever_the_other_run_comes_between(
    stage: Stage, pair: tuple[bytes, bytes], first: int
) -> None:
    """The one run goes on for some calls, the other from its beginning to its end, then the rest of the first."""
    calls = 1
    for at in some_calls(_MOST_CALLS):
        versions = [stage.upload(f"{at}-{number}/x.csv".replace("/", "-"), body) for number, body in enumerate(pair)]

        calls = run_both(stage, versions, [first] * (at + 1) + [1 - first] * 500)[first]

        check_stored_once(stage, versions)
        stage.forget_everything()
        if at > calls:
            break
    assert at > calls > 10


@pytest.mark.parametrize("pair", PAIRS.values(), ids=list(PAIRS))
def test_one_of_two_is_stored_in_any_interleaving(stage: Stage, pair: tuple[bytes, bytes]) -> None:
    """Turns of any length, from a seed for each try."""
    for seed in range(4):
        chosen = random.Random(seed)  # noqa: S311
        schedule = [number for _ in range(40) for number in [chosen.randrange(2)] * chosen.randrange(1, 12)]
        versions = [stage.upload(f"{seed}-{number}.csv", body) for number, body in enumerate(pair)]

        run_both(stage, versions, schedule)

        check_stored_once(stage, versions)
        stage.forget_everything()


def test_one_of_two_large_files_is_stored_in_any_interleaving(stage: Stage) -> None:
    """Their plans are made at the same time; the one that waits is planned once more when the other has settled."""
    machine = Machine.before(stage)
    for seed in range(3):
        chosen = random.Random(seed)  # noqa: S311
        schedule = [number for _ in range(60) for number in [chosen.randrange(2)] * chosen.randrange(1, 9)]
        versions = [stage.upload(f"{seed}-{number}.csv", body) for number, body in enumerate(PAIRS["equal rows"])]
        for version in versions:
            stage.deliver(version)
        tasks = [Task(**machine.waiting.pop(0)) for _ in versions]

        Turns(schedule).run(stage.clients, *(lambda each=task: machine.steps(each) for task in tasks))
        stage.handle_all(only_commands=True)
        while machine.waiting:
            machine.run()
            stage.handle_all(only_commands=True)

        check_stored_once(stage, versions)
        stage.forget_everything()
