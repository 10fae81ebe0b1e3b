"""The metrics page: every chart in its group, every alarm with what to do, and links into the AWS console."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request, Response

from admin_api.monitoring.aws_console import find_aws_console
from admin_api.monitoring.series import Window, kept_series, window_links
from admin_api.pages.metrics.chart_groups import GROUPS, ChartGroup
from admin_api.pages.parts import PagePart, start_part
from admin_api.rendering.formats import ReaderClock
from admin_api.rendering.views import page
from admin_api.web.auth import Viewer
from admin_api.wiring.services import Console, ConsoleDep
from processor.observability.metrics import FULL

if TYPE_CHECKING:
    from datetime import datetime, tzinfo

    from markupsafe import Markup

    from admin_api.monitoring.alarms import Alarm
    from admin_api.monitoring.cloudwatch import Readings

router = APIRouter()

_SERIES = tuple(dict.fromkeys(series for group in GROUPS for series in group.series))


@dataclass(frozen=True, slots=True)
class ShownChart:
    """One drawn chart with its heading."""

    title: str
    unit: str
    description: str
    drawing: Markup


@dataclass(frozen=True, slots=True)
class ShownGroup:
    """The charts of one group."""

    name: str
    title: str
    charts: tuple[ShownChart, ...]
    not_kept: tuple[str, ...]
    """Titles of the charts whose metrics this deployment does not keep."""


@dataclass(frozen=True, slots=True)
class Charts:
    """The drawn charts, and when their metrics were read."""

    groups: tuple[ShownGroup, ...]
    incomplete: tuple[str, ...]
    read_at: datetime


@dataclass(frozen=True, slots=True)
class MetricsPage:
    """The page's context: all charts and alarms."""

    window: Window
    windows: tuple[tuple[str, str, bool], ...]
    charts: PagePart[Charts]
    alarms: PagePart[tuple[Alarm, ...]]
    links: tuple[tuple[str, str], ...]
    """Links into the AWS console: name and address."""

    @property
    def address(self) -> str:
        """The page's address with its window."""
        return f"/metrics?window={self.window}"

    @property
    def firing_alarms(self) -> tuple[Alarm, ...]:
        """The alarms that fire."""
        return tuple(alarm for alarm in self.alarms.value or () if alarm.is_red)

    @property
    def other_alarms(self) -> tuple[Alarm, ...]:
        """The other alarms."""
        return tuple(alarm for alarm in self.alarms.value or () if not alarm.is_red)


@router.get("/metrics")
def show_metrics(request: Request, _: Viewer, console: ConsoleDep, window: Window = Window.DAY) -> Response:
    """Show the metrics page."""
    zone = ReaderClock.from_cookies(request.cookies, console.now()).zone
    return page(request, "metrics/index.html", build_page(console, window, zone), partial="metrics/_metrics.html")


def build_page(console: Console, window: Window, zone: tzinfo) -> MetricsPage:
    """Ask for metrics and alarms at the same time."""
    now = console.now()
    metrics, alarms = console.metrics, console.alarms
    series = kept_series(_SERIES, console.config.monitoring)
    charts = start_part("CloudWatch", lambda: _charts(metrics.fetch_metrics(series, window, now), zone))
    alarms_part = start_part("CloudWatch", alarms.read_alarms)
    return MetricsPage(
        window=window,
        windows=window_links("/metrics", window),
        charts=charts.result(),
        alarms=alarms_part.result(),
        links=_links(console),
    )


def _charts(readings: Readings, zone: tzinfo) -> Charts:
    groups = tuple(_draw_group(group, readings, zone) for group in GROUPS)
    return Charts(groups, readings.incomplete, readings.read_at)


def _draw_group(group: ChartGroup, readings: Readings, zone: tzinfo) -> ShownGroup:
    charts = tuple(
        ShownChart(each.title, each.unit, each.description, each.draw_chart(readings, zone))
        for each in group.charts
        if readings.hold(each.series)
    )
    not_kept = tuple(each.title for each in group.charts if not readings.hold(each.series))
    return ShownGroup(group.name, group.title, charts, not_kept)


def _links(console: Console) -> tuple[tuple[str, str], ...]:
    aws, config = find_aws_console(console.region, console.cloudwatch.meta.endpoint_url), console.config
    if aws is None:
        return ()
    return (
        ("Dashboard" if config.monitoring == FULL else "Alarms", config.dashboard_url),
        ("Function", aws.function(config.processor_function)),
        ("Log group", aws.log_group(config.processor_log_group)),
        ("Ingest queue", aws.queue(config.queue_url)),
        ("Dead-letter queue", aws.queue(config.dead_letter_queue_url)),
        ("Bucket", aws.bucket(config.bucket_name)),
        ("Orders table", aws.table(config.orders_table)),
        ("Files table", aws.table(config.files_table)),
    )
