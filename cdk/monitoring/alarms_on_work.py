"""The alarms on the queues and the files."""

from collections.abc import Iterator

from cdk.monitoring.alarm_plan import ABOVE, KEEP_STATE, NOTHING_HAPPENED, AlarmPlan
from cdk.monitoring.metrics import Metrics, calculate
from cdk.settings import Settings

# With fewer rows in 15 minutes a share means nothing.
LEAST_ROWS = 100


def plan_for_queues(settings: Settings, metrics: Metrics) -> Iterator[AlarmPlan]:
    """Plan the alarms on the ingest queue and the dead-letter queue."""
    yield _dead_letters(metrics)
    yield _oldest_message(settings, metrics)
    yield _processing_stopped(metrics)


def _dead_letters(metrics: Metrics) -> AlarmPlan:
    return AlarmPlan(
        name="dead-letters",
        # SQS pauses the metrics of a queue that nobody used for hours, and then takes up to 15 minutes to go on.
        # One of five minutes: looking at the messages hides them for a while, and the alarm should not flicker.
        metric=metrics.of_dead_letters("ApproximateNumberOfMessagesVisible", "Maximum", minutes=1),
        comparison=ABOVE,
        threshold=0,
        periods=(1, 5),
        missing=KEEP_STATE,
        means="A message failed in every one of its runs and lies in the dead-letter queue; its file is not settled.",
        look="the saved query 'Failed runs', and the mail about the file",
        do="remove the cause, then redrive the queue; a new run of a file is always safe.",
        is_essential=True,
    )


def _oldest_message(settings: Settings, metrics: Metrics) -> AlarmPlan:
    return AlarmPlan(
        name="oldest-message",
        # SQS includes messages in flight and those that wait for a retry, but passes over one that was received three
        # times: its last run, by default, and what a redrive does not end.
        # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
        metric=metrics.of_queue("ApproximateAgeOfOldestMessage", "Maximum", minutes=1),
        comparison=ABOVE,
        threshold=settings.max_message_age_s,
        periods=(5, 5),
        missing=KEEP_STATE,
        means=f"A file has waited for more than {settings.max_message_age_s} s: the backlog grows, or a run died. "
        "A message that was received three times does not count.",
        look="queue, concurrency and errors on the console's page of metrics",
        do="raise max_concurrency if the function is busy; if a run died, wait for the message or find out why.",
        is_essential=True,
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


def plan_for_files(settings: Settings, metrics: Metrics) -> Iterator[AlarmPlan]:
    """Plan the alarms on files that nobody can read or that are held, on the books, and on rows that are rejected."""
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
    yield AlarmPlan(
        name="held-files",
        metric=metrics.ours("FilesHeld"),
        comparison=ABOVE,
        threshold=settings.max_failed_files,
        periods=(1, 6),
        missing=NOTHING_HAPPENED,
        means=f"More than {settings.max_failed_files} files within 5 minutes are held. Nothing of them is stored.",
        look="the files in state held in the console; each one's page says why, and what was announced or came before",
        do="decide on each page: replace, store or dismiss; if all come from one sender, ask the sender first.",
    )
    yield AlarmPlan(
        name="books-differ",
        metric=metrics.by_worker("AuditDifferences"),
        comparison=ABOVE,
        threshold=0,
        periods=(1, 6),
        missing=NOTHING_HAPPENED,
        means="An audit found that a file's original, counts, orders and outputs do not agree, or a counter is wrong.",
        look="the books on the console's overview, and the differences on the file's page",
        do="find out who changed what, then reprocess the file, which writes all of it again; verify it again.",
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
