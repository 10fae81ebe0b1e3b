"""`make verify`: preflight, deployment, the assertions in order, removal of what they made, and teardown if asked.

    python -m cdk.commands.verify [-c environment=…] [-c name=value …]

Environment: DEPLOYED=1 verifies what is deployed already; TEARDOWN=1 removes the stack afterwards, which asks as
`make destroy` does. The endpoints are AWS's, or those of the SDK's usual variables.
"""

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from cdk.commands.deploy import deploy, read_settings
from cdk.commands.destroy import destroy
from cdk.commands.preflight.examination import examine
from cdk.commands.session import OperationError, aws_session, read_outputs, stack_name
from cdk.commands.verify.access import check_access
from cdk.commands.verify.alerts import Alerts
from cdk.commands.verify.browser import open_browser
from cdk.commands.verify.checklist import CheckError, Checklist
from cdk.commands.verify.dead_letters import DeadLetters
from cdk.commands.verify.deployment import Deployment
from cdk.commands.verify.files import Files
from cdk.commands.verify.large_file import prove_large_file
from cdk.commands.verify.monitoring import Monitoring
from cdk.commands.verify.orders import Orders
from cdk.settings import SettingsError

if TYPE_CHECKING:
    import boto3


def verify(session: "boto3.Session", context: Sequence[str], checks: Checklist) -> bool:
    """Run everything up to the removal of what was made; return whether the stack is one to verify, and to remove."""
    stack = stack_name(context)
    is_ready = checks.check("The account is ready for it", lambda: _prepare(session, context))
    if not is_ready and not _is_set("DEPLOYED"):
        return False
    if not _is_set("DEPLOYED") and not checks.check(f"{stack} is deployed", lambda: _deploy(session, context)):
        return True
    with open_browser() as browser:
        deployment = Deployment(session, read_outputs(session, stack), browser)
        try:
            assert_all(deployment, checks)
        finally:
            checks.remove_all()
    checks.say(f"What stays of it: its files, whose names hold {deployment.mark}, in the ledger, the orders table and")
    checks.say("the bucket, as deleting them would be a difference in the books. They go with tables and bucket.")
    return True


def assert_all(deployment: Deployment, checks: Checklist) -> None:
    """Run the assertions. What takes a while is begun first."""
    alerts, letters = Alerts(deployment), DeadLetters(deployment)
    if not checks.check("The alerts topic can be listened to", lambda: alerts.subscribe(checks)):
        return
    letters.send_poison(checks)
    if not check_access(deployment, checks):
        checks.say("The rest needs an operator's session: mend the sign-in, then verify again.")
        return
    files = Files(deployment, alerts)
    files.check(checks)
    Orders(deployment).check(checks, files)
    checks.check("A large file is stored in ranges by the state machine", lambda: prove_large_file(deployment))
    letters.check(checks, files)
    Monitoring(deployment, alerts, files).check(checks)


def _prepare(session: "boto3.Session", context: Sequence[str]) -> None:
    settings = read_settings(context)
    if _is_set("TEARDOWN") and not _is_set("DEPLOYED") and settings.removal_policy == "retain":
        raise CheckError(
            f"TEARDOWN=1 would leave the bucket, the tables and the accounts of {settings.environment}, whose "
            'removal_policy is retain: add CONTEXT="removal_policy=destroy", or leave TEARDOWN out.'
        )
    report = examine(session, settings)
    if report.refusals:
        raise CheckError("\n    ".join(report.refusals))


def _deploy(session: "boto3.Session", context: Sequence[str]) -> None:
    if deploy(session, context):
        raise CheckError("The CDK says above why not.")


def _is_set(name: str) -> bool:
    return os.environ.get(name) == "1"


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201


def main(context: Sequence[str]) -> int:
    """Verify; return the exit code."""
    checks = Checklist(_say)
    try:
        session = aws_session()
        is_ours = verify(session, context, checks)
        if is_ours and _is_set("TEARDOWN"):
            checks.check(f"{stack_name(context)} is removed", lambda: _tear_down(session, context))
    except (OperationError, SettingsError, BotoCoreError, ClientError) as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 1
    _say("All of it holds." if not checks.failures else f"{checks.failures} of it failed: see each ✗ above.")
    return int(bool(checks.failures))


def _tear_down(session: "boto3.Session", context: Sequence[str]) -> None:
    if destroy(session, context):
        raise CheckError("The CDK says above why not.")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
