"""The overview page: attention items, running and newest files, measures, charts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request, Response

from admin_api.monitoring.measures import (
    COST,
    COST_PER_THOUSAND_ROWS,
    PROCESSED,
    RECEIVED,
    SETTLED_P95,
    SETTLED_P95_WHOLE,
    SUCCESS_RATE,
    ended_files,
    merge_periods,
    quotient,
    rows_read,
    total,
)
from admin_api.monitoring.series import Window, kept_series, window_links
from admin_api.pages.files.progress import Progress, progress_of
from admin_api.pages.metrics.chart_specs import LATENCY, ROWS, per_cent, whole
from admin_api.pages.overview.attention import AttentionItem, attention_items
from admin_api.pages.parts import PagePart, start_part
from admin_api.rendering.charts.series_charts import Mark
from admin_api.rendering.charts.sparkline import sparkline
from admin_api.rendering.formats import UNKNOWN, ReaderClock, duration, money
from admin_api.rendering.views import page
from admin_api.web.auth import Viewer
from admin_api.wiring.services import Console, ConsoleDep
from processor.domain.file_states import FileState
from processor.ledger.file_list import FileFilter

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import tzinfo

    from markupsafe import Markup

    from admin_api.monitoring.cloudwatch import Readings, Values
    from admin_api.monitoring.series import Series
    from admin_api.monitoring.status import Status
    from processor.domain.entries import FileEntry
    from processor.ledger.audit_results import Books

router = APIRouter()

NEWEST, MOST_RUNNING = 8, 5
_SPARK_POINTS = 24
_SERIES = tuple(
    dict.fromkeys(
        (
            RECEIVED,
            SETTLED_P95_WHOLE,
            *SUCCESS_RATE.series,
            *COST_PER_THOUSAND_ROWS.series,
            *ROWS.series,
            *LATENCY.series,
        )
    )
)


@dataclass(frozen=True, slots=True)
class MeasureTile:
    """One measure: its value and a sparkline, or a note where its metrics are not kept."""

    label: str
    value: str
    sparkline: Markup | None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Measures:
    """The measures and charts, and when their metrics were read."""

    tiles: tuple[MeasureTile, ...]
    charts: tuple[tuple[str, Markup], ...]
    """Each with its title."""
    incomplete: tuple[str, ...]
    read_at: datetime


@dataclass(frozen=True, slots=True)
class Overview:
    """The page's context."""

    window: Window
    windows: tuple[tuple[str, str, bool], ...]
    attention: tuple[AttentionItem, ...]
    missing: tuple[str, ...]
    """Names of the numbers that could not be loaded."""
    checked_at: datetime
    progress: PagePart[tuple[Progress, ...]]
    has_more_runs: bool
    waiting: PagePart[int]
    """The number of messages waiting for a run."""
    newest: PagePart[tuple[FileEntry, ...]]
    measures: PagePart[Measures]
    books: PagePart[Books]
    """The results of audits."""

    @property
    def address(self) -> str:
        """The page's address with its window."""
        return f"/?window={self.window}"


@router.get("/")
def show_overview(request: Request, _: Viewer, console: ConsoleDep, window: Window = Window.DAY) -> Response:
    """Show the overview."""
    zone = ReaderClock.from_cookies(request.cookies, console.now()).zone
    return page(request, "overview/index.html", build_page(console, window, zone), partial="overview/_overview.html")


def build_page(console: Console, window: Window, zone: tzinfo) -> Overview:
    """Ask all services at the same time; if one fails, only its part of the page is missing."""
    now = console.now()
    files, metrics, queue, status_reader = console.files, console.metrics, console.queue, console.status
    running = start_part(
        "DynamoDB", lambda: files.list_files(FileFilter(state=FileState.PROCESSING), limit=MOST_RUNNING)
    )
    newest = start_part("DynamoDB", lambda: files.list_files(FileFilter(), limit=NEWEST))
    books = start_part("DynamoDB", console.audits.read_books)
    series = kept_series(_SERIES, console.config.monitoring)
    measures = start_part("CloudWatch", lambda: metrics.fetch_metrics(series, window, now))
    waiting = start_part("SQS", queue.count_waiting)
    status: Status = status_reader.read_status()
    running_files, newest_files = running.result(), newest.result()
    return Overview(
        window=window,
        windows=window_links("/", window),
        attention=attention_items(status),
        missing=status.missing,
        checked_at=datetime.fromtimestamp(status.read_at, UTC),
        progress=running_files.then(lambda loaded: tuple(progress_of(each, now) for each in loaded.files)),
        has_more_runs=bool(running_files.value and running_files.value.older),
        waiting=waiting.result(),
        newest=newest_files.then(lambda loaded: loaded.files),
        measures=measures.result().then(lambda loaded: _measures(loaded, window, zone, marks_of(status))),
        books=books.result(),
    )


def marks_of(status: Status) -> tuple[Mark, ...]:
    """Mark when each firing alarm went off."""
    return tuple(Mark(each.since, f"{each.name} in alarm since then") for each in status.alarming if each.since)


def _measures(readings: Readings, window: Window, zone: tzinfo, marks: tuple[Mark, ...]) -> Measures:
    tiles = tuple(_tile(figure, readings, figure.label.format(window=window.words)) for figure in _FIGURES)
    charts = tuple((chart.title, chart.draw_chart(readings, zone, marks)) for chart in (ROWS, LATENCY))
    return Measures(tiles, charts, readings.incomplete, readings.read_at)


@dataclass(frozen=True, slots=True)
class Figure:
    """What a tile shows: one value for the whole window, and its course."""

    label: str
    series: tuple[Series, ...]
    value: Callable[[Readings], float | None]
    course: Callable[[Readings], Values]
    write: Callable[[float], str]


_FIGURES = (
    Figure(
        "Files, {window}",
        (RECEIVED,),
        lambda readings: total(readings.of(RECEIVED)),
        lambda readings: merge_periods(readings.of(RECEIVED), _SPARK_POINTS),
        whole,
    ),
    Figure(
        SUCCESS_RATE.title,
        SUCCESS_RATE.series,
        lambda readings: quotient(total(readings.of(PROCESSED)), total(ended_files(readings)), times=100),
        SUCCESS_RATE.compute,
        per_cent,
    ),
    Figure(
        "Upload to settled, p95",
        (SETTLED_P95_WHOLE, SETTLED_P95),
        lambda readings: readings.whole(SETTLED_P95_WHOLE),
        lambda readings: readings.of(SETTLED_P95),
        duration,
    ),
    Figure(
        COST_PER_THOUSAND_ROWS.title,
        COST_PER_THOUSAND_ROWS.series,
        lambda readings: quotient(total(readings.of(COST)), total(rows_read(readings)), times=1000),
        COST_PER_THOUSAND_ROWS.compute,
        money,
    ),
)


def _tile(figure: Figure, readings: Readings, label: str) -> MeasureTile:
    if not readings.hold(figure.series):
        return MeasureTile(label, UNKNOWN, None, "not kept")
    value = figure.value(readings)
    return MeasureTile(
        label,
        UNKNOWN if value is None else figure.write(value),
        sparkline(f"{label} over time", figure.course(readings)),
    )
