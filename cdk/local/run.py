"""`make run`: deploys the stack into the emulator, sends the sample files through it, and serves until Ctrl-C.

This module holds the order of the steps and what is printed; the steps are in the modules beside it and in sample_data.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from types import FrameType
from typing import NoReturn

from cdk.bundling.sources import BundlingError
from cdk.local.accounts import Accounts
from cdk.local.deploy import Synthesis, bootstrap, deploy, stack_name
from cdk.local.emulator import REGION, Emulator, EmulatorError
from cdk.local.processes import ROOT, CommandError
from cdk.local.sidecar_process import Sidecar, SidecarError

LOCAL = ROOT / ".local"
OUTPUTS = LOCAL / "outputs.json"
MAIL = LOCAL / "mail"
STARTED_AT = time.monotonic()
GRACE_SECONDS = 5


def say(text: str) -> None:
    """Print one line of progress with the seconds since the start."""
    print(f"{time.monotonic() - STARTED_AT:5.1f} s  {text}", flush=True)


def read_port() -> int:
    """Read the port from WAYBILL_PORT."""
    text = os.environ.get("WAYBILL_PORT") or "4566"
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise EmulatorError(f"WAYBILL_PORT={text} is not a port: give a number from 1 to 65535.")
    return int(text)


def interrupt(_signal: int, _frame: FrameType | None) -> NoReturn:
    """Raise KeyboardInterrupt at the first signal, and ignore further ones during the clean-up."""
    for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(sign, signal.SIG_IGN)
    # Not by print, which may be in the middle of a line; a closed terminal takes nothing.
    with contextlib.suppress(OSError):
        os.write(sys.stdout.fileno(), b"\nEnding: this may take some seconds.\n")
    raise KeyboardInterrupt


def bring_up(emulator: Emulator, synthesis: Synthesis, sidecar: Sidecar) -> dict[str, str]:
    """Deploy the stack into the running emulator, let the sidecar follow it, and return its outputs."""
    say(f"The emulator answers at {emulator.endpoint}.")
    bootstrap(emulator)
    synthesised = synthesis.finish()
    say("The stack is synthesised." if synthesised else "The stack is unchanged since it was last synthesised.")
    outputs = deploy(emulator, out_dir=synthesis.out_dir)
    sidecar.follow(emulator, outputs)
    say(f"{stack_name()} is deployed.")
    return outputs


def create_accounts(emulator: Emulator, outputs: dict[str, str]) -> Accounts:
    """Create the console's operator and viewer."""
    cognito = emulator.client("cognito-idp")
    with contextlib.closing(cognito):
        return Accounts.create(cognito, outputs["UserPoolId"])


@contextlib.contextmanager
def outputs_file(emulator: Emulator, outputs: dict[str, str], sidecar: Sidecar, accounts: Accounts) -> Iterator[None]:
    """Write the outputs file, in one step as scripts wait for it, and remove it at the end of the block."""
    document = {
        "endpoint": emulator.endpoint,
        "region": REGION,
        "stack": stack_name(),
        "console_url": outputs["ConsoleUrl"],
        "console_user": accounts.operator.user,
        "console_password": accounts.operator.password,
        "viewer_user": accounts.viewer.user,
        "viewer_password": accounts.viewer.password,
        "xray_endpoint": sidecar.endpoint,
        "mail_folder": str(sidecar.mail_folder),
        "outputs": outputs,
    }
    draft = OUTPUTS.with_suffix(".draft")
    text = json.dumps(document, indent=2) + "\n"
    draft.touch(mode=0o600)  # It holds passwords, and this machine may have other users.
    draft.chmod(0o600)  # Also where an interrupted run has left one.
    draft.write_text(text)
    draft.replace(OUTPUTS)
    try:
        yield
    finally:
        if OUTPUTS.exists() and OUTPUTS.read_text() == text:  # Not if it is another run's, on another port.
            OUTPUTS.unlink()


def feed(emulator: Emulator) -> None:
    """Upload the samples and show their results."""
    command = [sys.executable, "-m", "sample_data.feed", "--outputs", str(OUTPUTS.relative_to(ROOT))]
    with subprocess.Popen(command, cwd=ROOT, env=emulator.child_env()) as process:
        try:
            code = process.wait()
        except KeyboardInterrupt:
            # The child restores the terminal when it is interrupted, as a closed terminal has done already.
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.send_signal(signal.SIGINT)
                process.wait(GRACE_SECONDS)
            process.kill()
            raise
    say("The samples are through." if not code else f"Feeding the samples ended with exit code {code}.")


def print_next_steps(emulator: Emulator, outputs: dict[str, str], sidecar: Sidecar, accounts: Accounts) -> None:
    """Print the console's address, its accounts, and commands for another terminal."""
    variables = emulator.client_env() | sidecar.client_env
    settings = " ".join(f"{name}={value}" for name, value in variables.items() if "FILE" not in name)
    sidecar.carry()
    mails = f"{len(sidecar.mails())} in {MAIL.relative_to(ROOT)}/"
    log = emulator.log.relative_to(ROOT)
    print(
        f"""
Waybill is up. Its console:

  {outputs["ConsoleUrl"]}
  sign in as {accounts.operator.user}, password {accounts.operator.password}
  or, only to look, as {accounts.viewer.user}, password {accounts.viewer.password}

From another terminal:

  export {settings}
  aws s3 cp orders.csv s3://{outputs["BucketName"]}/raw-data/
  aws logs tail /aws/lambda/{outputs["ProcessorFunctionName"]} --follow

See what ran: make trace ID=<file name or trace id>    make metrics    make mails ({mails})
Names of everything: {OUTPUTS.relative_to(ROOT)}    What the emulator says: {log}
Ctrl-C ends it all.""",
        flush=True,
    )


def main() -> int:
    """Run until interrupted; return the exit code."""
    for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(sign, interrupt)
    up = False
    try:
        port = read_port()
        workdir = LOCAL / f"emulator-{port}"
        with (
            Sidecar(workdir, MAIL) as sidecar,
            Emulator(port, workdir, extra_env=sidecar.extra_env) as emulator,
            Synthesis(LOCAL / "cdk.out") as synthesis,
        ):
            outputs = bring_up(emulator, synthesis, sidecar)
            accounts = create_accounts(emulator, outputs)
            with outputs_file(emulator, outputs, sidecar, accounts):
                up = True
                feed(emulator)
                print_next_steps(emulator, outputs, sidecar, accounts)
                code = emulator.wait()
            say(f"The emulator ended by itself, with exit code {code}: see {emulator.log.relative_to(ROOT)}.")
            return 1
    except KeyboardInterrupt:
        print("Everything is ended.", flush=True)
        return 0 if up else 128 + signal.SIGINT
    except (EmulatorError, SidecarError, CommandError, BundlingError) as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
