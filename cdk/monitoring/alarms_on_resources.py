"""The alarms on functions, state machine, tables and console."""

from collections.abc import Iterator

from aws_cdk import aws_cloudwatch as cloudwatch

from cdk.monitoring.alarm_plan import ABOVE, AT_LEAST, KEEP_STATE, NOTHING_HAPPENED, AlarmPlan
from cdk.monitoring.metrics import Metrics, calculate
from cdk.resources.large_files import STEP_ATTEMPTS
from cdk.resources.storage import FILES_INDEXES, Storage
from cdk.settings import Settings

NEAR_TIMEOUT, NEAR_MEMORY = 0.8, 0.85
# One failed answer costs a reload; several within five minutes stop somebody's work.
CONSOLE_ERRORS = 3


def plan_for_function(settings: Settings, metrics: Metrics) -> Iterator[AlarmPlan]:
    """Plan the alarms on the processor's function."""
    yield AlarmPlan(
        name="function-errors",
        metric=metrics.of_function("Errors", "Sum"),
        comparison=AT_LEAST,
        threshold=1,
        periods=(1, 6),
        missing=NOTHING_HAPPENED,
        # A failed run is reported to SQS, and is not an error of the function.
        means="The function itself died or did not start: timeout, out of memory, bad deployment. No run is lost.",
        look="the saved query 'Invocations that died'",
        do="undo the last deployment, or raise memory_mb or timeout_s; the messages come back by themselves.",
        is_essential=True,
    )
    yield AlarmPlan(
        name="function-throttles",
        metric=metrics.of_function("Throttles", "Sum"),
        comparison=AT_LEAST,
        threshold=1,
        # Lambda retries a throttled poll; only a lasting shortage needs a person.
        periods=(3, 6),
        missing=NOTHING_HAPPENED,
        means="Lambda keeps refusing to start runs: the account has too little concurrency left.",
        look="concurrency on the dashboard, and the account's limit",
        do="lower max_concurrency, or ask AWS for a higher limit. Throttled receives count towards dead-lettering.",
    )
    yield from _near_limits(settings, metrics)


def _near_limits(settings: Settings, metrics: Metrics) -> Iterator[AlarmPlan]:
    yield AlarmPlan(
        name="near-timeout",
        metric=metrics.of_function("Duration", "Maximum"),
        comparison=AT_LEAST,
        threshold=round(NEAR_TIMEOUT * settings.timeout_s * 1000),
        periods=(1, 6),
        missing=NOTHING_HAPPENED,
        means=f"A run took more than {NEAR_TIMEOUT:.0%} of its time limit of {settings.timeout_s} s.",
        look="the saved query 'Slowest files', and throttled writes on the dashboard",
        do="raise memory_mb (CPU grows with it), or have the sender split the file.",
    )
    yield _near_memory_limit(
        "near-memory-limit", metrics.ours("PeakMemory", "Maximum"), "memory_mb", settings.memory_mb
    )


def _near_memory_limit(name: str, peak: cloudwatch.Metric, setting: str, limit_mb: int) -> AlarmPlan:
    return AlarmPlan(
        name=name,
        metric=peak,
        comparison=AT_LEAST,
        threshold=round(NEAR_MEMORY * limit_mb),
        periods=(1, 6),
        missing=NOTHING_HAPPENED,
        means=f"The function used more than {NEAR_MEMORY:.0%} of its {limit_mb} MB. Beyond it, it is killed.",
        look="peak memory on the dashboard: does it grow with time, or jump with a file?",
        do=f"raise {setting}. Memory should not grow with a file: if it does, keep the file and report a bug.",
    )


def plan_for_large_files(settings: Settings, metrics: Metrics) -> Iterator[AlarmPlan]:
    """Plan the alarms on the state machine and the function of files that are read in ranges."""
    ended = {name: metrics.of_machine(f"Executions{name.title()}") for name in ("failed", "aborted")} | {
        "late": metrics.of_machine("ExecutionsTimedOut")
    }
    yield AlarmPlan(
        name="failed-large-files",
        metric=calculate("SUM([failed, aborted, late])", ended),
        comparison=AT_LEAST,
        threshold=1,
        periods=(1, 6),
        missing=NOTHING_HAPPENED,
        means="A run of a large file failed, was stopped or took too long; the file is not settled.",
        look="the execution in Step Functions, and the file's page",
        do="remove the cause. The message comes again, after a stop when large_file_timeout_s are over.",
    )
    yield AlarmPlan(
        name="ranges-errors",
        metric=metrics.of_ranges("Errors", "Sum"),
        comparison=AT_LEAST,
        # A step that fails raises, and is repeated; fewer errors than one step's attempts have passed by themselves.
        threshold=STEP_ATTEMPTS,
        periods=(1, 6),
        missing=NOTHING_HAPPENED,
        means=f"Steps of large files failed {STEP_ATTEMPTS} times in 5 minutes, as often as one step is tried.",
        look="the saved query 'Invocations that died', and the execution in Step Functions",
        do="undo the last deployment, or raise large_file_memory_mb; a later run stores only what is missing.",
    )
    yield AlarmPlan(
        name="ranges-throttles",
        metric=metrics.of_ranges("Throttles", "Sum"),
        comparison=AT_LEAST,
        threshold=1,
        periods=(3, 6),
        missing=NOTHING_HAPPENED,
        means="Lambda keeps refusing to start steps of large files: the account has too little concurrency left.",
        look="concurrency on the dashboard, and the account's limit",
        do="lower large_file_concurrency or max_concurrency, or ask AWS for a higher limit.",
    )
    yield _near_memory_limit(
        "ranges-near-memory-limit",
        metrics.ours("RangesPeakMemory", "Maximum"),
        "large_file_memory_mb",
        settings.large_file_memory_mb,
    )


def plan_for_tables(settings: Settings, metrics: Metrics, storage: Storage) -> Iterator[AlarmPlan]:
    """Plan the alarms on throttled writes."""
    for name, table, indexes in (
        ("orders", storage.orders, settings.order_indexes),
        ("files", storage.files, FILES_INDEXES),
    ):
        # A throttled index holds up the table's writes but is counted separately.
        parts = {
            f"writes{number}": metrics.of_table("WriteThrottleEvents", table, index=index, minutes=1)
            for number, index in enumerate(("", *indexes))
        }
        yield AlarmPlan(
            name=f"{name}-throttled",
            metric=calculate(f"SUM([{', '.join(parts)}])", parts, minutes=1),
            comparison=AT_LEAST,
            threshold=1,
            # The processor retries while the table splits partitions, which takes some minutes.
            periods=(10, 15),
            missing=NOTHING_HAPPENED,
            means=f"For ten minutes DynamoDB has held up writes to the {name} table or its indexes.",
            look=f"consumed units and throttled writes of {name} on the dashboard",
            do="lower max_concurrency until it ends, or warm the table's throughput up before a mass import.",
        )


def plan_for_console(metrics: Metrics) -> Iterator[AlarmPlan]:
    """Plan the alarms on the console and its worker."""
    yield AlarmPlan(
        name="console-errors",
        metric=metrics.of_api("5xx", "Sum"),
        comparison=AT_LEAST,
        threshold=CONSOLE_ERRORS,
        periods=(1, 6),
        missing=NOTHING_HAPPENED,
        means=f"The console failed to answer at least {CONSOLE_ERRORS} requests within 5 minutes. Files go on.",
        look="the saved query 'Console requests that failed', and the console's log",
        do="undo the last deployment, or raise console_memory_mb if it was too slow; use AWS's own tools meanwhile.",
    )
    yield AlarmPlan(
        name="worker-errors",
        metric=metrics.of_worker("Errors", "Sum"),
        comparison=AT_LEAST,
        threshold=1,
        periods=(1, 6),
        missing=NOTHING_HAPPENED,
        means="The console's worker died in the middle of a bulk action. Lambda starts it twice again by itself.",
        look="the action's page in the console, and the worker's log",
        do="if the action does not go on within minutes, start it again: nothing is done twice.",
    )
    yield AlarmPlan(
        name="failed-actions",
        metric=metrics.of_failed_actions("ApproximateNumberOfMessagesVisible", "Maximum", minutes=1),
        comparison=ABOVE,
        threshold=0,
        periods=(1, 5),
        missing=KEEP_STATE,
        means="Lambda gave up on a bulk action: its worker died three times, or could not start for six hours.",
        look="the queue of failed actions, whose messages name the action and the error, and the worker's log",
        do="remove the cause, carry the action on from its page, then purge the queue: nothing is done twice.",
        is_essential=True,
    )
