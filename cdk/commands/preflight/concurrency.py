"""The account's concurrency of Lambda, and how the stack's functions share it."""

from typing import TYPE_CHECKING, NamedTuple

from cdk.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

    from cdk.commands.preflight.report import Report

# https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html
ALWAYS_UNRESERVED = 100
# A page makes several requests at once, and a bulk action runs beside it.
LEAST_FOR_THE_CONSOLE = 3
MORE = "ask for more (Service Quotas, AWS Lambda, *Concurrent executions*)"


class Quota(NamedTuple):
    """Concurrent executions of an account in a region."""

    limit: int
    free: int
    """Not reserved by a function other than this stack's."""


def read_quota(client: "LambdaClient", console_function: str) -> Quota:
    """Read the account's quota; what the deployed console has reserved counts as free."""
    limit = client.get_account_settings()["AccountLimit"]
    ours = 0
    try:
        answer = client.get_function_concurrency(FunctionName=console_function)
        ours = answer.get("ReservedConcurrentExecutions", 0)
    except client.exceptions.ResourceNotFoundException:
        pass  # Not deployed yet.
    return Quota(limit["ConcurrentExecutions"], limit["UnreservedConcurrentExecutions"] + ours)


def share(quota: Quota, settings: Settings, report: "Report") -> None:
    """Say what is left for files and console; lower the console's own share where AWS would refuse it."""
    console = settings.console_concurrency
    if console and quota.free - console < ALWAYS_UNRESERVED:
        report.lowered["console_concurrency"] = 0
        report.notes.append(
            f"console_concurrency is 0 this time, not {console}: of this account's {quota.limit} concurrent executions "
            f"{quota.free} are not reserved, and AWS keeps {ALWAYS_UNRESERVED} of them so. The console shares with the "
            f"files. Then {MORE} and deploy again."
        )
        console = 0
    files = settings.max_concurrency + settings.large_file_concurrency
    left = quota.free - console - files
    told = (
        f"Concurrency: {quota.limit} in this account, {quota.free} of them free. Files take up to {files} "
        f"(max_concurrency {settings.max_concurrency}, large_file_concurrency {settings.large_file_concurrency})"
    )
    if console:
        report.notes.append(f"{told}, the console has {console} of its own, and {left} are left for everything else.")
    elif left >= LEAST_FOR_THE_CONSOLE:
        report.notes.append(f"{told}; {left} are left for the console and everything else.")
    else:
        report.notes.append(
            f"{told}; {max(left, 0)} are left, so many files at once shut the console. Lower both, such as "
            f'CONTEXT="max_concurrency=2 large_file_concurrency=1", or {MORE}.'
        )
