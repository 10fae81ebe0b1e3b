"""The counters equal a count of the table, whatever was done, died, collided or arrived twice."""

from __future__ import annotations

import contextlib
import random
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from processor.domain.entries import FILE_ENTRY, FileEntry
from processor.domain.errors import FileBusyError, IllegalTransitionError, LeaseLostError
from processor.domain.file_states import AT_REST, MOVING, FileState
from processor.domain.object_keys import ObjectVersion
from processor.ledger.counters import Counters
from processor.ledger.run_begin import RunStart
from processor.ledger.table import deserialise
from tests.integration.kill import Kill

if TYPE_CHECKING:
    from collections.abc import Callable

    from processor.ledger.ledger import Ledger
    from tests.integration.stage import Stage

FILE_IDS = [f"{number:x}{number:023x}" for number in range(7)]
REFUSALS = (FileBusyError, IllegalTransitionError, LeaseLostError, Kill)


def entries(stage: Stage) -> list[FileEntry]:
    """Read every file's entry."""
    items = map(deserialise, stage.clients.files.scan(TableName="files")["Items"])
    return [FileEntry.from_item(item) for item in items if item["entry"] == FILE_ENTRY]


def counters(stage: Stage) -> Counters:
    """Provide the counters."""
    return Counters(stage.clients.files, "files")


def conflict(operation: str) -> ClientError:
    """Build DynamoDB's refusal of a write that meets another one on the same item."""
    if operation == "UpdateItem":
        return ClientError({"Error": {"Code": "TransactionConflictException"}}, operation)
    answer: Any = {
        "Error": {"Code": "TransactionCanceledException"},
        "CancellationReasons": [{"Code": "None"}, {"Code": "TransactionConflict"}],
    }
    return ClientError(answer, operation)


class Mishaps:
    """Stands before the ledger's writes and lets one of them in three go wrong."""

    def __init__(self, stage: Stage, monkeypatch: pytest.MonkeyPatch, rng: random.Random) -> None:
        self._rng = rng
        self.seen: Counter[str] = Counter()
        for name, operation in (("update_item", "UpdateItem"), ("transact_write_items", "TransactWriteItems")):
            call = getattr(stage.clients.files, name)
            monkeypatch.setattr(stage.clients.files, name, self._around(call, operation))
        monkeypatch.setattr(stage.services.ledger._table, "_sleep", lambda _seconds: None)

    def _around(self, call: Callable[..., Any], operation: str) -> Callable[..., Any]:
        def calling(**request: Any) -> Any:
            mishap = self._rng.choices(["none", "before", "after", "lost", "conflict"], [5, 1, 1, 1, 1])[0]
            self.seen[mishap, operation] += 1  # type: ignore[index]
            if mishap == "before":
                raise Kill
            if mishap == "conflict":
                raise conflict(operation)
            answer = call(**request)
            if mishap == "after":
                raise Kill
            return call(**request) if mishap == "lost" else answer  # The SDK sends it again.

        return calling


def act(ledger: Ledger, rng: random.Random, step: int) -> None:
    """Do one random thing to one random file, as a run or as a person."""
    file_id = rng.choice(FILE_IDS)
    entry = ledger.read_file(file_id)
    do = rng.choice(["settle", "settle", "fail", "reprocess", "dismiss"])
    if do == "reprocess":
        ledger.request_reprocess(file_id)
    elif do == "dismiss":
        ledger.dismiss(file_id, "now", lambda _: {"leftover_key": ""})
    elif entry is None or entry.state is not FileState.PROCESSING or entry.lease_until < step:
        run = RunStart(f"run{step}", f"2026-11-22T10:00:00.{step:06d}Z", f"m{rng.randrange(3)}", 1, step, step + 20)
        ledger.begin_run(file_id, ObjectVersion("b", f"raw-data/{file_id}.csv", "v"), run)
    elif do == "fail":
        state = rng.choice([FileState.QUEUED, FileState.DEAD_LETTERED])
        ledger.fail_run(entry, state, cause="x", error="y")
    else:
        state = rng.choice([FileState.PROCESSED, FileState.PARTIAL, FileState.FAILED, FileState.DUPLICATE])
        ledger.settle(entry, state, "now", rejected_rows=rng.randrange(1, 50) * (state is FileState.PARTIAL))


def check(stage: Stage) -> None:
    """Hold the counters against the table."""
    files, counts = entries(stage), counters(stage).read_counts()
    at_rest = Counter(FileState(entry.counted_as) for entry in files if entry.counted_as)
    waiting = sum(entry.rejected_rows for entry in files if entry.counted_as == FileState.PARTIAL)
    assert counts.at_rest == dict.fromkeys(AT_REST, 0) | at_rest
    assert counts.rejected_rows_waiting == waiting
    for entry in files:
        if entry.state in AT_REST:
            assert entry.counted_as == entry.state
        elif entry.state is not FileState.PROCESSING:  # A redriven file is counted as it was until its run ends.
            assert entry.counted_as == ""


@pytest.mark.parametrize("seed", range(3))
def test_counters_are_exact_after_any_sequence(stage: Stage, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    """Random transitions, with kills before and after every write, lost answers and conflicts: each step adds up."""
    rng = random.Random(seed)  # noqa: S311
    with monkeypatch.context() as patch:
        mishaps = Mishaps(stage, patch, rng)
        for step in range(150):
            with contextlib.suppress(*REFUSALS):
                act(stage.services.ledger, rng, step)
            check(stage)

    assert set(mishaps.seen) >= {(kind, "TransactWriteItems") for kind in ("before", "after", "lost", "conflict")}
    assert sum(counters(stage).read_counts().at_rest.values()) > 0


def settled(ledger: Ledger, file_id: str, state: FileState, **values: Any) -> FileEntry:
    """Settle a new file."""
    run = RunStart("r1", "2026-11-22T10:00:00.000000Z", "m", 1, 1_000, 1_100)
    entry = ledger.begin_run(file_id, ObjectVersion("b", "raw-data/a.csv", file_id), run).entry
    return ledger.settle(entry, state, "now", **values)


def test_rejected_rows_wait_as_long_as_their_file_does(stage: Stage) -> None:
    """Dismissing a partial file takes its rows from those that wait for a person."""
    ledger = stage.services.ledger
    settled(ledger, "a1", FileState.PARTIAL, rejected_rows=3)
    settled(ledger, "b1", FileState.PARTIAL, rejected_rows=4)
    assert counters(stage).read_counts().rejected_rows_waiting == 7

    ledger.dismiss("a1", "later", lambda _: {})

    counts = counters(stage).read_counts()
    assert counts.rejected_rows_waiting == 4
    assert counts.at_rest[FileState.PARTIAL] == counts.at_rest[FileState.DISMISSED] == 1


def test_files_under_way_are_counted_by_their_state(stage: Stage) -> None:
    """Files under way are counted from the index, without those at rest."""
    ledger = stage.services.ledger
    for file_id in ("a1", "a2"):
        settled(ledger, file_id, FileState.PROCESSED)
    ledger.request_reprocess("a1")
    run = RunStart("r1", "2026-11-22T10:00:00.000000Z", "m", 1, 1_000, 1_100)
    ledger.begin_run("a3", ObjectVersion("b", "raw-data/b.csv", "v"), run)

    moving = {state: counters(stage).count_moving(state) for state in MOVING}

    assert moving == {FileState.QUEUED: 0, FileState.PROCESSING: 1, FileState.REPROCESSING: 1}
    assert counters(stage).read_counts().at_rest[FileState.PROCESSED] == 1


def test_conflict_that_does_not_end_is_raised(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that cannot write its end goes back to the queue: SQS will try again."""
    run = RunStart("r1", "2026-11-22T10:00:00.000000Z", "m", 1, 1_000, 1_100)
    entry = stage.services.ledger.begin_run("a3", ObjectVersion("b", "raw-data/b.csv", "v"), run).entry
    waits: list[float] = []

    def refuse(**_: Any) -> None:
        raise conflict("TransactWriteItems")

    monkeypatch.setattr(stage.services.ledger._table, "_sleep", waits.append)
    monkeypatch.setattr(stage.clients.files, "transact_write_items", refuse)
    with pytest.raises(ClientError, match="TransactionCanceledException"):
        stage.services.ledger.settle(entry, FileState.PROCESSED, "now")

    assert len(waits) == 7
    assert sum(waits) < 2.6


def test_counters_are_spread_over_shards(stage: Stage) -> None:
    """Files that settle at once seldom meet on one item, and one read adds the shards up."""
    for digit in "0123456789abcdef":
        settled(stage.services.ledger, f"{digit}1", FileState.PROCESSED)

    shards = stage.services.ledger._table.list_items("counts")

    assert len(shards) == 16
    assert counters(stage).read_counts().at_rest[FileState.PROCESSED] == 16
