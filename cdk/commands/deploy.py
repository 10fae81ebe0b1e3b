"""`make synth`, `make deploy` and `make bootstrap` in a real account, with the caller's credentials.

The CDK command line does the work. This module prepares it, so that a newcomer reads a sentence where the command line
would show a stack trace, or approve what nobody has seen.
"""

import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from cdk.commands.cdk_command import run_cdk
from cdk.commands.preflight.examination import examine
from cdk.commands.session import OperationError, aws_session, context_values, stack_name
from cdk.settings import Settings, SettingsError

if TYPE_CHECKING:
    import boto3

    from cdk.commands.preflight.report import Report


def read_settings(context: Sequence[str]) -> Settings:
    """Return the settings that a synthesis with these `-c name=value` arguments would have.

    Raise SettingsError for a name that is none: misspelt, it would leave a default in its place. CDK's own names, which
    hold a `:`, pass.
    """
    return Settings.parse({name: value for name, value in context_values(context).items() if ":" not in name})


def deploy(session: "boto3.Session", context: Sequence[str]) -> int:
    """Examine the account, bootstrap it if need be, and deploy; return the CDK's exit code."""
    report = examine(session, read_settings(context))
    _tell(report)
    if report.bootstrap:
        _bootstrap(session, report.bootstrap)
    if report.wait_s:
        _say(f"The stack was deleted a moment ago, and SQS frees its names in {report.wait_s:.0f} s: waiting.")
        time.sleep(report.wait_s)
    lowered = [part for name, value in report.lowered.items() for part in ("-c", f"{name}={value}")]
    code = run_cdk("deploy", stack_name(context), *_approval(), *context, *lowered)
    if code and not sys.stdin.isatty() and not _is_approved():
        _say("If permissions widen, nobody at a terminal has seen them: YES=1 approves them (make deploy … YES=1).")
    return code


def bootstrap(session: "boto3.Session", context: Sequence[str]) -> int:
    """Bootstrap the account and region for the CDK, after asking."""
    why = examine(session, read_settings(context)).bootstrap
    _bootstrap(session, why or "The CDK is bootstrapped here already; this brings it up to date")
    return 0


def _tell(report: "Report") -> None:
    for note in report.notes:
        _say(note)
    if report.refusals:
        raise OperationError("\n".join(["Nothing was deployed.", *report.refusals]))


def _say(text: str) -> None:
    print(text, file=sys.stderr)  # noqa: T201


def _is_approved() -> bool:
    return os.environ.get("YES") == "1"


def _approval() -> list[str]:
    """Return the option by which the CDK asks about permissions that widen; without a terminal it then refuses them."""
    return ["--require-approval", "never" if _is_approved() else "broadening"]


def _bootstrap(session: "boto3.Session", why: str) -> None:
    """Run the CDK's bootstrap, which creates roles, so somebody has to say yes."""
    if not _is_approved():
        question = f"{why}. Bootstrapping makes a bucket and the IAM roles that deploy. Go on? (yes/no) "
        if not sys.stdin.isatty():
            raise OperationError(
                f"{why}: `make bootstrap` does it, and asks first; without a terminal, YES=1 says yes."
            )
        if input(question).strip() != "yes":
            raise OperationError("Nothing was deployed: the bootstrap was declined.")
    account = session.client("sts").get_caller_identity()["Account"]
    with tempfile.TemporaryDirectory() as folder:  # Beside cdk.json it would synthesise the application first.
        if run_cdk("bootstrap", f"aws://{account}/{session.region_name}", folder=Path(folder)):
            raise OperationError("The bootstrap failed: see above. It needs the permission to create IAM roles.")


def main(arguments: Sequence[str]) -> int:
    """Run the command in the first argument with the context in the others; return the exit code."""
    operation, *context = arguments
    try:
        if operation == "synth":
            read_settings(context)
            return run_cdk("synth", "--quiet", *context)
        return {"deploy": deploy, "bootstrap": bootstrap}[operation](aws_session(), context)
    except (OperationError, SettingsError, BotoCoreError, ClientError) as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
