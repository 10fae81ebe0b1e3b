"""The plans of the alarms: metric, threshold and periods, and the text for the person who gets the mail.

A plan's name is its section in docs/runbook.md. Alarms on events look back half an hour, so that failures now and then
are one incident, not one a minute.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from aws_cdk import aws_cloudwatch as cloudwatch

from cdk.monitoring.metrics import Metrics, calculate
from cdk.resources.storage import FILES_INDEXES, Storage
from cdk.settings import Settings

RUNBOOK = "docs/runbook.md"

# With fewer rows in 15 minutes a share means nothing.
LEAST_ROWS = 100
NEAR_TIMEOUT, NEAR_MEMORY = 0.8, 0.85
# One failed answer costs a reload; several within five minutes stop somebody's work.
CONSOLE_ERRORS = 3

AT_LEAST = cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD
ABOVE = cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD

# How an alarm treats a period without data.
# A queue has data while it holds messages or is polled, so a gap means that CloudWatch is blind: the state stays.
KEEP_STATE = cloudwatch.TreatMissingData.IGNORE
# Runs, errors and throttled writes are only counted when they happen, so no data means that none did.
NOTHING_HAPPENED = cloudwatch.TreatMissingData.NOT_BREACHING


@dataclass(frozen=True, kw_only=True)
class AlarmPlan:
    """One alarm and its texts. `periods` is how many of how many periods must breach."""

    name: str
    metric: cloudwatch.Metric | cloudwatch.MathExpression
    comparison: cloudwatch.ComparisonOperator
    threshold: float
    periods: tuple[int, int]
    missing: cloudwatch.TreatMissingData
    means: str
    look: str
    do: str

    def describe(self, dashboard: str) -> str:
        """Return the alarm's description."""
        where = f"{RUNBOOK}#{self.name}"
        return f"{self.means}\n\nLook at: {self.look}\nDashboard: {dashboard}\nDo: {self.do}\nRunbook: {where}"


def plan_alarms(settings: Settings, metrics: Metrics, storage: Storage) -> dict[str, list[AlarmPlan]]:
    """Plan the alarms of a deployment, grouped by what to look at first."""
    return {
        "the queues": [_dead_letters(metrics), _oldest_message(settings, metrics), _processing_stopped(metrics)],
        "the mails about the files, and the saved query 'Failures by cause'": list(_of_files(settings, metrics)),
        "the function, and the saved query 'Invocations that died'": [
            *_of_invocations(metrics),
            *_near_limits(settings, metrics),
        ],
        "the tables": list(_of_tables(settings, metrics, storage)),
        "the console's log, and the saved query 'Console requests that failed'": list(_of_console(metrics)),
    }


def _dead_letters(metrics: Metrics) -> AlarmPlan:
    return AlarmPlan(
        name="dead-letters",
        # One of five minutes: looking at the messages hides them for a while, and the alarm should not flicker.
        metric=metrics.of_dead_letters("ApproximateNumberOfMessagesVisible", "Maximum", minutes=1),
        comparison=ABOVE,
        threshold=0,
        periods=(1, 5),
        missing=KEEP_STATE,
        means="A message failed in every one of its runs and lies in the dead-letter queue; its file is not settled.",
        look="the saved query 'Failed runs', and the mail about the file",
        do="remove the cause, then redrive the queue; a new run of a file is always safe.",
    )


def _oldest_message(settings: Settings, metrics: Metrics) -> AlarmPlan:
    return AlarmPlan(
        name="oldest-message",
        # SQS includes messages in flight and those that wait for a retry.
        metric=metrics.of_queue("ApproximateAgeOfOldestMessage", "Maximum", minutes=1),
        comparison=ABOVE,
        threshold=settings.max_message_age_s,
        periods=(5, 5),
        missing=KEEP_STATE,
        means=f"A file has waited for more than {settings.max_message_age_s} s: the backlog grows, or a run died.",
        look="queue, concurrency and errors on the dashboard",
        do="raise max_concurrency if the function is busy; if a run died, wait for the message or find out why.",
    )


def _processing_stopped(metrics: Metrics) -> AlarmPlan:
    waiting = {
        # The minimum: a message was visible during the whole period.
        "waiting": metrics.of_queue("ApproximateNumberOfMessagesVisible", "Minimum"),
        "started": metrics.of_function("Invocations", "Sum"),
        # While long runs take every slot, none starts, and all is well.
        "running": metrics.of_function("ConcurrentExecutions", "Maximum"),
    }
    return AlarmPlan(
        name="processing-stopped",
        metric=calculate(
            # A function that is not invoked has no data at all, which FILL cannot fill. SUM skips missing series, and
            # the first series is zero wherever the queue has data.
            "IF(waiting > 0 AND SUM([0 * waiting, FILL(started, 0), FILL(running, 0)]) == 0, 1, 0)",
            waiting,
        ),
        comparison=ABOVE,
        threshold=0,
        # Three in a row: FILL reads a late metric as zero, but none is 15 minutes late.
        periods=(3, 3),
        missing=KEEP_STATE,
        means="Messages wait in the ingest queue, but for 15 minutes the function has not been invoked.",
        look="the function's event source mapping, its permissions, and the account's concurrency",
        do="enable the mapping again, or undo the change that stopped it; nothing is lost while messages wait.",
    )


def _of_files(settings: Settings, metrics: Metrics) -> Iterator[AlarmPlan]:
    yield AlarmPlan(
        name="failed-files",
        metric=metrics.ours("FilesFailed"),
        comparison=ABOVE,
        threshold=settings.max_failed_files,
        periods=(1, 6),
        missing=NOTHING_HAPPENED,
        means=f"Files cannot be read as order files: more than {settings.max_failed_files} within 5 minutes.",
        look="the saved query 'Failures by cause', and failed-data/ in the bucket",
        do="tell the sender the cause and have the file sent again, corrected; it does not retry by itself.",
    )
    rows = {"accepted": metrics.ours("RowsAccepted"), "rejected": metrics.ours("RowsRejected")}
    yield AlarmPlan(
        name="rejected-rows",
        metric=calculate(
            f"IF(accepted + rejected >= {LEAST_ROWS}, 100 * rejected / (accepted + rejected), 0)", rows, minutes=15
        ),
        comparison=ABOVE,
        threshold=settings.max_rejected_percent,
        periods=(1, 2),
        missing=NOTHING_HAPPENED,
        means=f"More than {settings.max_rejected_percent} % of the rows of 15 minutes were rejected.",
        look="the saved query 'Files with rejected rows', and the reasons in the mails",
        do="find the sender or column that changed; correct the rejected rows and upload them.",
    )


def _of_invocations(metrics: Metrics) -> Iterator[AlarmPlan]:
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
    yield AlarmPlan(
        name="near-memory-limit",
        metric=metrics.ours("PeakMemory", "Maximum"),
        comparison=AT_LEAST,
        threshold=round(NEAR_MEMORY * settings.memory_mb),
        periods=(1, 6),
        missing=NOTHING_HAPPENED,
        means=f"The function used more than {NEAR_MEMORY:.0%} of its {settings.memory_mb} MB. Beyond it, it is killed.",
        look="peak memory on the dashboard: does it grow with time, or jump with a file?",
        do="raise memory_mb. Memory should not grow with a file: if it does, keep the file and report a bug.",
    )


def _of_tables(settings: Settings, metrics: Metrics, storage: Storage) -> Iterator[AlarmPlan]:
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


def _of_console(metrics: Metrics) -> Iterator[AlarmPlan]:
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
