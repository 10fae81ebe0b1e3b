"""Runs chaos in an emulator of its own: `python -m tests.chaos --seed 1 --files 200`; the exit code is the result."""

from __future__ import annotations

import argparse
import contextlib
import secrets
import signal
import sys
from typing import TYPE_CHECKING

from cdk.local.emulator import Emulator, free_port
from cdk.local.processes import ROOT
from cdk.local.sidecar_process import Sidecar
from tests.chaos.faults import CallFaults
from tests.chaos.history import History
from tests.chaos.plan import make_plan
from tests.chaos.rules import Limits
from tests.chaos.run import ChaosRun
from tests.e2e.bring_up import CONTEXT, deployed
from tests.e2e.faults import FaultProxy

if TYPE_CHECKING:
    from tests.chaos.plan import Plan
    from tests.chaos.report import Account
    from tests.e2e.aws_calls import Call
    from tests.e2e.fault_actions import ArmedFault

LIMITS_MB = {"max_file_mb": 6, "max_gzip_mb": 1}
LIMITS = Limits(file_bytes=6 * 2**20, unpacked_bytes=2**20)
FOLDER = ROOT / ".local/chaos"


class ChaosProxy(FaultProxy):
    """A proxy that gives every call to one fault and keeps no log, which would be long."""

    def __init__(self, target: str, faults: CallFaults) -> None:
        super().__init__(target)
        self._every_call = faults.armed()

    def take(self, call: Call) -> ArmedFault | None:  # noqa: ARG002
        """Return the one fault."""
        return self._every_call


def run_alone(plan: Plan) -> Account:
    """Deploy the stack into an emulator of its own, carry the plan out, and end everything."""
    history = History()
    faults = CallFaults(plan, history, most_kills=len(plan.strikes))
    port = free_port()
    folder = FOLDER / f"seed-{plan.seed}"
    context = CONTEXT | LIMITS_MB | {"large_file_timeout_s": 90}
    with (
        ChaosProxy(f"http://127.0.0.1:{port}", faults) as proxy,
        Sidecar(folder / "sidecar", folder / "mail") as sidecar,
        Emulator(port, folder, extra_env={"AWS_ENDPOINT_URL": proxy.url, **sidecar.extra_env}) as emulator,
        contextlib.closing(deployed(emulator, out_dir=FOLDER / "cdk.out", context=context)) as deployments,
    ):
        stack = next(deployments)
        sidecar.follow(emulator, stack.outputs)
        run = ChaosRun(stack, sidecar, plan, LIMITS, faults, history, lambda line: print(line, flush=True))
        return run.carry_out()


def main() -> int:
    """Read the arguments, run, print the table."""
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**6), help="repeats a plan")
    parser.add_argument("--files", type=int, default=200)
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # As by Ctrl-C, everything that was started ends.
    plan = make_plan(options.seed, options.files, limits=LIMITS, large=1, large_mb=3)
    account = run_alone(plan)
    print("\n".join(account.lines()))
    if not account.holds:
        print(f"As it was: make chaos SEED={options.seed} FILES={options.files}. Logs: {FOLDER}/seed-{options.seed}")
    return 0 if account.holds else 1


if __name__ == "__main__":
    sys.exit(main())
