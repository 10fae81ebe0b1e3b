"""Waiting until nothing goes on in a stack."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from tests.e2e.deployment import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.e2e.deployment import Deployment

_QUIET_S = 600


def wait_quiet(stack: Deployment, say: Callable[[str], None]) -> None:
    """Wait until no message waits and no execution runs; say how many do."""
    states, machine = stack.client("stepfunctions"), stack.outputs["LargeFilesArn"]
    told = [""]

    def is_quiet() -> bool:
        waiting = sum(stack.queue_depth("QueueUrl"))
        running = states.list_executions(stateMachineArn=machine, statusFilter="RUNNING")["executions"]
        if waiting or running:
            line = f"{waiting} messages and {len(running)} executions are under way"
            if line != told[0]:
                say(line)
            told[0] = line
            time.sleep(1)
        return not waiting and not running

    wait_until(is_quiet, _QUIET_S, lambda: "the stack is not quiet")
