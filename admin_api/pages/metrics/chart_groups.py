"""The charts of the metrics page, in groups. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from admin_api.monitoring import measures
from admin_api.pages.metrics.chart_specs import ROWS, ChartSpec, curve, megabytes, per_cent, seconds
from admin_api.rendering.charts.axes import format_span, span_ticks
from admin_api.rendering.charts.series_charts import bar_chart
from admin_api.rendering.formats import byte_size, duration, money

if TYPE_CHECKING:
    from admin_api.monitoring.series import Series

_FILES = ChartSpec(
    "Files by outcome",
    "files",
    "Outcomes of the files that came to an end.",
    (
        curve("processed", "s1", measures.PROCESSED),
        curve("partial", "warn", measures.PARTIAL),
        curve("failed", "fail", measures.FAILED),
        curve("held", "s2", measures.HELD),
        curve("dead letter", "s3", measures.DEAD_LETTERED),
        curve("duplicate", "idle", measures.DUPLICATE),
    ),
    draw_svg=bar_chart,
)
_SUCCESS = ChartSpec(
    measures.SUCCESS_RATE.title,
    "% of files",
    "Share of processed files among those processed, partial, failed, held or dead-lettered.",
    (curve("share", "ok", measures.SUCCESS_RATE, area=True),),
    write=per_cent,
    write_tick=per_cent,
)
_REJECTED_SHARE = ChartSpec(
    measures.REJECTED_SHARE.title,
    "% of rows",
    "A sudden rise means that a sender changed something.",
    (curve("share", "warn", measures.REJECTED_SHARE, area=True),),
    write=per_cent,
    write_tick=per_cent,
)
_TAKEN_BACK = ChartSpec(
    "Orders taken back",
    "orders",
    "Voided with their file, or replaced by those of a later file.",
    (curve("voided", "warn", measures.ORDERS_VOIDED), curve("replaced", "s1", measures.ORDERS_REPLACED)),
    draw_svg=bar_chart,
)
_VOIDED = ChartSpec(
    "Voided files",
    "files",
    "Files of which a person had all orders taken back.",
    (curve("voided", "warn", measures.VOIDED),),
    draw_svg=bar_chart,
)
_SETTLED = ChartSpec(
    "From upload to settled",
    "time",
    "Includes waiting, every run and every retry. If only this is slow, files wait in the queue.",
    (
        curve("p99", "s3", measures.SETTLED_P99),
        curve("p95", "s1", measures.SETTLED_P95),
        curve("p50", "s2", measures.SETTLED_P50),
    ),
    write=duration,
    write_tick=format_span,
    choose_ticks=span_ticks,
)
_RUN = ChartSpec(
    "Duration of a run",
    "time",
    "If this is slow, too, files are large or writes are throttled.",
    (curve("p99", "s3", measures.RUN_P99), curve("p95", "s1", measures.RUN_P95), curve("p50", "s2", measures.RUN_P50)),
    write=duration,
    write_tick=format_span,
    choose_ticks=span_ticks,
)
_SPEED = ChartSpec(
    "Rows per second of a run",
    "rows/s",
    "p10 is the slowest tenth of the runs; tiny files are slow by nature.",
    (curve("p50", "s1", measures.SPEED_P50, area=True), curve("p10", "s2", measures.SPEED_P10)),
)
_BYTES = ChartSpec(
    "Bytes read",
    "bytes",
    "Bytes of the files that were read to their end.",
    (curve("bytes", "s1", measures.BYTES),),
    draw_svg=bar_chart,
    write=byte_size,
)
_QUEUE = ChartSpec(
    "Messages in the ingest queue",
    "messages",
    "If waiting grows, more files arrive than the function may process at once.",
    (curve("waiting", "s1", measures.WAITING, area=True), curve("in a run", "s2", measures.IN_A_RUN)),
)
_OLDEST = ChartSpec(
    "Age of the oldest message",
    "time",
    "Age of the message that has waited longest.",
    (curve("oldest", "s1", measures.OLDEST, area=True),),
    write=seconds,
    write_tick=lambda value: format_span(1000 * value),
    choose_ticks=lambda greatest: tuple(tick / 1000 for tick in span_ticks(1000 * greatest)),
)
_DEAD = ChartSpec(
    "Dead letters",
    "messages",
    "Remove the cause, then redrive.",
    (curve("dead letters", "fail", measures.DEAD, area=True),),
)
_CALLS = ChartSpec(
    "Invocations and errors",
    "invocations",
    "An error is a function that died or did not start. A failed run is reported to the queue and is not an error.",
    (
        curve("invocations", "s1", measures.INVOCATIONS),
        curve("errors", "fail", measures.ERRORS),
        curve("throttles", "warn", measures.THROTTLES),
    ),
)
_RETRIES = ChartSpec(
    "Failed runs and cold starts",
    "runs",
    "Failed runs are retried automatically. A cold start adds some hundred milliseconds to the first file.",
    (curve("failed runs", "fail", measures.RUNS_FAILED), curve("cold starts", "s2", measures.COLD_STARTS)),
    draw_svg=bar_chart,
)
_AT_ONCE = ChartSpec(
    "Runs at the same time",
    "runs",
    "At the limit of max_concurrency, files wait.",
    (curve("at most", "s1", measures.CONCURRENT, area=True),),
)
_SLOWEST = ChartSpec(
    "Longest invocation",
    "time",
    "At its time limit the function is killed, and the file is retried.",
    (curve("longest", "s1", measures.SLOWEST, area=True),),
    write=duration,
    write_tick=format_span,
    choose_ticks=span_ticks,
)
_MEMORY = ChartSpec(
    "Peak memory",
    "MB",
    "Should not grow with the file. Beyond its limit a function is killed; that of ranges has another.",
    (curve("processor", "s1", measures.MEMORY, area=True), curve("ranges", "s2", measures.RANGES_MEMORY)),
    write=megabytes,
)
_ANSWERS = ChartSpec(
    "Response time of the console",
    "time",
    "Response time of this console, without its cold starts.",
    (curve("p95", "s1", measures.ANSWER_P95), curve("p50", "s2", measures.ANSWER_P50)),
    write=duration,
    write_tick=format_span,
    choose_ticks=span_ticks,
)
_REQUESTS = ChartSpec(
    "Requests to the console",
    "requests",
    "Died: the function itself; an error response does not count.",
    (curve("requests", "s1", measures.REQUESTS), curve("died", "fail", measures.REQUESTS_DIED)),
)
_PRICE = ChartSpec(
    measures.COST_PER_THOUSAND_ROWS.title,
    "USD",
    "At list prices. Many small files cost more for each row than a few large ones.",
    (curve("cost", "s1", measures.COST_PER_THOUSAND_ROWS, area=True),),
    write=money,
    write_tick=money,
)
_SPENT = ChartSpec(
    "Cost",
    "USD",
    "Cost of the runs at list prices, without storage and idle polling.",
    (curve("cost", "s1", measures.COST),),
    draw_svg=bar_chart,
    write=money,
    write_tick=money,
)
_UNITS = ChartSpec(
    measures.UNITS_PER_ORDER.title,
    "units",
    "One, and one for each index. The rest is the ledger's share, which is larger for small files.",
    (curve("units", "s1", measures.UNITS_PER_ORDER, area=True),),
)


@dataclass(frozen=True, slots=True)
class ChartGroup:
    """Charts that belong together."""

    name: str
    title: str
    charts: tuple[ChartSpec, ...]

    @property
    def series(self) -> tuple[Series, ...]:
        """Every series that its charts are computed from, each once."""
        return tuple(dict.fromkeys(series for chart in self.charts for series in chart.series))


GROUPS = (
    ChartGroup("throughput", "Throughput", (_FILES, ROWS, _SUCCESS, _REJECTED_SHARE, _BYTES, _SPEED)),
    ChartGroup("taken-back", "Taken back", (_TAKEN_BACK, _VOIDED)),
    ChartGroup("latency", "Latency", (_SETTLED, _RUN, _SLOWEST)),
    ChartGroup("queues", "Queues", (_QUEUE, _OLDEST, _DEAD)),
    ChartGroup("functions", "Functions", (_CALLS, _RETRIES, _AT_ONCE, _MEMORY, _ANSWERS, _REQUESTS)),
    ChartGroup("cost", "Cost", (_PRICE, _SPENT, _UNITS)),
)
