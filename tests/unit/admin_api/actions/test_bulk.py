"""Actions on many things keep their pace, say how far they are, stop when asked, and hand on in time."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, cast

import pytest

from admin_api.actions.bulk import RESERVE_S, SAVE_EVERY_S, BulkStep, BulkWork
from processor.domain.actions import ActionEntry, ActionKind, ActionState

if TYPE_CHECKING:
    from collections.abc import Iterator

    from admin_api.wiring.services import Console

ACTION = ActionEntry(
    action_id="20261125T180000Z-0123abcd",
    kind=ActionKind.REDRIVE,
    at="2026-11-25T18:00:00.000000Z",
    who="ada@example.com",
    state=ActionState.RUNNING,
    expected=10,
)


@dataclass
class Log:
    """Stands in for the action log: one action, in memory."""

    stored: ActionEntry | None = None
    saves: int = 0
    stop_at_save: int = 0

    def record_progress(
        self, entry: ActionEntry, *, done: int, skipped: int, failed: int, resume: str = "", error: str = ""
    ) -> ActionEntry:
        """Add what was done."""
        self.saves += 1
        self.stored = replace(
            entry,
            done=entry.done + done,
            skipped=entry.skipped + skipped,
            failed=entry.failed + failed,
            resume=resume,
            error=error or entry.error,
            stop_asked=0 < self.stop_at_save <= self.saves,
        )
        return self.stored

    def finish_action(self, entry: ActionEntry, state: ActionState) -> ActionEntry:
        """End it."""
        self.stored = replace(entry, state=state)
        return self.stored


@dataclass
class FakeLambda:
    """Keeps the calls of the worker."""

    calls: list[Any] = field(default_factory=list)

    def invoke(self, **call: Any) -> None:
        """Take a call."""
        self.calls.append(call)


@dataclass
class FakeConfig:
    """The one setting that is asked for."""

    worker_function: str = "worker"


@dataclass
class FakeConsole:
    """As much of the console as jobs need."""

    actions: Log = field(default_factory=Log)
    worker: FakeLambda = field(default_factory=FakeLambda)
    config: FakeConfig = field(default_factory=FakeConfig)


class Time:
    """A clock that moves when somebody sleeps, and a little with each look."""

    def __init__(self, per_look: float = 0.0) -> None:
        self.now, self.slept, self._per_look = 0.0, 0.0, per_look

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds
        self.slept += seconds

    def look(self) -> float:
        """Read the clock."""
        self.now += self._per_look
        return self.now


def ten_things(_console: Console, action: ActionEntry) -> Iterator[BulkStep]:
    """Do ten things, from where an earlier worker left off."""
    for number in range(int(action.resume or 0), 10):
        yield BulkStep(done=1, resume=str(number + 1))


def work(fake: FakeConsole, time: Time, remaining_s: float = 600, executor: Any = ten_things) -> BulkWork:
    """Set a worker up on a fake console."""
    console = cast("Console", fake)
    return BulkWork(console, executor, lambda: remaining_s, sleep=time.sleep, clock=time.look)


def test_an_action_is_done_when_every_step_is() -> None:
    """The counts add up, and the state says so."""
    fake = FakeConsole()

    ended = work(fake, Time()).carry_out(ACTION)

    assert (ended.state, ended.done, ended.failed) == (ActionState.DONE, 10, 0)


def test_a_rate_is_kept() -> None:
    """Five a second make two seconds of ten things."""
    time = Time()

    work(FakeConsole(), time).carry_out(replace(ACTION, rate_per_s=5))

    assert time.slept == pytest.approx(2)


def test_what_was_skipped_costs_no_time() -> None:
    """A rate protects what is downstream, and nothing went there."""
    time = Time()

    def skips(_console: Console, _action: ActionEntry) -> Iterator[BulkStep]:
        yield from [BulkStep(skipped=1)] * 100

    ended = work(FakeConsole(), time, executor=skips).carry_out(replace(ACTION, rate_per_s=1))

    assert (time.slept, ended.skipped) == (0.0, 100)


def test_progress_is_told_while_it_goes_on() -> None:
    """A page that looks every second sees it move."""
    fake = FakeConsole()

    work(fake, Time()).carry_out(replace(ACTION, rate_per_s=1))

    assert fake.actions.saves >= 10 / (SAVE_EVERY_S + 1)


def test_what_must_be_on_record_is_saved_before_the_executor_goes_on() -> None:
    """However little time has passed: a worker that dies after it has said so where the next one has to look."""
    fake, seen = FakeConsole(), []

    def careful(_console: Console, _action: ActionEntry) -> Iterator[BulkStep]:
        yield BulkStep(resume="a,b", save=True)
        seen.append(fake.actions.stored.resume if fake.actions.stored else "")
        yield BulkStep(done=2)

    work(fake, Time(), executor=careful).carry_out(ACTION)

    assert seen == ["a,b"]


def test_an_action_stops_when_somebody_asks() -> None:
    """A stopped action keeps its counts and does nothing more."""
    fake = FakeConsole(actions=Log(stop_at_save=2))

    ended = work(fake, Time()).carry_out(replace(ACTION, rate_per_s=1))

    assert ended.state is ActionState.STOPPED
    assert 0 < ended.done < 10


def test_a_worker_hands_on_before_its_time_is_up() -> None:
    """The next one goes on where this one was, and the things done are ten in all."""
    fake = FakeConsole()
    slow = replace(ACTION, rate_per_s=1)

    paused = work(fake, Time(), remaining_s=RESERVE_S - 1).carry_out(slow)

    assert paused.state is ActionState.RUNNING
    assert 0 < paused.done < 10
    [call] = fake.worker.calls
    assert call["InvocationType"] == "Event"
    assert work(fake, Time()).carry_out(paused).done == 10


def test_the_last_error_is_kept_in_words() -> None:
    """The action shows the error of a failed step."""

    def fails(_console: Console, _action: ActionEntry) -> Iterator[BulkStep]:
        yield BulkStep(failed=1, error="orders.csv is being processed.")
        yield BulkStep(done=1)

    ended = work(FakeConsole(), Time(), executor=fails).carry_out(ACTION)

    assert (ended.failed, ended.done, ended.error) == (1, 1, "orders.csv is being processed.")
