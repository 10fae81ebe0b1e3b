"""Faults of calls: errors of each service, lost requests and answers, workers killed around a call.

They strike between the workers and the emulator, in the fault proxy, so that the shipped code knows nothing of them.
Which call is struck, and how, follows from the seed, the operation, and the number of its calls so far.
"""

from __future__ import annotations

import json
import random
import time
from collections import Counter
from typing import TYPE_CHECKING

from tests.e2e.fault_actions import (
    Action,
    ArmedFault,
    Exchange,
    Fault,
    Firing,
    aws_error,
    delay,
    drop_after,
    drop_before,
    kill_after,
    kill_before,
    leave_unprocessed,
)
from tests.e2e.victims import NoVictimError

if TYPE_CHECKING:
    from tests.chaos.history import History
    from tests.chaos.plan import Plan
    from tests.e2e.aws_calls import Call
    from tests.e2e.wire import Response

ERRORS: dict[str, tuple[tuple[str, int], ...]] = {
    "s3": (("SlowDown", 503), ("InternalError", 500)),
    "dynamodb": (
        ("ProvisionedThroughputExceededException", 400),
        ("InternalServerError", 500),
        ("ThrottlingException", 400),
        ("TransactionConflictException", 400),
    ),
    "sqs": (("RequestThrottled", 403), ("InternalError", 500)),
    "sns": (("Throttled", 429), ("InternalError", 500)),
    "states": (("ThrottlingException", 400), ("InternalError", 500)),
}
_SHARE, _SHARE_IN_OUTAGE, _SHARE_KILLED = 0.04, 0.7, 0.02


class CallFaults:
    """Decides about every call of the workers while it is on, and notes which runs begin."""

    def __init__(self, plan: Plan, history: History, *, most_kills: int) -> None:
        self._plan = plan
        self._history = history
        self._kills_left = most_kills
        self._calls: Counter[str] = Counter()
        self._started: float | None = None

    def start(self) -> None:
        """Let faults strike from now on."""
        self._started = time.monotonic()

    def stop(self) -> None:
        """Let every call pass, and only note runs."""
        self._started = None

    def fault(self) -> Fault:
        """Return the fault for the proxy that takes every call."""
        return Fault(self._act, times=1_000_000_000)

    def armed(self) -> ArmedFault:
        """Return the same, armed, without a memory of its strikes."""
        return _Forgetful(self.fault())

    def _act(self, exchange: Exchange) -> Response:
        seen = _Observed(exchange)
        try:
            action = self._choose(exchange.call)
            return action(seen) if action else seen.forward()
        except NoVictimError:  # The client is no worker, or has ended by itself.
            return seen.forward()
        finally:
            if seen.begun:
                with self._history.lock:
                    self._history.begun.update(seen.begun)

    def _choose(self, call: Call) -> Action | None:
        """Return what strikes the call, or None."""
        if self._started is None or call.service not in ERRORS:
            return None
        with self._history.lock:
            self._calls[call.operation] += 1
            number = self._calls[call.operation]
        rng = random.Random(f"{self._plan.seed}/{call.operation}/{number}")  # noqa: S311
        if rng.random() < _SHARE_KILLED and self._kills_left > 0:
            self._kills_left -= 1
            return self._counting("killed", rng.choice((kill_before, kill_after)))
        passed = time.monotonic() - self._started
        out = any(
            outage.at <= passed < outage.at + outage.what.length_s and outage.what.service == call.service
            for outage in self._plan.outages
        )
        if rng.random() >= (_SHARE_IN_OUTAGE if out else _SHARE):
            return None
        code, status = rng.choice(ERRORS[call.service])
        actions: list[Action] = [aws_error(code, status)] * 3
        if not out:
            actions += [drop_before, drop_after, delay(rng.uniform(0.1, 1.5))]
            if call.operation == "BatchWriteItem":
                actions += [leave_unprocessed(rng.randint(1, 24))] * 3
        return self._counting("errors", rng.choice(actions))

    def _counting(self, what: str, action: Action) -> Action:
        def act(exchange: Exchange) -> Response:
            try:
                return action(exchange)
            except NoVictimError:
                what_if_nobody[0] = 0
                raise
            finally:
                with self._history.lock:
                    setattr(self._history, what, getattr(self._history, what) + what_if_nobody[0])

        what_if_nobody = [1]
        return act


class _Forgetful(ArmedFault):
    """A fault that strikes every call and remembers none, as there are many."""

    def takes(self, call: Call) -> bool:  # noqa: ARG002
        return True

    def record(self, firing: Firing) -> None:
        pass


class _Observed:
    """An exchange that notes a run when the ledger has given it its file."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self.request, self.call = exchange.request, exchange.call
        self.begun: dict[str, str] = {}
        self.kill = exchange.kill
        self.pause = exchange.pause

    def forward(self, request: object = None) -> Response:
        """Send the request, and look whether it began a run."""
        response = self._exchange.forward(request)  # type: ignore[arg-type]
        begins = self.call.operation in {"UpdateItem", "TransactWriteItems"} and "run_started_at" in self.call.text
        if begins and response.status == 200:
            self.begun |= _run_that_begins(json.loads(self.request.payload))
        return response


def _run_that_begins(request: dict[str, object]) -> dict[str, str]:
    """Find the run id and the file id in an update of the ledger, alone or in a transaction."""
    updates = [request, *(part.get("Update", {}) for part in request.get("TransactItems", []))]  # type: ignore[attr-defined]
    for update in updates:
        names = update.get("ExpressionAttributeNames", {})
        place = next((place for place, name in names.items() if name == "run_id" and place.startswith("#s")), None)
        if place and "run_started_at" in names.values():
            values = update["ExpressionAttributeValues"]
            return {values[f":{place[1:]}"]["S"]: update["Key"]["file_id"]["S"]}
    return {}
