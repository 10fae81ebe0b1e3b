"""Runs chaos in an emulator of its own: `python -m tests.chaos --seed 1 --files 200`; the exit code is the result."""

from __future__ import annotations

import argparse
import contextlib
import secrets
import signal
import sys
from typing import TYPE_CHECKING

from cdk.local.emulator import Emulator, free_port
from cdk.local.sidecar_process import Sidecar
from tests.chaos.faults import CallFaults
from tests.chaos.history import History
from tests.chaos.plan import make_plan
from tests.chaos.rules import Limits
from tests.chaos.run import ChaosRun
from tests.e2e.bring_up import CONTEXT, LOCAL, deployed
from tests.e2e.faults import FaultProxy

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from tests.chaos.plan import Plan
    from tests.chaos.report import Account
    from tests.e2e.aws_calls import Call
    from tests.e2e.deployment import Deployment
    from tests.e2e.fault_actions import ArmedFault

LIMITS_MB = {"max_file_mb": 6, "max_gzip_mb": 1}
LIMITS = Limits(file_bytes=6 * 2**20, unpacked_bytes=2**20)


class ChaosProxy(FaultProxy):
    """A proxy that gives every call to one fault and keeps no log, which would be long."""

    def __init__(self, target: str, faults: CallFaults) -> None:
        super().__init__(target)
        self._every_call = faults.armed()

    def take(self, call: Call) -> ArmedFault | None:  # noqa: ARG002
        """Return the one fault."""
        return self._every_call


def run_alone(plan: Plan, folder: Path, *, limits: Limits | None = None, **more: object) -> Account:
    """Deploy the stack into an emulator of its own, carry the plan out, and end everything.

    The deployment is that of the tests, with ``more`` context.
    """
    history = History()
    faults = CallFaults(plan, history, most_kills=len(plan.strikes))
    port = free_port()
    with (
        ChaosProxy(f"http://127.0.0.1:{port}", faults) as proxy,
        Sidecar(folder / "sidecar", folder / "mail") as sidecar,
        Emulator(port, folder, extra_env={"AWS_ENDPOINT_URL": proxy.url, **sidecar.extra_env}) as emulator,
        contextlib.closing(_deployed(emulator, more)) as deployments,
    ):
        stack = next(deployments)
        sidecar.follow(emulator, stack.outputs)
        account = ChaosRun(stack, sidecar, plan, limits or Limits(), faults, history, _say).carry_out()
        _say("\n".join(account.lines()))  # Now, as ending the emulator may take a while.
        return account


def _deployed(emulator: Emulator, more: dict[str, object]) -> Generator[Deployment]:
    if not more:
        return deployed(emulator)
    return deployed(emulator, out_dir=LOCAL / "chaos/cdk.out", context=CONTEXT | more)


def _say(line: str) -> None:
    print(line, flush=True)


def main() -> int:
    """Read the arguments, run, print the table."""
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**6), help="repeats a plan")
    parser.add_argument("--files", type=int, default=200)
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # As by Ctrl-C, everything that was started ends.
    plan = make_plan(options.seed, options.files, limits=LIMITS, large=1, large_mb=3)
    folder = LOCAL / f"chaos/seed-{options.seed}"
    account = run_alone(plan, folder, limits=LIMITS, **LIMITS_MB, large_file_timeout_s=90)
    if not account.holds:
        print(f"As it was: make chaos SEED={options.seed} FILES={options.files}. Logs: {folder}")
    return 0 if account.holds else 1


if __name__ == "__main__":
    sys.exit(main())
