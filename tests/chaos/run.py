"""A chaos run on a deployed stack: faults while files flow, quiet, one redrive, quiet; then everything is counted."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

from tests.chaos.checks import check_all
from tests.chaos.inventory import take_inventory
from tests.chaos.metrics import check_metrics, read_sums
from tests.chaos.people import Operator
from tests.chaos.quiet import wait_quiet
from tests.chaos.report import Account
from tests.chaos.senders import Mischiefs, Uploader
from tests.chaos.signals import Hunter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from cdk.local.sidecar_process import Sidecar
    from tests.chaos.faults import CallFaults
    from tests.chaos.history import History
    from tests.chaos.plan import Plan, Timed
    from tests.chaos.rules import Limits
    from tests.e2e.deployment import Deployment

VISIBILITY_S = 12
"""A little more than the functions' time, so that the messages of dead runs come back soon."""
_ACTORS_S = 600
_UNDER_WAY = ("queued", "processing", "reprocessing")


class ChaosRun:
    """One run; ``say`` is told how far it is."""

    def __init__(
        self,
        stack: Deployment,
        sidecar: Sidecar,
        plan: Plan,
        limits: Limits,
        faults: CallFaults,
        history: History,
        say: Callable[[str], None],
    ) -> None:
        self._stack = stack
        self._sidecar = sidecar
        self._plan = plan
        self._faults = faults
        self._history = history
        self._say = say
        self._uploader = Uploader(stack, history, limits)
        self._operator = Operator(stack, history, plan.seed)
        self._stopping = threading.Event()
        self._began = time.monotonic()

    def carry_out(self) -> Account:
        """Do all that is planned, let it come to rest, and count."""
        self._began = time.monotonic()
        self._tell(f"{len(self._plan.uploads)} files in {self._plan.length_s:.0f} s, plan {self._plan.fingerprint}")
        assert self._stack.accounts  # Created before the faults.
        hunter = Hunter(int(self._stack.endpoint.rpartition(":")[2]), self._history)
        mischiefs = Mischiefs(self._stack, self._history, self._plan.seed)
        with self._stack.visibility_timeout(VISIBILITY_S):
            self._faults.start()
            try:
                self._let_loose(
                    ([step for step in self._plan.uploads if not step.what.posted], self._uploader.upload),
                    ([step for step in self._plan.uploads if step.what.posted], self._uploader.upload),
                    (self._plan.strikes, hunter.strike),
                    (self._plan.mischief, mischiefs.do),
                    (self._plan.wishes, self._operator.wish),
                )
            finally:
                self._faults.stop()
                hunter.wake_all()
            self._tell("no faults from now on")
            wait_quiet(self._stack, self._tell)
            self._tell("quiet; everything is redriven once")
            self._operator.redrive_all()
            wait_quiet(self._stack, self._tell)
            self._operator.finish_voids()
            stuck = self._reprocess_stuck()
        sums = read_sums(self._stack, self._sidecar)
        self._tell("counting")
        inventory = take_inventory(self._stack)
        found = check_all(inventory, self._history)
        found["The metrics are the truth, less what dead invocations held"] = check_metrics(
            sums, inventory, self._history
        )
        found["The harness itself had no trouble"] = self._history.problems
        return Account(self._plan, self._history, inventory, found, time.monotonic() - self._began, stuck)

    def _let_loose(self, *parts: tuple[Iterable[Timed[Any]], Callable[..., None]]) -> None:
        """Let every actor go through its part of the plan, all at the same time."""
        actors = [
            threading.Thread(target=self._act, args=(steps, act), daemon=True, name=f"chaos {act.__qualname__}")
            for steps, act in parts
        ]
        for actor in actors:
            actor.start()
        deadline = time.monotonic() + self._plan.length_s + _ACTORS_S
        try:
            while any(actor.is_alive() for actor in actors):
                if time.monotonic() > deadline:
                    raise AssertionError(f"{[actor.name for actor in actors if actor.is_alive()]} did not end.")
                time.sleep(5 if self._plan.length_s > 30 else 1)
                self._tell(f"{len(self._history.uploads)} files up, {len(self._history.begun)} runs begun")
        finally:
            self._stopping.set()

    def _act(self, steps: Iterable[Timed[Any]], act: Callable[..., None]) -> None:
        for step in steps:
            if self._stopping.wait(max(0.0, self._began + step.at - time.monotonic())):
                return
            try:
                act(step.what, step.pick)
            except Exception as problem:  # noqa: BLE001  A thread's outermost boundary: the account tells it.
                self._history.problems.append(f"{act.__qualname__}({step.what!r:.100}): {problem!r:.300}")

    def _reprocess_stuck(self) -> list[str]:
        """Let a person move on what is still under way though nothing is; return the files' names."""
        stuck = [entry for entry in take_inventory(self._stack).files.values() if entry["state"] in _UNDER_WAY]
        for entry in stuck:
            status = self._operator.reprocess(entry["file_id"])
            self._tell(f"{entry['object_key']} is {entry['state']}: reprocess answers {status}")
        if stuck:
            wait_quiet(self._stack, self._tell)
        return [f"{entry['object_key']} ({entry['state']})" for entry in stuck]

    def _tell(self, what: str) -> None:
        self._say(f"{time.monotonic() - self._began:5.0f} s  {what}")
