"""The page of one run (receipt, trace and log lines side by side) and the page of a trace alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from fastapi import APIRouter, Request, Response

from admin_api.actions.files import story_or_404
from admin_api.monitoring.aws_console import AwsConsole, find_aws_console
from admin_api.monitoring.logs import LogPage, LogScope
from admin_api.monitoring.traces import Trace, TraceState, is_trace_id
from admin_api.pages.announced import AnnouncedFigure, announced_figures
from admin_api.pages.parts import PagePart, start_part
from admin_api.pages.runs.trace_view import WORDS, TraceView, lay_out_trace
from admin_api.rendering.views import page
from admin_api.web.auth import Viewer
from admin_api.web.errors import NotFoundError
from admin_api.wiring.services import Console, ConsoleDep
from processor.domain.entries import FileEntry, RunEntry, from_iso
from processor.domain.file_states import FileState
from processor.observability.cost import PRICES_DATE, PRICES_REGION

router = APIRouter()

RECEIPT_LABELS = {
    "orders_write_units": "Orders: writes",
    "orders_index_write_units": "Orders: index writes",
    "ledger_write_units": "Files ledger: writes",
    "read_units": "DynamoDB: reads",
    "s3_writes": "S3: PUT, COPY, LIST",
    "s3_reads": "S3: GET, HEAD",
    "sqs_requests": "SQS: requests",
    "sns_publishes": "SNS: mails",
    "lambda_requests": "Lambda: request",
    "lambda_gb_seconds": "Lambda: duration",
    "state_transitions": "Step Functions: transitions",
}


@dataclass(frozen=True, slots=True)
class ReceiptLine:
    """One line of the receipt."""

    name: str
    usd: str
    share: int
    """Its percentage of the total."""


@dataclass(frozen=True, slots=True)
class RunTelemetry:
    """A run's trace and log lines, or why they are missing."""

    trace: PagePart[Trace]
    log: PagePart[LogPage]
    trace_view: TraceView
    words: tuple[str, str]
    """A heading and a sentence for why there is no trace."""
    is_pending: bool
    """Whether the trace may still arrive."""
    aws: AwsConsole | None


@dataclass(frozen=True, slots=True)
class RunPage:
    """One run of a file."""

    entry: FileEntry
    run: RunEntry
    number: int
    of: int
    earlier: str
    """The ids of the run before it and the run after it, "" if there is none."""
    later: str
    is_running: bool
    costs: tuple[ReceiptLine, ...]
    per_thousand_rows: Decimal | None
    prices: str
    telemetry: RunTelemetry
    figures: tuple[AnnouncedFigure, ...]
    """What was announced beside what was read."""

    @property
    def live_url(self) -> str:
        """The address for updates while the run or its trace is pending, else ""."""
        path = f"/files/{self.entry.file_id}/runs/{self.run.run_id}"
        return path if self.is_running or self.telemetry.is_pending else ""

    @property
    def write_units(self) -> Decimal:
        """DynamoDB write units consumed."""
        return Decimal(self.run.consumed_write_units)

    @property
    def rows(self) -> int:
        """Rows read."""
        return self.run.accepted_rows + self.run.rejected_rows


@dataclass(frozen=True, slots=True)
class TracePage:
    """One trace, with the files and runs that it names."""

    trace_id: str
    files: tuple[str, ...]
    runs: tuple[str, ...]
    telemetry: RunTelemetry

    @property
    def live_url(self) -> str:
        """The address for updates while the trace may still arrive, else ""."""
        return f"/traces/{self.trace_id}" if self.telemetry.is_pending else ""


@router.get("/files/{file_id}/runs/{run_id}")
def show_run(request: Request, _: Viewer, console: ConsoleDep, file_id: str, run_id: str) -> Response:
    """Show what one run did, and its duration and cost."""
    story = story_or_404(console, file_id)
    runs = story.with_current_run()
    index = next((number for number, run in enumerate(runs) if run.run_id == run_id), None)
    if index is None:
        raise NotFoundError(f"{story.entry.name} has no run {run_id!r:.40}.", "Its page lists all of its runs.")
    context = _run_page(console, story.entry, runs, index)
    return page(request, "runs/detail.html", context, partial="runs/_run.html", section="files")


@router.get("/traces/{trace_id}")
def show_trace(request: Request, _: Viewer, console: ConsoleDep, trace_id: str) -> Response:
    """Show any trace of the account."""
    if not is_trace_id(trace_id):
        raise NotFoundError(
            f"{trace_id!r:.60} is not a trace id.", "A trace id looks like 1-6925f1c0-0123456789abcdef01234567."
        )
    now = console.now()
    reader, logs = console.traces, console.logs
    trace_part = start_part("X-Ray", lambda: reader.read_trace(trace_id, now)).result()
    waterfall = trace_part.value.waterfall if trace_part.value else None
    request_ids = waterfall.annotations("request_id") if waterfall else ()
    log: PagePart[LogPage] = PagePart(None)
    if waterfall and request_ids:
        until = waterfall.began + timedelta(seconds=waterfall.seconds)
        log_query = LogScope(request_id=request_ids[0])
        log = start_part("CloudWatch Logs", lambda: logs.read_log_lines(log_query, waterfall.began, until)).result()
    context = TracePage(
        trace_id=trace_id,
        files=waterfall.annotations("file_id") if waterfall else (),
        runs=waterfall.annotations("run_id") if waterfall else (),
        telemetry=_telemetry_of(console, trace_part, log, waterfall.began if waterfall else now),
    )
    return page(request, "runs/trace.html", context, partial="runs/_trace.html", section="files")


def receipt_lines(run: RunEntry) -> tuple[ReceiptLine, ...]:
    """Make the receipt's lines, the dearest first."""
    total = Decimal(run.estimated_cost)
    return tuple(
        ReceiptLine(RECEIPT_LABELS.get(name, name), usd, round(100 * Decimal(usd) / total) if total else 0)
        for name, usd in sorted(run.costs.items(), key=lambda pair: (-Decimal(pair[1]), pair[0]))
    )


def _run_page(console: Console, entry: FileEntry, runs: list[RunEntry], index: int) -> RunPage:
    run = runs[index]
    is_running = run.outcome == FileState.PROCESSING
    rows = run.accepted_rows + run.rejected_rows
    return RunPage(
        entry=entry,
        run=run,
        number=index + 1,
        of=len(runs),
        earlier=runs[index - 1].run_id if index else "",
        later=runs[index + 1].run_id if index + 1 < len(runs) else "",
        is_running=is_running,
        costs=receipt_lines(run),
        figures=announced_figures(run),
        per_thousand_rows=1000 * Decimal(run.estimated_cost) / rows if rows else None,
        prices=f"List prices of {PRICES_REGION}, {PRICES_DATE}; an estimate without taxes, discounts or storage.",
        telemetry=_read_telemetry(console, run, _latest_end(entry, runs, index, console.now()), is_running=is_running),
    )


def _latest_end(entry: FileEntry, runs: list[RunEntry], index: int, now: datetime) -> datetime:
    """Bound a run by its end, by the start of the next run (which waits for its lease), or by its lease."""
    run = runs[index]
    if run.ended_at:
        return from_iso(run.ended_at)
    if index + 1 < len(runs):
        return from_iso(runs[index + 1].started_at)
    holds_lease = entry.run_id == run.run_id and entry.lease_until
    return min(now, datetime.fromtimestamp(entry.lease_until, UTC)) if holds_lease else now


def _read_telemetry(console: Console, run: RunEntry, until: datetime, *, is_running: bool) -> RunTelemetry:
    """Ask for a run's trace and log lines at the same time."""
    now = console.now()
    began = from_iso(run.started_at)
    traces, logs = console.traces, console.logs
    log_query = LogScope(run_id=run.run_id, request_id=run.request_id)
    trace = start_part("X-Ray", lambda: traces.read_trace(run.trace_id, now, sampled=run.trace_sampled))
    log = start_part("CloudWatch Logs", lambda: logs.read_log_lines(log_query, began, until))
    telemetry = _telemetry_of(console, trace.result(), log.result(), began)
    if is_running:
        return RunTelemetry(
            telemetry.trace, telemetry.log, telemetry.trace_view, _STILL_RUNNING, is_pending=True, aws=telemetry.aws
        )
    return telemetry


_STILL_RUNNING = ("The trace comes with the end", "The run is in progress; its log lines so far are shown beside.")


def _telemetry_of(console: Console, trace: PagePart[Trace], log: PagePart[LogPage], began: datetime) -> RunTelemetry:
    state = trace.value.state if trace.value else TraceState.NONE
    return RunTelemetry(
        trace=trace,
        log=log,
        trace_view=lay_out_trace(trace.value, log.value, began),
        words=WORDS.get(state, ("", "")),
        is_pending=state is TraceState.NOT_YET,
        aws=find_aws_console(console.region, console.cloudwatch.meta.endpoint_url),
    )
