"""The dashboard's widgets about files: the present, throughput, latency and cost."""

from collections.abc import Sequence
from dataclasses import dataclass

from aws_cdk import aws_cloudwatch as cloudwatch

from cdk.monitoring.alarms_on_work import LEAST_ROWS
from cdk.monitoring.metrics import Metrics, calculate
from cdk.monitoring.widgets import WIDTH, Rows, graph, text
from cdk.settings import Settings


@dataclass(frozen=True)
class Work:
    """Rows of widgets of the processor's own metrics and the queues."""

    settings: Settings
    metrics: Metrics

    def now(self, alarms: Sequence[cloudwatch.IAlarm]) -> Rows:
        """Show whether anything is wrong at this moment."""
        shown = cloudwatch.AlarmStatusWidget(
            title="Alarms (red: open it, do what its description says)",
            alarms=list(alarms),
            width=WIDTH,
            height=5,
        )
        return [[shown], [*self._queues(), self._failures()]]

    def _queues(self) -> list[cloudwatch.IWidget]:
        metrics, oldest = self.metrics, self.settings.max_message_age_s
        age = graph(
            "Age of the oldest message",
            [metrics.of_queue("ApproximateAgeOfOldestMessage", "Maximum", minutes=1, label="seconds")],
            across=4,
            unit="seconds",
            limits={f"alarm: {oldest} s": oldest},
        )
        queue = graph(
            "Messages in the ingest queue",
            [
                metrics.of_queue("ApproximateNumberOfMessagesVisible", "Maximum", minutes=1, label="waiting"),
                metrics.of_queue("ApproximateNumberOfMessagesNotVisible", "Maximum", minutes=1, label="in a run"),
            ],
            across=4,
            unit="messages",
        )
        dead = graph(
            "Dead letters: remove the cause, then redrive",
            [metrics.of_dead_letters("ApproximateNumberOfMessagesVisible", "Maximum", minutes=1, label="dead letters")],
            across=4,
            unit="messages",
            limits={"alarm: more than 0": 0},
        )
        return [dead, age, queue]

    def _failures(self) -> cloudwatch.IWidget:
        ours, most = self.metrics.ours, self.settings.max_failed_files
        return graph(
            "Files that failed, files held, runs that failed",
            [
                ours("FilesFailed", label="files failed"),
                ours("FilesHeld", label="files held"),
                ours("FilesDeadLettered", label="files dead-lettered"),
                ours("RunsFailed", label="runs failed (retried by themselves)"),
            ],
            across=4,
            unit="in 5 minutes",
            limits={f"alarm: more than {most} failed, or held": most},
        )

    def throughput(self) -> Rows:
        """Show the files and rows by outcome."""
        return [
            [
                text(
                    "## Throughput\n"
                    "A partial file: its rejected rows wait in `failed-data/` with their reasons; correct and upload "
                    "them. A failed file is never retried: the sender corrects it. Of a held file nothing is stored "
                    "until a person decides on its page, and of a duplicate nothing."
                )
            ],
            [self._files(), self._success(), self._rows()],
            [self._rejected_share(), *self._speed()],
        ]

    def _files(self) -> cloudwatch.IWidget:
        ours = self.metrics.ours
        return graph(
            "Files by outcome",
            [
                ours("FilesReceived", label="received"),
                *(ours(f"Files{state}", label=state.lower()) for state in ("Processed", "Partial", "Failed")),
                ours("FilesHeld", label="held"),
                ours("FilesDuplicate", label="duplicate"),
                ours("FilesDeadLettered", label="dead-lettered"),
            ],
            unit="files in 5 minutes",
        )

    def _success(self) -> cloudwatch.IWidget:
        ours = self.metrics.ours
        outcomes = {
            "processed": ours("FilesProcessed"),
            "partial": ours("FilesPartial"),
            "failed": ours("FilesFailed"),
            "held": ours("FilesHeld"),
            "dead": ours("FilesDeadLettered"),
        }
        return graph(
            "Success rate: files that needed no person",
            [calculate("100 * processed / (processed + partial + failed + held + dead)", outcomes, label="% of files")],
            unit="%",
            top=100,
        )

    def _rows(self) -> cloudwatch.IWidget:
        ours = self.metrics.ours
        return graph(
            "Rows",
            [ours("RowsAccepted", label="accepted"), ours("RowsRejected", label="rejected")],
            unit="rows in 5 minutes",
        )

    def _rejected_share(self) -> cloudwatch.IWidget:
        ours, limit = self.metrics.ours, self.settings.max_rejected_percent
        rows = {"accepted": ours("RowsAccepted", minutes=15), "rejected": ours("RowsRejected", minutes=15)}
        return graph(
            "Rejected rows",
            [calculate("100 * rejected / (accepted + rejected)", rows, minutes=15, label="% of rows in 15 minutes")],
            unit="%",
            limits={f"alarm: {limit} % of at least {LEAST_ROWS} rows": limit},
        )

    def _speed(self) -> list[cloudwatch.IWidget]:
        ours = self.metrics.ours
        read = graph("Bytes read", [ours("BytesProcessed", label="bytes")], unit="bytes in 5 minutes")
        speed = graph(
            "Rows per second of a run",
            [ours("RowsPerSecond", "p50", label="p50"), ours("RowsPerSecond", "p10", label="p10: the slowest tenth")],
            unit="rows/s",
        )
        return [read, speed]

    def latency(self) -> Rows:
        """Show the times from upload to settlement."""
        settled = graph("From upload to settled", self._percentiles("UploadToSettled"), unit="ms", across=2)
        run = graph("Duration of a run", self._percentiles("ProcessingDuration"), unit="ms", across=2)
        return [
            [
                text(
                    "## Latency\n"
                    "Both slow: files are large, or writes are throttled (see Tables). Only *upload to settled* is "
                    "slow: files wait; raise `max_concurrency`, or see why runs are retried."
                )
            ],
            [settled, run],
        ]

    def _percentiles(self, name: str) -> list[cloudwatch.Metric]:
        return [self.metrics.ours(name, statistic, label=statistic) for statistic in ("p50", "p90", "p99")]

    def cost(self) -> Rows:
        """Show the estimated cost."""
        ours, hour, day = self.metrics.ours, 60, 24 * 60
        parts = {
            "cost": ours("EstimatedCost", minutes=hour),
            "accepted": ours("RowsAccepted", minutes=hour),
            "rejected": ours("RowsRejected", minutes=hour),
        }
        a_thousand = calculate(
            "1000 * cost / (accepted + rejected)", parts, minutes=hour, label="USD per 1,000 rows, by the hour"
        )
        a_row = {"units": ours("ConsumedWriteUnits", minutes=hour), "accepted": ours("RowsAccepted", minutes=hour)}
        units = calculate("units / accepted", a_row, minutes=hour, label="write units per order")
        daily = ours("EstimatedCost", minutes=day, label="USD a day")
        return [
            [
                text(
                    "## Cost\n"
                    "An estimate of what the runs cost at list prices, without storage and idle polling. Many small "
                    "files cost more per row than a few large ones. Units per order: 1, and 1 for each index."
                )
            ],
            [
                graph("Cost per 1,000 rows", [a_thousand], unit="USD", start="-P1D"),
                graph("Cost per day", [daily], unit="USD", start="-P30D"),
                graph("Write units per order", [units], unit="units", start="-P1D"),
            ],
        ]
