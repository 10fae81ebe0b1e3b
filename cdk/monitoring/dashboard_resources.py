"""The dashboard's widgets about resources: the function, the tables and the console."""

from collections.abc import Sequence
from dataclasses import dataclass

from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_logs as logs

from cdk.monitoring.alarms_on_resources import CONSOLE_ERRORS, NEAR_MEMORY, NEAR_TIMEOUT
from cdk.monitoring.metrics import Metrics, calculate
from cdk.monitoring.queries import INITIALISATIONS
from cdk.monitoring.widgets import HEIGHT, WIDTH, Rows, graph, text
from cdk.resources.large_files import STEP_ATTEMPTS
from cdk.resources.storage import FILES_INDEXES, Storage
from cdk.settings import Settings

type _Place = tuple[str, dynamodb.ITable, str]
"""A table or one of its indexes: its label, the table, the index or ""."""


@dataclass(frozen=True)
class Resources:
    """Rows of widgets of AWS's own metrics."""

    settings: Settings
    metrics: Metrics
    storage: Storage
    log_group: logs.ILogGroup

    def function(self) -> Rows:
        """Show the function against its limits."""
        return [
            [
                text(
                    "## Function\n"
                    "Errors are functions that died; a run that fails is retried and counted above. Near the time or "
                    "memory limit: raise `memory_mb`, which brings CPU. Throttled: the account lacks concurrency."
                )
            ],
            self._function_now(),
            self._function_size(),
        ]

    def _function_now(self) -> list[cloudwatch.IWidget]:
        of, timeout = self.metrics.of_function, self.settings.timeout_s * 1000
        duration = graph(
            "Lambda: duration",
            [of("Duration", "p50", label="p50"), of("Duration", "p99", label="p99"), of("Duration", "Maximum")],
            unit="ms",
            limits={"alarm": NEAR_TIMEOUT * timeout, "time limit": timeout},
        )
        errors = graph(
            "Lambda: errors and throttles",
            [of("Errors", "Sum", label="died or did not start"), of("Throttles", "Sum", label="throttled")],
            unit="in 5 minutes",
            limits={"alarm: 1 error": 1},
        )
        concurrency = graph(
            "Lambda: concurrency",
            [of("ConcurrentExecutions", "Maximum", minutes=1, label="runs at once")],
            unit="runs",
            limits={"max_concurrency": self.settings.max_concurrency},
        )
        return [duration, errors, concurrency]

    def _function_size(self) -> list[cloudwatch.IWidget]:
        of, ours, memory = self.metrics.of_function, self.metrics.ours, self.settings.memory_mb
        peak = graph(
            "Lambda: peak memory",
            [ours("PeakMemory", "Maximum", label="largest"), ours("PeakMemory", "p50", label="p50")],
            unit="MB",
            limits={"alarm": NEAR_MEMORY * memory, "limit": memory},
        )
        starts = graph(
            "Lambda: invocations and cold starts",
            [of("Invocations", "Sum", label="invocations"), ours("ColdStarts", label="cold starts")],
            unit="in 5 minutes",
        )
        # Lambda writes the init duration to the log only.
        initialisation = cloudwatch.LogQueryWidget(
            title="Lambda: Init duration of cold starts (ms)",
            log_group_names=[self.log_group.log_group_name],
            query_string=INITIALISATIONS,
            view=cloudwatch.LogQueryVisualizationType.TABLE,
            width=WIDTH // 3,
            height=HEIGHT,
        )
        return [peak, starts, initialisation]

    def large_files(self) -> Rows:
        """Show the executions of large files, and their function against its limits."""
        of, ours, memory = self.metrics.of_ranges, self.metrics.ours, self.settings.large_file_memory_mb
        endings = {"Started": "started", "Succeeded": "settled", "Failed": "failed", "TimedOut": "took too long"}
        executions = graph(
            "Large files: executions",
            [
                *(self.metrics.of_machine(f"Executions{name}", label=label) for name, label in endings.items()),
                self.metrics.of_machine("ExecutionsAborted", label="stopped"),
            ],
            unit="in 5 minutes",
            limits={"alarm: 1 failed": 1},
        )
        errors = graph(
            "Large files: errors and throttles of steps",
            [of("Errors", "Sum", label="failed, died or did not start"), of("Throttles", "Sum", label="throttled")],
            unit="in 5 minutes",
            limits={f"alarm: {STEP_ATTEMPTS} errors": STEP_ATTEMPTS},
        )
        peak = graph(
            "Large files: peak memory",
            [ours("RangesPeakMemory", "Maximum", label="largest")],
            unit="MB",
            limits={"alarm": NEAR_MEMORY * memory, "large_file_memory_mb": memory},
        )
        return [
            [
                text(
                    "## Large files\n"
                    "Files that are read in ranges by Step Functions. A step that fails is tried "
                    f"{STEP_ATTEMPTS} times. A run that fails gives its message back, and the next one goes on there."
                )
            ],
            [executions, errors, peak],
        ]

    def tables(self) -> Rows:
        """Show the consumption and throttling of each table and index."""
        storage = self.storage
        places = [
            ("orders", storage.orders, ""),
            *((f"orders, index {index}", storage.orders, index) for index in self.settings.order_indexes),
            ("files", storage.files, ""),
            *((f"files, index {index}", storage.files, index) for index in FILES_INDEXES),
        ]
        return [
            [
                text(
                    "## Tables\n"
                    "Some throttling is normal while a young table grows: runs wait and try again. If it lasts, lower "
                    "`max_concurrency`. A new table and each index take about 4,000 writes a second at first."
                )
            ],
            [*self._writes(places), self._reads(places)],
        ]

    def _writes(self, places: Sequence[_Place]) -> list[cloudwatch.IWidget]:
        of_table = self.metrics.of_table
        consumed = [
            calculate(
                f"units{number} / PERIOD(units{number})",
                {f"units{number}": of_table("ConsumedWriteCapacityUnits", table, index=index, minutes=1)},
                minutes=1,
                label=label,
            )
            for number, (label, table, index) in enumerate(places)
        ]
        throttled = [
            of_table("WriteThrottleEvents", table, index=index, minutes=1, label=label)
            for label, table, index in places
        ]
        return [
            graph("DynamoDB: write units", consumed, unit="units/s", limits={"a new table's limit": 4000}),
            graph("DynamoDB: throttled writes", throttled, unit="in 1 minute", limits={"alarm, if it lasts": 1}),
        ]

    def _reads(self, places: Sequence[_Place]) -> cloudwatch.IWidget:
        of_table = self.metrics.of_table
        consumed = [
            of_table("ConsumedReadCapacityUnits", table, index=index, label=label) for label, table, index in places
        ]
        throttled = [
            of_table("ReadThrottleEvents", table, index=index, label=f"throttled: {label}")
            for label, table, index in places
        ]
        return graph("DynamoDB: read units and throttled reads", [*consumed, *throttled], unit="in 5 minutes")

    def console(self) -> Rows:
        """Show the console's answers and its functions."""
        of_api, of_console, of_worker = self.metrics.of_api, self.metrics.of_console, self.metrics.of_worker
        latency = graph(
            "Console: time to answer",
            [of_api("Latency", statistic, label=statistic) for statistic in ("p50", "p90", "p99")],
            unit="ms",
        )
        answers = graph(
            "Console: requests and errors",
            [
                of_api("Count", "Sum", label="requests"),
                of_api("4xx", "Sum", label="4xx: refused, not found, too many"),
                of_api("5xx", "Sum", label="5xx: failed"),
            ],
            unit="in 5 minutes",
            limits={f"alarm: {CONSOLE_ERRORS} failed": CONSOLE_ERRORS},
        )
        functions = graph(
            "Console: its functions",
            [
                of_console("Duration", "p99", label="console: duration p99 (ms)"),
                of_console("Errors", "Sum", label="console: errors"),
                of_console("Throttles", "Sum", label="console: throttled"),
                of_worker("Duration", "Maximum", label="worker: longest (ms)"),
                of_worker("Errors", "Sum", label="worker: errors"),
                self.metrics.of_failed_actions(
                    "ApproximateNumberOfMessagesVisible", "Maximum", label="actions given up"
                ),
            ],
            unit="ms, or in 5 minutes",
        )
        audits = graph(
            "Audits of the books",
            [
                self.metrics.by_worker("AuditedFiles", minutes=60, label="files verified"),
                self.metrics.by_worker("AuditDifferences", minutes=60, label="differences"),
            ],
            unit="in an hour",
            limits={"alarm: more than 0 differences": 0},
            start="-P7D",
            across=2,
        )
        taken_back = graph(
            "Orders taken back",
            [
                self.metrics.by_worker("FilesVoided", minutes=60, label="files voided"),
                self.metrics.by_worker("OrdersVoided", minutes=60, label="their orders"),
                self.metrics.by_worker("OrdersReplaced", minutes=60, label="orders replaced by later files"),
            ],
            unit="in an hour",
            start="-P7D",
            across=2,
        )
        return [
            [
                text(
                    "## Console\n"
                    "What operators wait for; files go on without it. Slow: raise `console_memory_mb`, which brings "
                    "CPU. Failing: the saved query *Console requests that failed*. Its worker acts in bulk, audits and "
                    "takes orders back."
                )
            ],
            [latency, answers, functions],
            [audits, taken_back],
        ]
