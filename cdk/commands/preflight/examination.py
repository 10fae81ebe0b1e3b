"""The examination itself: asks AWS in order, and stops where no further answer would mean anything."""

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError, EndpointConnectionError

from cdk.commands.preflight import leftovers
from cdk.commands.preflight.concurrency import read_quota, share
from cdk.commands.preflight.report import Report
from cdk.commands.session import OperationError
from cdk.settings import PARTITION, Settings

if TYPE_CHECKING:
    import boto3

BOOTSTRAP_PARAMETER = "/cdk-bootstrap/hnb659fds/version"
# What the synthesised stack asks for (requiresBootstrapStackVersion in its manifest).
LEAST_BOOTSTRAP = 6
_BAD_CREDENTIALS = ("InvalidClientTokenId", "UnrecognizedClientException", "ExpiredToken", "ExpiredTokenException")


def examine(session: "boto3.Session", settings: Settings) -> Report:
    """Look at the account and region; change nothing. Raise OperationError where the credentials are not good."""
    report = Report()
    account, arn = _caller(session)
    partition = arn.split(":")[1]
    if partition != PARTITION:
        report.refusals.append(
            f"{session.region_name} is in the partition {partition}. Waybill is made for the partition {PARTITION} "
            "alone: choose a region of it."
        )
        return report
    stack = f"Waybill-{settings.environment}"
    if _has_no_cognito(session, report):
        return report
    _judge_bootstrap(session, account, report)
    status = report.ask(
        f"the state of {stack}",
        "cloudformation:DescribeStacks",
        lambda: leftovers.read_stack_status(session, stack),
    )
    leftovers.judge_stack_status(status or "", stack, report)
    has_stack = status is None or status not in leftovers.NOT_THERE
    _name_orphans(session, settings, stack, has_stack=has_stack, report=report)
    if not has_stack:
        bucket = f"waybill-{settings.environment}-{account}-{session.region_name}"
        leftovers.judge_bucket(session, bucket, account, report)
        wait_s = report.ask(
            "whether the stack was deleted a moment ago",
            "cloudformation:ListStacks",
            lambda: leftovers.read_wait_s(session, stack),
        )
        report.wait_s = wait_s or 0
    quota = report.ask(
        "the account's concurrency",
        "lambda:GetAccountSettings or lambda:GetFunctionConcurrency",
        lambda: read_quota(session.client("lambda"), f"waybill-{settings.environment}-console"),
    )
    if quota:
        share(quota, settings, report)
    return report


def _caller(session: "boto3.Session") -> tuple[str, str]:
    try:
        identity = session.client("sts").get_caller_identity()
    except ClientError as error:
        if error.response["Error"]["Code"] not in _BAD_CREDENTIALS:
            raise
        raise OperationError(
            f"AWS does not take these credentials in {session.region_name}: they have expired or are wrong, or the "
            "region is not enabled for the account (AWS console, *Account*, *AWS Regions*)."
        ) from error
    return identity["Account"], identity["Arn"]


def _has_no_cognito(session: "boto3.Session", report: Report) -> bool:
    """Tell whether the region lacks Cognito, the one service of the stack that not every region has."""

    def answers() -> bool:
        try:
            session.client("cognito-idp").list_user_pools(MaxResults=1)
        except EndpointConnectionError:
            return False
        return True

    if report.ask("whether Cognito is there", "cognito-idp:ListUserPools", answers) is not False:
        return False
    report.refusals.append(
        f"Cognito, which signs people in, does not answer in {session.region_name}: choose a region that has it "
        "(https://docs.aws.amazon.com/general/latest/gr/cognito_identity.html), or mend the network."
    )
    return True


def _judge_bootstrap(session: "boto3.Session", account: str, report: Report) -> None:
    where = f"aws://{account}/{session.region_name}"
    ssm = session.client("ssm")
    try:
        version = report.ask(
            "the CDK's bootstrap",
            f"ssm:GetParameter on {BOOTSTRAP_PARAMETER}",
            lambda: int(ssm.get_parameter(Name=BOOTSTRAP_PARAMETER)["Parameter"]["Value"]),
        )
    except ssm.exceptions.ParameterNotFound:
        report.bootstrap = f"The CDK was never bootstrapped in {where}"
        return
    if version is not None and version < LEAST_BOOTSTRAP:
        report.bootstrap = f"The CDK's bootstrap in {where} is version {version}, and {LEAST_BOOTSTRAP} is needed"


def _name_orphans(session: "boto3.Session", settings: Settings, stack: str, *, has_stack: bool, report: Report) -> None:
    orphans = report.ask(
        "what earlier deployments have left",
        "dynamodb:ListTables, cognito-idp:ListUserPools or cloudformation:ListStackResources",
        lambda: leftovers.list_orphans(session, settings.environment, stack, has_stack=has_stack),
    )
    if orphans:
        report.notes.append(
            f"Left by an earlier stack of this environment, and still kept and paid for: {', '.join(orphans)}. The "
            f"new one has its own. To remove them: {leftovers.GUIDE}."
        )
